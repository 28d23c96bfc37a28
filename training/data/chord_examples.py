"""Melodies with their chords -> batches for the chord network. Needs numpy and torch only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from music.tokens.chord_grid import FEATURES, PLACES, chord_grid
from music.tokens.columns import FIRST, PAD, Octuple
from training.data.pair_shards import MAX_FORGET, PART, Pairs, complexity

MISHEARD = (((-5, 5), False, 0.10), ((-3, 3), True, 0.06), ((-2, 2), False, 0.04), ((0,), True, 0.10))
"""Semitones by which a key is heard wrongly, whether major is taken for minor or minor for major, and how often: keys a fifth
and a step away, parallel and relative keys. A key that is told from a melody alone often is, and so that costs less."""
FROM_THE_TOP = 0.5  # how often a stretch begins where the melody does


class ChordExample(NamedTuple):
    """A stretch of a melody and its chords.

    Attributes:
        features, places: of ``music.tokens.chord_grid``.
        prefix: int64 [prefix].
        chords, basses: int64 [beats], the basses in semitones above the root.
    """

    features: np.ndarray
    places: np.ndarray
    prefix: np.ndarray
    chords: np.ndarray
    basses: np.ndarray


def chord_example(
    pairs: Pairs, number: int, style: str, rng: np.random.Generator, bars: int, varied: bool = True
) -> ChordExample | None:
    """Returns up to so many bars of a piece; None where too few of its beats have a chord.

    Args:
        pairs: what was prepared.
        number: of the piece.
        style: "chords" or "chorale".
        rng: draws the stretch and, if ``varied``, what is forgotten and which key is misheard.
        bars: at most so many.
        varied: False for the beginning of the piece, plainly.
    """
    piece, index = pairs.index["pieces"][number], pairs.index
    rows = np.array(pairs.rows[slice(*piece["rows"])], dtype=np.int64)
    beats = np.array(pairs.beats[slice(*piece["beats"])], dtype=np.int64)
    melody = rows[rows[:, PART] == piece["lead"], :PART]
    if not len(melody):
        return None
    shift, home = index["home_shifts"][piece["key"]], index["home_keys"][piece["key"]]
    if varied:
        draw = rng.random()
        for semitones, other_mode, often in MISHEARD:
            if 0 <= draw < often:
                shift += int(rng.choice(semitones))
                home = (21 if home < 12 else 0) if other_mode else home
            draw -= often
    of_beats = beats[:, Octuple.BAR] - FIRST
    top = int(melody[0, Octuple.BAR]) - FIRST
    last_start = max(top, int(of_beats[-1]) + 1 - bars // 2)
    first = top if not varied or rng.random() < FROM_THE_TOP else int(rng.integers(0, last_start + 1))
    count = bars if not varied else int(rng.integers(bars // 2, bars + 1))
    beats = beats[(of_beats >= first) & (of_beats < first + count)]
    if not len(beats):
        return None
    melody = melody.copy()
    melody[:, Octuple.PITCH] = FIRST + np.clip(melody[:, Octuple.PITCH] - FIRST + shift, 0, 127)
    chords = beats[:, Octuple.PITCH] - FIRST
    none = len(index["rich_chords"]) - 1
    known = (chords >= 0) & (chords < none)
    if known.mean() < 0.5:
        return None
    root, quality = np.divmod(chords, 16)
    chords = np.where(known, (root + shift) % 12 * 16 + quality, none)
    basses = np.where(known, np.maximum(beats[:, Octuple.VELOCITY] - FIRST, 0) % 12, -1)
    grid = chord_grid(melody, beats, index["durations"])
    prefix = _wishes(grid.features, chords[known], beats, piece, home, style, index)
    if varied:
        _forget(prefix, index, rng)
    return ChordExample(grid.features, grid.places, prefix, chords, basses)


def _wishes(
    features: np.ndarray,
    chords: np.ndarray,
    beats: np.ndarray,
    piece: dict[str, Any],
    home: int,
    style: str,
    index: dict[str, Any],
) -> np.ndarray:
    """Returns the prefix ids of what an example is, as ``accompaniment.chord_condition_ids`` gives them."""
    blocks = index["prefix_blocks"]
    ids = [index["styles"][style], blocks["key"][0] + home]
    if piece["genre"] is not None:
        ids.append(blocks["genre"][0] + piece["genre"])
    ids.append(blocks["tempo"][0] + int(np.bincount(beats[:, Octuple.TEMPO]).argmax()) - FIRST)
    ids.append(blocks["signature"][0] + int(np.bincount(beats[:, Octuple.SIGNATURE]).argmax()) - FIRST)
    if style == "chords":
        ids.append(index["complexities"][complexity(chords, int(home >= 12), index)])
    ids.append(index["mode_block"][0] + _mode(features, chords, home, index))
    return np.array(ids + [PAD] * (10 - len(ids)), dtype=np.int64)


def _mode(features: np.ndarray, chords: np.ndarray, home: int, index: dict[str, Any]) -> int:
    """Returns which of ``music.theory.MODES`` melody and chords are in, given C major or A minor."""
    times = features[:, 12 * 7 : 12 * 8].sum(axis=0) + np.array(index["chord_tones"])[chords].sum(axis=0)
    f, fs, b, bb = times[5], times[6], times[11], times[10]
    if home < 12:
        return 4 if fs > f else 5 if bb > b else 0
    return 2 if fs > f and times[8] < times[7] else 3 if bb > b else 1


def _forget(prefix: np.ndarray, index: dict[str, Any], rng: np.random.Generator) -> None:
    rate = rng.random() * MAX_FORGET
    for first, stop in (*index["prefix_blocks"].values(), index["complexity_block"], index["mode_block"]):
        if rng.random() < rate:
            prefix[(prefix >= first) & (prefix < stop)] = PAD


def collate_chords(examples: Sequence[ChordExample], device: torch.device | str = "cpu") -> tuple[torch.Tensor, ...]:
    """Returns (features, places, prefix, real, chords, basses) of several examples, padded; basses unknown are -1."""
    longest = -(-max(len(one.chords) for one in examples) // 8) * 8
    count = len(examples)
    features = np.zeros((count, longest, FEATURES), np.float32)
    places, chords = np.zeros((count, longest, len(PLACES)), np.int64), np.zeros((count, longest), np.int64)
    basses, real = np.full((count, longest), -1, np.int64), np.zeros((count, longest), bool)
    for row, one in enumerate(examples):
        beats = len(one.chords)
        features[row, :beats], places[row, :beats], chords[row, :beats] = one.features, one.places, one.chords
        basses[row, :beats], real[row, :beats] = one.basses, True
    prefix = np.stack([one.prefix for one in examples])
    return tuple(torch.from_numpy(part).to(device) for part in (features, places, prefix, real, chords, basses))


class ChordBatches:
    """An endless stream of batches of melodies with chords, drawn by the recipe's shares of styles and sets.

    Args:
        pairs: what to read.
        shares: of the styles "chords" and "chorale".
        weights: of the sets; those that it does not name weigh nothing, unless it names none.
        batch: melodies of a batch.
        bars: of a melody, at most.
        seed: of all random choices.
    """

    def __init__(
        self, pairs: Pairs, shares: dict[str, float], weights: dict[str, float], batch: int, bars: int, seed: int
    ):
        self.pairs, self.rng, self.batch, self.bars = pairs, np.random.default_rng(seed), batch, bars
        names = list(pairs.index["sets"])
        if not set(names) & set(weights):  # as PairBatches
            weights = dict.fromkeys(names, 1.0)
        self.pools: list[tuple[str, np.ndarray, np.ndarray]] = []
        chances = []
        for style in shares:
            found, chance = [], []
            for place, name in enumerate(names):
                mine = [
                    (number, np.sqrt(piece["beats"][1] - piece["beats"][0]))
                    for number, piece in enumerate(pairs.index["pieces"])
                    if piece["set"] == place and piece["split"] == "train" and style in piece["styles"]
                ]
                if mine and weights.get(name):
                    total = sum(size for _, size in mine)
                    found += [number for number, _ in mine]
                    chance += [weights[name] * size / total for _, size in mine]
            if found:
                self.pools.append((style, np.array(found), np.cumsum(chance) / np.sum(chance)))
                chances.append(shares[style])
        self.shares = np.cumsum(chances) / np.sum(chances) if chances else np.zeros(0)

    def __iter__(self) -> Iterator[list[ChordExample]]:
        while True:
            examples: list[ChordExample] = []
            while len(examples) < self.batch:
                style, numbers, chances = self.pools[int(np.searchsorted(self.shares, self.rng.random()))]
                number = int(numbers[np.searchsorted(chances, self.rng.random())])
                made = chord_example(self.pairs, number, style, self.rng, self.bars)
                if made is not None:
                    examples.append(made)
            yield examples
