"""What may be written next: the rules of notation, the user's hard limits and the guard rails, as masks.

All of it acts on the sampler, one field of one note at a time, so whatever is sampled is already valid. Fields
are those of ``StepField``; masks are bool arrays over ids, True where an id may be chosen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from music.instruments import playable_range
from music.tokens.columns import DRUM_PITCH, DRUM_PROGRAM, EOS, FIRST, StepField
from music.tokens.conditions import MAX_PROGRAMS
from music.tokens.octuple import POSITIONS_PER_QUARTER, step_sizes, vocabulary
from pipelines.decoding.repetition import RepetitionGuard
from pipelines.decoding.tonality import TonalPull

END = EOS  # the step id with which a piece ends
GM_KIT = range(35, 82)
# Guard rails against a model that is stuck, far beyond what music does: four notes on each of 48 positions of a 4/4 bar, and
# six bars of quarter notes on one pitch. Not measured.
MAX_NOTES_PER_BAR = 192
MAX_SAME_PITCH = 24  # notes of one pitch in a row that one instrument may play before it must move
# Of so many notes of a tune in a row, how many may be of one pitch: as many as in the most of all but 1 in 200 of 1470 folk tunes.
TUNE_NOTES, MOST_OF_ONE_PITCH = 32, 19
WIDEST_LEAP = 12  # semitones between two notes of a single voice: an octave, as singers have it. By ear, not measured.
# To the logit of an instrument that was asked for, times the square of the quarter notes for which it is silent: a hint
# after a beat (0.25), decisive after a bar (4). By ear, not measured.
SILENCE_BIAS = 0.25


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
        monophonic: whether there is one note at a time, see ``MonophonicState``.
        pitched_first: whether drums may not begin; what begins with drums alone mostly stays so.
        off_grid: by how many positions, at most half a one, the end that was asked for lies after that of the last position.
        moving: whether a single voice may not stay on one pitch for most of its notes.
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
    pitched_first: bool = False
    moving: bool = False
    off_grid: float = 0.0


@dataclass
class GenerationState:
    """One variant as it is generated: where it stands, and what may come next.

    Attributes:
        limits: of the whole new part.
        bar: the bar of the last note, from 0; -1 before the first.
        rows: step rows of the new notes.
        finished: whether the end was written.
        repetition: says which notes may not repeat what stood bars ago; None lets all.
        tonality: weighs pitches by the key that was asked for; None where none was.
    """

    limits: Limits
    bar: int = -1
    rows: list[list[int]] = field(default_factory=list)
    finished: bool = False
    repetition: RepetitionGuard | None = None
    tonality: TonalPull | None = None
    _notes_in_bar: int = 0
    _weighed: int = -1  # the bar for which pitches were weighed last
    _last_onsets: dict[int, int] = field(default_factory=dict)  # of each program: position, from the start
    _repeats: dict[int, tuple[int, int]] = field(default_factory=dict)  # of each program: (last pitch, times in a row)

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

    @property
    def fresh(self) -> bool:
        """Whether the next note shall not repeat what stood there bars ago."""
        return self.repetition is not None and self.repetition.fresh

    @property
    def firm(self) -> bool:
        """Whether the next note shall be drawn more surely, so that more comes again."""
        return self.repetition is not None and self.repetition.firm and not self.fresh

    def silence(self, row: list[int]) -> dict[int, float]:
        """Returns for how many quarter notes each program that was asked for has been silent: has not begun a note.

        Args:
            row: a note up to its position; programs that may not stand there after the note before are left out.
        """
        first = 0
        if self.rows and row[StepField.STEP] == FIRST and row[StepField.POSITION] == self.rows[-1][StepField.POSITION]:
            first = self.rows[-1][StepField.PROGRAM]
        now = self._time(self._bar_of(row), row[StepField.POSITION])
        return {
            program: (now - self._last_onsets.get(program, 0)) / POSITIONS_PER_QUARTER
            for program in self.limits.asked
            if program >= first
        }

    def fallback(self, row: list[int]) -> tuple[int, int]:
        """Returns a step id and the lowest position id with which to go on where a row was not in order."""
        later = self.rows[-1][StepField.POSITION] + 1
        if row[StepField.POSITION] == later - 1 and later < FIRST + self._positions(self.bar):
            return FIRST, later
        return self.exit_step(), FIRST

    def allowed(self, field: int, row: list[int]) -> np.ndarray:
        """Returns the mask of one field, bool [ids], when the fields before it in this row are chosen.

        Whether the note also stands after the note before it, ``in_order`` says of the whole row.

        Args:
            field: of the note.
            row: ids of the note so far, in the order of the fields.

        Returns:
            A mask that others may share: not to be written to.
        """
        match field:
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

    def any_id(self, field: int) -> np.ndarray:
        """Returns the mask of one id of a field, whichever."""
        return span(field, FIRST, FIRST + 1)

    def in_order(self, row: list[int]) -> bool:
        """Returns whether a row, known up to its pitch, stands after the note before: later, or higher at once."""
        if not self.rows or row[StepField.STEP] != FIRST:
            return True
        return row[StepField.POSITION : StepField.PITCH + 1] > self.rows[-1][StepField.POSITION : StepField.PITCH + 1]

    def exit_step(self) -> int:
        """Returns the step id with which this bar is left: the next bar, or after the last one the end."""
        return END if self.bar + 1 == self.limits.bars else FIRST + 1

    def bias_logits(self, field: int, row: list[int], scores: np.ndarray) -> None:
        """Moves the logits [ids] of one field, the fields before it in this row being chosen, in place."""
        if field == StepField.STEP:
            self.merge_exits(scores)
        if field == StepField.PROGRAM:
            for program, quarters in self.silence(row).items():
                scores[program] += SILENCE_BIAS * quarters**2
        if field == StepField.PITCH and self.tonality is not None and row[StepField.PROGRAM] != DRUM_PROGRAM:
            if self._bar_of(row) != self._weighed:
                self._weighed = self._bar_of(row)
                self.tonality.begin_bar(last=self._weighed + 1 == self.limits.bars)
            scores += self.tonality.bias

    def merge_exits(self, scores: np.ndarray) -> None:
        """Gives the probability of all ways to leave this bar to the one that the length allows, in place.

        That is the next bar, or in the last bar the end. Only hiding the others would keep the model in a bar that
        it is done with, and it would fill it up.

        Args:
            scores: logits [ids] of the step.
        """
        if self.rows:
            exits = _exits(len(scores))
            merged = np.logaddexp.reduce(scores[exits])
            scores[exits] = -np.inf
            scores[self.exit_step()] = merged

    def write(self, row: list[int]) -> None:
        """Takes one note, or the end (a row that begins with END)."""
        if row[StepField.STEP] == END:
            self.finished = True
            return
        step = row[StepField.STEP] - FIRST if self.rows else 0
        self._notes_in_bar = 1 if step or not self.rows else self._notes_in_bar + 1
        self.bar = max(self.bar, 0) + step
        self.rows.append(row)
        if self.repetition is not None:
            self.repetition.add(self.bar, tuple(row[StepField.POSITION : StepField.PITCH + 1]))
        if self.tonality is not None and row[StepField.PROGRAM] != DRUM_PROGRAM:
            length = vocabulary().durations[row[StepField.DURATION] - FIRST] / POSITIONS_PER_QUARTER
            self.tonality.add(row[StepField.PITCH], float(length))
        self._last_onsets[row[StepField.PROGRAM]] = self._time(self.bar, row[StepField.POSITION])
        pitch, times = self._repeats.get(row[StepField.PROGRAM], (-1, 0))
        self._repeats[row[StepField.PROGRAM]] = (
            row[StepField.PITCH],
            times + 1 if pitch == row[StepField.PITCH] else 1,
        )

    def _steps(self) -> np.ndarray:
        if not self.rows:
            return span(StepField.STEP, FIRST + self.limits.first_step, FIRST + self.limits.first_step + 1)
        mask = np.zeros(sizes()[StepField.STEP], dtype=bool)
        mask[FIRST] = self._notes_in_bar < MAX_NOTES_PER_BAR
        mask[self.exit_step()] = True  # never further than one bar: every bar has a note
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
        """Returns the mask of the programs that may play a note, whose row is known up to its position."""
        mask = np.zeros(sizes()[StepField.PROGRAM], dtype=bool)
        silent = self.limits.asked - self._last_onsets.keys()
        begins_bar = not self.rows or row[StepField.STEP] != FIRST
        if begins_bar and silent and self.limits.bars - self._bar_of(row) <= len(silent):
            mask[list(silent)] = True  # the last bars in which all that were asked for can still come in
        elif self.limits.programs:
            mask[list(self.limits.programs)] = True
        elif len(self._last_onsets) >= MAX_PROGRAMS:
            mask[list(self._last_onsets)] = True
        else:
            mask[FIRST:] = True
            mask[DRUM_PROGRAM] = bool(self.rows) or not self.limits.pitched_first
        return mask

    def _pitches(self, program: int) -> np.ndarray:
        """Returns the mask of the pitches that an instrument may play."""
        mask = pitch_mask(program, self.limits.scale, self.limits.shift)
        pitch, times = self._repeats.get(program, (-1, 0))
        if times >= MAX_SAME_PITCH and program != DRUM_PROGRAM and mask.sum() > 1:
            mask = mask.copy()
            mask[pitch] = False
        return mask


class MonophonicState(GenerationState):
    """A variant of one note at a time, as a singer or a flute has it."""

    def in_order(self, row: list[int]) -> bool:
        """Returns whether a row, known up to its pitch, begins after the note before and can be reached from it."""
        if not self.rows:
            return True
        later = row[StepField.STEP] != FIRST or row[StepField.POSITION] > self.rows[-1][StepField.POSITION]
        return later and abs(row[StepField.PITCH] - self.rows[-1][StepField.PITCH]) <= WIDEST_LEAP

    def fallback(self, row: list[int]) -> tuple[int, int]:
        """Returns a step id and the lowest position id with which to go on where a row was not in order."""
        later = max(row[StepField.POSITION], self.rows[-1][StepField.POSITION] + 1)
        if row[StepField.STEP] == FIRST and later < FIRST + self._positions(self.bar):
            return FIRST, later
        return self.exit_step(), FIRST

    def _pitches(self, program: int) -> np.ndarray:
        mask = super()._pitches(program)
        if not self.rows:
            return mask
        near = mask & (np.abs(np.arange(len(mask)) - self.rows[-1][StepField.PITCH]) <= WIDEST_LEAP)
        if self.limits.moving and program != DRUM_PROGRAM:
            recent = Counter(row[StepField.PITCH] for row in self.rows[1 - TUNE_NOTES :])
            worn = [pitch for pitch, count in recent.items() if count >= MOST_OF_ONE_PITCH]
            if near.sum() > near[worn].sum():
                near[worn] = False
        return near if near.any() else mask


@lru_cache(maxsize=1)
def sizes() -> tuple[int, ...]:
    """Returns the number of ids of each field."""
    return step_sizes()


@lru_cache(maxsize=4)
def _exits(steps: int) -> np.ndarray:
    """Returns the step ids that leave a bar, of so many step ids."""
    return _shared(np.r_[END, FIRST + 1 : steps])


@lru_cache(maxsize=4096)
def span(field: int, first: int, stop: int) -> np.ndarray:
    """Returns the mask of a field that allows the ids from ``first`` up to, not with, ``stop``."""
    mask = np.zeros(sizes()[field], dtype=bool)
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
