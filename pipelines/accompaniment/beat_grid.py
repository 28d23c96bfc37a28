"""Bars and beats of a piece as the harmonizer counts them, made once for a request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import symusic

from music.bars import Bar, bar_grid
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, Octuple


@dataclass(frozen=True, eq=False)
class BeatGrid:
    """Bars and beats, in ticks of the score and in positions of the model.

    Attributes:
        ticks_per_quarter: of the score.
        bars: as the model counts them; a signature that it does not know is read in bars of another one.
        written_bars: as they are written.
        bar_starts: int64 [bars + 1] the position at which each bar begins, and where the last ends.
        beat_rows: int16 [beats, 8] the octuple that stands for each beat, its chord unknown.
        beat_ticks: int64 [beats] the tick at which each beat begins.
    """

    ticks_per_quarter: int
    bars: tuple[Bar, ...]
    written_bars: tuple[Bar, ...]
    bar_starts: np.ndarray
    beat_rows: np.ndarray
    beat_ticks: np.ndarray

    @property
    def end(self) -> int:
        """The tick at which the last bar ends."""
        return self.bars[-1].end

    @cached_property
    def beat_bars(self) -> np.ndarray:
        """The bar that each beat lies in, int64 [beats]."""
        return self.beat_rows[:, Octuple.BAR].astype(np.int64) - FIRST

    @cached_property
    def beat_positions(self) -> np.ndarray:
        """The position at which each beat begins, int64 [beats]."""
        return accompaniment.onsets(self.beat_rows, self.bar_starts)

    @cached_property
    def beat_numbers(self) -> np.ndarray:
        """The number of each beat in its bar, from 0, int64 [beats]."""
        counts = self.beats_per_bar
        return np.arange(len(self.beat_rows)) - (counts.cumsum() - counts)[self.beat_bars]

    @cached_property
    def beats_per_bar(self) -> np.ndarray:
        """How many beats each bar has, int64 [bars]."""
        return np.bincount(self.beat_bars)

    def bar_at(self, position: int) -> int:
        """Returns the bar that a position lies in; the number of bars for one beyond the last."""
        return int(np.searchsorted(self.bar_starts, position, side="right")) - 1

    def tick_at(self, position: int) -> int:
        """Returns the tick of a position; a position beyond the last bar has that bar's end."""
        bar = min(self.bar_at(position), len(self.bars) - 1)
        within = (position - int(self.bar_starts[bar])) * self.ticks_per_quarter // tokens.POSITIONS_PER_QUARTER
        return min(self.bars[bar].start + within, self.bars[bar].end)


def beat_grid(score: symusic.Score, end: int) -> BeatGrid:
    """Returns the bars and beats of a score up to the bar in which a tick lies."""
    bars, _ = tokens.model_grid(score, end)
    rows, ticks = accompaniment.beat_rows(score, end)
    starts = accompaniment.bar_starts(rows)
    written = bar_grid(score, end)
    if (stop := written[-1].end) < bars[-1].end:
        # The model reads an unknown signature in longer bars: the last one is cut where the written bars end.
        rows, ticks = rows[ticks < stop], ticks[ticks < stop]
        within = (stop - bars[-1].start) * tokens.POSITIONS_PER_QUARTER // score.ticks_per_quarter
        starts[-1] = starts[-2] + max(1, within)
        bars[-1] = bars[-1]._replace(end=stop)
    return BeatGrid(score.ticks_per_quarter, tuple(bars), tuple(written), starts, rows, ticks)
