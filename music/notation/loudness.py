"""Dynamics on paper: p, mf, f where a player's loudness changes to stay, by the velocities of the notes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import symusic

from music.files.musicxml_loudness import LEVELS
from music.notation.quantize import SheetNote
from music.notation.rhythm import SheetBar

_MARKS = ("pp", "p", "mp", "mf", "f", "ff")
# By eye: a step between marks is some 15 of 127. A change at the head of a section pays within two bars, elsewhere within six.
_STEP, _AT_A_HEAD, _ELSEWHERE = 15.0, 2.0, 6.0
_MOST = 2.0  # what one bar can cost: an accent is no reason for a mark


class PrintedDynamic(NamedTuple):
    """A dynamic: the unit of the sheet at which it stands, and its letters."""

    start: int
    mark: str


def has_dynamics(score: symusic.Score) -> bool:
    """Whether a score says how loud its notes are: programs that do not know write one velocity for all."""
    found = [track.notes.numpy()["velocity"] for track in score.tracks if len(track.notes)]
    return bool(found) and len(np.unique(np.concatenate(found))) > 1


def printed_dynamics(
    score: symusic.Score,
    tracks: Sequence[int],
    notes: Sequence[SheetNote],
    bars: Sequence[SheetBar],
    heads: Collection[int],
) -> tuple[PrintedDynamic, ...]:
    """Returns the dynamics of one player: the fewest that tell how loud each bar is (Viterbi), each at a note.

    Args:
        score: what is written down.
        tracks: those of the player.
        notes: the same on paper.
        bars: of the sheet.
        heads: bars in which a section begins.
    """
    starts = np.array([bar.start_tick for bar in bars])
    played = [score.tracks[track].notes.numpy() for track in tracks]
    time, velocity = (np.concatenate([each[name] for each in played]) for name in ("time", "velocity"))
    place = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, len(bars) - 1)
    count = np.bincount(place, minlength=len(bars))
    loudness = np.bincount(place, weights=velocity, minlength=len(bars)) / np.maximum(count, 1)
    levels = np.array([LEVELS[mark] for mark in _MARKS], dtype=float)
    cost = np.minimum(np.abs(loudness[:, None] - levels[None, :]) / _STEP, _MOST) * (count > 0)[:, None]
    best, came_from = cost[0], []
    for bar in range(1, len(bars)):
        move = best.min() + (_AT_A_HEAD if bar in heads else _ELSEWHERE)
        came_from.append(np.where(best <= move, np.arange(len(levels)), best.argmin()))
        best = np.minimum(best, move) + cost[bar]
    path = [int(best.argmin())]
    for origin in reversed(came_from):
        path.append(int(origin[path[-1]]))
    onsets = np.array(sorted({note.start for note in notes}), dtype=np.int64)
    found: list[PrintedDynamic] = []
    last = -1
    for bar, level in enumerate(reversed(path)):
        here = onsets[(onsets >= bars[bar].start) & (onsets < bars[bar].start + bars[bar].length)]
        if level != last and len(here):
            found.append(PrintedDynamic(int(here[0]), _MARKS[level]))
            last = level
    return tuple(found)
