"""What may stand where while a piece is written anew: so that only what was asked for changes, and all of it is valid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from music.instruments import DRUMS, playable_range
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from pipelines.infilling.canvas import Canvas
from pipelines.options import RemixOptions

REGISTER_BARS = 2  # on either side, for how high a track is
DRUM_KEYS = playable_range(DRUMS)
DRUM_VALUES = 128  # a drum's key is this much more than its MIDI key


class Rule:
    """Decides about one field of one canvas.

    Args:
        canvas: what is being written; ``fix`` changes it.
        options: of the remix.
    """

    field: int
    temperature: str

    def __init__(self, canvas: Canvas, options: RemixOptions):
        self.canvas, self.options, self.original = canvas, options, canvas.original
        self.values = canvas.original.dialect.sizes[canvas.original.dialect.slots.index(self.field)]

    def units(self, notes: np.ndarray) -> list[list[int]]:
        """Returns the open ones of these notes, those together that get one value."""
        return [[note] for note in notes[self.canvas.open[notes, self.field]].tolist()]

    def allowed(self, unit: Sequence[int]) -> np.ndarray:
        """Returns which values, bool [values], the notes of a unit may get."""
        raise NotImplementedError

    def leaning(self, unit: Sequence[int]) -> np.ndarray | float:
        """Returns what is added to the logits [values] of a unit."""
        return 0.0

    def fix(self, unit: Sequence[int], value: int | None) -> None:
        """Gives the notes of a unit a value; None where none was allowed."""
        raise NotImplementedError

    def _before(self, note: int) -> int | None:
        """Returns the note's value in the input, None for a new note."""
        source = self.canvas.source[note]
        return None if source < 0 else int(self.original.rows[source, self.field]) - FIRST

    def _write(self, note: int, value: int) -> None:
        self.canvas.rows[note, self.field] = FIRST + value
        self.canvas.open[note, self.field] = False

    def _others(self, note: int, known: int) -> np.ndarray:
        """Returns the other notes of the same track of which this field is known."""
        canvas = self.canvas
        same = (canvas.track == canvas.track[note]) & ~canvas.open[:, known]
        same[note] = False
        return np.flatnonzero(same)


class PitchRule(Rule):
    """A new pitch within the part's range, unlike the old one, that no note of the part sounds already."""

    field, temperature = Octuple.PITCH, "temperature_notes"

    def allowed(self, unit: Sequence[int]) -> np.ndarray:
        note = unit[0]
        canvas, original = self.canvas, self.original
        low, high = original.ranges[int(canvas.track[note])]
        drums = canvas.rows[note, Octuple.PROGRAM] == DRUM_PROGRAM
        moved = DRUM_VALUES if drums else original.shift
        others = self._others(note, Octuple.PITCH)
        end = canvas.start[note] + (1 if canvas.open[note, Octuple.DURATION] else canvas.length[note])
        heard = others[
            (canvas.start[others] < end) & (canvas.start[others] + canvas.length[others] > canvas.start[note])
        ]
        taken = (canvas.rows[heard, Octuple.PITCH] - FIRST).tolist()
        source = canvas.source[note]
        if source >= 0:  # nor may the notes of a chord only trade places
            chord = (original.start == original.start[source]) & (original.origin[:, 0] == canvas.track[note])
            taken += (original.rows[chord, Octuple.PITCH] - FIRST).tolist()
        for lowest, highest in (
            (low, high),
            (DRUM_KEYS if drums else (0, 127)),
        ):  # the whole keyboard if its part is full
            values = np.arange(lowest, highest + 1)
            if self.options.stay_in_key and original.key and not drums:
                values = values[np.isin(values % 12, list(original.key.scale))]
            values = np.setdiff1d(values + moved, taken)
            values = values[(values >= 0) & (values < (self.values if drums else DRUM_VALUES))]
            if len(values):
                break
        mask = np.zeros(self.values, dtype=bool)
        mask[values] = True
        return mask

    def leaning(self, unit: Sequence[int]) -> np.ndarray | float:
        # An octuple does not say which of several tracks of one program its note belongs to, so that a model takes the
        # melody of a piano piece for its bass; how high the track is hereabouts says so.
        original, track, bar = self.original, int(self.canvas.track[unit[0]]), self.canvas.bar[unit[0]]
        if track not in original.doubled:
            return 0.0
        here = original.origin[:, 0] == track
        near = np.abs(original.bar - bar) <= REGISTER_BARS
        pitches = original.rows[here & near if (here & near).any() else here, Octuple.PITCH] - FIRST
        width = 1.5 * max(3.0, float(pitches.std()))
        return -0.5 * ((np.arange(self.values) - pitches.mean()) / width) ** 2

    def fix(self, unit: Sequence[int], value: int | None) -> None:
        before = self._before(unit[0])
        if value is None and before is None:  # there is no room for a new note
            drop(self.canvas, unit[0])
        else:
            self._write(unit[0], before if value is None else value)


