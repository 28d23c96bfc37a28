"""What the notes around a hidden field say about it: pairs of a hidden note and one that is to be seen.

The hints of models/hints/layout.py look back; a model that fills gaps may look both ways, and what there is to be seen
grows while it fills. So nothing is named once and for all here ("the note two bars ago"): every visible note that could
lend its value is compared with the hidden one by rule, and a small network says how much each comparison counts
(models/hinted/musicbert.py). Compared are their places in the bar and the distance in bars, the notes of the same player
before and after each, their bars and the neighbors of these, and what other players sound with them. A pitch can also be
lent moved: as far as the two bars' surroundings lie apart.

Needs numpy only. Rows are octuples in any order; nothing that is hidden is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.hints.layout import DEFAULT_BAR, DRUM_PITCH, FIRST

VERSION = 1
"""Of the comparisons. A model reads the version that it was trained with and no other."""

PITCH, POSITION, BAR, VELOCITY, DURATION, PROGRAM, TEMPO, SIGNATURE = range(8)  # columns of an octuple
SLOTS = (
    BAR,
    POSITION,
    PROGRAM,
    PITCH,
    DURATION,
    VELOCITY,
    SIGNATURE,
    TEMPO,
)  # in the order in which a model reads them
HEADS = 5
"""Ways to lend a value. Of pitches the last two are moved: from what stands before and after the two bars."""

NEAR = 16  # bars apart that are told apart; beyond, only whether it is more than 32
BAR_IDS = 2 * NEAR + 5
APART = (0, 1, 4, 7, 12, 13, 24, 25, 48, 49)  # positions between two onsets that are told apart, from each of these on
APART_IDS = 2 * len(APART) + 2
STEPS = 8  # notes of the same player between two, as far as they are counted
MATCH = 3  # notes in a row before and after that are compared
INTERVAL = 14  # semitones that are told apart
SIZES = (162, BAR_IDS, APART_IDS, 2 * STEPS + 2, 16, 4, 32, INTERVAL + 2, INTERVAL + 2, 25, 16)
"""Number of ids of each comparison: what agrees, bars apart, positions apart, notes apart, what agrees before and after,
intervals that agree before and after, a rule of the field, interval to the note before, to the one after, sizes of the
two chords, place in the chord and beat."""
NUMBERS = 11
"""Comparisons of two bars between 0 and 1, and products of them."""

_HASHED = 512  # slots for what a bar holds; two things in one slot do little harm


@dataclass(frozen=True)
class Around:
    """The comparisons of one window and field.

    Attributes:
        asked: the rows whose field is hidden [asked].
        target: which of them each pair is about, rising [pairs].
        value: what each way of lending gives, counted from 0; -1 for nothing [pairs, HEADS].
        kinds: ids of comparisons, counted through all of SIZES [pairs, len(SIZES)].
        numbers: float32 [pairs, NUMBERS].
    """

    asked: np.ndarray
    target: np.ndarray
    value: np.ndarray
    kinds: np.ndarray
    numbers: np.ndarray


def around(rows: np.ndarray, hidden: np.ndarray, column: int, durations: np.ndarray, bar_lengths: np.ndarray) -> Around:
    """Returns the comparisons for the hidden values of one field.

    Args:
        rows: [notes, 8] octuples in any order.
        hidden: bool [notes, 8]; what is hidden is not read.
        column: the field.
        durations: length in positions of each duration id [ids].
        bar_lengths: length in positions of a bar of each signature id [ids].
    """
    return _Window(rows.astype(np.int64), ~hidden, column, durations, bar_lengths).around()


class _Window:
    """The notes of a window; -1 stands for what is hidden."""

    def __init__(
        self, rows: np.ndarray, known: np.ndarray, column: int, durations: np.ndarray, bar_lengths: np.ndarray
    ):
        self.column, self.known, self.n = column, known, len(rows)
        self.rows = np.where(known, rows, -1)
        self.asked, self.seen = np.flatnonzero(~known[:, column]), np.flatnonzero(known[:, column])
        self.bar = rows[:, BAR] - rows[:, BAR].min()
        self.bars = int(self.bar.max()) + 1
        self.program, self.pitch, self.velocity, self.length = (
            self.rows[:, field] for field in (PROGRAM, PITCH, VELOCITY, DURATION)
        )
        lengths = np.full(self.bars, DEFAULT_BAR)
        told = known[:, SIGNATURE]
        lengths[self.bar[told]] = bar_lengths[rows[told, SIGNATURE]]
        self.bar_start = np.concatenate([[0], np.cumsum(lengths)])
        self.placed = known[:, POSITION]
        self.place = np.where(self.placed, rows[:, POSITION] - FIRST, -1)
        self.onset = self.bar_start[self.bar] + np.maximum(self.place, 0)
        self.ends = self.onset + np.where(
            known[:, DURATION], durations[np.where(known[:, DURATION], rows[:, DURATION], 0)], 12
        )
        self.heard = known[:, PITCH] & self.placed
        self._context()

    def around(self) -> Around:
        """Returns the comparisons."""
        which, other = self._pairs()
        i, j = self.asked[which], self.seen[other]
        kinds = np.stack(self._kinds(i, j), axis=1)
        kinds += np.concatenate([[0], np.cumsum(SIZES)[:-1]])
        return Around(self.asked, which, self._values(i, j), kinds, self._numbers(i, j))

    def _pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns numbers in ``asked`` and in ``seen``: who may lend to whom."""
        i, j = self.asked[:, None], self.seen[None]
        apart = self.bar[i] - self.bar[j]
        player = (self.program[i] == self.program[j]) & (self.program[i] >= 0)
        together = (apart == 0) & (self.place[i] == self.place[j]) & (self.place[i] >= 0)
        if self.column in (TEMPO, SIGNATURE):
            may = np.abs(apart) <= 1
        elif self.column == PROGRAM:
            may = together | ((self.pitch[i] == self.pitch[j]) & (self.pitch[i] >= 0))
        elif self.column == POSITION:
            may = player | (apart == 0)
        else:
            may = player | together
        which, other = np.nonzero(may)
        return which, other

    def _context(self) -> None:
        """Finds the notes of the same player before and after each note, and what the last ones were."""
        told = np.flatnonzero(self.heard & (self.program >= 0))
        keys = (self.program[told] << 40) | (self.onset[told] << 12) | self.pitch[told]
        order = np.argsort(keys, kind="stable")
        told, keys = told[order], keys[order]
        self.told_keys, self.told = keys, told
        start, end = self.bar_start[self.bar], self.bar_start[self.bar + 1]
        placed = self.placed
        self.before, self.order = self._last(np.where(placed, self.onset, start))
        self.after = self._first(np.where(placed, self.onset + 1, end))
        self.before_bar, _ = self._last(start)
        self.after_bar = self._first(end)
        self.agreed, self.moves = [], []
        for near in (self.before, self.after):
            gap = np.abs(_take(self.onset, near) - self.onset)
            gap = np.where(placed & (near >= 0), gap, -1 - np.arange(self.n))  # agrees with nothing
            key, second = _take(self.pitch, near) * 1021 + gap, _take(near, near, -1)
            interval = (_take(self.pitch, near) - _take(self.pitch, second) + 300) * 1021 + _take(gap, near)
            self.moves.append(np.where(second >= 0, interval * 1021 + gap, -5 - np.arange(self.n)))
            chain, following = [key], near
            for _ in range(MATCH - 1):
                longer = chain[-1] * 1000003 + _take(key, following, -1)
                chain.append(np.where(following >= 0, longer, -7 - np.arange(self.n)))
                following = _take(near, following, -1)
            self.agreed.append(chain)

    def _last(self, until: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the last note of the same player before an onset, -1 for none, and how many notes stand before."""
        found = np.searchsorted(self.told_keys, (self.program << 40) | (until << 12)) - 1
        return self._same_player(found), found

    def _first(self, since: np.ndarray) -> np.ndarray:
        """Returns the first note of the same player from an onset on, -1 for none."""
        return self._same_player(np.searchsorted(self.told_keys, (self.program << 40) | (since << 12)))

    def _same_player(self, found: np.ndarray) -> np.ndarray:
        if not len(self.told):
            return np.full(self.n, -1)
        inside = (found >= 0) & (found < len(self.told))
        note = self.told[np.clip(found, 0, len(self.told) - 1)]
        return np.where(inside & (self.program[note] == self.program) & (self.program >= 0), note, -1)

    def _values(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Returns what note j lends note i in each way, [pairs, HEADS]."""
        lent = self.rows[j, self.column] - FIRST
        values = np.repeat(lent[:, None], HEADS, axis=1)
        if self.column == PITCH:
            for head, anchor in ((HEADS - 2, self.before_bar), (HEADS - 1, self.after_bar)):
                known = (anchor[i] >= 0) & (anchor[j] >= 0) & (self.program[i] == self.program[j])
                moved = lent + _take(self.pitch, anchor[i]) - _take(self.pitch, anchor[j])
                known &= (lent < 128) & (moved >= 0) & (moved < 128)
                values[:, head] = np.where(known, moved, -1)
        return values

    def _kinds(self, i: np.ndarray, j: np.ndarray) -> list[np.ndarray]:
        """Returns the ids of each comparison [pairs]."""

        def same(values: np.ndarray) -> np.ndarray:  # 0 unknown, 1 no, 2 yes
            return np.where((values[i] < 0) | (values[j] < 0), 0, 1 + (values[i] == values[j]))

        lent = self.rows[j, self.column]
        player = (self.program[i] == self.program[j]).astype(np.int64)
        agree = ((player * 3 + same(self.place)) * 3 + same(self.length)) * 3 + same(self.velocity)
        agree = agree * 3 + (0 if self.column == PITCH else same(self.pitch))
        apart = self.bar[i] - self.bar[j]
        apart_id = np.clip(apart, -NEAR - 1, NEAR + 1) + NEAR + 2
        apart_id += np.where(apart > 2 * NEAR, 1, 0) - np.where(apart < -2 * NEAR, 1, 0)
        time = self.onset[i] - self.onset[j]
        time_id = np.searchsorted(APART, np.abs(time), side="right") + np.where(time < 0, len(APART), 0)
        time_id = np.where((self.place[i] >= 0) & (self.place[j] >= 0), time_id, 0)
        steps = np.where(player > 0, np.clip(self.order[i] - self.order[j], -STEPS, STEPS) + STEPS + 1, 0)
        lengths = [sum((one[i] == one[j]).astype(np.int64) for one in chain) for chain in self.agreed]
        moved = [(one[i] == one[j]).astype(np.int64) for one in self.moves]
        near = [
            np.where(at[i] >= 0, np.minimum(np.abs(lent - _take(self.pitch, at[i])), INTERVAL) + 1, 0)
            if self.column == PITCH
            else np.zeros_like(i)
            for at in (self.before, self.after)
        ]
        sizes, ranks = self._chords()
        beat = np.where(self.place[i] < 0, 0, 1 + (self.place[i] % 12 == 0) + (self.place[i] % 24 == 0))
        return [
            agree,
            apart_id,
            time_id,
            steps,
            lengths[0] * 4 + lengths[1],
            moved[0] * 2 + moved[1],
            self._rule(i, j, lent),
            *near,
            sizes[i] * 5 + sizes[j],
            ranks[j] * 4 + beat,
        ]

    def _chords(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns how many notes (0 to 4) each player begins together with each note, and its rank from the top (0 to 3)."""
        key = (self.bar << 30) | (np.maximum(self.place, 0) << 16) | np.maximum(self.program, 0)
        _, which, count = np.unique(key, return_inverse=True, return_counts=True)
        order = np.lexsort([-self.pitch, which])
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        rank = np.empty(self.n, np.int64)
        rank[order] = np.arange(self.n) - first[which[order]]
        return np.where(self.placed, np.minimum(count[which] - 1, 4), 0), np.minimum(rank, 3)

    def _rule(self, i: np.ndarray, j: np.ndarray, lent: np.ndarray) -> np.ndarray:
        """Returns what speaks for or against the value in the bar of the hidden note, an id below 32."""
        if self.column == PITCH:
            chroma, name = self.chroma, (lent - FIRST) % 12
            pitched = lent < DRUM_PITCH
            sounds = np.where(pitched, chroma[i, name] > 0, 0)
            sounded = np.where(pitched, chroma[j, name] > 0, 0)
            any_sounds = chroma[i].any(axis=1)
            taken = self._stands((self.program, self.place, self.pitch), i, self.program[i], self.place[i], lent)
            return (((any_sounds * 2 + sounds) * 2 + sounded) * 2 + taken).astype(np.int64)
        if self.column == POSITION:
            own = self._stands((self.program, self.place), i, self.program[i], lent - FIRST)
            anyone = self._stands((self.place,), i, lent - FIRST)
            player = self.program[i] == self.program[j]
            return ((own * 2 + anyone) * 2 + player).astype(np.int64)
        if self.column == DURATION:
            gap = np.where(self.after[i] >= 0, self.onset[np.maximum(self.after[i], 0)] - self.onset[i], -1)
            length = self.ends[j] - self.onset[j]
            left = self.bar_start[self.bar[i] + 1] - self.onset[i]
            known = self.place[i] >= 0
            fits = np.where(gap < 0, 0, 1 + (length >= gap) + (length > gap)) * 3 + (length >= left) + (length > left)
            return np.where(known, 1 + fits, 0)
        if self.column == PROGRAM:
            return self._stands((self.program,), i, lent).astype(np.int64)
        return np.zeros_like(i)

    def _stands(self, fields: tuple[np.ndarray, ...], i: np.ndarray, *values: np.ndarray) -> np.ndarray:
        """Returns whether a visible note with these values stands in the bar of each i."""

        def key(bar: np.ndarray, parts: tuple[np.ndarray, ...]) -> np.ndarray:
            for part in parts:
                bar = bar * 1024 + part + 1
            return bar

        there = np.logical_and.reduce([field >= 0 for field in fields])
        keys = np.unique(key(self.bar[there], tuple(field[there] for field in fields)))
        wanted = key(self.bar[i], values)
        if not len(keys):
            return np.zeros(len(wanted), bool)
        return keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted

    @property
    def chroma(self) -> np.ndarray:
        """What other players sound with each note, by pitch class [notes, 12]; in its bar, where its place is unknown."""
        if not hasattr(self, "_chroma"):
            told = np.flatnonzero(self.heard & (self.pitch < DRUM_PITCH))
            names = np.zeros((len(told), 12), np.float32)
            names[np.arange(len(told)), (self.pitch[told] - FIRST) % 12] = 1
            begun = self.onset[told] <= self.onset[:, None]
            others = self.program[told] != self.program[:, None]
            sounding = (begun & (self.ends[told] > self.onset[:, None]) & others).astype(np.float32) @ names
            lasting = names * (self.ends - self.onset)[told][:, None]
            self.bar_chroma = ((self.bar[told] == self.bar[:, None]) & others).astype(np.float32) @ lasting
            self._chroma = np.where(self.placed[:, None], sounding, self.bar_chroma)
        return self._chroma

    def _numbers(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Returns how alike the bars of the two notes are, and what stands around them [pairs, NUMBERS]."""
        players, group = np.unique(self.program[self.asked], return_inverse=True)
        of_asked = np.zeros(self.n, np.int64)
        of_asked[self.asked] = group
        everyone = self._profile(self.heard, self.place * 389 + self.program * 131 + self.pitch)
        alike = np.zeros((len(players), 6, self.bars, self.bars), np.float32)
        for number, player in enumerate(players):
            own = self.program == player
            rhythm = self._profile(own & self.placed, self.place)
            lengths = self._profile(own & self.placed & (self.length >= 0), self.place * 389 + self.length)
            tune = self._profile(own & self.heard, self.place * 389 + self.program * 131 + self.pitch)
            tunes = _cosine(tune)
            alike[number, 0], alike[number, 1], alike[number, 2] = _cosine(rhythm), _cosine(lengths), tunes
            alike[number, 3, 1:, 1:], alike[number, 4, :-1, :-1] = tunes[:-1, :-1], tunes[1:, 1:]
            alike[number, 5] = _cosine(everyone - tune)
        found = np.empty((len(i), NUMBERS), np.float32)
        found[:, :6] = alike[of_asked[i], :, self.bar[i], self.bar[j]]
        for place, chroma in ((6, self.chroma), (7, self.bar_chroma)):
            unit = chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-6)
            found[:, place] = np.einsum("ij,ij->i", unit[i], unit[j])
        found[:, 8] = found[:, 0] * found[:, 5]
        found[:, 9] = found[:, 3] * found[:, 4]
        found[:, 10] = found[:, 0] * np.maximum(found[:, 3], found[:, 4])
        return found

    def _profile(self, notes: np.ndarray, items: np.ndarray) -> np.ndarray:
        """Returns what the bars hold of these notes, hashed [bars, slots]."""
        found = np.zeros(self.bars * _HASHED, np.float32)
        slots = ((items[notes] * 40503) >> 4) % _HASHED
        np.add.at(found, self.bar[notes] * _HASHED + slots, 1)
        return found.reshape(self.bars, _HASHED)


def _cosine(profile: np.ndarray) -> np.ndarray:
    unit = profile / np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1e-6)
    return unit @ unit.T


def _take(values: np.ndarray, where: np.ndarray, none: int = 0) -> np.ndarray:
    """Returns values[where], none where that is -1."""
    return np.where(where >= 0, values[np.maximum(where, 0)], none)
