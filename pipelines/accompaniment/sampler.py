"""Samples accompaniments from the sequence-to-sequence Transformer: freely, or row by row on a schedule of beats or voices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from models.note_writing import HeadWriter, sample_fields
from models.sampling import Randomness, sample
from models.seq2seq_decoding import Seq2SeqDecoder
from music.chords import Chord
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, STEP_FIELDS, Octuple, StepField
from pipelines.accompaniment.constraints import ChordConstraints
from pipelines.accompaniment.request import AccompanimentRequest
from pipelines.decoding.constraints import GenerationState
from pipelines.decoding.sampler import ATTEMPTS, NoteSampler
from pipelines.options.harmonize import HarmonizeOptions

FIELDS = len(STEP_FIELDS)
# How much of the accompaniment before the decoder reads: the bars of an example in training and rather less than its 320
# notes (training/recipes/harmonize-small.toml).
CONTEXT_NOTES = 256
CONTEXT_BARS = 16


class EncoderInput:
    """What the model reads of one variant: the melody and a chord a beat, in order.

    Attributes:
        given: int64 [rows, fields] as step rows.
        times: int64 [rows] their onsets.
    """

    def __init__(self, request: AccompanimentRequest, chords: Sequence[Chord | None]):
        """Lays out what is read.

        Args:
            request: the request.
            chords: of each beat, as it sounds; None where it is not known.
        """
        beats = accompaniment.with_known(request.grid.beat_rows, chords)
        rows = accompaniment.move(np.concatenate([request.lead, beats]), request.shift)
        rows = rows[accompaniment.in_order(rows)]
        self.given = tokens.to_steps(rows, int(rows[0, Octuple.BAR]) - FIRST).astype(np.int64)
        self.times = accompaniment.onsets(rows, request.grid.bar_starts)


def context_rows(existing: np.ndarray, first: int) -> np.ndarray:
    """Returns those of the octuples in order that stand in the bars just before ``first``."""
    bars = existing[:, Octuple.BAR].astype(np.int64) - FIRST
    return existing[(bars < first) & (bars >= first - CONTEXT_BARS)]


def decoder_context(
    request: AccompanimentRequest, existing: np.ndarray, first: int, most: int = CONTEXT_NOTES
) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns what the decoder reads before it writes: rows [1 + notes, 8], their onsets, and the bar of the last.

    Args:
        request: the request.
        existing: octuples of the accompaniment, as the model writes them.
        first: the bar that is written first.
        most: how many notes to read.
    """
    rows, starts = context_rows(existing, first), request.grid.bar_starts
    rows = rows[max(0, len(rows) - most) :]
    start = int(rows[0, Octuple.BAR]) - FIRST if len(rows) else first
    steps = np.concatenate([np.full((1, FIELDS), BOS), tokens.to_steps(rows, start)]).astype(np.int64)
    times = np.concatenate([[starts[start]], accompaniment.onsets(rows, starts)])
    return steps, times, int(rows[-1, Octuple.BAR]) - FIRST if len(rows) else first


class AccompanimentSampler(NoteSampler):
    """Samples the notes of a bass, a piano or a band over some bars.

    Args:
        checkpoint: the model.
        request: the request.
        inputs: what each variant reads.
        existing: of each variant, octuples of the accompaniment before, as the model writes them.
        variants: where each stands; the first bar of their grids is ``first_bar``.
        first_bar: the bar that is written first.
        options: how to choose.
        randomness: draws.
    """

    writer: HeadWriter

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: AccompanimentRequest,
        inputs: Sequence[EncoderInput],
        existing: Sequence[np.ndarray],
        variants: list[ChordConstraints],
        first_bar: int,
        options: HarmonizeOptions,
        randomness: Randomness,
    ):
        self.variants, self.randomness = variants, randomness
        self.first_bar, self.bar_starts = first_bar, request.grid.bar_starts
        self.top_p, self.top_k = options.top_p, options.top_k
        overall = options.temperature
        notes, rhythm = overall * options.temperature_notes, overall * options.temperature_rhythm
        self.temperatures = (rhythm, overall, overall, rhythm, overall, notes, rhythm, overall)
        most = min(CONTEXT_NOTES, *(len(context_rows(rows, first_bar)) for rows in existing))  # as many of each variant
        contexts = [decoder_context(request, rows, first_bar, most)[:2] for rows in existing]
        self.writer = started_writer(checkpoint, request, options.style, inputs, contexts)

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        times = [
            self.bar_starts[self.first_bar + w.bar] + row[StepField.POSITION] - FIRST
            for w, row in zip(variants, rows, strict=True)
        ]
        self.writer.read(np.array(rows)[:, None], np.array(times)[:, None])


