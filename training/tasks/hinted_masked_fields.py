"""The task of the hinted MusicBERT: find one hidden field of a window of notes, with what the notes around it lend.

Needs torch, numpy and safetensors only. What is hidden is as in training/tasks/masked_fields.py, half filled windows
included; asked is the field that a remix would fill in next.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from checkpoints.store import entry, verify
from models.hinted.musicbert import HintedMusicBERT, HintedMusicBERTConfig, Lent, lent
from models.hints.around import around
from models.hints.layout import HintTables
from music.tokens.columns import SLOTS, Octuple
from training.data.lanes import tables_of
from training.data.masking import SHARES, Hidden, change_loudness_and_tempo, hide
from training.data.shards import Shards, WindowPicker, validation_windows
from training.tasks.masked_fields import (
    PADDING,
    VALIDATION_WINDOWS,
    Blocks,
    Masked,
    start_by_likeness,
    window,
)

FILLED_IN = (Octuple.POSITION, Octuple.PITCH, Octuple.DURATION, Octuple.VELOCITY, Octuple.PROGRAM)
"""The order in which a remix fills in what is hidden."""


@dataclass(frozen=True)
class Asked:
    """What one training step reads.

    Attributes:
        read: the windows.
        slots: for each field asked, by its number among SLOTS, what notes lend and the hidden values [asked].
    """

    read: Masked
    slots: dict[int, tuple[Lent, Tensor]]


class Task:
    """Hidden fields with hints from both sides (see training/train.py)."""

    unit = "hidden field"
    load = Shards.load

    def __init__(self, recipe: dict[str, Any], shards: Shards, device: torch.device):
        self.recipe, self.shards, self.device = recipe, shards, device
        self.blocks = Blocks(shards.index, recipe["dialect"]["bars"])
        self.tables = tables_of(shards.index)

    def build(self) -> HintedMusicBERT:
        """Returns a model whose encoder is that of the checkpoint that the recipe begins with, or a new one."""
        tables = {
            "durations": tuple(self.tables.duration_of.tolist()),
            "bar_lengths": tuple(self.tables.bar_length_of.tolist()),
        }
        model = HintedMusicBERT(HintedMusicBERTConfig(self.blocks.mask + 1, **self.recipe["model"], **tables))
        if "begins_with" in self.recipe:
            first = entry(self.recipe["begins_with"])
            verify(first)
            model.plain.load_state_dict(load_file(first.path))
        else:
            start_by_likeness(model.plain, self.blocks)
        model.plain.requires_grad_(not self.recipe.get("frozen_encoder", False))
        return model

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stream = self._batches(stage, np.random.default_rng(seed))

    def loss(self, model: HintedMusicBERT) -> tuple[Tensor, Tensor, int]:
        """Returns the summed nats of the next batch, its number of asked fields, and the notes read, frames included."""
        batch = next(self._stream)
        nats, counts = losses(model, batch, self.blocks)
        return nats.sum(), counts.sum(), int((batch.read.tokens[:, :, 0] != PADDING).sum())

    def validate(self, model: HintedMusicBERT, stage: dict[str, Any]) -> float | None:
        """Returns nats an asked field on fixed validation windows, the real sets weighing the same; None without any."""
        means = []
        for picked in validation_windows(self.shards, VALIDATION_WINDOWS):
            rng, nats, counts = np.random.default_rng(0), 0.0, 0
            windows = [window(self.shards, int(w), self.blocks, stage["window"], None) for w in picked]
            for rows in windows:
                found, counted = losses(
                    model, read([hidden_and_asked(rows, rng)], self.blocks, self.tables), self.blocks
                )
                nats, counts = nats + float(found.sum()), counts + int(counted.sum())
            means.append(nats / counts)
        return sum(means) / len(means) if means else None

    def _batches(self, stage: dict[str, Any], rng: np.random.Generator) -> Iterator[Asked]:
        """Yields batches of about ``stage["notes"]`` notes, windows of like length together, without end."""
        picker = WindowPicker(self.shards, self.recipe["weights"], rng)
        waiting: dict[int, list[tuple[Hidden, int]]] = {}
        while True:
            rows = window(self.shards, picker.pick(), self.blocks, stage["window"], rng)
            change_loudness_and_tempo(rows, self.shards.index, rng)
            group = waiting.setdefault(-(-len(rows) // 32), [])
            group.append(hidden_and_asked(rows, rng))
            if sum(len(one.rows) for one, _ in group) >= stage["notes"]:
                yield read(group, self.blocks, self.tables)
                group.clear()


def hidden_and_asked(rows: np.ndarray, rng: np.random.Generator) -> tuple[Hidden, int]:
    """Returns rows [notes, 8] with fields hidden as a remix meets them, and the field that is asked."""
    change = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    hidden = hide(rows, rng, change)
    there = hidden.hidden.any(axis=0)
    if change == "units":
        return hidden, int(rng.choice(np.flatnonzero(there)))
    return hidden, next(int(column) for column in FILLED_IN if there[column])


def read(examples: list[tuple[Hidden, int]], blocks: Blocks, tables: HintTables) -> Asked:
    """Returns windows and the fields that are asked of them as one batch."""
    batch = blocks.read([one for one, _ in examples])
    by_column: dict[int, dict[int, Any]] = {}
    for row, (one, column) in enumerate(examples):
        found = around(one.rows, one.hidden, column, tables.duration_of, tables.bar_length_of)
        by_column.setdefault(column, {})[row] = found
    slots = {}
    for column, found in by_column.items():
        slot, given = SLOTS.index(column), lent(found, batch.tokens.shape[1])
        slots[slot] = (given, batch.target[:, :, slot].flatten()[given.places])
    return Asked(batch, slots)


def losses(model: HintedMusicBERT | nn.Module, batch: Asked, blocks: Blocks) -> tuple[Tensor, Tensor]:
    """Returns the summed nats of each field's asked values and their number, [fields] each, in the order of SLOTS."""
    states = model.states(batch.read.tokens)
    nats, counts = [torch.zeros(())] * len(SLOTS), torch.zeros(len(SLOTS), dtype=torch.int64)
    for slot, (given, wanted) in batch.slots.items():
        found = model.log_probabilities(states, slot, blocks.slices()[slot], given)
        nats[slot] = F.nll_loss(found, wanted, reduction="sum")
        counts[slot] = len(wanted)
    return torch.stack(nats), counts
