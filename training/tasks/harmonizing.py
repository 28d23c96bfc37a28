"""The task of the harmonizer: the chords of a melody, and the next note of its accompaniment. Needs torch, numpy and safetensors only."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from models.chord_network import log_partition, log_weight
from models.harmonizer import Harmonizer, HarmonizerConfig
from music.tokens.chord_grid import FEATURES, PLACES
from training.data.chord_examples import ChordBatches, ChordExample, chord_example, collate_chords
from training.data.pair_shards import Pairs
from training.tasks import accompaniment

CHORD_STYLES = ("chords", "chorale")
VALIDATION_PIECES = 12  # of each set and style


class Task(accompaniment.Task):
    """Next-note prediction with a melody given, and the likelihood of progressions (see training/train.py).

    A stage's ``chord_share`` is how many of its batches are melodies with their chords, ``melodies`` of up to
    ``chord_bars`` bars each; the others are those of ``training.tasks.accompaniment``, without its style "chords".
    """

    def __init__(self, recipe: dict[str, Any], shards: Pairs, device: torch.device):
        styles = {style: share for style, share in recipe["styles"].items() if style != "chords"}
        super().__init__({**recipe, "styles": styles}, shards, device)
        shares = {style: recipe["styles"][style] for style in CHORD_STYLES if style in recipe["styles"]}
        self._chord_shares = shares

    def build(self) -> Harmonizer:
        """Returns a new model with the recipe's sizes; its Transformer is that of the checkpoint that the recipe begins with."""
        index = self.pairs.index
        model = Harmonizer(
            HarmonizerConfig(
                tuple(index["step_sizes"]),
                index["prefix_size"],
                **self.recipe["model"],
                chord_features=FEATURES,
                chord_places=PLACES,
                chord_prefix_size=index["mode_block"][1],
            )
        )
        if name := self.recipe.get("begins_with"):
            from checkpoints.loading import load

            model.load_state_dict(load(name).model.state_dict(), strict=False)
        return model

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._rng, self._chord_share = np.random.default_rng(seed), stage["chord_share"]
        self._melodies = ChordBatches(
            self.pairs, self._chord_shares, self.recipe["weights"], stage["melodies"], stage["chord_bars"], seed
        )
        self._chords = iter(self._melodies)
        if self._chord_share < 1 or not self._melodies.pools:
            super().begin(stage, seed)

    def loss(self, model: Harmonizer) -> tuple[torch.Tensor, torch.Tensor, int]:  # type: ignore[override]
        """Returns the summed nats of the next batch, its number of notes or beats, and the same as a plain number."""
        if self._melodies.pools and self._rng.random() < self._chord_share:
            nats, count = read_chords(model, next(self._chords), self.device)
            return nats, count, int(count)
        return super().loss(model)

    def validate(self, model: Harmonizer, stage: dict[str, Any]) -> float | None:  # type: ignore[override]
        """Returns nats a note or beat on fixed validation examples: what is learned in a stage, styles and real sets weighing the same."""
        means = []
        for group in plain_melodies(self.pairs, "valid", stage["chord_bars"], VALIDATION_PIECES).values():
            nats, count = read_chords(model, group, self.device)
            means.append(nats.item() / int(count))
        if stage["chord_share"] < 1 and (notes := super().validate(model, stage)) is not None:
            return notes if not means else (notes + sum(means) / len(means)) / 2
        return sum(means) / len(means) if means else None


def read_chords(
    model: Harmonizer, examples: list[ChordExample], device: torch.device | str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the summed nats of chords and basses, and the number of beats, of a batch."""
    features, places, prefix, real, chords, basses = collate_chords(examples, device)
    scores = model.chords(features, places, prefix, real)
    nats = (log_partition(scores, real) - log_weight(scores, chords, real)).sum()
    likely = model.chords.bass_scores(scores.states, chords).float().flatten(0, 1)
    return nats + F.cross_entropy(likely, basses.flatten(), ignore_index=-1, reduction="sum"), real.sum()


def plain_melodies(pairs: Pairs, split: str, bars: int, count: int) -> dict[tuple[str, str], list[ChordExample]]:
    """Returns the beginnings of up to ``count`` melodies of each (style, set) of real music in a split, plain and always the same."""
    found: dict[tuple[str, str], list[ChordExample]] = {}
    for place, (name, entry) in enumerate(pairs.index["sets"].items()):
        for style in CHORD_STYLES:
            numbers = [
                number
                for number, piece in enumerate(pairs.index["pieces"])
                if piece["set"] == place and piece["split"] == split and style in piece["styles"]
            ]
            if entry.get("synthetic") or not numbers:
                continue
            for number in numbers[:: max(1, len(numbers) // count)][:count]:
                made = chord_example(pairs, number, style, np.random.default_rng(0), bars, varied=False)
                if made is not None:
                    found.setdefault((style, name), []).append(made)
    return found
