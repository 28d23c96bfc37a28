"""How music repeats itself, bar by bar.

Two bars are equal when the same notes start at the same positions in both: the same program and pitch, on the grid of the
tokens (12 positions a quarter note). How long and how loud notes are does not count. A silent bar is equal to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from music.tokens.columns import Octuple

EQUAL_RUNS = 4
"""Runs of equal bars are told apart up to this length; the last figure is of longer ones too."""
REPEATED_RUNS = 6
"""Runs of repeated bars are told apart from 0 to one less than this; the last figure is of longer ones too."""
NEAR = 16
"""How many bars back "near" reaches."""

_IDENTITY = [Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH]


def bar_contents(rows: np.ndarray) -> list[bytes]:
    """Returns what is played in each bar from the first with a note to the last, such that equal bars are equal.

    Args:
        rows: octuples [notes, 8] sorted as ``music.tokens.octuple.encode`` does: by bar, position, program, pitch.

    Returns:
        One value a bar; empty for a silent one.
    """
    if not len(rows):
        return []
    bars, first = np.unique(rows[:, Octuple.BAR], return_index=True)
    contents = [b""] * int(bars[-1] - bars[0] + 1)
    for bar, notes in zip(bars - bars[0], np.split(rows[:, _IDENTITY], first[1:]), strict=True):
        contents[bar] = notes.tobytes()
    return contents


def player_contents(rows: np.ndarray) -> dict[int, list[bytes]]:
    """Returns for each program id of octuples what it plays in each bar (``bar_contents``), from its own first bar on."""
    programs = np.unique(rows[:, Octuple.PROGRAM]).tolist()
    return {program: bar_contents(rows[rows[:, Octuple.PROGRAM] == program]) for program in programs}


@dataclass
class Counts:
    """How often the next bar repeats, by what came before it: 0 not, 1 it does. Bars after a silent one begin anew.

    Attributes:
        bars: bars with notes.
        equal: int64 [EQUAL_RUNS, 2], whether the next bar equals the last one, by how many equal bars in a row the last
            one is at the end of (1, 2, ...).
        repeat: int64 [REPEATED_RUNS, 2], whether the next bar equals any earlier one, by how many bars in a row up to
            the last one did so (0, 1, ...).
        near: the same, of the NEAR bars before alone.
    """

    bars: int = 0
    equal: np.ndarray = field(default_factory=lambda: np.zeros((EQUAL_RUNS, 2), dtype=np.int64))
    repeat: np.ndarray = field(default_factory=lambda: np.zeros((REPEATED_RUNS, 2), dtype=np.int64))
    near: np.ndarray = field(default_factory=lambda: np.zeros((REPEATED_RUNS, 2), dtype=np.int64))

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.bars + other.bars, self.equal + other.equal, self.repeat + other.repeat, self.near + other.near
        )


def count(contents: Sequence[bytes]) -> Counts:
    """Returns how often the bars of a piece (``bar_contents``) repeat, by what came before them."""
    found = Counts(bars=sum(map(bool, contents)))
    seen: dict[bytes, int] = {}  # where a bar was played last
    before, run, repeated, near = b"", 0, 0, 0
    for place, content in enumerate(contents):
        if content:
            same, again = content == before, content in seen
            again_near = again and place - seen[content] <= NEAR
            if before:
                found.equal[min(run, EQUAL_RUNS) - 1, int(same)] += 1
            if seen:
                found.repeat[min(repeated, REPEATED_RUNS - 1), int(again)] += 1
                found.near[min(near, REPEATED_RUNS - 1), int(again_near)] += 1
            run = run + 1 if same else 1
            repeated = repeated + 1 if again else 0
            near = near + 1 if again_near else 0
            seen[content] = place
        else:
            run = repeated = near = 0
        before = content
    return found


def longest_run(contents: Sequence[bytes]) -> int:
    """Returns how many equal bars follow each other at most; 1 where no two do, 0 without notes."""
    longest, run, before = 0, 0, b""
    for content in contents:
        run = run + 1 if content and content == before else int(bool(content))
        longest, before = max(longest, run), content
    return longest


def share_equal(contents: Sequence[bytes], lag: int) -> tuple[int, int]:
    """Returns how many bars equal the one so many bars before, and how many could: bars with notes that far from the first."""
    pairs = [(one, other) for one, other in zip(contents, contents[lag:]) if other]
    return sum(one == other for one, other in pairs), len(pairs)