class VelocityRule(Rule):
    """Another loudness."""

    field, temperature = Octuple.VELOCITY, "temperature_velocity"

    def allowed(self, unit: Sequence[int]) -> np.ndarray:
        mask = np.ones(self.values, dtype=bool)
        if self.canvas.source[unit[0]] >= 0:
            mask[self._before(unit[0])] = False
        return mask

    def fix(self, unit: Sequence[int], value: int | None) -> None:
        self._write(unit[0], value)


class DurationRule(Rule):
    """A length that ends before its pitch sounds again and before the piece ends; in a line before the next note."""

    field, temperature = Octuple.DURATION, "temperature_rhythm"

    def __init__(self, canvas: Canvas, options: RemixOptions):
        super().__init__(canvas, options)
        self.ticks = np.round(self.original.dialect.durations * self.original.unit).astype(np.int64)

    def _room(self, note: int) -> int:
        canvas = self.canvas
        start = int(canvas.start[note])
        others = np.flatnonzero((canvas.track == canvas.track[note]) & (canvas.start > start))
        if int(canvas.track[note]) not in self.original.lines:
            others = others[canvas.rows[others, Octuple.PITCH] == canvas.rows[note, Octuple.PITCH]]
        return min([int(self.original.bar_starts[-1]), *canvas.start[others].tolist()]) - start

    def allowed(self, unit: Sequence[int]) -> np.ndarray:
        note = unit[0]
        mask = (self.ticks > 0) & (self.ticks <= self._room(note))
        # What begins where a note of its pitch began in the input gets another length, or nothing would have changed.
        original, canvas = self.original, self.canvas
        twins = np.flatnonzero(
            (original.origin[:, 0] == canvas.track[note])
            & (original.start == canvas.start[note])
            & (original.rows[:, Octuple.PITCH] == canvas.rows[note, Octuple.PITCH])
        )
        mask[original.rows[twins, Octuple.DURATION] - FIRST] = False
        mask[np.isin(self.ticks, original.length[twins])] = False
        return mask

    def fix(self, unit: Sequence[int], value: int | None) -> None:
        note, canvas = unit[0], self.canvas
        source, room = canvas.source[note], self._room(note)
        if value is None:
            kept = min(int(self.original.length[source]), room) if source >= 0 else room
            unmoved = source >= 0 and self.original.start[source] == canvas.start[note]
            if unmoved and kept == self.original.length[source]:  # too short for the grid: at least not as it was
                kept //= 2
            canvas.length[note] = max(1, kept)
            canvas.open[note, Octuple.DURATION] = False
            return
        as_before = source >= 0 and value == self._before(note) and self.original.length[source] <= room
        canvas.length[note] = self.original.length[source] if as_before else self.ticks[value]
        self._write(note, value)


