"""Hints of an accompaniment: of a whole piece at once, and of one note and field at a time; both agree (see chart.py)."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

import numpy as np

from models.hints.chart import (
    CHART_DENSE,
    NO_CHORD,
    UNKNOWN,
    Chart,
    ChartTables,
    chord_ids,
    duration_ids,
    moved_pitch,
    nearest,
)
from models.hints.layout import (
    BARS_AGO,
    DENSE,
    DURATION,
    FIRST,
    PITCH,
    POSITION,
    PROGRAM,
    STEP,
    TICKS_AGO,
    VELOCITY,
    gap_id,
    layout_of,
)
from models.hints.past import Past
from models.hints.piece import HintedPiece

Columns = list[np.ndarray]


class ChartedPiece(HintedPiece):
    """The arrays of a stretch of accompaniment.

    Args:
        tables: of the vocabulary.
        notes: [notes, 8 or more] ids, sorted.
        asked: program ids that were asked for.
        chart: what it follows.
        bar: of the chart, in which the first note lies.
    """

    tables: ChartTables

    def __init__(self, tables: ChartTables, notes: np.ndarray, asked: Sequence[int], chart: Chart, bar: int):
        super().__init__(tables, notes, asked)
        self.chart, self._copies = chart, _copies(tables)
        self.chart_bar = np.minimum(bar + np.cumsum(self.steps), len(chart.places) - 1)
        self.bar_time = chart.starts[self.chart_bar]
        self.now = np.minimum(self.bar_time + self.place, chart.length - 1)
        self.chord, self.bass = chart.chord[self.now], chart.bass[self.now]
        self.phrase = chart.places[self.chart_bar]
        first = np.maximum.accumulate(np.where(self.goes_on, -1, self.numbers))
        self.ordinal = self.numbers - first

    def step(self) -> Columns:
        """Columns of the step; the first row is about the first note, of which nothing is known."""
        known = [
            self.phrase,
            gap_id(self.chart.next_chord[self.now + 1] - self.now),
            gap_id(self.chart.next_of_melody[self.now + 1] - self.now),
        ]
        return _joined(super().step(), self._copies[STEP], [], [np.append(0, column) for column in known])

    def position(self) -> Columns:
        """Columns of the position; the step is known."""
        base, chart = super().position(), self.chart
        floor = np.where(self.same_bar, self.now[self.read], self.bar_time - 1)
        end = chart.starts[self.chart_bar + 1]
        copies = []
        for following in (chart.next_chord, chart.next_beat, chart.next_of_melody):
            found = following[floor + 1]
            copies.append(np.where(found < end, FIRST + found - self.bar_time, 0))
        return _joined(base, self._copies[POSITION], copies, [self.phrase])

    def program(self) -> Columns:
        """Columns of the program; the onset is known."""
        return _joined(super().program(), self._copies[PROGRAM], [], [self.phrase, self.chart.moment[self.now]])

    def pitch(self) -> Columns:
        """Columns of the pitch; the program is known."""
        base, chart = super().pitch(), self.chart
        sources = []
        for bars in BARS_AGO:
            where = ((self.bar - bars) << 30) | (self.place << 20) | (self.programs << 10)
            sources.append(self._nth(self.in_bars, where))
        top = self.top  # of the player's chord before
        head = np.where(top >= 0, top - self.ordinal[np.maximum(top, 0)], -1)
        last = np.where((head >= 0) & (head + self.ordinal <= top), head + self.ordinal, -1)
        beats = []
        for ticks in TICKS_AGO:
            found = self._nth(self.in_time, ((self.onset - ticks) << 20) | (self.programs << 10))
            beats.append(np.where(self.onset >= ticks, found, -1))
        copies = []
        for source in (*sources, self.repeat, last, *beats):
            at = np.maximum(source, 0)
            moved = moved_pitch(self.tables, self.pitches[at], self.chord[at], self.chord)
            copies.append(np.where(source >= 0, moved, 0))
        reference = np.where(head >= 0, self.pitches[np.maximum(head, 0)], 0)
        read = np.where(self.goes_on, self.pitches[self.read], 0)
        coming, coming_bass = chart.coming[self.now], chart.coming_bass[self.now]
        copies += _candidates(self.tables, reference, read, self.chord, self.bass, coming, coming_bass)
        known = [
            *chord_ids(self.chord, self.bass, coming),
            gap_id(chart.next_chord[self.now + 1] - self.now),
            chart.melody[self.now],
        ]
        return _joined(base, self._copies[PITCH], copies, known)

    def duration_or_velocity(self, values: np.ndarray, *known: np.ndarray) -> Columns:
        """Columns of the duration or the velocity; the pitch is known."""
        base, chart = super().duration_or_velocity(values, *known), self.chart
        if values is not self.duration:
            return _joined(base, self._copies[VELOCITY], [], [self.phrase])
        chord, melody = (following[self.now + 1] - self.now for following in (chart.next_chord, chart.next_of_melody))
        copies = [duration_ids(self.tables, chord), duration_ids(self.tables, melody)]
        tones = _tone_ids(self.tables, self.pitches, self.chord, chart.coming[self.now])
        return _joined(base, self._copies[DURATION], copies, [gap_id(chord), tones])

    def dense(self) -> np.ndarray:
        """Returns the numbers that the pitch reads."""
        base = super().dense()
        found = np.zeros((self.n + 1, CHART_DENSE), dtype=np.float32)
        found[:, :DENSE] = base
        found[: self.n, DENSE:] = _numbers(self.tables, self.chart, self.now)
        return found

    def _nth(self, keys: np.ndarray, where: np.ndarray) -> np.ndarray:
        """Returns the note of a chord of the same player elsewhere that has this one's place in its chord, or -1."""
        found = np.searchsorted(keys, where, side="right") + self.ordinal
        at = np.minimum(found, self.n - 1)
        return np.where((found < self.numbers) & ((keys[at] >> 10) == (where >> 10)), at, -1)


