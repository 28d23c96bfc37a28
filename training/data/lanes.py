"""Token shards -> packed lanes: pieces one after another in every row of a batch, no padding, each with its hints.

Needs numpy and torch only. Each lane stands at its own place in its own piece, so that one step sees all kinds of
places and neighbouring steps do not read the same few pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.utils.data

from models.hints.layout import DRUM_PITCH, FIRST, PITCH, PROGRAM, HintTables
from models.hints.piece import hints_of_piece
from music.tokens.columns import EOS, PAD, StepField
from training.data.shards import Shards, WindowPicker, example, validation_windows

STYLE_FORGOTTEN = 0.3  # share of pieces whose style is not told; by choice
PHRASE_FORGOTTEN = 0.1  # likewise the place in the phrase
LEADS = (0, 4, 6, 11, 22, 24, 25, 40, 42, 48, 52, 53, 56, 60, 64, 65, 68, 71, 73, 75, 80)  # programs for one melody
OCTAVES = (-12, 0, 0, 12)
LOWEST, HIGHEST = FIRST + 36, FIRST + 96  # pitches between which a melody may be moved


@dataclass(frozen=True)
class Passage:
    """One window as a lane reads it.

    Attributes:
        notes: [notes, 10] ids, the first row BOS: the fields, the number of bars left, the place in the phrase.
        target: [notes, 8] ids of the note that follows each.
        prefix: [prefix] ids of conditions, the style last.
        hints: [notes, hints] about each target.
        dense: [notes, DENSE] about each target.
        tag: what the reader wants to know it by.
        dropped: whether it is read with dropout.
    """

    notes: np.ndarray
    target: np.ndarray
    prefix: np.ndarray
    hints: np.ndarray
    dense: np.ndarray
    tag: int
    dropped: bool


@dataclass(frozen=True)
class LaneSegment:
    """The next notes of every lane, [lanes, notes, ...].

    Attributes:
        notes, target, prefix, hints, dense: of each note, as in Passage.
        reach: how many notes back each may look, to the start of its piece.
        tag: of each note's piece, -1 where there is none.
        dropped: bool, whether each note is read with dropout.
    """

    notes: torch.Tensor
    target: torch.Tensor
    prefix: torch.Tensor
    hints: torch.Tensor
    dense: torch.Tensor
    reach: torch.Tensor
    tag: torch.Tensor
    dropped: torch.Tensor

    def to(self, device: torch.device) -> LaneSegment:
        """Returns the segment on a device."""
        return LaneSegment(**{name: value.to(device, non_blocking=True) for name, value in vars(self).items()})


def tables_of(index: dict[str, Any]) -> HintTables:
    """Returns what hints are computed with, from the index of shards."""
    return HintTables(tuple(index["step_sizes"]), tuple(index["durations"]), tuple(index["bar_lengths"]))


def styled_prefix_size(index: dict[str, Any]) -> int:
    """Returns the number of prefix ids with those of styles."""
    return index["prefix_size"] + len(index["styles"])


def passage(
    shards: Shards,
    window: int,
    limit: int,
    tables: HintTables,
    rng: np.random.Generator | None = None,
    tag: int = 0,
    small: bool = False,
) -> Passage:
    """Returns a window as a lane reads it.

    Args:
        shards: what it is from.
        window: its number.
        limit: most notes.
        tables: of the hints.
        rng: varies it as ``training.data.example`` does, and forgets the style at random; None leaves all as it is.
        tag: to know it by.
        small: it is from a set so small that it is read many times: melodies change instruments and octaves.
    """
    sequence, prefix = example(shards, window, rng, limit, phrases=True)
    if rng is not None and rng.random() < PHRASE_FORGOTTEN:
        sequence[:, 9] = 0
    style = shards.index["piece_styles"][shards.windows[window][2]]
    told = style is not None and (rng is None or ((prefix > 1).any() and rng.random() >= STYLE_FORGOTTEN))
    first, end = shards.index["prefix_blocks"]["program"]
    if small and rng is not None:
        vary_melody(sequence[1:-1], prefix, first, rng)
    asked = prefix[(prefix >= first) & (prefix < end)] - first + FIRST
    prefix = np.append(prefix, shards.index["prefix_size"] + style if told else PAD)
    hints, dense = hints_of_piece(tables, sequence[1:-1], asked.tolist())
    # A piece's end is a target; a window that breaks off has none there.
    count = len(sequence) - (1 if sequence[-1, StepField.STEP] == EOS else 2)
    return Passage(sequence[:count], sequence[1 : count + 1, :8], prefix, hints[:count], dense[:count], tag, small)


def vary_melody(notes: np.ndarray, prefix: np.ndarray, first: int, rng: np.random.Generator) -> None:
    """Gives a melody of one player another instrument and octave at random, in place.

    The key stays, as all music is read in one (music/tokens/conditions.py).

    Args:
        notes: [notes, 8 or more] step rows.
        prefix: ids of conditions.
        first: prefix id of program 0.
        rng: chooses.
    """
    programs = np.unique(notes[:, PROGRAM])
    if len(programs) != 1 or (notes[:, PITCH] >= DRUM_PITCH).any():
        return
    lead = FIRST + int(rng.choice(LEADS))
    prefix[prefix == first + programs[0] - FIRST] = first + lead - FIRST
    notes[:, PROGRAM] = lead
    moved = notes[:, PITCH] + int(rng.choice(OCTAVES))
    if moved.min() >= LOWEST and moved.max() <= HIGHEST:
        notes[:, PITCH] = moved


def training_passages(
    shards: Shards, weights: dict[str, float], small: Collection[str], limit: int, seed: int
) -> Iterator[Passage]:
    """Yields windows without end, balanced over the data sets.

    Args:
        shards: what to read.
        weights: share of each data set.
        small: sets that are read many times (see ``passage``).
        limit: most notes of a window.
        seed: of all choices.
    """
    rng, tables, names = np.random.default_rng(seed), tables_of(shards.index), list(shards.index["sets"])
    picker = WindowPicker(shards, weights, rng)
    while True:
        window = picker.pick()
        yield passage(shards, window, limit, tables, rng, small=names[shards.windows[window][0]] in small)


class _Stream(torch.utils.data.IterableDataset):
    """The windows of ``training_passages``, other ones in each worker process."""

    def __init__(self, folder: Path, seed: int, *rest: Any):
        self._folder, self._seed, self._rest = folder, seed, rest

    def __iter__(self) -> Iterator[Passage]:
        worker = torch.utils.data.get_worker_info()
        return training_passages(Shards.load(self._folder), *self._rest, self._seed + 104729 * worker.id)


def streamed_passages(
    workers: int, folder: Path, weights: dict[str, float], small: Collection[str], limit: int, seed: int
) -> Iterator[Passage]:
    """Yields windows as ``training_passages`` does, made by other processes: a GPU reads faster than one core prepares.

    Args:
        workers: how many processes.
        folder: of the shards, which each process maps into memory for itself.
        weights, small, limit, seed: as in ``training_passages``.
    """
    stream = _Stream(folder, seed, weights, small, limit)
    return iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=32))


def validation_passages(shards: Shards, per_set: int, limit: int) -> Iterator[Passage]:
    """Yields fixed windows of each real set, tagged with its place among the real sets."""
    tables = tables_of(shards.index)
    for number, picked in enumerate(validation_windows(shards, per_set)):
        for window in picked:
            yield passage(shards, int(window), limit, tables, tag=number)


class Lanes:
    """Packs passages into segments.

    Args:
        lanes: how many.
        count: notes of each lane in a segment.
        passages: where the next one of a lane comes from.
    """

    def __init__(self, lanes: int, count: int, passages: Iterator[Passage]):
        self._count, self._passages = count, passages
        self._now: list[tuple[Passage | None, int]] = [(None, 0)] * lanes

    def segment(self) -> LaneSegment | None:
        """Returns the next segment; None when everything is read."""
        shape, parts = (len(self._now), self._count), {}
        reach, tag, dropped = np.zeros(shape, np.int64), np.full(shape, -1), np.zeros(shape, bool)
        for lane, (now, start) in enumerate(self._now):
            at = 0
            while at < self._count:
                if now is None:
                    now, start = next(self._passages, None), 0
                    if now is None:
                        break
                taken = min(self._count - at, len(now.notes) - start)
                here, there = slice(at, at + taken), slice(start, start + taken)
                for name in ("notes", "target", "hints", "dense"):
                    values = getattr(now, name)
                    if name not in parts:
                        parts[name] = np.zeros((*shape, values.shape[-1]), values.dtype)
                    parts[name][lane, here] = values[there]
                parts.setdefault("prefix", np.zeros((*shape, len(now.prefix)), np.int64))[lane, here] = now.prefix
                reach[lane, here] = np.arange(start, start + taken)
                tag[lane, here], dropped[lane, here] = now.tag, now.dropped
                at, start = at + taken, start + taken
                if start == len(now.notes):
                    now = None
            self._now[lane] = (now, start)
        if not parts:
            return None
        parts |= {"reach": reach, "tag": tag, "dropped": dropped}
        return LaneSegment(**{name: torch.from_numpy(values) for name, values in parts.items()})
