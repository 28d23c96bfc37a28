"""What may be written next: the rules of notation, the user's hard limits and the guard rails, as masks.

All of it acts on the sampler, one field of one note at a time, so whatever is sampled is already valid. Fields
are those of ``StepField``; masks are bool arrays over ids, True where an id may be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from music.instruments import playable_range
from music.tokens.columns import DRUM_PITCH, DRUM_PROGRAM, EOS, FIRST, StepField
from music.tokens.conditions import MAX_PROGRAMS
from music.tokens.octuple import POSITIONS_PER_QUARTER, step_sizes, vocabulary

END = EOS  # the step id with which a piece ends
MAX_NOTES_A_BAR = 192
MAX_SAME_PITCH = 24  # notes of one pitch in a row that one instrument may play before it must move
WIDEST_LEAP = 12  # semitones between two notes of a tune
GM_KIT = range(35, 82)
# To the logit of an instrument that was asked for, times the square of the quarter notes for which it is silent.
BRING_IN = 0.25


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
        asked: those of them that shall play.
        scale: pitch classes that pitched notes may have, as they sound; empty for any.
        shift: semitones from how a pitch sounds to how the model writes it.
        monophonic: whether there is one note at a time, see ``Tune``.
    """

    bars: int
    last_positions: int
    bar_positions: int
    signature: int
    tempo: int
    first_step: int = 0
    programs: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()
    scale: frozenset[int] = frozenset()
    shift: int = 0
    monophonic: bool = False


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
    _played: dict[int, int] = field(default_factory=dict)  # program -> position, from the start, of its last note
    _same: dict[int, tuple[int, int]] = field(default_factory=dict)  # program -> (pitch, times in a row)

    @property
    def bars_done(self) -> float:
        """How many bars are written, with the part of the bar that is being written."""
        if self.finished:
            return float(self.limits.bars)
        if self.bar < 0:
            return 0.0
        return min(
            self.bar + (self.rows[-1][StepField.POSITION] - FIRST) / self.limits.bar_positions, self.limits.bars - 0.01
        )

    @property
    def bars_left(self) -> int:
        """How many bars are left, the current one counted; that of the first note before there is one."""
        return self.limits.bars - max(self.bar, 0)

    def waiting(self, row: list[int]) -> dict[int, float]:
        """Returns for how many quarter notes each program that was asked for has not begun a note.

        Args:
            row: a note up to its position; programs that may not stand there after the note before are left out.
        """
        first = 0
        if self.rows and row[StepField.STEP] == FIRST and row[StepField.POSITION] == self.rows[-1][StepField.POSITION]:
            first = self.rows[-1][StepField.PROGRAM]
        now = self._time(self._bar_of(row), row[StepField.POSITION])
        return {
            program: (now - self._played.get(program, 0)) / POSITIONS_PER_QUARTER
            for program in self.limits.asked
            if program >= first
        }

    def move_on(self, row: list[int]) -> tuple[int, int]:
        """Returns a step id and the lowest position id with which to go on where a row was not in order."""
        later = self.rows[-1][StepField.POSITION] + 1
        if row[StepField.POSITION] == later - 1 and later < FIRST + self._positions(self.bar):
            return FIRST, later
        return self.leave_bar(), FIRST

    def allowed(self, name: int, row: list[int]) -> np.ndarray:
        """Returns the mask of one field, bool [ids], when the fields before it in this row are chosen.

        Whether the note also stands after the note before it, ``in_order`` says of the whole row.

        Args:
            name: the field.
            row: ids of the note so far, in the order of the fields.

        Returns:
            A mask that others may share: not to be written to.
        """
        match name:
            case StepField.STEP:
                return self._steps()
            case StepField.SIGNATURE:
                return span(StepField.SIGNATURE, self.limits.signature, self.limits.signature + 1)
            case StepField.TEMPO:
                return span(StepField.TEMPO, self.limits.tempo, self.limits.tempo + 1)
            case StepField.POSITION:
                return span(StepField.POSITION, FIRST, FIRST + self._positions(self._bar_of(row)))
            case StepField.PROGRAM:
                return self._instruments(row)
            case StepField.PITCH:
                return self._pitches(row[StepField.PROGRAM])
            case StepField.DURATION:
                fitting = int(np.searchsorted(vocabulary().durations, self._left(row), side="right"))
                return span(StepField.DURATION, FIRST, FIRST + max(1, fitting))
            case _:
                return span(StepField.VELOCITY, FIRST, sizes()[StepField.VELOCITY])

    def in_order(self, row: list[int]) -> bool:
        """Returns whether a row, known up to its pitch, stands after the note before: later, or higher at once."""
        if not self.rows or row[StepField.STEP] != FIRST:
            return True
        return row[StepField.POSITION : StepField.PITCH + 1] > self.rows[-1][StepField.POSITION : StepField.PITCH + 1]

    def leave_bar(self) -> int:
        """Returns the step id with which this bar is left: the next bar, or after the last one the end."""
        return END if self.bar + 1 == self.limits.bars else FIRST + 1

    def lean(self, name: int, row: list[int], scores: np.ndarray) -> None:
        """Moves the logits [ids] of one field, the fields before it in this row being chosen, in place."""
        if name == StepField.STEP:
            self.fold(scores)
        if name == StepField.PROGRAM:
            for program, quarters in self.waiting(row).items():
                scores[program] += BRING_IN * quarters**2

    def fold(self, scores: np.ndarray) -> None:
        """Gives the chance of all ways to leave this bar to the one that the length allows, in place.

        That is the next bar, or in the last bar the end. Only hiding the others would keep the model in a bar that
        it is done with, and it would fill it up.

        Args:
            scores: logits [ids] of the step.
        """
        if self.rows:
            leaving = np.r_[END, FIRST + 1 : len(scores)]
            chance = np.logaddexp.reduce(scores[leaving])
            scores[leaving] = -np.inf
            scores[self.leave_bar()] = chance

    def write(self, row: list[int]) -> None:
        """Takes one note, or the end (a row that begins with END)."""
        if row[StepField.STEP] == END:
            self.finished = True
            return
        step = row[StepField.STEP] - FIRST if self.rows else 0
        self._in_bar = 1 if step or not self.rows else self._in_bar + 1
        self.bar = max(self.bar, 0) + step
        self.rows.append(row)
        self._played[row[StepField.PROGRAM]] = self._time(self.bar, row[StepField.POSITION])
        pitch, times = self._same.get(row[StepField.PROGRAM], (-1, 0))
        self._same[row[StepField.PROGRAM]] = (row[StepField.PITCH], times + 1 if pitch == row[StepField.PITCH] else 1)

    def _steps(self) -> np.ndarray:
        if not self.rows:
            return span(StepField.STEP, FIRST + self.limits.first_step, FIRST + self.limits.first_step + 1)
        mask = np.zeros(sizes()[StepField.STEP], dtype=bool)
        mask[FIRST] = self._in_bar < MAX_NOTES_A_BAR
        mask[self.leave_bar()] = True  # never further than one bar: every bar has a note
        return mask

    def _bar_of(self, row: list[int]) -> int:
        return max(self.bar, 0) + (row[StepField.STEP] - FIRST if self.rows else 0)

    def _time(self, bar: int, position: int) -> int:
        """Returns how many positions after the start a position id of a bar is."""
        return bar * self.limits.bar_positions + position - FIRST

    def _positions(self, bar: int) -> int:
        return self.limits.last_positions if bar + 1 == self.limits.bars else self.limits.bar_positions

    def _left(self, row: list[int]) -> int:
        """Returns how many positions remain from this note's onset to the end of the piece."""
        whole = (self.limits.bars - 1 - self._bar_of(row)) * self.limits.bar_positions
        return whole + self.limits.last_positions - (row[StepField.POSITION] - FIRST)

    def _instruments(self, row: list[int]) -> np.ndarray:
        mask = np.zeros(sizes()[StepField.PROGRAM], dtype=bool)
        silent = self.limits.asked - self._played.keys()
        begins_bar = not self.rows or row[StepField.STEP] != FIRST
        if begins_bar and silent and self.limits.bars - self._bar_of(row) <= len(silent):
            mask[list(silent)] = True  # the last bars in which all that were asked for can still come in
        elif self.limits.programs:
            mask[list(self.limits.programs)] = True
        elif len(self._played) >= MAX_PROGRAMS:
            mask[list(self._played)] = True
        else:
            mask[FIRST:] = True
        return mask

    def _pitches(self, program: int) -> np.ndarray:
        """Returns the mask of the pitches that an instrument may play."""
        mask = pitch_mask(program, self.limits.scale, self.limits.shift)
        pitch, times = self._same.get(program, (-1, 0))
        if times >= MAX_SAME_PITCH and program != DRUM_PROGRAM and mask.sum() > 1:
            mask = mask.copy()
            mask[pitch] = False
        return mask


