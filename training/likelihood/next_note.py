"""Nats a note of a model that writes the next note, in all and by field, beside two floors.

The floors are fitted to the training music of the same sets: *unigram* knows how often each value occurs, *first
order* how often it follows the value that the note before had in the same field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from models.octuple import field_losses
from music.tokens import octuple as tokens
from music.tokens.columns import PAD, STEP_FIELDS
from training.data.shards import Shards, example, segments
from training.likelihood.report import pick, real_windows

SEGMENT = 256
MEMORY = 512
SMOOTHING = 0.1  # added to every count of the floors
FITTED_TO = 10  # training windows of a set for each validation window


def report(checkpoint: Checkpoint, shards: Shards, windows: int) -> str:
    """Returns the table of nats a note on this many validation windows of each set."""
    model, chosen = checkpoint.model, real_windows(shards, windows)
    fitted_to = [pick(shards, name, 0, FITTED_TO * len(picked)) for name, picked in chosen.items()]
    floors = Floors.fit([[example(shards, int(w), None)[0] for w in group] for group in fitted_to], tokens.step_sizes())
    table: dict[str, list[np.ndarray]] = {"unigram": [], "first order": [], "without memory": [], "with memory": []}
    notes = 0
    for picked in chosen.values():
        read = [example(shards, int(window), None) for window in picked]
        unigram, first_order, count = floors.losses([sequence for sequence, _ in read])
        notes += count
        table["unigram"].append(unigram)
        table["first order"].append(first_order)
        for row, memory in (("without memory", 0), ("with memory", MEMORY)):
            table[row].append(sum(model_losses(model, [one], memory) for one in read) / count)
    fields = "".join(f"{field:>10}" for field in STEP_FIELDS)
    lines = [
        f"{checkpoint.entry.name}: nats a note on {notes:,} validation notes of {len(chosen)} real sets, which weigh the same.",
        f"Segments of {SEGMENT} notes; memory of {MEMORY} notes, or none.",
        "",
        f"{'':16}{'all':>9}{fields}",
    ]
    for row, losses in table.items():
        mean = np.mean(losses, axis=0)
        lines.append(f"{row:16}{mean.sum():9.3f}" + "".join(f"{value:10.3f}" for value in mean))
    gain = np.mean(table["without memory"], axis=0).sum() - np.mean(table["with memory"], axis=0).sum()
    lines += ["", f"Memory saves {gain:.3f} nats a note.", "", f"{'set':24}" + "".join(f"{row:>16}" for row in table)]
    for number, set_name in enumerate(chosen):
        lines.append(f"{set_name:24}" + "".join(f"{losses[number].sum():16.3f}" for losses in table.values()))
    return "\n".join(lines)


@torch.inference_mode()
def model_losses(
    model: torch.nn.Module, examples: list[tuple[np.ndarray, np.ndarray]], memory_limit: int
) -> np.ndarray:
    """Returns the summed losses by field [fields] of windows read side by side."""
    total = np.zeros(len(STEP_FIELDS))
    for segment in segments(examples, SEGMENT):
        if segment.first:
            memory = model.new_memory(len(segment.notes))
        output, memory = model(segment.notes, segment.prefix, memory, memory_limit)
        losses, _ = field_losses(model.head(output, segment.notes, segment.target), segment.target)
        total += losses.double().numpy()
    return total


class Floors:
    """A unigram and a first-order model of each field, as tables of counts [values before, values]."""

    def __init__(self, counts: list[np.ndarray]):
        self._counts = counts

    @classmethod
    def fit(cls, groups: Iterable[Sequence[np.ndarray]], sizes: Sequence[int]) -> Floors:
        """Returns the floors fitted to sequences int [notes, fields], each group (set) of them with the same weight."""
        counts = [np.zeros((size, size)) for size in sizes]
        for sequences in groups:
            share = 1e6 / max(1, sum(len(sequence) for sequence in sequences))
            for sequence in sequences:
                for field, table in enumerate(counts):
                    before, after = _pairs(sequence, field)
                    np.add.at(table, (before, after), share)
        return cls(counts)

    def chances(self, field: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns how likely each id of a field is alone [ids] and after each other one [ids before, ids]."""
        table = self._counts[field]
        alone = table.sum(axis=0) + SMOOTHING
        alone /= alone.sum()
        # A value that was rarely seen before another falls back on the unigram.
        return alone, (table + 20 * alone) / (table.sum(axis=1, keepdims=True) + 20)

    def losses(self, sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, int]:
        """Returns nats a note by field of both floors, [fields] each, and the number of notes."""
        unigram, first_order = np.zeros(len(self._counts)), np.zeros(len(self._counts))
        for field in range(len(self._counts)):
            alone, after_each = self.chances(field)
            for sequence in sequences:
                before, after = _pairs(sequence, field)
                unigram[field] -= np.log(alone[after]).sum()
                first_order[field] -= np.log(after_each[before, after]).sum()
        count = sum(len(_pairs(sequence, 0)[0]) for sequence in sequences)
        return unigram / count, first_order / count, count


def _pairs(sequence: np.ndarray, field: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ids of one field in each note and in the note after it, where there is one."""
    before, after = sequence[:-1, field], sequence[1:, field]
    return before[after != PAD], after[after != PAD]
