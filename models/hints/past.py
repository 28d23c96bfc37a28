"""Hints of one note and one field at a time, for writing (see models/hints/layout.py): equal to models/hints/piece.py."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from models.hints.layout import (
    BARS_AGO,
    DENSE,
    DRUM_PITCH,
    DURATION,
    FIGURE_LENGTH,
    FIRST,
    GAPS,
    MAX_STEP,
    MOVE_LENGTH,
    PITCH,
    PLACES,
    PLAYERS,
    POSITION,
    PROGRAM,
    REACH,
    REPEAT_LENGTHS,
    RHYTHM_LENGTHS,
    SHORT_LENGTH,
    SIGNATURE,
    STEP,
    TEMPO,
    TICKS_AGO,
    VELOCITY,
    HintTables,
    gap_id,
    layout_of,
)

_GAP_IDS = gap_id(np.arange(1024)).tolist()  # every longer time has the last one's id


class Past:
    """The notes of a piece so far, and what they say about the next one. Grows with the piece.

    Call ``hints`` for those fields of a note that there is a choice for, then ``add`` with the whole note.

    Args:
        tables: of the vocabulary.
        asked: program ids that the piece was asked to have.
        most: how many notes it may hold; when one more comes, the older half is forgotten.
    """

    def __init__(self, tables: HintTables, asked: Iterable[int] = (), most: int | None = None):
        self._tables, self._asked, self._most = tables, frozenset(asked), most
        self._durations, self._bar_lengths = tables.duration_of.tolist(), tables.bar_length_of.tolist()
        self._widths = [sum(hint.field == field for hint in layout_of(tables.sizes)) for field in range(8)]
        self._rows: list[list[int]] = []
        self._steps: list[int] = []
        self._bar: list[int] = []
        self._bar_start: list[int] = []
        self._onset: list[int] = []
        self._end: list[int] = []
        self._in_bars: list[int] = []
        self._in_time: list[int] = []
        self._heard: list[int] = []  # position, program and pitch of each, which repeats agree in
        self._beaten: list[int] = []  # position, program and duration, which rhythms agree in
        self._last: list[int] = []  # the note of the same player before each
        self._top: list[int] = []  # the top of that player's chord before
        self._partner: list[int] = []  # the first note of another player with the same onset and pitch class
        self._moved: list[int] = []  # where the transposed figure that ends with each note stood before
        self._figure: list[int] = []  # the same for figures at the same pitch
        self._short: list[int] = []  # and for short ones
        self._moves: list[tuple[int, ...]] = []
        self._following: dict[int, int] = {}
        self._of_player: dict[int, int] = {}
        self._of_pitch: dict[tuple[int, int], int] = {}
        self._of_class: dict[tuple[int, int], int] = {}
        self._classes: dict[int, np.ndarray] = {}  # of each player, how often
        self._lasting = [np.zeros(12)]  # of all notes so far, by duration
        self._seen: dict[tuple, int] = {}
        self._after, self._order, self._rhythm = -1, 0, -1
        self._places_of: list[int] = []  # up to which program a note was written when its places were looked up

    def copy(self) -> Self:
        """Returns a past that goes its own way from here."""
        other = object.__new__(type(self))
        for name, value in vars(self).items():  # what they hold is never changed in place
            setattr(other, name, value.copy() if isinstance(value, list | dict) else value)
        return other

    def add(self, row: Sequence[int]) -> None:
        """Takes a note, eight ids or more, into the past."""
        if len(self._rows) == self._most:
            self._forget()
        row, number = list(row[:8]), len(self._rows)
        self._place_bar(row)
        program, pitch, duration = row[PROGRAM], row[PITCH], row[DURATION]
        onset = self._start + row[POSITION] - FIRST
        last = self._of_player.get(program, -1)
        goes_on = self._together(row) and self._rows[-1][PROGRAM] == program
        self._top.append(self._top[-1] if goes_on else last)
        self._last.append(last)
        self._rows.append(row)
        self._steps.append(self._step)
        self._bar.append(self._now_bar)
        self._bar_start.append(self._start)
        self._onset.append(onset)
        self._end.append(onset + self._durations[duration])
        self._in_bars.append(_in_bars(self._now_bar, row[POSITION] - FIRST, program, pitch))
        self._in_time.append((onset << 20) | (program << 10) | pitch)
        place = (row[POSITION] << 20) | (program << 10)
        self._heard.append(place | pitch)
        self._beaten.append(place | duration)
        self._moves.append(
            (pitch - self._rows[last][PITCH], onset - self._onset[last], program) if last >= 0 else (99, 500, program)
        )
        if last >= 0:
            self._following[last] = number
        self._moved.append(self._ended_before("moves", number, MOVE_LENGTH, 1))
        self._figure.append(self._ended_before("figure", number, FIGURE_LENGTH, 0))
        self._short.append(self._ended_before("short figure", number, SHORT_LENGTH, 0))
        self._of_player[program] = number
        self._of_pitch[program, pitch] = number
        one, partner = np.zeros(12), -1
        if pitch < DRUM_PITCH:
            one[(pitch - FIRST) % 12] = 1
            first = self._of_class.setdefault((onset, (pitch - FIRST) % 12), number)
            partner = first if self._rows[first][PROGRAM] != program else -1
        self._partner.append(partner)
        self._classes[program] = self._classes.get(program, np.zeros(12)) + one
        self._lasting.append(self._lasting[-1] + one * self._durations[duration])
        self._find_repeats()
        self._places_of = []

    def _forget(self) -> None:
        kept = self._rows[len(self._rows) // 2 :]
        shorter = Past(self._tables, self._asked, self._most)
        for row in kept:
            shorter.add(row)
        vars(self).update(vars(shorter))

    def hints(self, field: int, row: Sequence[int]) -> tuple[list[int], np.ndarray | None]:
        """Returns the hints of a field of the next note; for the pitch also the numbers [DENSE], else None.

        Args:
            field: which one.
            row: the ids of the note; only those of the fields before this one are read.
        """
        if field == STEP:
            return (self._step_hints() if self._rows else [0] * self._widths[STEP]), None
        if field in (SIGNATURE, TEMPO):
            return [self._rows[-1][field] if self._rows else 0], None
        if field == POSITION:
            return self._position_hints(row), None
        if field == PROGRAM:
            return self._program_hints(row), None
        self._look_up_places(row)
        if field == PITCH:
            return self._pitch_hints(row)
        at = (*self._sources, self._repeat, self._rhythmic, self._last_here, len(self._rows) - 1)
        at = (*at, self._figure_here, self._doubled, self._of_pitch.get((row[PROGRAM], row[PITCH]), -1))
        found = [*self._values(at, field), self._repeat_order()]
        if field == DURATION:
            left = self._bar_lengths[row[SIGNATURE]] - (row[POSITION] - FIRST)
            return [*found, self._gap_here, 1 + min(max(left, 0), PLACES - 2)], None
        if field == VELOCITY:
            return [*found, int(self._goes_on)], None
        raise ValueError(f"there is no field {field}")

    def _find_repeats(self) -> None:
        self._after, self._order, self._rhythm = -1, 0, -1
        for number, length in enumerate(REPEAT_LENGTHS):
            found = self._repeated("repeat", length, self._heard)
            if found >= 0 and self._after < 0:
                self._after, self._order = found + 1, len(REPEAT_LENGTHS) - number
        for length in RHYTHM_LENGTHS:
            found = self._repeated("rhythm", length, self._beaten)
            if found >= 0 and self._rhythm < 0:
                self._rhythm = found + 1

    def _repeated(self, kind: str, length: int, items: list[int]) -> int:
        """Returns the latest note before the last that ended the same notes in a row, and remembers the last."""
        if len(items) < length:
            return -1
        key = (kind, *items[-length:])
        found = self._seen.get(key, -1)
        self._seen[key] = len(items) - 1
        return found

    def _ended_before(self, kind: str, number: int, length: int, more: int) -> int:
        """Returns the latest note that ended the same figure of the same player as this one, and remembers this one."""
        chain = [number]
        while len(chain) < length + more and self._last[chain[-1]] >= 0:
            chain.append(self._last[chain[-1]])
        if len(chain) < length + more:
            return -1
        key: tuple[Any, ...]
        if kind == "moves":
            key = (kind, *(self._moves[j] for j in chain[:length]))
        else:
            key = (kind, self._rows[number][PROGRAM], *(self._rows[j][PITCH] for j in chain))
        found = self._seen.get(key, -1)
        self._seen[key] = number
        return found

    def _place_bar(self, row: Sequence[int]) -> None:
        """Sets the step, the bar and its start for a note whose step is written."""
        if self._rows:
            self._step = max(row[STEP] - FIRST, 0)
            self._now_bar = self._bar[-1] + self._step
            self._start = self._bar_start[-1] + self._step * self._bar_lengths[self._rows[-1][SIGNATURE]]
        else:
            self._step, self._now_bar, self._start = 0, max(BARS_AGO), 0

    def _together(self, row: Sequence[int]) -> bool:
        return bool(self._rows) and self._step == 0 and self._rows[-1][POSITION] == row[POSITION]

    def _step_hints(self) -> list[int]:
        bar, found = self._bar[-1], []
        for bars in BARS_AGO:
            following = bisect.bisect_right(self._in_bars, self._in_bars[-1] - (bars << 30))
            gone = min(max(self._bar[following] - (bar - bars), 0), MAX_STEP)
            found.append(FIRST + gone if bar - bars >= self._bar[0] else 0)
        for j in (self._after, self._rhythm):
            found.append(FIRST + min(self._steps[j], MAX_STEP) if j >= 0 else 0)
        bars, place = divmod(self._end[-1] - self._bar_start[-1], self._bar_lengths[self._rows[-1][SIGNATURE]])
        found += [FIRST + min(bars, MAX_STEP), 1 + min(place, PLACES - 2), self._order]
        return [*found, self._absent(bar)]

    def _position_hints(self, row: Sequence[int]) -> list[int]:
        self._agree(row, ())
        same_bar = bool(self._rows) and self._step == 0
        floor = self._in_bars[-1] if same_bar else self._now_bar << 30
        at = []
        for bars in BARS_AGO:
            base = (self._now_bar - bars) << 30
            at.append(self._next(self._in_bars, floor - (bars << 30), base, 30))
        found = self._values([*at, self._repeat, self._rhythmic], POSITION)
        length = self._bar_lengths[row[SIGNATURE]]
        if self._rows:
            lower = max(self._onset[-1], self._start - 1)
            coming = sorted({end for end in self._end[-REACH:] if end > lower})[:2]
            ends = [self._end[-1], *coming]
            found += [self._position_of(end, length) for end in ends] + [0] * (3 - len(ends))
        else:
            found += [0, 0, 0]
        found.append(self._rows[-1][POSITION] if same_bar else 0)
        for ticks in TICKS_AGO:
            floor = (self._in_time[-1] if same_bar else self._start << 20) - (ticks << 20)
            j = bisect.bisect_right(self._in_time, floor)
            known = j < len(self._rows) and (floor >> 20) >= self._onset[0]
            found.append(self._position_of(self._onset[j] + ticks, length) if known else 0)
        return [*found, self._repeat_order()]

    def _program_hints(self, row: Sequence[int]) -> list[int]:
        self._agree(row, (POSITION,))
        place, together = row[POSITION] - FIRST, self._together(row)
        read = (self._rows[-1][PROGRAM] << 10) | self._rows[-1][PITCH] if together else 0
        now, at = self._start + place, []
        for bars in BARS_AGO:
            base = _in_bars(self._now_bar - bars, place)
            at.append(self._next(self._in_bars, base | read, base, 20))
        found = self._values([*at, self._repeat, self._rhythmic], PROGRAM)
        least = self._rows[-1][PROGRAM] if together else 0
        near = zip(self._end[-REACH:], self._rows[-REACH:], strict=True)
        ending = [old[PROGRAM] for end, old in near if end == now and old[PROGRAM] >= least]
        found += [min(ending, default=0), self._rows[-1][PROGRAM] if self._rows else 0]
        at = []
        for ticks in TICKS_AGO:
            base = (now - ticks) << 20
            at.append(self._next(self._in_time, base | read, base, 20) if now >= ticks else -1)
        found += self._values(at, PROGRAM)
        onsets = dict.fromkeys(self._asked, -1) | {player: self._onset[j] for player, j in self._of_player.items()}
        since, longest = min(((onset, player) for player, onset in onsets.items()), default=(0, 0))
        waited = (_gap(now - since) if since >= 0 else GAPS - 1) if longest else 0
        return [*found, longest, self._repeat_order(), waited, self._absent(self._now_bar)]

    def _look_up_places(self, row: Sequence[int]) -> None:
        """Finds the notes that the hints of pitch, duration and velocity rest on, once for a note up to its program."""
        if self._places_of == row[: PROGRAM + 1]:
            return
        self._agree(row, (POSITION, PROGRAM))
        self._places_of = list(row[: PROGRAM + 1])
        place, program = row[POSITION] - FIRST, row[PROGRAM]
        now = self._now = self._start + place
        self._goes_on = self._together(row) and self._rows[-1][PROGRAM] == program
        read = self._rows[-1][PITCH] if self._goes_on else 0
        self._sources = []
        for bars in BARS_AGO:
            base = _in_bars(self._now_bar - bars, place, program)
            self._sources.append(self._next(self._in_bars, base | read, base, 10))
        self._beats_ago = []
        for ticks in TICKS_AGO:
            base = ((now - ticks) << 20) | (program << 10)
            self._beats_ago.append(self._next(self._in_time, base | read, base, 10) if now >= ticks else -1)
        last = self._last_here = self._of_player.get(program, -1)
        self._top_here = self._top[-1] if self._goes_on else last
        self._figure_here = self._following.get(self._figure[last], -1) if last >= 0 else -1
        partner = self._partner[last] if last >= 0 else -1
        self._doubled = -1
        if partner >= 0:
            base = _in_bars(self._now_bar, place, self._rows[partner][PROGRAM])
            floor = self._in_bars[partner] if self._goes_on else base
            self._doubled = self._next(self._in_bars, floor, base, 10)
        self._gap_here = _gap(now - self._onset[self._top_here]) if self._top_here >= 0 else 0

    def _pitch_hints(self, row: Sequence[int]) -> tuple[list[int], np.ndarray]:
        last, top, now = self._last_here, self._top_here, self._now
        at = (*self._sources, self._repeat, last, top, self._last[top] if top >= 0 else -1, *self._beats_ago)
        found = self._values(at, PITCH)
        moved = self._moved[last] if last >= 0 else -1
        found.append(self._moved_pitch(self._following.get(moved, -1), last, moved))
        short = self._following.get(self._short[last], -1) if last >= 0 else -1
        found += self._values((self._figure_here, short), PITCH)
        found.append(self._moved_pitch(self._doubled, last, self._partner[last] if last >= 0 else -1))
        near = zip(self._end[-REACH:], self._rows[-REACH:], strict=True)
        sounding = [old[PITCH] for end, old in near if end > now and old[PITCH] < DRUM_PITCH]
        found += [self._repeat_order(), self._gap_here, min(sounding, default=0)]
        return found, self._dense(now, sounding, row)

    def _dense(self, now: int, sounding: Sequence[int], row: Sequence[int]) -> np.ndarray:
        found = np.zeros(DENSE, np.float32)
        found[[(pitch - FIRST) % 12 for pitch in sounding]] = 1
        bar = (
            self._lasting[-1] - self._lasting[bisect.bisect_left(self._onset, now - self._bar_lengths[row[SIGNATURE]])]
        )
        found[12:24] = 3 * bar / (bar.sum() + 12)
        own = self._classes.get(row[PROGRAM], np.zeros(12))
        found[24:] = 3 * own / (own.sum() + 4)
        return found

    def _moved_pitch(self, following: int, last: int, source: int) -> int:
        """Returns the pitch of a note moved as the player's last note is from where it stood before, 0 for none."""
        if following < 0 or source < 0:
            return 0
        guess = self._rows[following][PITCH] + self._rows[last][PITCH] - self._rows[source][PITCH]
        return guess if FIRST <= guess < self._tables.sizes[PITCH] else 0

    def _agree(self, row: Sequence[int], fields: Sequence[int]) -> None:
        """Sets where the note stands, and which repeats agree with its step and these of its fields."""
        self._place_bar(row)
        self._places_of = []
        self._repeat = self._agreeing(self._after, row, fields)
        self._rhythmic = self._agreeing(self._rhythm, row, fields)

    def _agreeing(self, number: int, row: Sequence[int], fields: Sequence[int]) -> int:
        if number < 0 or self._steps[number] != self._step:
            return -1
        old = self._rows[number]
        for field in fields:
            if old[field] != row[field]:
                return -1
        return number

    def _repeat_order(self) -> int:
        return self._order if self._repeat >= 0 else 0

    def _values(self, numbers: Iterable[int], field: int) -> list[int]:
        rows = self._rows
        return [rows[number][field] if number >= 0 else 0 for number in numbers]

    def _next(self, keys: list[int], floor: int, base: int, shift: int) -> int:
        """Returns the first note whose key lies above the floor and agrees with base down to a bit, or -1."""
        j = bisect.bisect_right(keys, floor)
        return j if j < len(keys) and keys[j] >> shift == base >> shift else -1

    def _position_of(self, time: int, length: int) -> int:
        place = time - self._start
        return FIRST + place if 0 <= place < min(length, self._tables.sizes[POSITION] - FIRST) else 0

    def _absent(self, bar: int) -> int:
        heard = sum(self._bar[j] == bar for j in self._of_player.values())
        return 1 + min(len(self._asked | self._of_player.keys()) - heard, PLAYERS - 2)


def _in_bars(bar: int, place: int, program: int = 0, pitch: int = 0) -> int:
    return (bar << 30) | (place << 20) | (program << 10) | pitch


def _gap(positions: int) -> int:
    return _GAP_IDS[min(positions, len(_GAP_IDS) - 1)]
