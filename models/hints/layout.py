"""What the past of a note says about the next one: which hints there are, and the tables they are read with.

A hint is an id that is found by rule, without a network: what stood at the same place bars ago, what followed the last
time the same notes were played, what this player played last, what sounds now. The hints of a field look at the notes
before and at those fields of the note itself that are written earlier, never at more. So they can be computed for a
whole piece at once (models/hints/piece.py), and one note and field at a time (models/hints/past.py); both agree.

The idea is that of copy mechanisms (See et al. 2017, "Get to the point: pointer-generator networks") with pointers
that are given instead of learned; music repeats so regularly that rules find them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

VERSION = 1
"""Of the layout. A model reads the layout it was trained with and no other."""

FIRST = 4  # id of the first real value in every field
STEP, SIGNATURE, TEMPO, POSITION, PROGRAM, PITCH, DURATION, VELOCITY = range(8)
FIELDS = 8
DRUM_PITCH = FIRST + 128  # id of the lowest drum: drums have no pitch class

BARS_AGO = (1, 2, 4, 8)
TICKS_AGO = (12, 24)  # one beat and two, in positions
REPEAT_LENGTHS = (12, 6, 3)  # notes that must agree (position, program, pitch) for a repeat, longest first
RHYTHM_LENGTHS = (8, 4)  # the same for position, program and duration
FIGURE_LENGTH, SHORT_LENGTH = 4, 2  # pitches in a row of one player that must agree for a figure
MOVE_LENGTH = 3  # moves (interval and time since) in a row of one player that must agree for a transposed figure
REACH = 48  # how many notes back a note that still sounds is looked for

PLACES = 160  # ids of a place in a bar: 0 none, then positions, the last one for out of the bar
GAPS = 64  # ids of a time between two onsets: 0 none, then positions up to two beats, then beats
PLAYERS = 16  # ids of a number of players: 0 unknown, 1 none, ... 15 fourteen or more
DENSE = 36
"""Numbers that the pitch reads besides: pitch classes that sound, of the last bar, of the player so far (12 each)."""

MAX_STEP = 15
DEFAULT_BAR = 48  # positions of a bar of no signature


@dataclass(frozen=True)
class Hint:
    """One column of hints.

    Attributes:
        field: the field of the next note that it speaks of.
        name: what it says.
        size: number of ids.
        copies: whether its ids are those of the field itself, so that it can vote for one.
    """

    field: int
    name: str
    size: int
    copies: bool


@dataclass(frozen=True)
class HintTables:
    """What ids mean, as far as hints need to know, and the columns that follow from it.

    Attributes:
        sizes: number of ids of each of the eight fields.
        durations: length in positions of each duration, from id FIRST on.
        bar_lengths: length in positions of a bar of each signature, from id FIRST on.
    """

    sizes: tuple[int, ...]
    durations: tuple[int, ...]
    bar_lengths: tuple[int, ...]

    @cached_property
    def duration_of(self) -> np.ndarray:
        """The length of each duration id in positions, int64 [ids]; 1 for special ids."""
        return np.concatenate([np.full(FIRST, 1), self.durations]).astype(np.int64)

    @cached_property
    def bar_length_of(self) -> np.ndarray:
        """The length of a bar of each signature id in positions, int64 [ids]."""
        return np.concatenate([np.full(FIRST, DEFAULT_BAR), self.bar_lengths]).astype(np.int64)

    @cached_property
    def layout(self) -> tuple[Hint, ...]:
        """The columns: field by field, those that copy first."""
        return layout_of(self.sizes)


def layout_of(sizes: tuple[int, ...]) -> tuple[Hint, ...]:
    """Returns the columns of hints for fields of these numbers of ids."""
    bars, beats = [f"{k} bars ago" for k in BARS_AGO], [f"{k} positions ago" for k in TICKS_AGO]
    orders = len(REPEAT_LENGTHS) + 1
    copied = {
        STEP: [*bars, "repeat", "rhythm", "end of the last"],
        SIGNATURE: ["before"],
        TEMPO: ["before"],
        POSITION: [*bars, "repeat", "rhythm", "end of the last", "first end", "next end", "before", *beats],
        PROGRAM: [*bars, "repeat", "rhythm", "ends here", "before", *beats, "waiting longest"],
        PITCH: [
            *bars,
            "repeat",
            "last",
            "last top",
            "top before",
            *beats,
            "moved figure",
            "figure",
            "short figure",
            "doubled",
        ],
        DURATION: [*bars, "repeat", "rhythm", "last", "before", "figure", "doubled", "same pitch"],
        VELOCITY: [*bars, "repeat", "rhythm", "last", "before", "figure", "doubled", "same pitch"],
    }
    known = {
        STEP: [("place of the end", PLACES), ("length of the repeat", orders), ("players absent", PLAYERS)],
        POSITION: [("length of the repeat", orders)],
        PROGRAM: [("length of the repeat", orders), ("time waited", GAPS), ("players absent", PLAYERS)],
        PITCH: [("length of the repeat", orders), ("time since", GAPS), ("lowest sounding", sizes[PITCH])],
        DURATION: [("length of the repeat", orders), ("time since", GAPS), ("left of the bar", PLACES)],
        VELOCITY: [("length of the repeat", orders), ("chord goes on", 2)],
    }
    return tuple(
        hint
        for field in range(FIELDS)
        for hint in (
            *(Hint(field, name, sizes[field], True) for name in copied[field]),
            *(Hint(field, name, size, False) for name, size in known.get(field, ())),
        )
    )


def gap_id(positions: np.ndarray) -> np.ndarray:
    """Returns ids 1 .. GAPS - 1 of times in positions: exact up to two beats, then by beat."""
    fine = np.clip(positions, 0, 24)
    coarse = np.where(positions > 24, 1 + (positions - 25) // 12, 0)
    return 1 + np.minimum(fine + coarse, GAPS - 2)
