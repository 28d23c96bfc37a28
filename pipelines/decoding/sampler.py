"""Samples notes from a model, one of every variant at a time, within the limits that each variant's state sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from models.note_writing import NoteWriter, sample_fields
from models.sampling import Randomness, sample
from music.tokens.columns import STEP_FIELDS, StepField
from pipelines.contract import paced
from pipelines.decoding.constraints import END, GenerationState

# How often a Step is yielded, in notes of each variant: about a bar of a band. By eye, not measured.
NOTES_PER_STEP = 12
# Fields that guidance acts on: what key, genre and density are heard by. By ear, not measured.
GUIDED = (StepField.POSITION, StepField.PITCH, StepField.DURATION)
# Proposals for a note until the bar counts as full. More are closer to the model's distribution and slower; not measured.
ATTEMPTS = 12
FIELDS = len(STEP_FIELDS)
# Temperature and top-p of notes that shall not repeat what stood bars ago: of settings that were measured on a model trained
# for thirty minutes, these left bars equal to the one before as rare as real music has them. And of notes that shall.
REPEATING_FIELDS = (StepField.STEP, StepField.POSITION, StepField.PROGRAM, StepField.PITCH)
FREE, SURE = (1.0, 0.95), (0.8, 0.9)


class NoteSampler:
    """Samples all variants side by side, a note of each at a time. Iterating yields now and then, for a look.

    A subclass sets these attributes, and reads what was written in ``_read``.

    Attributes:
        writer: reads and writes notes; what came before is read.
        randomness: of ATTEMPTS times the fields of a note per step.
        temperatures: one per field.
        top_p, top_k: as in ``sample``.
        guidance: how far to move away from what is read without the wishes; 0 if all is read once only.
        variants: where each variant stands.
    """

    writer: NoteWriter
    randomness: Randomness
    temperatures: tuple[float, ...]
    top_p: float = 1.0
    top_k: int = 0
    guidance: float = 0.0
    variants: Sequence[GenerationState]

    def __iter__(self) -> Iterator[None]:
        for _ in paced(self._run()):
            if not self.finished:  # else whoever iterates takes a last look anyway
                yield

    @property
    def finished(self) -> bool:
        """Whether all variants have ended."""
        return all(variant.finished for variant in self.variants)

    def _run(self) -> Iterator[None]:
        written = 0
        while not self.finished:
            self._sample_note()
            written += 1
            if written % NOTES_PER_STEP == 0:
                yield

    def _read(self, variants: Sequence[GenerationState], rows: list[list[int]]) -> None:
        """Reads the notes that were just written, one per variant."""
        raise NotImplementedError

    def _sample_note(self) -> None:
        """Writes one more note of every variant that is not finished."""
        live = [number for number, variant in enumerate(self.variants) if not variant.finished]
        variants, numbers = [self.variants[number] for number in live], self.randomness.step()[:, live]
        rows = self._propose(variants, numbers)
        going = [place for place, row in enumerate(rows) if row[StepField.STEP] != END]
        for place, variant in enumerate(variants):
            if place not in going:
                variant.write([END])
        if not going:
            return
        if len(going) < len(live):
            variants, rows, numbers = [variants[p] for p in going], [rows[p] for p in going], numbers[:, going]
        self._sample_fields((StepField.DURATION, StepField.VELOCITY), going, numbers, variants, rows)
        if len(going) < len(live):
            self.writer.select(going)
        for variant, row in zip(variants, rows, strict=True):
            variant.write(row)
        self._read(variants, rows)

    def _propose(self, variants: list[GenerationState], numbers: np.ndarray) -> list[list[int]]:
        """Returns rows up to the pitch that stand after the note before, or that begin with END.

        A proposal that does not is drawn anew, which samples from the model's own distribution over what may follow.
        (Hiding, field by field, what would be out of order does not: a note that belongs into the next bar would be
        squeezed in at the end of this one.) If none fits, the last decides: one that stands at once with the note
        before, in the wrong order, goes to a later position; one that stands before it leaves the bar.
        """
        rows: list[list[int]] = [[] for _ in variants]
        pending = list(range(len(variants)))
        for attempt in range(ATTEMPTS):
            drawn = numbers[attempt * FIELDS : (attempt + 1) * FIELDS, pending]
            proposing = [variants[place] for place in pending]
            fallbacks = None
            if attempt + 1 == ATTEMPTS:
                fallbacks = [variants[place].fallback(rows[place]) for place in pending]
            self.writer.begin(pending, [variant.fresh for variant in proposing])
            proposals: list[list[int]] = [[] for _ in pending]
            self._sample_fields(range(StepField.PITCH + 1), pending, drawn, proposing, proposals, fallbacks)
            for place, row in zip(pending, proposals, strict=True):
                rows[place] = row
            pending = [
                place
                for place, variant, row in zip(pending, proposing, proposals, strict=True)
                if row[StepField.STEP] != END and not variant.in_order(row)
            ]
            if not pending:
                break
        return rows

    def _sample_fields(
        self,
        fields: Sequence[int],
        pieces: Sequence[int],
        numbers: np.ndarray,
        variants: Sequence[GenerationState],
        rows: list[list[int]],
        fallbacks: list[tuple[int, int]] | None = None,
    ) -> None:
        """Samples some fields of a note of each variant; ids join the rows, in place.

        Args:
            fields: to be sampled, in their order.
            pieces: where the variants stand in the writer, which has begun their notes.
            numbers: [FIELDS, variants] random numbers.
            variants: where each stands.
            rows: ids so far; a row that has ended gets any.
            fallbacks: of each variant, the step id to take and the lowest position id; None to let the model choose.
        """

        def choose(field: int, rows: Sequence[list[int]], logits_of: Callable[[], np.ndarray]) -> np.ndarray:
            if fallbacks and field == StepField.STEP:
                return np.array([step for step, _ in fallbacks])
            allowed = _allowed(field, variants, rows)
            if fallbacks and field == StepField.POSITION:
                allowed &= np.arange(allowed.shape[1]) >= np.array([lowest for _, lowest in fallbacks])[:, None]
            if np.count_nonzero(allowed) == len(rows):  # there is no choice
                return allowed.argmax(axis=1)
            logits = self._guide(field, logits_of())
            for variant, row, scores in zip(variants, rows, logits, strict=True):
                if row[:1] != [END]:
                    variant.bias_logits(field, row, scores)
            return self._sample(field, logits, numbers[field], allowed, variants)

        sample_fields(self.writer, fields, pieces, rows, choose)

    def _guide(self, field: int, logits: np.ndarray) -> np.ndarray:
        """Returns logits [variants, ids] moved away from what the model would write without the wishes.

        Classifier-free guidance (Ho & Salimans 2022): with and without are read side by side.

        Args:
            field: which one.
            logits: [passes, variants, ids].
        """
        if len(logits) == 1:
            return logits[0]
        wished, plain = logits
        return wished + self.guidance * (wished - plain) if field in GUIDED else wished.copy()

    def _sample(
        self,
        field: int,
        logits: np.ndarray,
        numbers: np.ndarray,
        allowed: np.ndarray,
        variants: Sequence[GenerationState] = (),
    ) -> np.ndarray:
        """Returns an id of each row [rows, ids]; those of variants that are fresh or firm are drawn more freely or surely."""
        usual = (self.temperatures[field], self.top_p)
        if field not in REPEATING_FIELDS:
            return sample(logits, numbers, allowed, *usual, self.top_k)
        free, sure = (max(usual[0], FREE[0]), max(usual[1], FREE[1])), (min(usual[0], SURE[0]), min(usual[1], SURE[1]))
        settings = [free if variant.fresh else sure if variant.firm else usual for variant in variants]
        if all(one == usual for one in settings):
            return sample(logits, numbers, allowed, *usual, self.top_k)
        rows = (slice(number, number + 1) for number in range(len(logits)))
        drawn = [
            sample(logits[row], numbers[row], allowed[row], *one, self.top_k)
            for row, one in zip(rows, settings, strict=True)
        ]
        return np.concatenate(drawn)


def _allowed(field: int, variants: Sequence[GenerationState], rows: Sequence[list[int]]) -> np.ndarray:
    """Returns which ids of a field each variant may get, bool [variants, ids]; one, whichever, where a row has ended."""
    return np.array(
        [
            variant.any_id(field) if row[:1] == [END] else variant.allowed(field, row)
            for variant, row in zip(variants, rows, strict=True)
        ]
    )
