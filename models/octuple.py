"""Notes in and notes out: the embedding and the field-by-field head that the note models share.

A note is a row of ids, one per field. It enters as the sum of its fields' embeddings; it leaves one field
after another, each field's distribution given those already written (nested decoding: Ryu et al. 2024,
"Nested Music Transformer"). Here the nested decoder is autoregressive in the manner of NADE (Larochelle &
Murray 2011): the state of field k is the backbone's output plus the embeddings of fields 0..k-1, so that all
fields train in parallel and each costs two small matrix products when written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class NoteEmbedding(nn.Module):
    """Sum of the embeddings of a note's fields.

    Args:
        sizes: number of ids of each field.
        width: size of the result.
    """

    offsets: Tensor

    def __init__(self, sizes: Sequence[int], width: int):
        super().__init__()
        self.table = nn.Embedding(sum(sizes), width)
        offsets = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("offsets", offsets, persistent=False)
        nn.init.normal_(self.table.weight, std=0.3)  # eight of them add up to a spread of 0.85; not measured

    def forward(self, notes: Tensor) -> Tensor:
        """Returns [batch, notes, width] for ids [batch, notes, fields]."""
        batch, count, fields = notes.shape
        flat = (notes + self.offsets).view(batch * count, fields)
        return F.embedding_bag(flat, self.table.weight, mode="sum").view(batch, count, -1)


class NoteHead(nn.Module):
    """The distribution of each field of the next note, given the backbone's output and the fields before it.

    Each field also sees its own value in the note before without a detour through the backbone: so the head
    starts as a first-order model within a few dozen steps, and the backbone learns what that cannot explain.

    Args:
        sizes: number of ids of each field, in the order in which they are written.
        width: size of the backbone's output.
        hidden: size of each field's hidden layer.
    """

    def __init__(self, sizes: Sequence[int], width: int, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        inner = nn.ModuleList(nn.Linear(width, hidden) for _ in sizes)
        outer = nn.ModuleList(nn.Linear(hidden, size) for size in sizes)
        written = nn.ModuleList(nn.Embedding(size, width) for size in sizes[:-1])
        repeated = nn.ModuleList(nn.Embedding(size, hidden) for size in sizes)
        # A ModuleList does not say what its modules are; type checkers want to know.
        self.inner, self.outer = cast(Sequence[nn.Linear], inner), cast(Sequence[nn.Linear], outer)
        self.written, self.repeated = cast(Sequence[nn.Embedding], written), cast(Sequence[nn.Embedding], repeated)
        for table in (*self.written, *self.repeated):
            nn.init.normal_(table.weight, std=0.1)  # small beside the normed output that they join; not measured

    def start(self, output: Tensor) -> Tensor:
        """Returns the state [..., width] before any field is written, for the backbone's output [..., width]."""
        return self.norm(output)

    def logits(self, state: Tensor, field: int, before: Tensor) -> Tensor:
        """Returns the logits [..., ids of the field] of one field; ``before`` [...] is its id in the note before."""
        return self.outer[field](F.gelu(self.inner[field](state) + self.repeated[field](before)))

    def write(self, state: Tensor, field: int, ids: Tensor) -> Tensor:
        """Returns the state after a field was written with these ids [...]; for all fields but the last."""
        return state + self.written[field](ids)

    def forward(self, output: Tensor, before: Tensor, target: Tensor) -> list[Tensor]:
        """Returns the logits [..., ids of the field] of each field, the true fields before it given.

        Args:
            output: [..., width] from the backbone.
            before: [..., fields or more] the ids of the note that was read last.
            target: [..., fields] the ids of the note that follows.
        """
        state = self.start(output)
        found = []
        for field in range(len(self.inner)):
            found.append(self.logits(state, field, before[..., field]))
            if field < len(self.written):
                state = self.write(state, field, target[..., field])
        return found


class DenseHead(nn.Module):
    """The distribution of each field of the next row by one dense layer, given the fields before it.

    As in ``NoteHead``, the state of a field is the backbone's output plus the embeddings of the fields before.

    Args:
        sizes: number of ids of each field, in the order in which they are written.
        width: size of the backbone's output.
    """

    def __init__(self, sizes: Sequence[int], width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        outer = nn.ModuleList(nn.Linear(width, size) for size in sizes)
        written = nn.ModuleList(nn.Embedding(size, width) for size in sizes[:-1])
        self.outer, self.written = cast(Sequence[nn.Linear], outer), cast(Sequence[nn.Embedding], written)
        for table in self.written:
            nn.init.normal_(table.weight, std=0.1)  # as in NoteHead

    def forward(self, output: Tensor, before: Tensor, target: Tensor) -> list[Tensor]:
        """Returns the logits [..., ids of the field] of each field, the true fields before it given.

        Args:
            output: [..., width] from the backbone.
            before: of no use here; ``NoteHead`` sees it.
            target: [..., fields] the ids of the row that follows.
        """
        state, found = self.norm(output), []
        for field, layer in enumerate(self.outer):
            found.append(layer(state))
            if field < len(self.written):
                state = state + self.written[field](target[..., field])
        return found


def field_losses(logits: Sequence[Tensor], target: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the summed negative log-likelihood of each field in nats [fields], and the number of notes.

    Args:
        logits: one [batch, notes, ids] per field.
        target: [batch, notes, fields]; padding, which has the id 0, is left out.
    """
    losses = torch.stack(
        [
            F.cross_entropy(part.flatten(0, -2).float(), target[..., field].flatten(), ignore_index=0, reduction="sum")
            for field, part in enumerate(logits)
        ]
    )
    return losses, (target[..., 0] != 0).sum()
