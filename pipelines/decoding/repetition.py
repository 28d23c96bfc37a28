"""How often bars come again: as often as real music of the genre has them, less or more if the user says so.

A model that sees what stood bars ago copies too readily once its draws are cooled: one bar, over and over. So when a bar
begins, it is settled whether it may equal the bar before, and whether it may equal any earlier one; where it may not, and
the bar has begun as one of those did, the notes from its middle on are written without looking back (``fresh``). What
real music does was measured: repetition.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

PROFILES = Path(__file__).with_name("repetition.toml")
REMEMBERED_BARS = 64  # bars further back are not heard as a repetition; a guess, not measured
RECENT_BARS = 16  # of which the share of repeated ones is compared with real music: the model's own phrase
PHRASE_BARS = 4  # for which it is settled at once whether they may repeat earlier ones. By ear, not measured.


@dataclass(frozen=True)
class RepetitionProfile:
    """How real music repeats its bars (all players together).

    Attributes:
        equal: chance that a bar equals the one before, after 1, 2, ... bars that are equal; the last for all more.
        repeated: share of bars that equal any bar before.
    """

    equal: tuple[float, ...]
    repeated: float


@cache
def profile_of(genre: str | None) -> RepetitionProfile:
    """Returns the profile of a genre, or of all music."""
    measured: dict[str, Any] = tomllib.loads(PROFILES.read_text(encoding="utf-8"))
    values = measured.get("genre", {}).get(genre, measured["overall"])
    return RepetitionProfile(tuple(values["equal"]), values["repeated"])


class RepetitionGuard:
    """Follows the bars of one piece as it is written.

    Args:
        profile: of real music.
        novelty: 0 sticks to its ideas, 0.5 repeats as real music does, 1 repeats nothing.
        seed: of the chances.
    """

    def __init__(self, profile: RepetitionProfile, novelty: float, seed: int):
        self._chances = np.random.default_rng(seed)
        scale = 2 * (1 - novelty)
        self._equal = tuple(min(1.0, chance * scale) for chance in profile.equal)
        share = profile.repeated
        self._share = share * scale if novelty >= 0.5 else share + (1 - share) * (1 - 2 * novelty)
        self._bars: list[tuple[tuple[int, ...], ...]] = []  # the finished ones, the latest last
        self._repeats: list[bool] = []  # whether each of them equals one before it
        self._equal_bars = 1  # how many bars up to the last are equal
        self._bar = -1  # that is being written
        self._now: list[tuple[int, ...]] = []  # its notes
        self._may_repeat = True  # for the rest of the phrase
        self._likely: list[
            tuple[tuple[int, ...], ...]
        ] = []  # earlier bars that begin as this one does, not to be repeated

    def read(self, bars: Iterable[int], notes: Iterable[tuple[int, ...]]) -> None:
        """Takes the notes that were there before."""
        for bar, note in zip(bars, notes, strict=True):
            self.add(bar, note)

    @property
    def fresh(self) -> bool:
        """Whether the next note shall not look at what stood bars ago."""
        written = len(self._now)
        return any(2 * written + 1 >= len(bar) for bar in self._likely)

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
        before, self._bar, self._now = self._bar, bar, []
        if not self._bars:
            return
        recent = self._repeats[-RECENT_BARS:]
        may_equal, may_repeat = self._chances.random(2) < (
            self._equal[min(self._equal_bars, len(self._equal)) - 1],
            self._share if sum(recent) >= self._share * len(recent) else 1.0,
        )
        if bar // PHRASE_BARS != before // PHRASE_BARS:
            self._may_repeat = bool(may_repeat)
        self._likely = [] if self._may_repeat else list(set(self._bars[-REMEMBERED_BARS:-1]))
        if not may_equal:
            self._likely.append(self._bars[-1])

    def _finish(self, bar: tuple[tuple[int, ...], ...]) -> None:
        repeats = bar in self._bars[-REMEMBERED_BARS:]
        self._equal_bars = self._equal_bars + 1 if self._bars and bar == self._bars[-1] else 1
        self._bars.append(bar)
        self._repeats.append(repeats)
