"""The quarters of a score: which of them a tick lies in, and where in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.bars import Bar

TOLERANCE = 1 / 24
"""Of a quarter: so far from a place in it a note may be played and is still meant to be there. By ear, not measured."""


class Beats:
    """The quarters of bars, each counted from the first tick of its bar.

    Args:
        bars: in order.
        quarter: ticks of a quarter note.
    """

    def __init__(self, bars: Sequence[Bar], quarter: int) -> None:
        self._starts = np.array([bar.start for bar in bars], dtype=np.int64)
        self._in_quarters = np.array([bar.denominator <= 4 for bar in bars])
        self._quarter = quarter

    @property
    def any(self) -> bool:
        """Whether some bar is counted in quarters."""
        return bool(self._in_quarters.any())

    def begin(self, ticks: np.ndarray) -> np.ndarray:
        """Returns the tick at which the quarter begins that each tick lies in; the last bar goes on for ticks beyond it."""
        starts = self._starts[self._bar(ticks)]
        return starts + (ticks - starts) // self._quarter * self._quarter

    def phase(self, ticks: np.ndarray) -> np.ndarray:
        """Returns where each tick stands in its quarter, from 0 to 1; -1 in bars that are not counted in quarters."""
        place = (ticks - self.begin(ticks)) / self._quarter
        return np.where(self._in_quarters[self._bar(ticks)], place, -1.0)

    def _bar(self, ticks: np.ndarray) -> np.ndarray:
        return np.clip(np.searchsorted(self._starts, ticks, side="right") - 1, 0, len(self._starts) - 1)


def near(phase: np.ndarray, place: float) -> np.ndarray:
    """Returns which of these places in a quarter are this one, or as good as."""
    return np.abs(phase - place) <= TOLERANCE
