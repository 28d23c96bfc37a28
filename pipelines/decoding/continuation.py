"""Continues music with a Transformer-XL: one note of every variant at a time, within the limits of a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import symusic
import torch

from checkpoints.loading import Checkpoint
from models.hinted.decoding import PAST_NOTES, HintedWriter
from models.hinted.transformer_xl import HintedTransformerXL
from models.note_writing import HeadWriter, NoteWriter, sample_fields, with_extra_fields
from models.sampling import Randomness
from models.transformer_xl_decoding import Decoder
from music.edit import NewNote
from music.errors import StudioError
from music.styles import STYLES, with_style
from music.theory import Key
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, DRUM_PITCH, FIRST, MAX_STEP, Octuple, StepField
from music.tokens.conditions import Conditions
from music.tokens.octuple import step_sizes
from pipelines.decoding.constraints import GenerationState, Limits, MonophonicState
from pipelines.decoding.repetition import RepetitionGuard, profile_of
from pipelines.decoding.sampler import ATTEMPTS, FIELDS, NoteSampler
from pipelines.decoding.tonality import TonalPull
from pipelines.options.generate import GenerateOptions

# Those that the model may choose of itself. By ear, not measured.
COMMON_SIGNATURES = ((4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (9, 8), (12, 8))
# The least that is read of the kept music, however short the memory; a guess, not measured.
PROMPT_NOTES = 64


@dataclass(frozen=True)
class ContinuationPlan:
    """What a call is to write after the music that is kept, once options and input are brought together.

    Attributes:
        base: the score that is kept, cut after the last kept bar.
        start_tick: where the new part begins.
        first_bar: the number of that bar.
        signature: (numerator, denominator) of the new part; None for the model to choose.
        tempo_bpm: of the new part; None for the model to choose.
        conditions: the prefix that the model gets.
        asked: program ids that were asked for: they alone may play, and all of them shall.
        present: program ids of the kept music, which alone may play if none were asked for; empty for any.
        key: of the new part, if it is asked for or must be kept.
        shift: semitones from how the music sounds to C major or A minor, where the model reads and writes.
        rows: octuples of the kept music, moved by that.
        remarks: what the user should know of it.
        held: locked notes that sound in the new part, as ``music.edit_notes.hold`` takes them.
    """

    base: symusic.Score
    start_tick: int
    first_bar: int
    signature: tuple[int, int] | None
    tempo_bpm: float | None
    conditions: Conditions
    asked: frozenset[int]
    present: frozenset[int]
    key: Key | None
    shift: int
    rows: np.ndarray
    remarks: tuple[str, ...] = ()
    held: tuple[NewNote, ...] = ()


class ContinuationSampler(NoteSampler):
    """Samples what a plan asks for.

    Args:
        checkpoint: the model.
        plan: what to write.
        options: how to choose.
    """

    limits: Limits

    def __init__(self, checkpoint: Checkpoint, plan: ContinuationPlan, options: GenerateOptions):
        self.options, self.plan = options, plan
        wished, plain = plan.conditions, plan.conditions.without_preferences()
        self.guidance = options.guidance if wished != plain or options.style else 0.0
        self.top_p, self.top_k = options.top_p, options.top_k
        self._hinted = isinstance(checkpoint.model, HintedTransformerXL)
        self._extra_sizes = checkpoint.model.config.extra_sizes
        self.randomness = Randomness(options.seed, options.variants, ATTEMPTS * FIELDS)
        overall = options.temperature
        notes, rhythm = overall * options.temperature_notes, overall * options.temperature_durations
        self.temperatures = (
            rhythm, overall, overall, rhythm, overall * options.temperature_instruments, notes, rhythm, overall
        )  # fmt: skip
        self.writer = self._writer(checkpoint, [wished, plain] if self.guidance > 0 else [wished])
        self._read_prompt()
        self._resolve_limits()
        self.writer.select([0] * options.variants)
        self.variants = [self._new_state(number) for number in range(options.variants)]

    def _new_state(self, variant: int) -> GenerationState:
        """Returns where a variant stands before its first note."""
        kind = MonophonicState if self.limits.monophonic else GenerationState
        return kind(self.limits, repetition=self._guard(variant), tonality=self._pull())

    def _writer(self, checkpoint: Checkpoint, passes: Sequence[Conditions]) -> NoteWriter:
        """Returns what reads and writes the notes of one piece, once with each of these conditions."""
        if not self._hinted:
            if self.options.style or self.options.novelty != GenerateOptions.novelty:
                knows = "knows no styles" if self.options.style else "cannot be held to new ideas, or to its own"
                raise StudioError(
                    f"The checkpoint '{checkpoint.entry.name}' {knows}. Leave that out, or choose another checkpoint."
                )
            plain = torch.from_numpy(np.stack([one.prefix() for one in passes]))
            decoder = Decoder(checkpoint.model, plain, self.options.memory)
            return HeadWriter(checkpoint.model.head, decoder, len(passes))
        styles = (self.options.style, None)
        prefix = np.stack([with_style(one.prefix(), style) for one, style in zip(passes, styles, strict=False)])
        asked = tuple(FIRST + program for program in passes[0].programs or ())
        return HintedWriter(checkpoint.model, prefix, asked, self.options.memory)

    def _guard(self, variant: int) -> RepetitionGuard | None:
        """Returns what keeps a variant from repeating itself more than it should; None where the model cannot be kept."""
        if not self._hinted or not self.options.temperature:  # else the likeliest would not always be taken
            return None
        genre = self.options.genre or (STYLES[self.options.style] if self.options.style else None)
        guard = RepetitionGuard(profile_of(genre), self.options.novelty, self.options.seed * 1009 + variant)
        rows = self.plan.rows[-PAST_NOTES:]
        bars = rows[:, Octuple.BAR].astype(int) - FIRST - self.plan.first_bar  # those to be written count from 0 on
        guard.read(bars.tolist(), map(tuple, rows[:, [Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH]].tolist()))
        return guard

    def _pull(self) -> TonalPull | None:
        """Returns what keeps a variant in its key and lets it end on the tonic; None for a model of the first generation."""
        if not self._hinted:
            return None
        pull = TonalPull(self.plan.key, self.plan.shift, step_sizes()[StepField.PITCH])
        rows = self.plan.rows[-PAST_NOTES:]
        lengths = tokens.vocabulary().durations[rows[:, Octuple.DURATION] - FIRST] / tokens.POSITIONS_PER_QUARTER
        for pitch, length in zip(rows[:, Octuple.PITCH].tolist(), lengths.tolist(), strict=True):
            if pitch < DRUM_PITCH:
                pull.add(pitch, length)
        return pull

    def _read_prompt(self) -> None:
        """Reads the kept music, as much of it as can reach the notes to be written."""
        plan = self.plan
        rows = plan.rows[-(PAST_NOTES if self._hinted else max(PROMPT_NOTES, 2 * self.options.memory)) :]
        bar = rows[:, Octuple.BAR].astype(np.int64) - FIRST
        self.first_step = min(plan.first_bar - int(bar[-1]), MAX_STEP) if len(rows) else 0
        prompt = np.zeros((len(rows) + 1, FIELDS), dtype=np.int64)
        prompt[0] = BOS
        prompt[1:] = tokens.to_steps(rows, first_bar=int(bar[0]) if len(rows) else 0)
        bars = self.options.bars
        if not bars and plan.signature and plan.tempo_bpm:
            bars, _, _ = length(self.options, plan.signature, plan.tempo_bpm)
        # How many bars so many seconds are depends on what the model chooses: then it is not told how many are left.
        bar = np.append(bar[:1] if len(rows) else plan.first_bar, bar)  # with the mark of the beginning
        left = plan.first_bar + bars - bar if bars else np.zeros_like(bar)
        self.writer.read(with_extra_fields(prompt, left, bar, self._extra_sizes)[None])

    def _resolve_limits(self) -> None:
        """Sets the limits; the model chooses signature and tempo where neither options nor input say."""
        plan, vocab, numbers = self.plan, tokens.vocabulary(), self.randomness.step()
        known = {
            StepField.STEP: FIRST + self.first_step,
            StepField.SIGNATURE: plan.signature and signature_id(plan.signature),
            StepField.TEMPO: plan.tempo_bpm and tempo_id(plan.tempo_bpm),
        }

        def choose(field: int, rows: Sequence[list[int]], logits_of: Callable[[], np.ndarray]) -> np.ndarray:
            if value := known[StepField(field)]:
                return np.array([value])
            logits = logits_of()[0]  # the first variant chooses for all: they are versions of one piece
            real = np.arange(logits.shape[1])[None] >= FIRST
            if field == StepField.SIGNATURE:  # what is rare may be asked for, but is no good surprise
                real = np.isin(np.arange(logits.shape[1]), [signature_id(s) for s in COMMON_SIGNATURES])[None]
            return self._sample(field, logits, numbers[field, :1], real)

        chosen: list[int] = []
        self.writer.begin([0])
        sample_fields(self.writer, tuple(known), [0], [chosen], choose)
        signature = vocab.signatures[chosen[StepField.SIGNATURE] - FIRST]
        tempo = plan.tempo_bpm or float(vocab.tempos[chosen[StepField.TEMPO] - FIRST])
        self.plan = replace(plan, signature=signature, tempo_bpm=tempo)
        bars, last, whole = length(self.options, signature, tempo)
        scale = plan.key.scale if plan.key and self.options.stay_in_key else frozenset()
        self.limits = Limits(
            bars=bars,
            last_positions=last,
            bar_positions=whole,
            signature=chosen[StepField.SIGNATURE],
            tempo=chosen[StepField.TEMPO],
            first_step=self.first_step,
            programs=plan.asked or plan.present,
            asked=plan.asked,
            scale=scale,
            shift=plan.shift,
            monophonic=self.options.monophonic,
            pitched_first=self._hinted,
            moving=self._hinted,
        )

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        left = np.array([variant.bars_left for variant in variants])
        bars = np.array([self.plan.first_bar + variant.bar for variant in variants])
        self.writer.read(with_extra_fields(np.array(rows), left, bars, self._extra_sizes)[:, None])


def length(options: GenerateOptions, signature: tuple[int, int], tempo_bpm: float) -> tuple[int, int, int]:
    """Returns how many bars to write, the usable positions of the last one, and the positions of a whole one."""
    whole = tokens.POSITIONS_PER_QUARTER * 4 * signature[0] // signature[1]
    if options.bars:
        return options.bars, whole, whole
    assert options.seconds is not None, "options give bars or seconds"
    positions = max(1, round(options.seconds * tempo_bpm / 60 * tokens.POSITIONS_PER_QUARTER))
    return -(-positions // whole), (positions - 1) % whole + 1, whole


def tempo_id(tempo_bpm: float) -> int:
    """Returns the id of the nearest tempo."""
    return FIRST + int(np.abs(np.log(tokens.vocabulary().tempos / tempo_bpm)).argmin())


def signature_id(signature: tuple[int, int]) -> int:
    """Returns the id of a signature, of one of the same length, or of 4/4."""
    known = tokens.vocabulary().signatures
    if signature in known:
        return FIRST + known.index(signature)
    same = [number for number, (n, d) in enumerate(known) if n * signature[1] == signature[0] * d]
    return FIRST + (same[0] if same else known.index((4, 4)))
