"""Bars of a score on the grid of the audio network, which knows four lengths of bars: others rest for a while at their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from music.bars import Bar
from music.tokens.patches import PATCHES_PER_QUARTER
from pipelines.patches.canvas import BAR_PATCHES


@dataclass(frozen=True)
class PatchBars:
    """Where ticks of a score lie on the network's grid.

    A bar that is shorter than the network's stands at the beginning of one of its bars, and what is left of that holds no
    time; a longer one is parted evenly. So 5/4 is read as 6/4 whose last beat takes no time, and 4/2 as two bars of 4/4.

    Attributes:
        edges: rising ticks, int64 ``[bars + 1]``: where each of the network's bars begins, and where the last one ends.
        unit: ticks of a patch.
        bar_patches: length of the network's bars, one of BAR_PATCHES.
    """

    edges: np.ndarray
    unit: float
    bar_patches: int

    @classmethod
    def of(cls, bars: Sequence[Bar], ticks_per_quarter: int) -> PatchBars:
        """Returns the grid of bars that follow each other."""
        unit = ticks_per_quarter / PATCHES_PER_QUARTER
        longest = max(BAR_PATCHES) * unit
        edges = [bars[0].start]
        for bar in bars:
            parts = max(1, int(np.ceil((bar.end - bar.start) / longest - 1e-9)))
            edges += [bar.start + (bar.end - bar.start) * part // parts for part in range(1, parts + 1)]
        needed = int(np.ceil(np.diff(edges).max() / unit - 1e-9))
        return cls(np.array(edges, np.int64), unit, next(length for length in BAR_PATCHES if length >= needed))

    def patches(self, ticks: np.ndarray | int) -> np.ndarray:
        """Returns the nearest patch of each tick, int64."""
        ticks = np.asarray(ticks)
        bar = np.clip(np.searchsorted(self.edges, ticks, side="right") - 1, 0, len(self.edges) - 2)
        within = np.round((ticks - self.edges[bar]) / self.unit).astype(np.int64)
        length = np.maximum(1, np.round(np.diff(self.edges)[bar] / self.unit)).astype(np.int64)
        return np.where(within >= length, (bar + 1) * self.bar_patches, bar * self.bar_patches + within)

    def ticks(self, patches: np.ndarray | int) -> np.ndarray:
        """Returns the tick at which each patch begins, int64; of those that take no time the next bar's first."""
        bar, within = np.divmod(np.asarray(patches), self.bar_patches)
        late = bar >= len(self.edges) - 1
        bar = np.where(late, len(self.edges) - 2, bar)
        ticks = self.edges[bar] + np.round(within * self.unit).astype(np.int64)
        return np.where(late, self.edges[-1], np.minimum(ticks, self.edges[bar + 1]))
