"""Hints of all notes of a piece at once, for training (see models/hints/layout.py). Needs numpy only."""

from __future__ import annotations

from collections.abc import Sequence

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
)

_FAR = np.int32(1 << 30)
_MIXERS = np.int64(6364136223846793005), np.int64(0x9E3779B97F4A7C1)  # odd multipliers of usual hash functions
_NEVER = -(1 << 62)  # keys from here on are of notes that repeat nothing


def hints_of_piece(tables: HintTables, notes: np.ndarray, asked: Sequence[int] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Returns the hints int64 [notes + 1, hints] and the numbers float32 [notes + 1, DENSE] for the pitch.

    Row t is about note t, given the notes before it and its own earlier fields; the last row is about what follows the
    last note, and knows its step, signature and tempo columns only.

    Args:
        tables: of the vocabulary.
        notes: [notes, 8 or more] ids, at least one note, sorted by bar, position, program and pitch.
        asked: program ids that the piece was asked to have.
    """
    return HintedPiece(tables, notes, asked).hints()


class HintedPiece:
    """The arrays of a piece; each method gives the columns of its field, in the order of the layout.

    Names of indices: ``t`` the note that hints are about, ``read`` the note before it; -1 for no such note.
    """

    def __init__(self, tables: HintTables, notes: np.ndarray, asked: Sequence[int]):
        self.tables, self.notes, self.asked = tables, notes, asked
        n = self.n = len(notes)
        self.steps = np.maximum(notes[:, STEP].astype(np.int64) - FIRST, 0)
        self.steps[0] = 0
        self.positions, self.programs, self.pitches, self.duration, self.velocity = (
            notes[:, field].astype(np.int64) for field in (POSITION, PROGRAM, PITCH, DURATION, VELOCITY)
        )
        self.place = self.positions - FIRST
        self.bar = np.cumsum(self.steps) + max(BARS_AGO)  # room for bars ago
        self.length = tables.bar_length_of[notes[:, SIGNATURE]]
        self.bar_start = np.cumsum(self.steps * np.concatenate([self.length[:1], self.length[:-1]]))
        self.onset = self.bar_start + self.place
        self.end = self.onset + tables.duration_of[self.duration]
        self.in_bars = (self.bar << 30) | (self.place << 20) | (self.programs << 10) | self.pitches  # rising
        self.in_time = (self.onset << 20) | (self.programs << 10) | self.pitches  # rising too
        self.numbers = np.arange(n)
        self.read = np.maximum(self.numbers - 1, 0)
        self.has_read = self.numbers > 0
        self.same_bar = self.has_read & (self.steps == 0)
        self.together = self.same_bar & (self.positions == self.positions[self.read])
        self.goes_on = self.together & (self.programs == self.programs[self.read])  # a chord of one player
        self.last = _previous_same(self.programs)  # of the same player
        head = np.maximum.accumulate(np.where(self.goes_on, -1, self.numbers))  # first note of the chord
        self.top = self.last[head]  # top of the player's chord before
        self.since_top = np.where(self.top >= 0, self.onset - self.onset[np.maximum(self.top, 0)], 0)
        self.ends, self.near_programs, self.near_pitches = (
            _notes_before(values, fill)
            for values, fill in ((self.end, -1), (self.programs, int(_FAR)), (self.pitches, int(_FAR)))
        )

    def hints(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns what ``hints_of_piece`` returns."""
        with np.errstate(over="ignore"):  # hashes may run over
            self.find_repeats()
            columns = [
                *self.step(),
                *self.unchanged(),
                *self.position(),
                *self.program(),
                *self.pitch(),
                *self.duration_or_velocity(self.duration, gap_id(self.since_top), self.left_of_bar()),
                *self.duration_or_velocity(self.velocity, self.goes_on.astype(np.int64)),
            ]
        found = np.zeros((self.n + 1, len(columns)), dtype=np.int64)
        for number, column in enumerate(columns):
            found[: len(column), number] = column
        return found, self.dense()

    def find_repeats(self) -> None:
        """Finds for each note that was read the note that followed the latest repeat of what ends with it."""
        rank = len(REPEAT_LENGTHS)
        self.after, self.order = np.full(self.n + 1, -1), np.zeros(self.n + 1, np.int64)  # by t
        for number, length in enumerate(REPEAT_LENGTHS):
            found = self._repeats((self.place * 1009 + self.programs) * 1021 + self.pitches, length)
            new = (found >= 0) & (self.after[1:] < 0)
            self.after[1:][new], self.order[1:][new] = found[new] + 1, rank - number
        self.rhythm = np.full(self.n + 1, -1)
        for length in RHYTHM_LENGTHS:
            found = self._repeats((self.place * 1009 + self.programs) * 1021 + self.duration, length)
            new = (found >= 0) & (self.rhythm[1:] < 0)
            self.rhythm[1:][new] = found[new] + 1

    def step(self) -> list[np.ndarray]:
        """Columns of the step; rows 1 .. n."""
        columns = []
        for bars in BARS_AGO:
            following = np.searchsorted(self.in_bars, self.in_bars - (np.int64(bars) << 30), side="right")
            gone = self.bar[np.minimum(following, self.n - 1)] - (self.bar - bars)
            columns.append(np.where(self.bar - bars >= self.bar[0], FIRST + np.clip(gone, 0, MAX_STEP), 0))
        for after in (self.after[1:], self.rhythm[1:]):
            columns.append(_take(FIRST + np.minimum(self.steps, MAX_STEP), after))
        bars, place = np.divmod(self.end - self.bar_start, self.length)
        columns.append(FIRST + np.minimum(bars, MAX_STEP))
        columns.append(1 + np.minimum(place, PLACES - 2))
        columns.append(self.order[1:])
        columns.append(self._absent(self._last_of_players()[1:], self.bar))
        return [np.concatenate([[0], column]) for column in columns]

    def unchanged(self) -> list[np.ndarray]:
        """Columns of signature and tempo."""
        return [np.concatenate([[0], self.notes[:, field]]) for field in (SIGNATURE, TEMPO)]

    def position(self) -> list[np.ndarray]:
        """Columns of the position; the step is known."""
        columns = []
        floor = np.where(self.same_bar, self.in_bars[self.read], self.bar << 30)  # the note lies above
        for bars in BARS_AGO:
            base = floor - (np.int64(bars) << 30)
            columns.append(_take(self.positions, self._next(self.in_bars, base, (self.bar - bars) << 30, 30)))
        self._agree(STEP, self.steps)
        columns += [_take(self.positions, self.repeat), _take(self.positions, self.rhythmic)]
        ends = [np.where(self.has_read, self.end[self.read], -1)]
        # Ends of sounding notes that lie ahead of what was read, as far as the bar can hold them.
        lower = np.where(self.has_read, np.maximum(self.onset[self.read], self.bar_start - 1), -1)
        coming = np.where(self.ends > lower.astype(np.int32)[:, None], self.ends, _FAR)
        ends.append(coming.min(axis=1))
        ends.append(np.where(coming > ends[1][:, None], coming, _FAR).min(axis=1))
        for end in ends:
            columns.append(self._position_of(end))
        columns.append(np.where(self.same_bar, self.positions[self.read], 0))
        for ticks in TICKS_AGO:
            floor = np.where(self.same_bar, self.in_time[self.read], self.bar_start << 20) - (ticks << 20)
            found = np.searchsorted(self.in_time, floor, side="right")
            known = (found < self.numbers) & ((floor >> 20) >= self.onset[0])
            columns.append(np.where(known, self._position_of(self.onset[np.minimum(found, self.n - 1)] + ticks), 0))
        return [*columns, self._repeat_order()]

    def program(self) -> list[np.ndarray]:
        """Columns of the program; the onset is known."""
        columns = []
        read = np.where(self.together, (self.programs[self.read] << 10) | self.pitches[self.read], 0)
        for bars in BARS_AGO:
            base = ((self.bar - bars) << 30) | (self.place << 20)
            columns.append(_take(self.programs, self._next(self.in_bars, base | read, base, 20)))
        self._agree(POSITION, self.positions)
        columns += [_take(self.programs, self.repeat), _take(self.programs, self.rhythmic)]
        least = np.where(self.together, self.programs[self.read], 0).astype(np.int32)[:, None]
        here = (self.ends == self.onset.astype(np.int32)[:, None]) & (self.near_programs >= least)
        lowest = np.where(here, self.near_programs, _FAR).min(axis=1)
        columns.append(np.where(lowest < _FAR, lowest, 0))
        columns.append(np.where(self.has_read, self.programs[self.read], 0))
        for ticks in TICKS_AGO:
            base = (self.onset - ticks) << 20
            found = self._next(self.in_time, base | read, base, 20)
            columns.append(_take(self.programs, np.where(self.onset >= ticks, found, -1)))
        last = self._last_of_players()[:-1]
        onset = np.where(last >= 0, self.onset[np.maximum(last, 0)], np.where(self._asked_of(), -1, _FAR))
        longest = onset.argmin(axis=1)
        since = np.take_along_axis(onset, longest[:, None], axis=1)[:, 0]
        columns.append(np.where(since < _FAR, self.players[longest], 0))
        waited = np.where(since >= 0, gap_id(self.onset - since), GAPS - 1)
        return [*columns, self._repeat_order(), np.where(since < _FAR, waited, 0), self._absent(last, self.bar)]

    def pitch(self) -> list[np.ndarray]:
        """Columns of the pitch; the program is known."""
        read = np.where(self.goes_on, self.pitches[self.read], 0)
        self.sources: list[np.ndarray] = []  # whose durations and velocities the hints of these give
        for bars in BARS_AGO:
            base = ((self.bar - bars) << 30) | (self.place << 20) | (self.programs << 10)
            self.sources.append(self._next(self.in_bars, base | read, base, 10))
        self._agree(PROGRAM, self.programs)
        at = [*self.sources, self.repeat, self.last, self.top, _take(self.last, self.top, -1)]
        for ticks in TICKS_AGO:
            base = ((self.onset - ticks) << 20) | (self.programs << 10)
            found = self._next(self.in_time, base | read, base, 10)
            at.append(np.where(self.onset >= ticks, found, -1))
        columns = [_take(self.pitches, found) for found in at]
        before = np.maximum(self.last, 0)
        interval = np.where(self.last >= 0, self.pitches - self.pitches[before], 99)
        since = np.where(self.last >= 0, self.onset - self.onset[before], 500)
        source, following = self._figures((interval * 1021 + since) * 131 + self.programs, MOVE_LENGTH, True)
        guess = _take(self.pitches, self.last) + _take(self.pitches, following) - _take(self.pitches, source)
        columns.append(self._pitch_of(guess, following >= 0))
        _, self.figure = self._figures(self.programs * 1021 + self.pitches, FIGURE_LENGTH, False)
        _, short = self._figures(self.programs * 1021 + self.pitches, SHORT_LENGTH, False)
        columns += [_take(self.pitches, self.figure), _take(self.pitches, short)]
        partner = _take(self._partners(), self.last, -1)
        base = (self.bar << 30) | (self.place << 20) | (_take(self.programs, partner) << 10)
        floor = np.where(self.goes_on, self.in_bars[np.maximum(partner, 0)], base)
        self.doubled = np.where(partner >= 0, self._next(self.in_bars, floor, base, 10), -1)
        guess = _take(self.pitches, self.doubled) + _take(self.pitches, self.last) - _take(self.pitches, partner)
        columns.append(self._pitch_of(guess, self.doubled >= 0))
        self.sounding = (self.ends > self.onset.astype(np.int32)[:, None]) & (self.near_pitches < DRUM_PITCH)
        bass = np.where(self.sounding, self.near_pitches, _FAR).min(axis=1)
        gap = np.where(self.top >= 0, gap_id(self.since_top), 0)
        return [*columns, self._repeat_order(), gap, np.where(bass < _FAR, bass, 0)]

    def duration_or_velocity(self, values: np.ndarray, *known: np.ndarray) -> list[np.ndarray]:
        """Columns of the duration or the velocity; the pitch is known."""
        same_pitch = _previous_same((self.programs << 10) | self.pitches)
        rhythmic, before = self.rhythmic, np.where(self.has_read, self.read, -1)
        at = (*self.sources, self.repeat, rhythmic, self.last, before, self.figure, self.doubled, same_pitch)
        known = (np.where(self.top >= 0, known[0], 0), *known[1:]) if values is self.duration else known
        return [*(_take(values, found) for found in at), self._repeat_order(), *known]

    def left_of_bar(self) -> np.ndarray:
        """Returns ids of the time from each onset to the end of its bar."""
        return 1 + np.clip(self.length - self.place, 0, PLACES - 2)

    def dense(self) -> np.ndarray:
        """Returns the numbers that the pitch reads."""
        found = np.zeros((self.n + 1, DENSE), dtype=np.float32)
        rows, which = np.nonzero(self.sounding)
        found[rows, (self.near_pitches[rows, which] - FIRST) % 12] = 1
        classes = np.zeros((self.n, 12), dtype=np.float32)
        pitched = self.pitches < DRUM_PITCH
        classes[self.numbers[pitched], (self.pitches[pitched] - FIRST) % 12] = 1
        lasting = classes * self.tables.duration_of[self.duration][:, None]
        summed = np.concatenate([np.zeros((1, 12)), np.cumsum(lasting, axis=0)])
        since = np.searchsorted(self.onset, self.onset - self.length, side="left")
        bar = summed[:-1] - summed[np.minimum(since, self.numbers)]
        found[: self.n, 12:24] = 3 * bar / (bar.sum(axis=1, keepdims=True) + 12)
        own = np.zeros((self.n, 12))
        for program in np.unique(self.programs):
            mine = np.flatnonzero(self.programs == program)
            own[mine[1:]] = np.cumsum(classes[mine], axis=0)[:-1]
        found[: self.n, 24:] = 3 * own / (own.sum(axis=1, keepdims=True) + 4)
        return found

    def _repeats(self, items: np.ndarray, length: int) -> np.ndarray:
        """Returns for each note the latest earlier one that ended the same items in a row, -1 for none."""
        if self.n <= length:
            return np.full(self.n, -1)
        items, key = _mixed(items), np.zeros(self.n, np.int64)
        for back in range(length):
            key = key * _MIXERS[0] + np.concatenate([np.zeros(back, np.int64), items[: self.n - back]])
        key[: length - 1] = _NEVER + np.arange(length - 1)  # too early
        return _previous_same(key)

    def _figures(self, items: np.ndarray, length: int, moves: bool) -> tuple[np.ndarray, np.ndarray]:
        """Returns for each t where the figure that ends with its player's last note stood before, and what followed there.

        Args:
            items: that must agree in as many notes of the player in a row as ``length`` says.
            moves: the items are between two notes, so a figure needs one note more.
        """
        items = _mixed(items)
        key, back, whole = items, self.last, np.ones(self.n, bool)
        for _ in range(length - 1):
            whole &= back >= 0
            key = key * _MIXERS[0] + _take(items, back, 7)
            back = _take(self.last, back, -1)
        if moves:
            whole &= back >= 0
        before = _previous_same(np.where(whole, key, _NEVER + self.numbers))
        source = _take(before, self.last, -1)
        return source, _take(self._following(), source, -1)

    def _following(self) -> np.ndarray:
        """Returns the next note of the same player after each; only asked of notes whose next one was read."""
        following = np.full(self.n, -1)
        following[self.last[self.last >= 0]] = self.numbers[self.last >= 0]
        return following

    def _partners(self) -> np.ndarray:
        """Returns for each note the first one of another player with its onset and pitch class, -1 for none."""
        pitched = self.pitches < DRUM_PITCH
        key = np.where(pitched, self.onset * 12 + (self.pitches - FIRST) % 12, -1 - self.numbers)
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        first = first[which]
        return np.where(self.programs[first] != self.programs, first, -1)

    def _next(self, keys: np.ndarray, floor: np.ndarray, base: np.ndarray, shift: int) -> np.ndarray:
        """Returns the first note before t whose key lies above the floor and agrees with base down to a bit, or -1."""
        found = np.searchsorted(keys, floor, side="right")
        at = np.minimum(found, self.n - 1)
        return np.where((found < self.numbers) & ((keys[at] >> shift) == (base >> shift)), at, -1)

    def _agree(self, field: int, values: np.ndarray) -> None:
        """Drops repeats that disagree with a field of t that is now written."""
        if field == STEP:
            self.repeat, self.rhythmic = self.after[:-1], self.rhythm[:-1]
        self.repeat, self.rhythmic = (
            np.where((at >= 0) & (_take(values, at, -1) == values), at, -1) for at in (self.repeat, self.rhythmic)
        )

    def _repeat_order(self) -> np.ndarray:
        return np.where(self.repeat >= 0, self.order[:-1], 0)

    def _position_of(self, time: np.ndarray) -> np.ndarray:
        """Returns position ids of times, 0 outside the bar of t."""
        place = time - self.bar_start
        inside = (place >= 0) & (place < self.length) & (FIRST + place < self.tables.sizes[POSITION])
        return np.where(inside, FIRST + place, 0)

    def _pitch_of(self, guess: np.ndarray, known: np.ndarray) -> np.ndarray:
        return np.where(known & (guess >= FIRST) & (guess < self.tables.sizes[PITCH]), guess, 0)

    def _last_of_players(self) -> np.ndarray:
        """Returns int [n + 1, players]: the last note of each player that was read before t, -1 for none."""
        self.players = np.unique(np.concatenate([self.programs, np.asarray(self.asked, np.int64)]))
        found = np.full((self.n + 1, len(self.players)), -1)
        found[1:] = np.where(self.programs[:, None] == self.players, self.numbers[:, None], -1)
        return np.maximum.accumulate(found, axis=0)

    def _asked_of(self) -> np.ndarray:
        return np.isin(self.players, self.asked)

    def _absent(self, last: np.ndarray, bar: np.ndarray) -> np.ndarray:
        """Returns ids of how many of the players heard or asked for have no note in a bar [rows] yet."""
        present = (last >= 0) & (self.bar[np.maximum(last, 0)] == bar[:, None])
        count = (((last >= 0) | self._asked_of()) & ~present).sum(axis=1)
        return 1 + np.minimum(count, PLAYERS - 2)


def _previous_same(key: np.ndarray) -> np.ndarray:
    """Returns for each item the latest earlier one with the same key, -1 for none."""
    order = np.argsort(key, kind="stable")
    found = np.full(len(key), -1, dtype=np.int64)
    same = key[order[1:]] == key[order[:-1]]
    found[order[1:][same]] = order[:-1][same]
    return found


def _take(values: np.ndarray, where: np.ndarray, none: int = 0) -> np.ndarray:
    """Returns values[where], none where that is -1."""
    return np.where(where >= 0, values[np.maximum(where, 0)], none)


def _notes_before(values: np.ndarray, fill: int) -> np.ndarray:
    """Returns int32 [notes, REACH]: the values of the notes before each."""
    padded = np.concatenate([np.full(REACH, fill, np.int32), values[:-1].astype(np.int32)])
    return np.lib.stride_tricks.sliding_window_view(padded, REACH)


def _mixed(items: np.ndarray) -> np.ndarray:
    return items * _MIXERS[1] ^ (items >> 13)
