"""How tests take examples of pairs (training/data/pair_shards.py): plain, as training draws them, of changed music."""

from __future__ import annotations

import numpy as np

from music.tokens.columns import EOS, StepField
from training.data.pair_shards import Pairs, example

LIMITS = {"bars": 4, "window": 64, "given": 128}
WHOLE = {"bars": 64, "window": 1000, "given": 1000}
STYLES = {"chords": "leadsheets_cmd", "chorale": "chorales", "band": "bands", "bass": "bands"}


class Still:
    """Draws that leave the music as it is: the first bar, no chord known."""

    def integers(self, low, high):
        return 0

    def random(self):
        return 0.99999


def numbers_of(pairs: Pairs, style: str, split: str | None = None) -> list[int]:
    place = list(pairs.index["sets"]).index(STYLES[style])
    pieces = enumerate(pairs.index["pieces"])
    return [n for n, p in pieces if p["set"] == place and style in p["styles"] and split in (None, p["split"])]


def plain(pairs: Pairs, number: int, style: str, limits=WHOLE, seed: int | None = None):
    rng = Still() if seed is None else np.random.default_rng(seed)
    return example(pairs, number, style, rng, limits, varied=False)


def varied(pairs: Pairs, style: str, count: int = 40, limits=LIMITS):
    """Yields examples as training draws them."""
    numbers = numbers_of(pairs, style)
    made = (
        example(pairs, numbers[seed % len(numbers)], style, np.random.default_rng(seed), limits)
        for seed in range(count)
    )
    return [one for one in made if one is not None]


def changed(pairs: Pairs, name: str, number: int, change) -> Pairs:
    """Returns pairs in which the rows or beats of a piece were changed in place."""
    array = np.array(getattr(pairs, name))
    change(array[slice(*pairs.index["pieces"][number][name])])
    return Pairs(**{**pairs.__dict__, name: array})


def players(rows: np.ndarray) -> set[int]:
    return set(rows[:, StepField.PROGRAM].tolist())


def written(one) -> np.ndarray:
    """Returns the notes without the beginning and the end."""
    return one.notes[1 : -1 if one.notes[-1, StepField.STEP] == EOS else None]