class ChartedPast(Past):
    """The notes of an accompaniment so far, and what they and the chart say about the next one.

    Args:
        tables: of the vocabulary.
        asked: program ids that were asked for.
        most: how many notes it may hold.
        chart: what is followed.
        bar: of the chart, in which the first note that is added lies.
    """

    def __init__(self, tables: ChartTables, asked: Iterable[int], most: int | None, chart: Chart, bar: int):
        super().__init__(tables, asked, most)
        self._charts, self._chart, self._first_bar, self._counts = tables, chart, bar, _copies(tables)
        self._step_width = sum(hint.field == STEP for hint in tables.layout)
        self._chords: list[int] = []
        self._ordinals: list[int] = []

    def add(self, row: Sequence[int]) -> None:
        """Takes a note into the past."""
        super().add(row)
        number = len(self._rows) - 1
        goes_on = (
            number > 0
            and self._steps[number] == 0
            and all(self._rows[-1][field] == self._rows[-2][field] for field in (POSITION, PROGRAM))
        )
        self._ordinals.append(self._ordinals[-1] + 1 if goes_on else 0)
        self._chords.append(int(self._chart.chord[self._time(self._bar[-1], row[POSITION])]))

    def hints(self, field: int, row: Sequence[int]) -> tuple[list[int], np.ndarray | None]:
        """Returns the hints of a field of the next note, as ``Past.hints``."""
        found, numbers = super().hints(field, row)
        if field not in self._counts:
            return found, numbers
        if field == STEP and not self._rows:
            return [0] * self._step_width, numbers
        copies, known = self._of_chart(field, row)
        count = self._counts[field]
        found = [*found[:count], *copies, *found[count:], *known]
        if field == PITCH:
            assert numbers is not None
            now = np.array([self._time(self._now_bar, row[POSITION])])
            numbers = np.concatenate([numbers, _numbers(self._charts, self._chart, now)[0]])
        return found, numbers

    def _forget(self) -> None:
        gone = len(self._rows) // 2
        bar = self._first_bar + self._bar[gone] - self._bar[0]
        kept = self._rows[gone:]
        shorter = ChartedPast(self._charts, self._asked, self._most, self._chart, bar)
        for row in kept:
            shorter.add(row)
        vars(self).update(vars(shorter))

    def _time(self, bar: int, position: int) -> int:
        """Returns the place in the chart of a position id in a bar of this past."""
        return min(int(self._chart.starts[self._chart_bar(bar)]) + position - FIRST, self._chart.length - 1)

    def _chart_bar(self, bar: int) -> int:
        return min(self._first_bar + bar - max(BARS_AGO), len(self._chart.places) - 1)

    def _of_chart(self, field: int, row: Sequence[int]) -> tuple[list[int], list[int]]:
        """Returns the columns that copy, and the others."""
        chart = self._chart
        if field == STEP:
            read = self._time(self._bar[-1], self._rows[-1][POSITION])
            gaps = (chart.next_chord[read + 1] - read, chart.next_of_melody[read + 1] - read)
            return [], [int(chart.places[self._chart_bar(self._bar[-1])]), *(_gap(gap) for gap in gaps)]
        bar = self._chart_bar(self._now_bar)
        phrase = int(chart.places[bar])
        if field == POSITION:
            begins, end = int(chart.starts[bar]), int(chart.starts[bar + 1])
            same_bar = bool(self._rows) and self._step == 0
            floor = self._time(self._now_bar, self._rows[-1][POSITION]) if same_bar else begins - 1
            nexts = (int(each[floor + 1]) for each in (chart.next_chord, chart.next_beat, chart.next_of_melody))
            return [FIRST + found - begins if found < end else 0 for found in nexts], [phrase]
        now = self._time(self._now_bar, row[POSITION])
        if field == PROGRAM:
            return [], [phrase, int(chart.moment[now])]
        if field == VELOCITY:
            return [], [phrase]
        chord, coming = chart.chord[now : now + 1], chart.coming[now : now + 1]
        to_chord = chart.next_chord[now + 1] - now
        if field == DURATION:
            lengths = np.array([to_chord, chart.next_of_melody[now + 1] - now])
            tones = _tone_ids(self._charts, np.array([row[PITCH]]), chord, coming)
            return duration_ids(self._charts, lengths).tolist(), [_gap(to_chord), int(tones[0])]
        return self._pitch_columns(row, now, chord, coming, _gap(to_chord))

    def _moved_sources(self, row: Sequence[int]) -> list[int]:
        """Returns the notes that are moved to the chord, in the order of MOVED; -1 for none."""
        place, program = row[POSITION] - FIRST, row[PROGRAM]
        ordinal = self._ordinals[-1] + 1 if self._goes_on else 0
        found = []
        for bars in BARS_AGO:
            found.append(
                self._nth(self._in_bars, ((self._now_bar - bars) << 30) | (place << 20) | (program << 10), ordinal)
            )
        top = self._top_here
        head = top - self._ordinals[top] if top >= 0 else -1
        found += [self._repeat, head + ordinal if head >= 0 and head + ordinal <= top else -1]
        for ticks in TICKS_AGO:
            where = ((self._now - ticks) << 20) | (program << 10)
            found.append(self._nth(self._in_time, where, ordinal) if self._now >= ticks else -1)
        return found

    def _pitch_columns(
        self, row: Sequence[int], now: int, chord: np.ndarray, coming: np.ndarray, gap: int
    ) -> tuple[list[int], list[int]]:
        sources, chart = self._moved_sources(row), self._chart
        pitches = np.array([self._rows[at][PITCH] if at >= 0 else 0 for at in sources])
        before = np.array([self._chords[at] if at >= 0 else UNKNOWN for at in sources])
        copies = moved_pitch(self._charts, pitches, before, np.repeat(chord, len(sources))).tolist()
        top = self._top_here
        reference = self._rows[top - self._ordinals[top]][PITCH] if top >= 0 else 0
        read = self._rows[-1][PITCH] if self._goes_on else 0
        bass, coming_bass = chart.bass[now : now + 1], chart.coming_bass[now : now + 1]
        given = (np.array([reference]), np.array([read]), chord, bass, coming, coming_bass)
        copies += [int(found[0]) for found in _candidates(self._charts, *given)]
        known = [int(found[0]) for found in chord_ids(chord, bass, coming)]
        return copies, [*known, gap, int(chart.melody[now])]

    @staticmethod
    def _nth(keys: list[int], where: int, ordinal: int) -> int:
        found = bisect.bisect_right(keys, where) + ordinal
        return found if found < len(keys) and keys[found] >> 10 == where >> 10 else -1


