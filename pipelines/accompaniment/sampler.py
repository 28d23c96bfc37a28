"""Writes accompaniments with the sequence-to-sequence Transformer: freely, or to a timetable of beats or voices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from models.field_decoding import FieldDecoder
from models.sampling import Randomness, sample
from models.seq2seq_decoding import Seq2SeqDecoder
from music.chords import Chord
from music.tokens import accompaniment
from music.tokens import octuple as tokens
from music.tokens.columns import BOS, FIRST, STEP_FIELDS, Octuple, StepField
from pipelines.accompaniment.constraints import Following
from pipelines.accompaniment.request import Commission
from pipelines.decoding.constraints import (
    GenerationState,
)
from pipelines.decoding.sampler import ATTEMPTS, NoteSampler
from pipelines.options import HarmonizeOptions

FIELDS = len(STEP_FIELDS)
CONTEXT_NOTES = 256  # of the accompaniment before, at most
CONTEXT_BARS = 16


class Score:
    """What the model reads of one variant: the melody and a chord a beat, and the accompaniment before.

    Args:
        asked: the commission.
        chords: of each beat, as it sounds; None where it is not known.
    """

    def __init__(self, asked: Commission, chords: Sequence[Chord | None]):
        beats = accompaniment.with_known(asked.beats, chords)
        rows = accompaniment.move(np.concatenate([asked.lead, beats]), asked.shift)
        rows = rows[accompaniment.in_order(rows)]
        self.given = tokens.to_steps(rows, int(rows[0, Octuple.BAR]) - FIRST).astype(np.int64)
        self.times = accompaniment.onsets(rows, asked.starts)


def context(kept: np.ndarray, first: int) -> np.ndarray:
    """Returns those of the octuples in order that stand in the bars just before ``first``."""
    bars = kept[:, Octuple.BAR].astype(np.int64) - FIRST
    return kept[(bars < first) & (bars >= first - CONTEXT_BARS)]


def before(
    asked: Commission, kept: np.ndarray, first: int, most: int = CONTEXT_NOTES
) -> tuple[np.ndarray, np.ndarray, int]:
    """Returns what the decoder reads before it writes: rows [1 + notes, 8], their onsets, and the bar of the last.

    Args:
        asked: the commission.
        kept: octuples of the accompaniment, as the model writes them.
        first: the bar that is written first.
        most: how many notes to read.
    """
    rows = context(kept, first)
    rows = rows[max(0, len(rows) - most) :]
    start = int(rows[0, Octuple.BAR]) - FIRST if len(rows) else first
    steps = np.concatenate([np.full((1, FIELDS), BOS), tokens.to_steps(rows, start)]).astype(np.int64)
    times = np.concatenate([[asked.starts[start]], accompaniment.onsets(rows, asked.starts)])
    return steps, times, int(rows[-1, Octuple.BAR]) - FIRST if len(rows) else first


class Accompanist(NoteSampler):
    """Writes the notes of a bass, a piano or a band over some bars.

    Args:
        checkpoint: the model.
        asked: the commission.
        scores: what each variant reads.
        kept: of each variant, octuples of the accompaniment before, as the model writes them.
        variants: where each stands; the first bar of their frames is ``first_bar``.
        first_bar: the bar that is written first.
        options: how to choose.
        randomness: draws.
    """

    @torch.inference_mode()
    def __init__(
        self,
        checkpoint: Checkpoint,
        asked: Commission,
        scores: Sequence[Score],
        kept: Sequence[np.ndarray],
        variants: list[Following],
        first_bar: int,
        options: HarmonizeOptions,
        randomness: Randomness,
    ):
        self.variants, self.randomness, self.first_bar, self.starts = variants, randomness, first_bar, asked.starts
        self.top_p, self.top_k = options.top_p, options.top_k
        overall = options.temperature
        notes, rhythm = overall * options.temperature_notes, overall * options.temperature_rhythm
        self.temperatures = (rhythm, overall, overall, rhythm, overall, notes, rhythm, overall)
        self.head = FieldDecoder(checkpoint.model.head)
        most = min(CONTEXT_NOTES, *(len(context(rows, first_bar)) for rows in kept))  # as many of each variant
        read = [before(asked, rows, first_bar, most)[:2] for rows in kept]
        self.decoder, self.output, self.last = begin(checkpoint, asked, options.style, scores, read)

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        times = [
            self.starts[self.first_bar + w.bar] + row[StepField.POSITION] - FIRST
            for w, row in zip(variants, rows, strict=True)
        ]
        self.last = torch.tensor(rows)
        self.output = self.decoder.read(self.last[:, None], torch.tensor(times)[:, None])


def begin(
    checkpoint: Checkpoint,
    asked: Commission,
    style: str,
    scores: Sequence[Score],
    read: Sequence[tuple[np.ndarray, np.ndarray]],
    complexity: str | None = None,
) -> tuple[Seq2SeqDecoder, torch.Tensor, torch.Tensor]:
    """Returns a decoder that has read what comes before, its output [variants, width] and the notes read last.

    Args:
        checkpoint: the model.
        asked: the commission.
        style: one of HARMONIES.
        scores: what each variant reads.
        read: rows and onsets that each variant has written before; as many in each.
        complexity: of the chords, if they are to be written.
    """
    given, times = (
        torch.from_numpy(np.stack([getattr(s, n) for s in scores])).contiguous() for n in ("given", "times")
    )
    prefix = torch.from_numpy(asked.wishes(style, complexity)).repeat(len(scores), 1)
    decoder = Seq2SeqDecoder(checkpoint.model, given, times, prefix)
    rows, onsets = (torch.from_numpy(np.stack(part)).contiguous() for part in zip(*read, strict=True))
    return decoder, decoder.read(rows, onsets), rows[:, -1]


class Timetable:
    """Writes rows whose place and player are known before: the chord of each beat, or the next note of each voice.

    Args:
        checkpoint: the model.
        asked: the commission.
        style: "chords" or "chorale".
        scores: what each variant reads.
        read: rows and onsets that each variant has written before; as many in each.
        temperature: divides the logits.
        options: cut-offs and complexity.
        randomness: draws FIELDS numbers a step.
    """

    @torch.inference_mode()
    def __init__(
        self,
        checkpoint: Checkpoint,
        asked: Commission,
        style: str,
        scores: Sequence[Score],
        read: Sequence[tuple[np.ndarray, np.ndarray]],
        temperature: float,
        options: HarmonizeOptions,
        randomness: Randomness,
    ):
        self.head, self.randomness, self.temperature = FieldDecoder(checkpoint.model.head), randomness, temperature
        self.top_p, self.top_k = options.top_p, options.top_k
        complexity = options.complexity if style == "chords" else None
        self.decoder, self.output, self.last = begin(checkpoint, asked, style, scores, read, complexity)

    def select(self, places: list[int]) -> None:
        """Goes on with these of the variants alone."""
        self.decoder.select(places)
        self.output, self.last = self.output[places], self.last[places]

    @torch.inference_mode()
    def write(self, entries: Sequence[Entry], times: Sequence[int], numbers: np.ndarray) -> list[list[int]]:
        """Returns one row a variant and reads it.

        Args:
            entries: what is known of each row, and what may be chosen.
            times: their onsets.
            numbers: [FIELDS, variants] random numbers.
        """

        def choose(field: int, rows: Sequence[list[int]], logits_of: Callable[[], torch.Tensor]) -> np.ndarray:
            fixed = [entry.known(field, row) for entry, row in zip(entries, rows, strict=True)]
            if None not in fixed:
                return np.array(fixed)
            logits = logits_of().numpy().copy()
            masks = []
            for entry, row, value, scores in zip(entries, rows, fixed, logits, strict=True):
                if value is None:
                    masks.append(entry.allowed(field, row, scores))
                else:
                    masks.append(np.arange(len(scores)) == value)
            return sample(logits, numbers[field], np.array(masks), self.temperature, self.top_p, self.top_k)

        rows: list[list[int]] = [[] for _ in entries]
        self.head.sample_fields(range(FIELDS), self.head.start(self.output, self.last), rows, choose)
        self.last = torch.tensor(rows)
        self.output = self.decoder.read(self.last[:, None], torch.tensor(times)[:, None])
        return rows


class Entry:
    """What is known of a row on a timetable, and what may be chosen."""

    def known(self, field: int, row: list[int]) -> int | None:
        """Returns the id of a field that is known, the fields before it in this row being written."""
        raise NotImplementedError

    def allowed(self, field: int, row: list[int], scores: np.ndarray) -> np.ndarray:
        """Returns which ids [ids] of a field may be chosen; may move its logits [ids] in place."""
        raise NotImplementedError


def draws(options: HarmonizeOptions, purpose: int, drafts: int = 1) -> Randomness:
    """Returns the random numbers of a stage; each stage has its own, whatever the others draw."""
    return Randomness(options.seed + (purpose << 40), options.variants * drafts, ATTEMPTS * FIELDS, block=64)
