"""The task of the Transformer-XL: the next note, given those before it. Needs torch, numpy and safetensors only."""

from __future__ import annotations

from typing import Any

import torch

from models.octuple import field_losses
from models.transformer_xl import TransformerXL, TransformerXLConfig
from training.data.shards import BARS_LEFT_SIZE, Batches, Shards, example, segments, validation_windows

VALIDATION_WINDOWS = 8  # of each set


class Task:
    """Next-note prediction over segments in a row, with memory (see training/train.py)."""

    unit = "note"
    load = Shards.load

    def __init__(self, recipe: dict[str, Any], shards: Shards, device: torch.device):
        self.recipe, self.shards, self.device = recipe, shards, device

    def build(self) -> TransformerXL:
        """Returns a new model with the recipe's sizes and the shards' vocabularies."""
        index = self.shards.index
        sizes = (tuple(index["step_sizes"]), (BARS_LEFT_SIZE,), index["prefix_size"])
        return TransformerXL(TransformerXLConfig(*sizes, **self.recipe["model"]))

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stage, self._memory = stage, None
        self._stream = iter(Batches(self.shards, self.recipe["weights"], stage, seed))

    def loss(self, model: TransformerXL) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next segment, its number of notes, and the same as a plain number."""
        segment = next(self._stream)
        while self._memory is None and not segment.first:
            segment = next(self._stream)
        if segment.first:
            self._memory = model.new_memory(len(segment.notes))
        nats, count = self._read(model, segment)
        return nats, count, int(count)

    def validate(self, model: TransformerXL, stage: dict[str, Any]) -> float | None:
        """Returns nats a note on a few fixed validation windows, the real sets weighing the same; None without any."""
        self._stage, kept, means = stage, getattr(self, "_memory", None), []
        for picked in validation_windows(self.shards, VALIDATION_WINDOWS):
            total, count = 0.0, 0
            for segment in segments([example(self.shards, int(w), None) for w in picked], stage["segment"]):
                if segment.first:
                    self._memory = model.new_memory(len(segment.notes))
                nats, found = self._read(model, segment)
                total, count = total + nats.item(), count + int(found)
            if count:
                means.append(total / count)
        self._memory = kept
        return sum(means) / len(means) if means else None

    def _read(self, model: TransformerXL, segment: Any) -> tuple[torch.Tensor, torch.Tensor]:
        notes, target = segment.notes.to(self.device), segment.target.to(self.device)
        output, self._memory = model(notes, segment.prefix.to(self.device), self._memory, self._stage["memory"])
        losses, count = field_losses(model.head(output, notes, target), target)
        return losses.sum(), count