class PositionRule(Rule):
    """A place in the same bar: chords move whole and in order, new notes freely, and a line stays a line."""

    field, temperature = Octuple.POSITION, "temperature_rhythm"

    def units(self, notes: np.ndarray) -> list[list[int]]:
        chords: dict[tuple[int, ...], list[int]] = {}
        near = self.canvas.open[:, Octuple.POSITION] & np.isin(self.canvas.bar, self.canvas.bar[notes])
        for note in np.flatnonzero(near).tolist():  # a chord may reach beyond these notes
            before = self._before(note)
            place = (-1, note) if before is None else (int(self.canvas.track[note]), int(self.canvas.bar[note]), before)
            chords.setdefault(place, []).append(note)
        wanted = set(notes.tolist())
        return [chord for chord in chords.values() if not wanted.isdisjoint(chord)]

    def allowed(self, unit: Sequence[int]) -> np.ndarray:
        places = self._places(unit)
        mask = np.zeros(self.values, dtype=bool)
        count = min(len(places), self.values)
        bar = self.canvas.bar[unit[0]]
        inside = self.original.bar_of(places[:count]) == bar
        mask[:count] = inside & (self._free(unit, places[:count]))
        return mask

    def fix(self, unit: Sequence[int], value: int | None) -> None:
        canvas = self.canvas
        if canvas.source[unit[0]] < 0:
            if value is None:
                drop(canvas, unit[0])
            else:
                canvas.start[unit[0]] = self._places(unit)[value]
                self._write(unit[0], value)
            return
        first = int(canvas.start[list(unit)].min())
        low, high = self._between(unit, margin=1)
        as_before = value is None or value == self._before(unit[0])
        if as_before and low < first < high:
            start = first
        else:
            start = (low + high) // 2 if value is None else int(self._places(unit)[value])
        for note in unit:
            canvas.start[note] += start - first
            # Where no place was allowed, the note stands between two places and is read at its old one.
            self._write(note, self._before(note) if value is None else value)

    def _places(self, unit: Sequence[int]) -> np.ndarray:
        """Returns the tick of each position of the unit's bar."""
        original, row = self.original, self.canvas.rows[unit[0]]
        bar = int(row[Octuple.BAR]) - FIRST
        count = int(original.grid.positions[bar])
        return original.grid.starts[bar] + np.round(np.arange(count) * original.unit).astype(np.int64)

    def _free(self, unit: Sequence[int], places: np.ndarray) -> np.ndarray:
        if self.canvas.source[unit[0]] >= 0:
            low, high = self._between(unit, margin=max(1, round(self.original.unit)))
            return (places > low) & (places < high)
        free = np.ones(len(places), dtype=bool)
        if int(self.canvas.track[unit[0]]) in self.original.lines:
            others = self._others(unit[0], Octuple.POSITION)
            ends = np.where(self.canvas.open[others, Octuple.DURATION], 1, self.canvas.length[others])
            for start, length in zip(self.canvas.start[others].tolist(), ends.tolist(), strict=True):
                free &= (places < start) | (places >= start + length)
        return free

    def _between(self, unit: Sequence[int], margin: int) -> tuple[int, int]:
        """Returns the ticks between which a chord may begin, so that the chords of its part keep their order.

        Args:
            margin: ticks to leave for each chord between this one and the nearest whose place is known.
        """
        canvas, original, notes = self.canvas, self.original, list(unit)
        first, last = (int(f(original.start[canvas.source[notes]])) for f in (np.min, np.max))
        bar = canvas.bar[notes[0]]
        others = np.flatnonzero((canvas.track == canvas.track[notes[0]]) & (canvas.source >= 0))
        was = original.start[canvas.source[others]]
        earlier, later = others[was < first], others[was > last]
        low, high = int(original.bar_starts[bar]) - 1, int(original.bar_starts[bar + 1])
        began = lambda some: original.start[canvas.source[some]]  # noqa: E731
        settled = ~canvas.open[:, Octuple.POSITION]
        known_before, known_after = earlier[settled[earlier]], later[settled[later]]
        waiting_before = earlier[~settled[earlier] & (canvas.bar[earlier] == bar)]
        waiting_after = later[~settled[later] & (canvas.bar[later] == bar)]
        if len(known_before):
            low = max(low, int(canvas.start[known_before].max()))
            waiting_before = waiting_before[began(waiting_before) > began(known_before).max()]
        if len(known_after):
            high = min(high, int(canvas.start[known_after].min()))
            waiting_after = waiting_after[began(waiting_after) < began(known_after).min()]
        high -= sum(span + margin for span in self._spans(waiting_after))
        # A note may not begin while one that keeps its length still sounds: of its own pitch, and in a line any.
        sounding = earlier[~canvas.open[earlier, Octuple.DURATION]]
        if int(canvas.track[notes[0]]) not in original.lines:
            sounding = sounding[np.isin(canvas.rows[sounding, Octuple.PITCH], canvas.rows[notes, Octuple.PITCH])]
        source = canvas.source[sounding]
        sounding = sounding[began(sounding) + original.length[source] <= first]
        before = sum(span + margin for span in self._spans(waiting_before))
        if len(sounding):
            end = int((canvas.start[sounding] + canvas.length[sounding]).max()) - 1
            # Those that wait may have to wait for it too, if there is room for that.
            low = max(low + before, end + before if end + before < first else end)
        else:
            low += before
        return low, high - (last - first)

    def _spans(self, notes: np.ndarray) -> list[int]:
        """Returns the ticks from the first to the last note of each chord among these notes."""
        if not len(notes):
            return []
        source = self.canvas.source[notes]
        place = self.original.rows[source, Octuple.POSITION]
        return [int(np.ptp(self.original.start[source[place == chord]])) for chord in np.unique(place)]


RULES: dict[int, type[Rule]] = {rule.field: rule for rule in (PitchRule, VelocityRule, DurationRule, PositionRule)}


def drop(canvas: Canvas, note: int) -> None:
    """Takes a new note out again, in place, by closing it and giving it to no track."""
    canvas.open[note] = False
    canvas.track[note] = -1
