"""The task of the harmonizer: the next note of an accompaniment, given a melody. Needs torch, numpy and safetensors only."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from models.octuple import field_losses
from models.seq2seq import Seq2Seq, Seq2SeqConfig
from training.data.pair_shards import Example, PairBatches, Pairs, collate, example

VALIDATION_PIECES = 6  # of each style and set


class Task:
    """Next-note prediction with a melody given (see training/train.py)."""

    unit = "note"
    load = Pairs.load

    def __init__(self, recipe: dict[str, Any], shards: Pairs, device: torch.device):
        self.recipe, self.pairs, self.device = recipe, shards, device

    def build(self) -> Seq2Seq:
        """Returns a new model with the recipe's sizes and the pairs' vocabularies."""
        index = self.pairs.index
        return Seq2Seq(Seq2SeqConfig(tuple(index["step_sizes"]), index["prefix_size"], **self.recipe["model"]))

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stream = iter(PairBatches(self.pairs, self.recipe, stage, seed))

    def loss(self, model: Seq2Seq) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next batch, its number of notes, and the same as a plain number."""
        losses, count = read(model, next(self._stream), self.device)
        return losses.sum(), count, int(count)

    def validate(self, model: Seq2Seq, stage: dict[str, Any]) -> float | None:
        """Returns nats a note on fixed validation examples, styles and real sets weighing the same; None without any."""
        means = []
        for group in plain_examples(self.pairs, "valid", stage, VALIDATION_PIECES).values():
            losses, count = read(model, group, self.device)
            means.append(losses.sum().item() / int(count))
        return sum(means) / len(means) if means else None


def read(model: Seq2Seq, examples: list[Example], device: torch.device | str) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the summed nats of each field [fields] and the number of notes of a batch."""
    given, given_times, notes, times, target, prefix = collate(examples, device)
    output = model(model.encode(given, given_times, prefix), notes, times)
    return field_losses(model.head(output, notes, target), target)


def plain_examples(
    pairs: Pairs, split: str, limits: dict[str, int], count: int
) -> dict[tuple[str, str], list[Example]]:
    """Returns up to ``count`` examples of each (style, set) of real music in a split, plain and always the same."""
    found: dict[tuple[str, str], list[Example]] = {}
    for place, (name, entry) in enumerate(pairs.index["sets"].items()):
        if entry.get("synthetic"):
            continue
        mine = [n for n, p in enumerate(pairs.index["pieces"]) if p["set"] == place and p["split"] == split]
        for style in sorted({style for n in mine for style in pairs.index["pieces"][n]["styles"]}):
            rng = np.random.default_rng(0)
            numbers = [n for n in mine if style in pairs.index["pieces"][n]["styles"]]
            for number in numbers[:: max(1, len(numbers) // count)][:count]:
                made = example(pairs, number, style, rng, limits, varied=False)
                if made is not None:
                    found.setdefault((style, name), []).append(made)
    return found
