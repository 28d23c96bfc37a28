"""What a Transformer-XL remembers while it reads or writes: made per call, passed as an argument."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Memory:
    """Keys and values of the notes already read, one pair per layer, oldest first.

    Dai et al. keep hidden states and project them anew for every segment. Kept after projection they are the
    same numbers at half the work; the only difference is that in training the projections learn from the
    current segment alone.

    Attributes:
        keys: one [batch, heads, notes, head width] per layer.
        values: the same shape.
    """

    keys: tuple[torch.Tensor, ...]
    values: tuple[torch.Tensor, ...]

    @property
    def notes(self) -> int:
        """How many notes are remembered."""
        return self.keys[0].shape[2]

    def extend(self, keys: list[torch.Tensor], values: list[torch.Tensor], limit: int) -> Memory:
        """Returns the memory after new notes, the latest ``limit`` of all. No gradient enters it."""

        def latest(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
            both = torch.cat([old, new.detach()], dim=2)
            return both[:, :, max(0, both.shape[2] - limit) :]

        return Memory(
            tuple(latest(old, new) for old, new in zip(self.keys, keys, strict=True)),
            tuple(latest(old, new) for old, new in zip(self.values, values, strict=True)),
        )