def _copies(tables: ChartTables) -> dict[int, int]:
    """Returns for each field that charts speak of how many copying columns stand before theirs."""
    base = layout_of(tables.sizes)
    fields = (STEP, POSITION, PROGRAM, PITCH, DURATION, VELOCITY)
    return {field: sum(hint.field == field and hint.copies for hint in base) for field in fields}


def _joined(base: Columns, count: int, copies: Columns, known: Columns) -> Columns:
    return [*base[:count], *copies, *base[count:], *known]


def _gap(positions: int) -> int:
    return int(gap_id(np.asarray(positions)))


def _candidates(
    tables: ChartTables,
    reference: np.ndarray,
    read: np.ndarray,
    chord: np.ndarray,
    bass: np.ndarray,
    coming: np.ndarray,
    coming_bass: np.ndarray,
) -> Columns:
    """Returns the bass, the root, a tone of the chord and the next bass, near where the player is.

    Args:
        tables: of the vocabulary.
        reference: pitch ids of the lowest of the player's chord before, 0 for none.
        read: of the note below in this chord, 0 for none.
        chord, bass: that hold.
        coming, coming_bass: that follow.
    """
    is_chord, follows = (chord >= 0) & (chord < NO_CHORD), (coming >= 0) & (coming < NO_CHORD)
    placed = (reference >= FIRST) & (reference < FIRST + 128)
    found = []
    for there, wanted in ((is_chord, bass), (is_chord, chord // 16), (follows, coming_bass)):
        pitch = reference + nearest(wanted - (reference - FIRST))
        found.append(np.where(placed & there, np.clip(pitch, FIRST, FIRST + 127), 0))
    below = np.where((read >= FIRST) & (read < FIRST + 128), read, np.where(placed, reference - 1, 0))
    step = tables.above[np.where(is_chord, chord, NO_CHORD), (below - FIRST) % 12]
    tone = np.where(is_chord & (below > 0) & (step > 0), np.minimum(below + step, FIRST + 127), 0)
    return [found[0], found[1], tone, found[2]]


def _tone_ids(tables: ChartTables, pitch: np.ndarray, chord: np.ndarray, coming: np.ndarray) -> np.ndarray:
    """Returns 1 and more: 1 is a tone of the chord, 2 of the next one; 0 for drums."""
    pitched = (pitch >= FIRST) & (pitch < FIRST + 128)
    pitch_class = (pitch - FIRST) % 12
    here, there = (tables.tones[np.where(each >= 0, each, NO_CHORD), pitch_class] for each in (chord, coming))
    return np.where(pitched, 1 + here + 2 * there, 0)


def _numbers(tables: ChartTables, chart: Chart, now: np.ndarray) -> np.ndarray:
    """Returns float32 [notes, 48]: tones of the chord, of the next one, its bass, and the melody's pitch class."""
    found = np.zeros((len(now), 48), dtype=np.float32)
    for place, chords in ((0, chart.chord[now]), (12, chart.coming[now])):
        found[:, place : place + 12] = tables.tones[np.where(chords >= 0, chords, NO_CHORD)]
    rows = np.arange(len(now))
    has = (chart.chord[now] >= 0) & (chart.chord[now] < NO_CHORD)
    found[rows[has], 24 + chart.bass[now][has]] = 1
    melody = chart.melody[now]
    sounds = melody > 0
    found[rows[sounds], 36 + (melody[sounds] - FIRST) % 12] = 1
    return found
