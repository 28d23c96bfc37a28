"""How often bars come again: as often as real music of the genre has them, less or more if the user says so.

A model that sees what stood bars ago copies too readily once its draws are cooled: one bar, over and over. So when a bar
begins, it is settled whether it may equal the bar before, and whether it may equal any earlier one; where it may not, and
the bar has begun as one of those did, the notes from its middle on are written without looking back (``fresh``). And
where draws are so free that too little comes again, notes are drawn more surely (``firm``), for the likeliest is mostly
what stood there bars ago. What real music does was measured: repetition.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from music.analysis.repetition import NEAR

Bar = tuple[tuple[int, ...], ...]
"""Its notes: position, program and pitch of each."""

PROFILES = Path(__file__).with_name("repetition.toml")


@dataclass(frozen=True)
class RepetitionProfile:
    """How real music repeats its bars (all players together).

    Attributes:
        equal: chance that a bar equals the one before, which is the 1st, 2nd, ... of equal ones; the last for all more.
        near: chance that a bar equals one of the NEAR bars before, after 0, 1, ... that did so; the last for all more.
        repeated: share of bars that equal one of the NEAR bars before.
    """

    equal: tuple[float, ...]
    near: tuple[float, ...]
    repeated: float


@cache
def profile_of(genre: str | None) -> RepetitionProfile:
    """Returns the profile of a genre, or of all music."""
    measured: dict[str, Any] = tomllib.loads(PROFILES.read_text(encoding="utf-8"))
    values = measured.get("genre", {}).get(genre, measured["overall"])
    return RepetitionProfile(tuple(values["equal"]), tuple(values["near"]), values["repeated_near"])


class RepetitionGuard:
    """Follows the bars of one piece as it is written.

    Args:
        profile: of real music.
        novelty: 0 sticks to its ideas, 0.5 repeats as real music does, 1 repeats nothing.
        seed: of the chances.
    """

    def __init__(self, profile: RepetitionProfile, novelty: float, seed: int):
        self._chances = np.random.default_rng(seed)
        # However much it sticks to its ideas, no bar goes on for ever.
        self._equal = tuple(min(2 * (1 - novelty) * chance, max(chance, 0.5)) for chance in profile.equal)
        self._near = tuple(_moved(chance, novelty) for chance in profile.near)
        self._share = _moved(profile.repeated, novelty)
        self._bars: list[Bar] = []  # the finished ones, the latest last
        self._repeats: list[bool] = []  # whether each of them equals one of the NEAR before it
        self._equal_bars = self._run = 0  # how many bars up to the last are equal, and repeat
        self._bar = -1  # that is being written
        self._now: list[tuple[int, ...]] = []  # its notes
        self._likely: list[Bar] = []  # earlier bars that begin as this one does and shall not be repeated

    def read(self, bars: Iterable[int], notes: Iterable[tuple[int, ...]]) -> None:
        """Takes the notes that were there before."""
        for bar, note in zip(bars, notes, strict=True):
            self.add(bar, note)

    @property
    def fresh(self) -> bool:
        """Whether the next note shall not look at what stood bars ago."""
        written = len(self._now)
        return any(2 * written + 1 >= len(bar) for bar in self._likely)

    @property
    def firm(self) -> bool:
        """Whether the next note shall be drawn more surely, since fewer bars came again than in real music."""
        recent = self._repeats[-NEAR:]
        return sum(recent) + 1 < self._share * len(recent)  # short of more than one bar

    def add(self, bar: int, note: tuple[int, ...]) -> None:
        """Takes a note of a bar: (position, program, pitch)."""
        if bar != self._bar:
            self._begin(bar)
        self._likely = [old for old in self._likely if len(old) > len(self._now) and old[len(self._now)] == note]
        self._now.append(note)

    def _begin(self, bar: int) -> None:
        """Finishes the bar that was written and settles what the next one may do."""
        if self._now:
            self._finish(tuple(self._now))
        self._bar, self._now = bar, []
        if not self._bars:
            return
        recent = self._repeats[-NEAR:]
        chance = 1.0 if sum(recent) < self._share * len(recent) else self._near[min(self._run, len(self._near) - 1)]
        equal = self._equal[min(self._equal_bars, len(self._equal)) - 1]
        may_equal, may_repeat = self._chances.random(2) < (equal, chance)
        self._likely = [] if may_repeat else list(set(self._bars[-NEAR:-1]))
        if not may_equal:
            self._likely.append(self._bars[-1])

    def _finish(self, bar: Bar) -> None:
        self._repeats.append(bar in self._bars[-NEAR:])
        self._run = self._run + 1 if self._repeats[-1] else 0
        self._equal_bars = self._equal_bars + 1 if self._bars and bar == self._bars[-1] else 1
        self._bars.append(bar)


def _moved(chance: float, novelty: float) -> float:
    """Returns a chance of real music, less of it or more: 0 where all shall be new, 1 where ideas shall be stuck to."""
    return chance * 2 * (1 - novelty) if novelty >= 0.5 else chance + (1 - chance) * (1 - 2 * novelty)