def started_writer(
    checkpoint: Checkpoint,
    request: AccompanimentRequest,
    style: str,
    inputs: Sequence[EncoderInput],
    contexts: Sequence[tuple[np.ndarray, np.ndarray]],
    complexity: str | None = None,
) -> HeadWriter:
    """Returns a writer that has read what comes before.

    Args:
        checkpoint: the model.
        request: the request.
        style: one of HARMONIES.
        inputs: what each variant reads.
        contexts: rows and onsets that each variant has written before; as many in each.
        complexity: of the chords, if they are to be written.
    """
    given, times = (
        torch.from_numpy(np.stack([getattr(one, name) for one in inputs])).contiguous() for name in ("given", "times")
    )
    prefix = torch.from_numpy(request.prefix(style, complexity)).repeat(len(inputs), 1)
    decoder = Seq2SeqDecoder(checkpoint.model, given, times, prefix)
    writer = HeadWriter(checkpoint.model.head, decoder)
    writer.read(*(np.stack(part) for part in zip(*contexts, strict=True)))
    return writer


class ScheduledSampler:
    """Samples rows whose place and player are known before: the chord of each beat, or the next note of each voice.

    Args:
        checkpoint: the model.
        request: the request.
        style: "chords" or "chorale".
        inputs: what each variant reads.
        contexts: rows and onsets that each variant has written before; as many in each.
        temperature: divides the logits.
        options: cut-offs and complexity.
        randomness: draws FIELDS numbers a step.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: AccompanimentRequest,
        style: str,
        inputs: Sequence[EncoderInput],
        contexts: Sequence[tuple[np.ndarray, np.ndarray]],
        temperature: float,
        options: HarmonizeOptions,
        randomness: Randomness,
    ):
        self.randomness, self.temperature = randomness, temperature
        self.top_p, self.top_k = options.top_p, options.top_k
        complexity = options.complexity if style == "chords" else None
        self.writer = started_writer(checkpoint, request, style, inputs, contexts, complexity)

    def select(self, places: list[int]) -> None:
        """Goes on with these of the variants alone."""
        self.writer.select(places)

    def write(self, scheduled: Sequence[ScheduledRow], times: Sequence[int], numbers: np.ndarray) -> list[list[int]]:
        """Returns one row a variant and reads it.

        Args:
            scheduled: what is known of each row, and what may be chosen.
            times: their onsets.
            numbers: [FIELDS, variants] random numbers.
        """

        def choose(field: int, rows: Sequence[list[int]], logits_of: Callable[[], np.ndarray]) -> np.ndarray:
            fixed = [one.known(field, row) for one, row in zip(scheduled, rows, strict=True)]
            if None not in fixed:
                return np.array(fixed)
            logits = logits_of()[0].copy()
            masks = []
            for one, row, value, scores in zip(scheduled, rows, fixed, logits, strict=True):
                masks.append(one.allowed(field, row, scores) if value is None else np.arange(len(scores)) == value)
            return sample(logits, numbers[field], np.array(masks), self.temperature, self.top_p, self.top_k)

        rows: list[list[int]] = [[] for _ in scheduled]
        pieces = range(len(rows))
        self.writer.begin(pieces)
        sample_fields(self.writer, range(FIELDS), pieces, rows, choose)
        self.writer.read(np.array(rows)[:, None], np.array(times)[:, None])
        return rows


class ScheduledRow:
    """What is known of a row before it is written, and what may be chosen."""

    def known(self, field: int, row: list[int]) -> int | None:
        """Returns the id of a field that is known, the fields before it in this row being written."""
        raise NotImplementedError

    def allowed(self, field: int, row: list[int], scores: np.ndarray) -> np.ndarray:
        """Returns which ids [ids] of a field may be chosen; may move its logits [ids] in place."""
        raise NotImplementedError


def stage_randomness(options: HarmonizeOptions, stage: int, drafts: int = 1) -> Randomness:
    """Returns the random numbers of a stage; each stage has its own, whatever the others draw."""
    return Randomness(options.seed + (stage << 40), options.variants * drafts, ATTEMPTS * FIELDS, block=64)
