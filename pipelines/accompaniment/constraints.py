"""What may be written next in an accompaniment: the rules of ``GenerationState``, and chords, bars and an end to follow."""

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

BASS_RETURNS = 0.75  # to the logit of a bass, times the square of the quarter notes for which it is silent
TO_BASS = 3.0  # to the logit of a chord's bass, where a bass line meets a new chord
FROM_FOREIGN = {True: 2.5, False: 1.5}  # off the logit of a pitch foreign to a chord that was typed, or was not


@dataclass(frozen=True)
class Frame:
    """What an accompaniment follows, over the bars that are written; pitches as the model writes them.

    Attributes:
        starts: the position at which each bar begins, and where the last ends, from the first bar's start.
        signatures, tempos: ids of each bar.
        beats: the position at which each beat begins, and where the last ends.
        chords: of each beat; None where there is none to follow.
        typed: whether the chords were typed.
        bass_line: program ids that play the bass.
        players: the program id that sounds where the model writes another one.
    """

    starts: tuple[int, ...]
    signatures: tuple[int, ...]
    tempos: tuple[int, ...]
    beats: tuple[int, ...]
    chords: tuple[Chord | None, ...]
    typed: bool
    bass_line: frozenset[int]
    players: Mapping[int, int]

    def beat_at(self, position: int) -> int:
        """Returns the beat that a position lies in."""
        return max(0, int(np.searchsorted(self.beats, position, side="right")) - 1)

    def rings(self, position: int, pitch: int) -> int:
        """Returns for how many positions a pitch id may sound from a position on.

        That is as long as it belongs to the chords. A foreign one may pass within less than a beat.
        """
        beat = self.beat_at(position)
        if not self._belongs(beat, pitch):
            return self.beats[beat + 1] - self.beats[beat] - 1
        while beat + 1 < len(self.chords) and self._belongs(beat + 1, pitch):
            beat += 1
        return self.beats[beat + 1] - position

    def foreign(self, position: int) -> np.ndarray | None:
        """Returns which pitch ids of 128 are foreign to the chord at a position, bool [128]; None if any goes."""
        tones = tones_of(self.chords[self.beat_at(position)])
        return None if tones is None else ~np.isin(np.arange(128) % 12, tones)

    def new_bass(self, position: int) -> int | None:
        """Returns the pitch class of the bass where a chord begins, None elsewhere."""
        beat = self.beat_at(position)
        chord = self.chords[beat]
        begins = self.beats[beat] == position and (
            beat == 0 or self.chords[beat - 1] != chord or position in self.starts
        )
        return chord.bass if begins and chord is not None and chord != NO_CHORD else None

    def _belongs(self, beat: int, pitch: int) -> bool:
        tones = tones_of(self.chords[beat])
        return tones is None or (pitch - FIRST) % 12 in tones


def tones_of(chord: Chord | None) -> list[int] | None:
    """Returns the pitch classes of a chord; None if there is none to follow."""
    return None if chord is None or chord == NO_CHORD else list(chord.tones)


@dataclass
class Following(GenerationState):
    """One variant of an accompaniment as it is written.

    Attributes:
        frame: what it follows.
    """

    frame: Frame = field(kw_only=True)

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
            ids = self.frame.signatures if name == StepField.SIGNATURE else self.frame.tempos
            value = ids[self._bar_of(row)]
            return span(name, value, value + 1)
        if name == StepField.DURATION and row[StepField.PROGRAM] != DRUM_PROGRAM:
            room = min(self._left(row), self.frame.rings(self._now(row), row[StepField.PITCH]))
            fitting = int(np.searchsorted(vocabulary().durations, room, side="right"))
            return span(StepField.DURATION, FIRST, FIRST + max(1, fitting))
        return super().allowed(name, row)

    def bias_logits(self, name: int, row: list[int], scores: np.ndarray) -> None:
        """Moves the logits of one field, as ``GenerationState.bias_logits``: pitches lean towards the chord."""
        super().bias_logits(name, row, scores)
        if name == StepField.PROGRAM:
            for program, quarters in self.silence(row).items():
                if program in self.frame.bass_line:  # a band whose bass pauses has no ground
                    scores[program] += BASS_RETURNS * quarters**2
        if row[:1] == [END] or name != StepField.PITCH or row[StepField.PROGRAM] == DRUM_PROGRAM:
            return
        now = self._now(row)
        if (foreign := self.frame.foreign(now)) is not None:
            scores[FIRST : FIRST + 128][foreign] -= FROM_FOREIGN[self.frame.typed]
        if row[StepField.PROGRAM] in self.frame.bass_line and (bass := self.frame.new_bass(now)) is not None:
            scores[FIRST : FIRST + 128][np.arange(128) % 12 == bass] += TO_BASS

    def _now(self, row: list[int]) -> int:
        return self._time(self._bar_of(row), row[StepField.POSITION])

    def _time(self, bar: int, position: int) -> int:
        return self.frame.starts[bar] + position - FIRST

    def _positions(self, bar: int) -> int:
        return self.frame.starts[bar + 1] - self.frame.starts[bar]

    def _pitches(self, program: int) -> np.ndarray:
        mask, player = super()._pitches(program), self.frame.players.get(program, program)
        if player == program:
            return mask
        playable = pitch_mask(player, self.limits.scale, self.limits.shift)
        both = mask & playable
        return both if both.sum() >= 12 else playable

    def _left(self, row: list[int]) -> int:
        return self.frame.starts[-1] - self._now(row)


def limits_of(frame: Frame, programs: frozenset[int], shift: int, first_step: int = 0) -> Limits:
    """Returns the limits of an accompaniment by these program ids, all of which shall play."""
    return Limits(
        bars=len(frame.signatures),
        last_positions=0,
        bar_positions=0,
        signature=0,
        tempo=0,
        first_step=first_step,
        programs=programs,
        asked=programs,
        shift=shift,
    )
