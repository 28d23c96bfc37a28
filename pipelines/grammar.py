"""What may be written next: the rules of notation, the user's hard limits and the guard rails, as masks.

All of it acts on the sampler, one field of one note at a time, so whatever is sampled is already valid. Fields
are those of ``music.tokens.STEP_FIELDS``; masks are bool arrays over ids, True where an id may be chosen.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np

from music.instruments import playable_range
from music.tokens import DRUM_PITCH, DRUM_PROGRAM, FIRST, STEP_FIELDS, step_sizes, vocabulary

END = 2  # the step id with which a piece ends; shares its number with EOS
STEP, SIGNATURE, TEMPO, POSITION, PROGRAM, PITCH, DURATION, VELOCITY = range(len(STEP_FIELDS))
MAX_NOTES_A_BAR = 192
MAX_SAME_PITCH = 24  # notes of one pitch in a row that one instrument may play before it must move
MAX_PROGRAMS = 16
GM_KIT = range(35, 82)


@dataclass(frozen=True)
class Limits:
    """What the new part may hold.

    Attributes:
        bars: how many bars to write.
        last_positions: positions of the last bar that may be used; fewer than a whole bar if a time limit cuts it.
        bar_positions: positions of a whole bar.
        signature, tempo: the ids that every new note carries.
        first_step: bars from the note before the new part to its first bar.
        programs: program ids that may play; empty for any.
        scale: pitch classes that pitched notes may have; empty for any.
    """

    bars: int
    last_positions: int
    bar_positions: int
    signature: int
    tempo: int
    first_step: int = 0
    programs: frozenset[int] = frozenset()
    scale: frozenset[int] = frozenset()


@dataclass
class Writing:
    """One variant as it is written: where it stands, and what may come next.

    Attributes:
        limits: of the whole new part.
        bar: the bar of the last note, from 0; -1 before the first.
        rows: step rows of the new notes.
        finished: whether the end was written.
    """

    limits: Limits
    bar: int = -1
    rows: list[list[int]] = field(default_factory=list)
    finished: bool = False
    _in_bar: int = 0
    _programs: set[int] = field(default_factory=set)
    _same: dict[int, tuple[int, int]] = field(default_factory=dict)  # program -> (pitch, times in a row)

    @property
    def bars_done(self) -> float:
        """How many bars are written, with the part of the bar that is being written."""
        if self.finished:
            return float(self.limits.bars)
        if self.bar < 0:
            return 0.0
        return min(self.bar + (self.rows[-1][POSITION] - FIRST) / self.limits.bar_positions, self.limits.bars - 0.01)

    @property
    def bars_left(self) -> int:
        """How many bars are left, the current one counted; that of the first note before there is one."""
        return self.limits.bars - max(self.bar, 0)

    def missing(self) -> set[int]:
        """Returns the programs that were asked for and have not played."""
        return self.limits.programs - self._programs

    def allowed(self, name: int, row: list[int]) -> np.ndarray:
        """Returns the mask of one field, bool [ids], when the fields before it in this row are chosen.

        Args:
            name: the field.
            row: ids of the note so far, in the order of the fields.
        """
        mask = np.zeros(step_sizes()[name], dtype=bool)
        match name:
            case 0:
                self._allow_step(mask)
            case 1:
                mask[self.limits.signature] = True
            case 2:
                mask[self.limits.tempo] = True
            case 3:
                first = self._place(row)[0]
                mask[FIRST + first : FIRST + self._positions(self._bar_of(row))] = True
            case 4:
                self._allow_program(mask, row)
            case 5:
                mask = self._pitches(row[PROGRAM], above=self._place(row)[2] if self._joins(row) else -1)
            case 6:
                left = self._left(row)
                mask[FIRST:] = vocabulary().durations <= left
                mask[FIRST] = True
            case _:
                mask[FIRST:] = True
        return mask

    def write(self, row: list[int]) -> None:
        """Takes one note, or the end (a row that begins with END)."""
        if row[STEP] == END:
            self.finished = True
            return
        step = row[STEP] - FIRST if self.rows else 0
        self._in_bar = 1 if step or not self.rows else self._in_bar + 1
        self.bar = max(self.bar, 0) + step
        self.rows.append(row)
        self._programs.add(row[PROGRAM])
        pitch, times = self._same.get(row[PROGRAM], (-1, 0))
        self._same[row[PROGRAM]] = (row[PITCH], times + 1 if pitch == row[PITCH] else 1)

    def _allow_step(self, mask: np.ndarray) -> None:
        if not self.rows:
            mask[FIRST + self.limits.first_step] = True
            return
        last = self.bar + 1 == self.limits.bars
        stay = self._in_bar < MAX_NOTES_A_BAR and self._room()
        mask[FIRST] = stay
        if last:
            mask[END] = True
        else:
            mask[FIRST + 1] = True  # never further: every bar has a note

    def _room(self) -> bool:
        """Returns whether another note fits into this bar after the last one."""
        if self.rows[-1][POSITION] - FIRST + 1 < self._positions(self.bar):
            return True
        row = [FIRST, self.limits.signature, self.limits.tempo, self.rows[-1][POSITION]]
        mask = np.zeros(step_sizes()[PROGRAM], dtype=bool)
        self._allow_program(mask, row)
        return bool(mask.any())

    def _bar_of(self, row: list[int]) -> int:
        return max(self.bar, 0) + (row[STEP] - FIRST if self.rows else 0)

    def _positions(self, bar: int) -> int:
        return self.limits.last_positions if bar + 1 == self.limits.bars else self.limits.bar_positions

    def _left(self, row: list[int]) -> int:
        """Returns how many positions remain from this note's onset to the end of the piece."""
        whole = (self.limits.bars - 1 - self._bar_of(row)) * self.limits.bar_positions
        return whole + self.limits.last_positions - (row[POSITION] - FIRST)

    def _place(self, row: list[int]) -> tuple[int, int, int]:
        """Returns the position, program id and pitch id after which this note must stand in its bar."""
        if not self.rows or row[STEP] != FIRST:
            return 0, -1, -1
        before = self.rows[-1]
        position = before[POSITION] - FIRST
        if len(row) <= POSITION:  # choosing the position: may it be the same once more?
            mask = np.zeros(step_sizes()[PROGRAM], dtype=bool)
            self._allow_program(mask, [*row, before[POSITION]])
            if not mask.any():
                return position + 1, -1, -1
        return position, before[PROGRAM], before[PITCH]

    def _joins(self, row: list[int]) -> bool:
        """Returns whether the note sounds at once with the note before, on the same instrument."""
        return (
            bool(self.rows)
            and row[STEP] == FIRST
            and row[POSITION : PROGRAM + 1] == self.rows[-1][POSITION : PROGRAM + 1]
        )

    def _allow_program(self, mask: np.ndarray, row: list[int]) -> None:
        if self.limits.programs:
            mask[list(self.limits.programs)] = True
        elif len(self._programs) >= MAX_PROGRAMS:
            mask[list(self._programs)] = True
        else:
            mask[FIRST:] = True
        if self.rows and row[STEP] == FIRST and row[POSITION] == self.rows[-1][POSITION]:
            before = self.rows[-1]
            mask[: before[PROGRAM]] = False
            if not self._pitches(before[PROGRAM], above=before[PITCH]).any():
                mask[before[PROGRAM]] = False

    def _pitches(self, program: int, above: int) -> np.ndarray:
        """Returns the mask of the pitches that an instrument may play, higher than a pitch id."""
        mask = pitch_mask(program, self.limits.scale).copy()
        mask[: above + 1] = False
        pitch, times = self._same.get(program, (-1, 0))
        if times >= MAX_SAME_PITCH and program != DRUM_PROGRAM and mask.sum() > 1:
            mask[pitch] = False
        return mask


_PITCH_MASKS: dict[tuple[int, frozenset[int]], np.ndarray] = {}


def pitch_mask(program: int, scale: Set[int]) -> np.ndarray:
    """Returns the mask of pitch ids that an instrument can play within a scale; an empty scale allows all."""
    key = (program, frozenset(scale))
    if key not in _PITCH_MASKS:
        mask = np.zeros(step_sizes()[PITCH], dtype=bool)
        if program == DRUM_PROGRAM:
            mask[DRUM_PITCH + GM_KIT.start : DRUM_PITCH + GM_KIT.stop] = True
        else:
            low, high = playable_range(program - FIRST)
            for pitch in range(low, high + 1):
                mask[FIRST + pitch] = not scale or pitch % 12 in scale
        _PITCH_MASKS[key] = mask
    return _PITCH_MASKS[key]