class Tune(Writing):
    """A variant of one note at a time, as a singer or a flute has it."""

    def in_order(self, row: list[int]) -> bool:
        """Returns whether a row, known up to its pitch, begins after the note before and can be reached from it."""
        if not self.rows:
            return True
        later = row[StepField.STEP] != FIRST or row[StepField.POSITION] > self.rows[-1][StepField.POSITION]
        return later and abs(row[StepField.PITCH] - self.rows[-1][StepField.PITCH]) <= WIDEST_LEAP

    def move_on(self, row: list[int]) -> tuple[int, int]:
        """Returns a step id and the lowest position id with which to go on where a row was not in order."""
        later = max(row[StepField.POSITION], self.rows[-1][StepField.POSITION] + 1)
        if row[StepField.STEP] == FIRST and later < FIRST + self._positions(self.bar):
            return FIRST, later
        return self.leave_bar(), FIRST

    def _pitches(self, program: int) -> np.ndarray:
        mask = super()._pitches(program)
        if not self.rows:
            return mask
        near = np.abs(np.arange(len(mask)) - self.rows[-1][StepField.PITCH]) <= WIDEST_LEAP
        return mask & near if (mask & near).any() else mask


@lru_cache(maxsize=1)
def sizes() -> tuple[int, ...]:
    """Returns the number of ids of each field."""
    return step_sizes()


@lru_cache(maxsize=4096)
def span(name: int, first: int, stop: int) -> np.ndarray:
    """Returns the mask of a field that allows the ids from ``first`` up to, not with, ``stop``."""
    mask = np.zeros(sizes()[name], dtype=bool)
    mask[first:stop] = True
    return _shared(mask)


@lru_cache(maxsize=4096)
def pitch_mask(program: int, scale: frozenset[int], shift: int) -> np.ndarray:
    """Returns the mask of pitch ids that an instrument can play within a scale; an empty scale allows all.

    Range and scale are as they sound; the ids are ``shift`` semitones away from that.
    """
    mask = np.zeros(sizes()[StepField.PITCH], dtype=bool)
    if program == DRUM_PROGRAM:
        mask[DRUM_PITCH + GM_KIT.start : DRUM_PITCH + GM_KIT.stop] = True
    else:
        low, high = playable_range(program - FIRST)
        for pitch in range(max(low, -shift), min(high, 127 - shift) + 1):
            mask[FIRST + pitch + shift] = not scale or pitch % 12 in scale
    return _shared(mask)


def _shared(mask: np.ndarray) -> np.ndarray:
    mask.setflags(write=False)
    return mask
