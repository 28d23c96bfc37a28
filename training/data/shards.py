"""Token shards -> batches of segments. Needs numpy and torch only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from music.tokens.columns import BOS, EOS, FIRST, MAX_STEP, PAD, StepField

MAX_BARS_LEFT = 32
BARS_LEFT_SIZE = MAX_BARS_LEFT + 2  # 0 unknown, 1 the last bar, ... 33 more than 32 bars
PHRASE_BARS = 16
PHRASE_SIZE = PHRASE_BARS + 1  # 0 unknown, then the place of the bar in a phrase of sixteen
MAX_PREFIX_DROP = 0.6
MIN_NOTES_LEFT = 32  # of a window whose instruments are thinned


@dataclass(frozen=True)
class Shards:
    """What ``python -m training prepare`` wrote, memory-mapped.

    Attributes:
        rows: int16 [notes, 8] octuples.
        windows: int64 [windows, 6], see training/data/prepare.py.
        prefixes: int16 [windows, prefix].
        index: vocabulary sizes, blocks, sets and pieces.
    """

    rows: np.ndarray
    windows: np.ndarray
    prefixes: np.ndarray
    index: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Shards:
        """Returns the shards in a folder."""
        index = json.loads((folder / "index.json").read_text())
        arrays = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("rows", "windows", "prefixes"))
        return cls(*arrays, index)


@dataclass(frozen=True)
class Segment:
    """What one training step reads: the next notes of several pieces.

    Attributes:
        notes: int64 [batch, notes, 9], the eight step fields and the number of bars left.
        target: int64 [batch, notes, 8], the notes that follow; PAD where there is none.
        prefix: int64 [batch, prefix].
        first: whether the pieces begin here, so that memory must be empty.
    """

    notes: torch.Tensor
    target: torch.Tensor
    prefix: torch.Tensor
    first: bool


def example(
    shards: Shards, window: int, rng: np.random.Generator | None, limit: int = 2**31, phrases: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns one window as (sequence [notes + 2, 9], prefix): BOS, its notes, END.

    Args:
        phrases: with a tenth column, where in a phrase of sixteen bars from the start of the piece each note stands.
        limit: read at most this many notes of the window, its first or, where a piece ends, at random its last.
        rng: drops instruments, shifts tempo and loudness, and forgets conditions at random; None leaves all as it is.
    """
    _, _, piece, first, last, _ = shards.windows[window]
    _, _, piece_last = shards.index["pieces"][piece]
    if last - first > limit:
        ends = last == piece_last and rng is not None and rng.random() < 0.5
        first, last = (last - limit, last) if ends else (first, first + limit)
    rows = np.asarray(shards.rows[first:last], dtype=np.int64)
    prefix = np.array(shards.prefixes[window], dtype=np.int64)
    if rng is not None:
        rows = drop_instruments(rows, prefix, shards.index, rng)
    bars = rows[:, shards.index["step_columns"][StepField.STEP]]
    final_bar = (
        int(shards.rows[piece_last - 1][shards.index["step_columns"][StepField.STEP]])
        if last < piece_last
        else bars[-1]
    )
    sequence = np.zeros((len(rows) + 2, 10 if phrases else 9), dtype=np.int64)
    sequence[0, :8] = BOS
    sequence[1:-1, :8] = rows[:, shards.index["step_columns"]]
    sequence[1:-1, StepField.STEP] = FIRST + np.clip(np.diff(bars, prepend=bars[0]), 0, MAX_STEP)
    if last == piece_last:
        sequence[-1, StepField.STEP] = EOS
    sequence[1:-1, 8] = np.minimum(final_bar - bars, MAX_BARS_LEFT) + 1
    if phrases:
        sequence[1:-1, 9] = 1 + (bars - FIRST) % PHRASE_BARS
    sequence[0, 8:] = sequence[1, 8:]
    transpose_to_canonical(sequence[1:-1], prefix, shards.index, StepField.PITCH)
    if rng is not None:
        augment(sequence, prefix, shards.index, rng)
    return sequence, prefix


def drop_instruments(
    rows: np.ndarray, prefix: np.ndarray, index: dict[str, Any], rng: np.random.Generator
) -> np.ndarray:
    """Returns the rows of some of the instruments, half of the time, and fits the prefix to them in place.

    So a model meets small line-ups that its training music does not have.
    """
    column = index["step_columns"][StepField.PROGRAM]
    programs = np.unique(rows[:, column])
    if len(programs) < 3 or rng.random() < 0.5:
        return rows
    left = rng.permutation(programs)[: rng.integers(2, len(programs))]
    kept = rows[np.isin(rows[:, column], left)]
    if len(kept) < MIN_NOTES_LEFT:
        return rows
    blocks = index["prefix_blocks"]
    (first, end), (sparse, dense) = blocks["program"], blocks["density"]
    gone = (prefix >= first) & (prefix < end) & ~np.isin(prefix - first + FIRST, left)
    _forget(prefix, gone | ((prefix >= sparse) & (prefix < dense)))
    return kept


def transpose_to_canonical(notes: np.ndarray, prefix: np.ndarray, index: dict[str, Any], column: int) -> None:
    """Transposes to C major or A minor, in place: models read all music there (see music/tokens/conditions.py).

    Args:
        notes: [notes, fields] ids.
        column: which of the fields is the pitch.
    """
    start, end = index["prefix_blocks"]["key"]
    keys = prefix[(prefix >= start) & (prefix < end)] - start
    if len(keys):
        shift, home = index["home_shifts"][keys[0]], index["home_keys"][keys[0]]
        pitches = notes[:, column]
        pitched = pitches < FIRST + 128
        pitches[pitched] = FIRST + np.clip(pitches[pitched] - FIRST + shift, 0, 127)
        prefix[(prefix >= start) & (prefix < end)] = start + home


