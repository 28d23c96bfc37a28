"""Continues music with an LSTM that plays the piano, note by note or chord by chord; the end is a chord on the tonic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from checkpoints.loading import Checkpoint
from models.lstm import LSTMDecoder
from models.note_writing import HeadWriter, NoteWriter
from music.theory import ALL_KEYS
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, MAX_STEP, Octuple, StepField
from music.tokens.conditions import Conditions, measure_key
from music.tokens.piano import PIANO, ChordVocabulary, piano_rows
from pipelines.decoding.constraints import END, GenerationState, Limits, MonophonicState
from pipelines.decoding.continuation import ContinuationSampler
from pipelines.decoding.sampler import FIELDS

PROMPT_NOTES = 256  # the latest notes of the kept music that are read: two segments of training
SHORTEST_CLOSE = tokens.POSITIONS_PER_QUARTER  # of the last chord: a quarter note. By ear, not measured.
HEARD_NOTES = 16  # the latest notes, between whose lowest and highest the last chord lies. By ear, not measured.
BASSES, TREBLES = range(36, 60), range(55, 85)  # pitches of the last chord's bass, and of what lies above. By ear.

Closings = tuple[tuple[int, ...], ...]
"""Chords, their pitches rising."""


@dataclass
class PianoState(GenerationState):
    """One variant as a piano plays it, with a last chord after what the model writes.

    Attributes:
        whole: the limits with the last chord.
        before: step rows of the kept music, to hear the key in.
        closings: chords with which it may end, of a tonic and a mode.
    """

    whole: Limits | None = None
    before: Sequence[list[int]] = ()
    closings: Callable[[int, bool], Closings] | None = None

    def write(self, row: list[int]) -> None:
        """Takes one note, or the end: then the last chord joins the rows."""
        super().write(row)
        if self.finished and self.whole is not None and self.closings is not None:
            self.rows.extend(self._last_chord(self.whole, self.closings))
            self.limits = self.whole

    def _last_chord(self, whole: Limits, closings: Callable[[int, bool], Closings]) -> list[list[int]]:
        """Returns the step rows of a chord from the end of what is written to the end of all."""
        heard = np.array([*self.before, *self.rows])
        key = ALL_KEYS[measure_key(tokens.from_steps(heard)) or 0]
        pitches = heard[-HEARD_NOTES:, StepField.PITCH] - FIRST
        low, high = int(pitches.min()), int(pitches.max())
        chord = min(
            closings(key.tonic, key.mode == "minor"), key=lambda one: (abs(one[0] - low) + abs(one[-1] - high), one)
        )
        start = _positions(self.limits)
        bar, position = divmod(start, whole.bar_positions)
        left = _positions(whole) + whole.off_grid - start
        durations = tokens.vocabulary().durations
        fields = dict(zip(StepField, self.rows[-1], strict=True)) | {
            StepField.STEP: FIRST + bar - self.bar,
            StepField.POSITION: FIRST + position,
            StepField.DURATION: FIRST + min(int(np.searchsorted(durations, left)), len(durations) - 1),
            StepField.VELOCITY: round(float(heard[-HEARD_NOTES:, StepField.VELOCITY].mean())),
        }
        rows = [list((fields | {StepField.PITCH: FIRST + pitch}).values()) for pitch in chord]
        for row in rows[1:]:
            row[StepField.STEP] = FIRST
        return rows


@dataclass
class ChordState(PianoState):
    """The same of a model of chords: a row that it takes holds a chord, and becomes one row for each of its notes."""

    vocabulary: ChordVocabulary = field(default_factory=lambda: ChordVocabulary(()))

    fallback = MonophonicState.fallback

    def allowed(self, field: int, row: list[int]) -> np.ndarray:
        """Returns the mask of one field; of the pitch, which chords can be played."""
        mask = super().allowed(field, row)
        if field != StepField.PITCH:
            return mask
        playable = mask[FIRST : FIRST + 128]
        found = np.zeros(FIRST + len(self.vocabulary.chords), dtype=bool)
        found[FIRST:] = ~(self.vocabulary.members & ~playable).any(axis=1)
        return found

    def any_id(self, field: int) -> np.ndarray:
        """Returns the mask of one id of a field, whichever."""
        if field != StepField.PITCH:
            return super().any_id(field)
        return np.arange(FIRST + len(self.vocabulary.chords)) == FIRST

    def in_order(self, row: list[int]) -> bool:
        """Returns whether a row begins after the one before."""
        if not self.rows or row[StepField.STEP] != FIRST:
            return True
        return row[StepField.POSITION] > self.rows[-1][StepField.POSITION]

    def write(self, row: list[int]) -> None:
        """Takes a chord, or the end."""
        for note in [row] if row[StepField.STEP] == END else self.vocabulary.write(row):
            super().write(note)


class PianoSampler(ContinuationSampler):
    """Samples what a plan asks for, as a piano plays it. Its attribute ``limits`` counts the last chord."""

    def _writer(self, checkpoint: Checkpoint, passes: Sequence[Conditions]) -> NoteWriter:
        model = checkpoint.model
        self._chords = ChordVocabulary.from_table(model.chord_pitches.numpy()) if model.config.chords else None
        return HeadWriter(model.head, LSTMDecoder(model))

    def _read_prompt(self) -> None:
        """Reads the end of the kept music, all of it on the piano."""
        rows = piano_rows(self.plan.rows)[-PROMPT_NOTES:]
        bar = rows[:, Octuple.BAR].astype(np.int64) - FIRST
        self.first_step = min(self.plan.first_bar - int(bar[-1]), MAX_STEP) if len(rows) else 0
        self._before = tokens.to_steps(rows, first_bar=int(bar[0]) if len(rows) else 0).astype(np.int64)
        read = self._before if self._chords is None else self._chords.read(self._before)
        self.writer.read(np.concatenate([np.full((1, FIELDS), BOS), read])[None])

    def _resolve_limits(self) -> None:
        """Sets the limits likewise; where the time is in seconds, the end is held to the tick."""
        super()._resolve_limits()
        self.limits = replace(self.limits, programs=frozenset({PIANO}), asked=frozenset())
        if self.options.seconds is not None and self.plan.tempo_bpm:
            exact = self.options.seconds * self.plan.tempo_bpm / 60 * tokens.POSITIONS_PER_QUARTER
            self.limits = replace(self.limits, off_grid=exact - _positions(self.limits))

    def _new_state(self, variant: int) -> PianoState:
        limits, before = before_last_chord(self.limits), self._before.tolist()
        if self._chords is None:
            return PianoState(limits, whole=self.limits, before=before, closings=_closings)
        return ChordState(
            limits, whole=self.limits, before=before, closings=self._known_closings, vocabulary=self._chords
        )

    def _known_closings(self, tonic: int, minor: bool) -> Closings:
        """Returns the chords of the vocabulary that are tonic chords; the fullest kind that it has."""
        assert self._chords is not None
        triad = _triad(tonic, minor)
        found = [c for c in self._chords.chords if c[0] % 12 == tonic and {pitch % 12 for pitch in c} <= triad]
        kinds = [len({pitch % 12 for pitch in chord}) for chord in found]
        return tuple(chord for chord, kind in zip(found, kinds, strict=True) if kind == max(kinds))

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        self.writer.read(np.array(rows)[:, None])


def before_last_chord(whole: Limits) -> Limits:
    """Returns the limits of what comes before the last chord, which begins with the last bar that has room for it.

    Where all is a single bar, the chord begins in its middle.
    """
    total = _positions(whole)
    bars = max(0, total - SHORTEST_CLOSE) // whole.bar_positions
    if bars:
        return replace(whole, bars=bars, last_positions=whole.bar_positions)
    return replace(whole, bars=1, last_positions=max(1, min(total // 2, whole.bar_positions)))


def _positions(limits: Limits) -> int:
    return (limits.bars - 1) * limits.bar_positions + limits.last_positions


def _triad(tonic: int, minor: bool) -> set[int]:
    return {tonic, (tonic + (3 if minor else 4)) % 12, (tonic + 7) % 12}


def _closings(tonic: int, minor: bool) -> Closings:
    """Returns a bass on the tonic below a triad in each inversion."""
    above = [pitch for pitch in TREBLES if pitch % 12 in _triad(tonic, minor)]
    triads = zip(above, above[1:], above[2:], strict=False)
    basses = [pitch for pitch in BASSES if pitch % 12 == tonic]
    return tuple((bass, *triad) for triad in triads for bass in basses if bass < triad[0])
