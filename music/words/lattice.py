"""All ways to sing syllables to notes, and the best of them (Viterbi): what each costs, in nats.

Costs are minus the logarithms of how songs do it beside how they do anything. Those measured come from
``python -m training word_setting``: the 93 English public-domain lead sheets of OpenEWLD that are training data, 7,865 syllables.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from music.arranging.phrases import MelodyNote
from music.bars import Bar
from music.chords import beat_ticks
from music.words.accents import HEAVY_WORD, strength

KEPT, BENT, FREE = "kept", "bent", "free"
"""What may happen to a rhythm: nothing; notes may be split, and joined where the pitch is the same; and where the melody is
still being written, notes that are too many may be left out, too, the one before lasting longer."""

# Shares of places in a bar (WEAK to DOWNBEAT) by what a syllable is (LIGHT_WORD to SECOND); measured.
_PLACES = np.array(
    [
        [0.057, 0.288, 0.384, 0.111, 0.161],
        [0.070, 0.359, 0.402, 0.078, 0.090],
        [0.005, 0.087, 0.331, 0.184, 0.393],
        [0.002, 0.082, 0.242, 0.177, 0.497],
        [0.033, 0.275, 0.363, 0.110, 0.220],
    ]
)
_ALL_PLACES = np.array([0.034, 0.204, 0.348, 0.139, 0.275])  # of all syllables
# Shares of times to the next syllable of a line, by beats (TIMES), of light and of heavy syllables; measured.
TIMES = (0.45, 0.9, 1.4, 2.4)
_LENGTHS = np.array([[0.091, 0.396, 0.416, 0.076, 0.020], [0.020, 0.282, 0.416, 0.197, 0.085]])
_ALL_LENGTHS = np.array([0.058, 0.342, 0.416, 0.133, 0.051])
# Shares of syllables that are held over so many notes after their first; measured, and for more than two each costs as much.
_HELD = np.array([0.969, 0.028, 0.003])
_HELD_MORE = 2.0  # nats a note
# What comes before the first syllable of a line, and before any other: the time from the note before it, by beats, and
# whether there is a rest. Measured on lines that were told by their punctuation and capitals; for none at all 0.001.
GAPS = (0.75, 1.5, 2.5)
REST = 0.4  # beats
_BEFORE_LINE = np.array([[0.129, 0.253, 0.217, 0.231], [0.001, 0.014, 0.029, 0.127]])
_BEFORE_OTHERS = np.array([[0.382, 0.444, 0.124, 0.040], [0.001, 0.001, 0.003, 0.005]])
_BREATH = -np.log(_BEFORE_LINE / _BEFORE_OTHERS)
_NO_BREATH = float(_BREATH.max()) + 1.0  # nobody breathes inside a note
# For notes between two lines that carry no word, and for each of them; of four pairs the one with which, on the same sheets, most
# syllables fall on the note where they are printed: 82 %.
_SILENT, _UNSUNG = 8.0, 1.5
# Not measured, for songs have few of these, or no way to tell: by ear on melodies of Compose.
_JOINED = 1.5  # nats for a note that is joined to the one before, of the same pitch
_LEFT_OUT, _LEFT_OUT_BEHIND = 1.0, 0.3  # nats for a note that is left out inside a line, and behind one
_REST_IN_HOLD = 6.0  # nats for a syllable that is held over a rest
_SPLIT, _FINE_SPLIT = 2.0, 4.0  # nats a note that is split at a beat or half of one, at a quarter of one
_OFF_PLACE = 1.5  # nats a bar that a line begins off the place that the section has for it
_NEVER = 1e9
_REACH = 32  # places to begin a syllable at, from one to the next within a line


class Place(NamedTuple):
    """Where a syllable may begin: the number of the note, the tick, and what it costs to split the note there."""

    note: int
    time: int
    cost: float


class Text(NamedTuple):
    """Syllables in a row.

    Attributes:
        weights: LIGHT_WORD to SECOND, int ``[syllables]``.
        opens: whether a line begins with it, bool ``[syllables]``.
        line: the number of its line, int ``[syllables]``.
    """

    weights: np.ndarray
    opens: np.ndarray
    line: np.ndarray


class Lattice:
    """The places at which syllables may begin in a melody, and what the ways from one to the next cost.

    Args:
        notes: at least one, one at a time, in order.
        bars: that they stand in.
        quarter: ticks of a quarter note.
        rhythm: KEPT, BENT or FREE.
        room: for how many syllables there should be a place.
    """

    def __init__(self, notes: Sequence[MelodyNote], bars: Sequence[Bar], quarter: int, rhythm: str, room: int) -> None:
        self.places = _places(notes, bars, quarter, 0 if rhythm == KEPT else 1)
        if rhythm != KEPT and len(self.places) < room:
            self.places = _places(notes, bars, quarter, 2)
        self._rhythm = rhythm
        starts = [bar.start for bar in bars]
        inside = [bars[max(0, bisect_right(starts, place.time) - 1)] for place in self.places]
        self._bar = inside[0].end - inside[0].start
        self._time = np.array([place.time for place in self.places])
        self._beat = np.array([beat_of(bar, quarter) for bar in inside], float)
        self._split = np.array([place.cost for place in self.places])
        levels = [strength(bar, place.time, quarter) for bar, place in zip(inside, self.places, strict=True)]
        self._accent = -np.log(_PLACES / _ALL_PLACES)[:, levels] + self._split
        real, number = self._split == 0, np.array([place.note for place in self.places])
        rests = np.array([0.0, *(b.start - a.end for a, b in zip(notes, notes[1:]))]) / self._beat[real]
        same = [False, *(a.pitch == b.pitch and b.start - a.end <= 1 for a, b in zip(notes, notes[1:]))]
        self._real, self._passed = real, np.cumsum(real)  # notes that have begun
        self._joined = np.cumsum(real & np.array(same)[number] & (rhythm != KEPT))
        self._apart = np.cumsum(rests >= REST)[number]  # stretches without a rest, by number
        self._rests = (rests >= REST)[number].astype(int)
        onsets = np.array([note.start for note in notes])
        times = np.concatenate([[2 * GAPS[-1]], np.diff(onsets) / self._beat[real][1:]])[number]
        self._opening = np.where(real, _BREATH[self._rests, _class(GAPS, times)], _NO_BREATH)

    def best(self, text: Text, spread: tuple[int, int] | None, until: int | None = None) -> tuple[float, list[int]]:
        """Returns what the best way costs, and the number of the place of each syllable.

        Args:
            text: no more syllables than there are places.
            spread: first and last tick over which the lines are spread evenly; None for wherever the melody breathes.
            until: the tick at which another line begins behind these; None where nothing follows.
        """
        cost = self._own(text, 0, spread) + silence_cost(self._passed - self._real)
        came = np.zeros((len(text.weights), len(self.places)), np.int32)
        for row in range(1, len(text.weights)):
            best, came[row] = self._step(cost, bool(text.opens[row]), text.weights[row - 1] >= HEAVY_WORD)
            cost = best + self._own(text, row, spread)
        cost = cost + self._end(until)
        place = int(cost.argmin())
        found = [place]
        for row in range(len(text.weights) - 1, 0, -1):
            place = int(came[row, place])
            found.append(place)
        return float(cost.min()), found[::-1]

    def _own(self, text: Text, row: int, spread: tuple[int, int] | None) -> np.ndarray:
        """Returns what it costs to sing a syllable at each place."""
        own = self._accent[text.weights[row]]
        if text.opens[row] and spread is not None:
            goal = spread[0] + text.line[row] * (spread[1] - spread[0]) / (int(text.line[-1]) + 1)
            own = own + _OFF_PLACE * np.abs(self._time - goal) / self._bar
        return own

    def _step(self, cost: np.ndarray, opens: bool, is_heavy: bool) -> tuple[np.ndarray, np.ndarray]:
        """Returns the cost to reach each place with the next syllable, and from where; ``opens``: a line begins with it."""
        count = len(self.places)
        best, origin = np.full(count, _NEVER), np.zeros(count, np.int32)

        def take(first: int, new: np.ndarray, come: np.ndarray) -> None:
            better = new < best[first:]
            best[first:][better] = new[better]
            origin[first:][better] = come[better]

        for step in range(1, min(_REACH, count - 1) + 1):
            take(step, cost[:-step] + self._way(step, opens, is_heavy), np.arange(count - step))
        if opens and count > 1:  # any number of notes may go by without a word
            since = cost - _UNSUNG * self._passed
            new = np.minimum.accumulate(since)[:-1] + _UNSUNG * (self._passed - self._real)[1:] + _SILENT
            take(1, new + self._opening[1:], _argmin_so_far(since)[:-1])
        return best, origin

    def _way(self, step: int, opens: bool, is_heavy: bool) -> np.ndarray:
        """Returns what it costs to go so many places on, from each; ``is_heavy``: with a heavy syllable."""
        before = slice(None, -step)
        last = np.arange(step, len(self.places)) - 1
        between = self._passed[step:] - self._real[step:] - self._passed[before]  # notes that begin between the two
        crosses = self._apart[last] > self._apart[before]
        beats = (self._time[step:] - self._time[before]) / self._beat[before]
        if self._rhythm == FREE and opens:
            breath = np.where(self._real[step:], _BREATH[self._rests[step:], _class(GAPS, beats)], _NO_BREATH)
            return breath + _LEFT_OUT_BEHIND * between
        alike = self._joined[last] - self._joined[before]
        held = _LEFT_OUT * between if self._rhythm == FREE else hold_cost(between - alike) + _JOINED * alike
        if opens:
            quiet = silence_cost(between)
            return np.where(crosses, quiet, np.minimum(held, quiet)) + self._opening[step:]
        return held + _REST_IN_HOLD * crosses * (between > 0) + _LENGTH_COSTS[int(is_heavy), _class(TIMES, beats)]

    def _end(self, until: int | None) -> np.ndarray:
        """Returns what it costs to end at each place."""
        rest = self._passed[-1] - self._passed
        if until is not None:
            breath = _BREATH[0, _class(GAPS, np.maximum(0, until - self._time) / self._beat)]
            return breath + _LEFT_OUT_BEHIND * rest
        quiet = silence_cost(rest)
        return np.where(self._apart[-1] > self._apart, quiet, np.minimum(hold_cost(rest), quiet))


_LENGTH_COSTS = -np.log(_LENGTHS / _ALL_LENGTHS)


def hold_cost(notes: np.ndarray) -> np.ndarray:
    """Returns what it costs to hold a syllable over so many more notes."""
    table = -np.log(_HELD / _HELD[0])
    last = len(table) - 1
    return table[np.minimum(notes, last)] + _HELD_MORE * np.maximum(0, notes - last)


def silence_cost(notes: np.ndarray) -> np.ndarray:
    """Returns what it costs to leave so many notes between two lines without a word."""
    return np.where(notes > 0, _SILENT + _UNSUNG * notes, 0.0)


def beat_of(bar: Bar, quarter: int) -> int:
    """Returns the ticks of a beat."""
    beats = beat_ticks(bar, quarter)
    return (beats[1] if len(beats) > 1 else bar.end) - bar.start


def _places(notes: Sequence[MelodyNote], bars: Sequence[Bar], quarter: int, fineness: int) -> list[Place]:
    """Returns where syllables may begin: at notes, and inside long ones, twice a beat for 1 and four times for 2.

    In compound time three and six times.
    """
    found = []
    starts = [bar.start for bar in bars]
    for number, note in enumerate(notes):
        found.append(Place(number, note.start, 0.0))
        bar = bars[max(0, bisect_right(starts, note.start) - 1)]
        coarse = beat_of(bar, quarter) // (3 if bar.denominator >= 8 and bar.numerator % 3 == 0 else 2)
        step = coarse // fineness if fineness else 0
        if step < 1:
            continue
        first = bar.start + -(-(note.start + step - bar.start) // step) * step
        for tick in range(first, note.end - step + 1, step):
            found.append(Place(number, tick, _FINE_SPLIT if (tick - bar.start) % coarse else _SPLIT))
    return found


def _class(edges: Sequence[float], values: np.ndarray) -> np.ndarray:
    return np.searchsorted(edges, values, side="right")


def _argmin_so_far(values: np.ndarray) -> np.ndarray:
    low = np.minimum.accumulate(values)
    fresh = np.concatenate([[True], values[1:] < low[:-1]])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0))