def augment(sequence: np.ndarray, prefix: np.ndarray, index: dict[str, Any], rng: np.random.Generator) -> None:
    """Changes tempo and loudness, and forgets conditions, in place."""
    notes, sizes, blocks = sequence[1:-1], index["step_sizes"], index["prefix_blocks"]
    faster = int(rng.integers(-3, 4))
    tempi = sizes[StepField.TEMPO] - FIRST
    notes[:, StepField.TEMPO] = FIRST + np.clip(notes[:, StepField.TEMPO] - FIRST + faster, 0, tempi - 1)
    _shift_block(prefix, blocks["tempo"], lambda tempo: np.clip(tempo + faster, 0, tempi - 1))
    louder = int(rng.integers(-3, 4))
    notes[:, StepField.VELOCITY] = FIRST + np.clip(
        notes[:, StepField.VELOCITY] - FIRST + louder, 0, sizes[StepField.VELOCITY] - FIRST - 1
    )
    if rng.random() < 0.25:
        sequence[:, 8] = 0
    rate = 1.0 if rng.random() < 0.1 else rng.random() * MAX_PREFIX_DROP
    for start, end in blocks.values():
        if rng.random() < rate:
            _forget(prefix, (prefix >= start) & (prefix < end))


def _forget(prefix: np.ndarray, gone: np.ndarray) -> None:
    """Takes ids out of a prefix in place; models count on padding standing at the end."""
    left = prefix[~gone & (prefix != PAD)]
    prefix[:] = PAD
    prefix[: len(left)] = left


def _shift_block(prefix: np.ndarray, block: list[int], change: Any) -> None:
    inside = (prefix >= block[0]) & (prefix < block[1])
    prefix[inside] = block[0] + change(prefix[inside] - block[0])


class WindowPicker:
    """Draws training windows, balanced over the data sets.

    Args:
        shards: what to draw from.
        weights: share of each data set; if it names none of the sets, they weigh the same.
        rng: draws.
    """

    def __init__(self, shards: Shards, weights: dict[str, float], rng: np.random.Generator):
        self.rng = rng
        names = list(shards.index["sets"])
        if not set(names) & set(weights):  # music of one's own, which the recipe does not name
            weights = dict.fromkeys(names, 1.0)
        self.pools, shares = [], []
        for name, weight in weights.items():
            if name not in names:
                continue
            mine = np.flatnonzero((shards.windows[:, 0] == names.index(name)) & (shards.windows[:, 1] == 0))
            if not len(mine):
                continue
            _, piece, per_piece = np.unique(shards.windows[mine, 2], return_inverse=True, return_counts=True)
            chance = (1 + shards.windows[mine, 5]) / np.sqrt(per_piece[piece])
            self.pools.append((mine, chance.cumsum() / chance.sum()))
            shares.append(weight)
        self.shares = np.array(shares).cumsum() / np.sum(shares)

    def pick(self) -> int:
        """Returns the number of a window."""
        windows, chance = self.pools[np.searchsorted(self.shares, self.rng.random())]
        return int(windows[np.searchsorted(chance, self.rng.random())])


class Batches:
    """An endless stream of training segments, balanced over the data sets.

    Windows of like length are read together: whole pieces shorter than half a segment in batches of short
    segments, the others over several segments in a row.

    Args:
        shards: what to read.
        weights: share of each data set; if it names none of the sets, they weigh the same.
        stage: of the recipe: ``batch`` pieces side by side, in segments of ``segment`` notes, of windows of at
            most ``window`` notes.
        seed: of all random choices.
    """

    def __init__(self, shards: Shards, weights: dict[str, float], stage: dict[str, Any], seed: int):
        self.shards, self.batch, self.segment, self.window = shards, stage["batch"], stage["segment"], stage["window"]
        self.rng = np.random.default_rng(seed)
        self.picker = WindowPicker(shards, weights, self.rng)

    def example(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the next window that is drawn, as (sequence, prefix)."""
        return example(self.shards, self.picker.pick(), self.rng, self.window)

    def __iter__(self) -> Iterator[Segment]:
        waiting: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
        while True:
            found = self.example()
            length = len(found[0]) - 1
            size = self.segment // 2 if length <= self.segment // 2 else self.segment
            group = waiting.setdefault(size if size < self.segment else size * -(-length // size), [])
            group.append(found)
            if len(group) == self.batch * self.segment // size:
                yield from segments(group, size)
                group.clear()


def segments(examples: list[tuple[np.ndarray, np.ndarray]], size: int) -> Iterator[Segment]:
    """Yields the segments of several windows that are read side by side."""
    longest = max(len(sequence) for sequence, _ in examples)
    sequences = np.zeros((len(examples), longest, 9), dtype=np.int64)
    for row, (sequence, _) in enumerate(examples):
        sequences[row, : len(sequence)] = sequence
    sequences = torch.from_numpy(sequences)
    prefix = torch.from_numpy(np.stack([prefix for _, prefix in examples]))
    stop = 0
    while stop < longest - 1:
        start, stop = stop, stop + size
        if longest - 1 - stop < size // 8:  # a few notes more are not worth a step of their own
            stop = longest - 1
        yield Segment(sequences[:, start:stop], sequences[:, start + 1 : stop + 1, :8], prefix, start == 0)


def validation_windows(shards: Shards, count: int) -> Iterator[np.ndarray]:
    """Yields up to this many validation windows of each set of real music that has any, spread evenly."""
    for number, entry in enumerate(shards.index["sets"].values()):
        mine = ((shards.windows[:, 0] == number) & (shards.windows[:, 1] == 1)).nonzero()[0]
        if len(mine) and not entry.get("synthetic"):
            yield mine[:: max(1, len(mine) // count)][:count]
