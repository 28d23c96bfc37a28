"""What may be written next in an accompaniment: the rules of ``GenerationState``, and a grid of chords and bars to keep to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from music.chords import NO_CHORD, Chord
from music.tokens.columns import DRUM_PROGRAM, FIRST, StepField
from music.tokens.octuple import vocabulary
from pipelines.decoding.constraints import (
    END,
    GenerationState,
    Limits,
    pitch_mask,
    span,
)

# Biases on logits. All four numbers were set by ear and eye, not measured one by one; what they reach together stands
# on the card of harmonize-small: of notes of a beat or longer 100 % keep to typed chords, bass, piano and band alike.
BASS_SILENCE_BIAS = 0.75  # to a bass, times the square of the quarter notes for which it is silent
CHORD_BASS_BIAS = 3.0  # to a chord's bass, where a bass line meets a new chord
NON_CHORD_TONE_PENALTY = {True: 2.5, False: 1.5}  # off a pitch that is not in a chord that was typed, or was not


@dataclass(frozen=True)
class HarmonicGrid:
    """Bars, beats and chords that an accompaniment keeps to, over the bars that are written; pitches as the model writes them.

    Attributes:
        bar_starts: the position at which each bar begins, and where the last ends, from the first bar's start.
        signatures, tempos: ids of each bar.
        beat_starts: the position at which each beat begins, and where the last ends.
        chords: of each beat; None where there is none to follow.
        chords_are_typed: whether the user gave them.
        bass_roles: program ids that play the bass.
        sounding_programs: by the program id that the model writes the one that sounds, where that is another one.
    """

    bar_starts: tuple[int, ...]
    signatures: tuple[int, ...]
    tempos: tuple[int, ...]
    beat_starts: tuple[int, ...]
    chords: tuple[Chord | None, ...]
    chords_are_typed: bool
    bass_roles: frozenset[int]
    sounding_programs: Mapping[int, int]

    def beat_at(self, position: int) -> int:
        """Returns the beat that a position lies in."""
        return max(0, int(np.searchsorted(self.beat_starts, position, side="right")) - 1)

    def max_duration(self, position: int, pitch: int) -> int:
        """Returns for how many positions a pitch id may sound from a position on.

        That is as long as it belongs to the chords. A non-chord tone may pass within less than a beat.
        """
        beat = self.beat_at(position)
        if not self._is_chord_tone(beat, pitch):
            return self.beat_starts[beat + 1] - self.beat_starts[beat] - 1
        while beat + 1 < len(self.chords) and self._is_chord_tone(beat + 1, pitch):
            beat += 1
        return self.beat_starts[beat + 1] - position

    def non_chord_tones(self, position: int) -> np.ndarray | None:
        """Returns which of 128 pitches are not in the chord at a position, bool [128]; None if any goes."""
        tones = chord_tones(self.chords[self.beat_at(position)])
        return None if tones is None else ~np.isin(np.arange(128) % 12, tones)

    def bass_of_new_chord(self, position: int) -> int | None:
        """Returns the pitch class of the bass where a chord begins, None elsewhere."""
        beat = self.beat_at(position)
        chord = self.chords[beat]
        begins = self.beat_starts[beat] == position and (
            beat == 0 or self.chords[beat - 1] != chord or position in self.bar_starts
        )
        return chord.bass if begins and chord is not None and chord != NO_CHORD else None

    def _is_chord_tone(self, beat: int, pitch: int) -> bool:
        tones = chord_tones(self.chords[beat])
        return tones is None or (pitch - FIRST) % 12 in tones


def chord_tones(chord: Chord | None) -> list[int] | None:
    """Returns the pitch classes of a chord; None if there is none to follow."""
    return None if chord is None or chord == NO_CHORD else list(chord.tones)


@dataclass
class ChordConstraints(GenerationState):
    """One variant of an accompaniment as it is written, and what the chords let it write next.

    Attributes:
        grid: what it keeps to.
    """

    grid: HarmonicGrid = field(kw_only=True)

    @property
    def bars_done(self) -> float:
        """How many bars are written, with the part of the bar that is being written."""
        if self.finished or self.bar < 0:
            return float(self.limits.bars) if self.finished else 0.0
        share = (self.rows[-1][StepField.POSITION] - FIRST) / self._positions(self.bar)
        return min(self.bar + share, self.limits.bars - 0.01)

    def allowed(self, name: int, row: list[int]) -> np.ndarray:
        """Returns the mask of one field, as ``GenerationState.allowed``."""
        if name in (StepField.SIGNATURE, StepField.TEMPO):
            ids = self.grid.signatures if name == StepField.SIGNATURE else self.grid.tempos
            value = ids[self._bar_of(row)]
            return span(name, value, value + 1)
        if name == StepField.DURATION and row[StepField.PROGRAM] != DRUM_PROGRAM:
            room = min(self._left(row), self.grid.max_duration(self._now(row), row[StepField.PITCH]))
            fitting = int(np.searchsorted(vocabulary().durations, room, side="right"))
            return span(StepField.DURATION, FIRST, FIRST + max(1, fitting))
        return super().allowed(name, row)

    def bias_logits(self, name: int, row: list[int], scores: np.ndarray) -> None:
        """Moves the logits of one field, as ``GenerationState.bias_logits``: pitches bias_logits towards the chord."""
        super().bias_logits(name, row, scores)
        if name == StepField.PROGRAM:
            for program, quarters in self.silence(row).items():
                if program in self.grid.bass_roles:  # a band whose bass pauses has no ground
                    scores[program] += BASS_SILENCE_BIAS * quarters**2
        if row[:1] == [END] or name != StepField.PITCH or row[StepField.PROGRAM] == DRUM_PROGRAM:
            return
        now = self._now(row)
        if (outside := self.grid.non_chord_tones(now)) is not None:
            scores[FIRST : FIRST + 128][outside] -= NON_CHORD_TONE_PENALTY[self.grid.chords_are_typed]
        if row[StepField.PROGRAM] in self.grid.bass_roles and (bass := self.grid.bass_of_new_chord(now)) is not None:
            scores[FIRST : FIRST + 128][np.arange(128) % 12 == bass] += CHORD_BASS_BIAS

    def _now(self, row: list[int]) -> int:
        return self._time(self._bar_of(row), row[StepField.POSITION])

    def _time(self, bar: int, position: int) -> int:
        return self.grid.bar_starts[bar] + position - FIRST

    def _positions(self, bar: int) -> int:
        return self.grid.bar_starts[bar + 1] - self.grid.bar_starts[bar]

    def _pitches(self, program: int) -> np.ndarray:
        mask, player = super()._pitches(program), self.grid.sounding_programs.get(program, program)
        if player == program:
            return mask
        playable = pitch_mask(player, self.limits.scale, self.limits.shift)
        both = mask & playable
        return both if both.sum() >= 12 else playable

    def _left(self, row: list[int]) -> int:
        return self.grid.bar_starts[-1] - self._now(row)


def limits_of(
    grid: HarmonicGrid, programs: frozenset[int], shift: int, first_step: int = 0, scale: frozenset[int] = frozenset()
) -> Limits:
    """Returns the limits of an accompaniment by these program ids, all of which shall play, in a scale where one is given."""
    return Limits(
        bars=len(grid.signatures),
        last_positions=0,
        bar_positions=0,
        signature=0,
        tempo=0,
        first_step=first_step,
        programs=programs,
        asked=programs,
        scale=scale,
        shift=shift,
    )
