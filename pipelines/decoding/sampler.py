"""Samples notes from a model, one of every variant at a time, within the limits that each variant's state sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.field_decoding import FieldDecoder
from models.sampling import Randomness, sample
from music.tokens.columns import FIRST, STEP_FIELDS, StepField
from pipelines.contract import paced
from pipelines.decoding.constraints import END, GenerationState, span

# How often a Step is yielded, in notes of each variant: about a bar of a band. By eye, not measured.
NOTES_PER_STEP = 12
# Fields that guidance acts on: what key, genre and density are heard by. By ear, not measured.
GUIDED = (StepField.POSITION, StepField.PITCH, StepField.DURATION)
# Proposals for a note until the bar counts as full. More are closer to the model's distribution and slower; not measured.
ATTEMPTS = 12
FIELDS = len(STEP_FIELDS)


class NoteDecoder(Protocol):
    """What reads notes for a sampler; how they are handed to it is the model's own."""

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces of the batch alone; one that is named several times is copied."""


class NoteSampler:
    """Samples all variants side by side, a note of each at a time. Iterating yields now and then, for a look.

    A subclass sets these attributes, and reads what was written in ``_read``.

    Attributes:
        head: writes the fields of a note.
        decoder: reads notes.
        randomness: of ATTEMPTS times the fields of a note per step.
        temperatures: one per field.
        top_p, top_k: as in ``sample``.
        guidance: how far to move away from what is read without the wishes; 0 if all is read once only.
        variants: where each variant stands.
        output, last: the backbone's output [batch, width] after the last notes, and these [batch, fields or more].
    """

    head: FieldDecoder
    decoder: NoteDecoder
    randomness: Randomness
    temperatures: tuple[float, ...]
    top_p: float = 1.0
    top_k: int = 0
    guidance: float = 0.0
    variants: Sequence[GenerationState]
    output: Tensor
    last: Tensor

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
        """Reads the notes that were just written, one per variant: sets output and last."""
        raise NotImplementedError

    @property
    def _n_passes(self) -> int:
        """How often each variant is read: with guidance a second time, without the wishes."""
        return 2 if self.guidance > 0 else 1

    def _batch_indices(self, places: list[int], count: int) -> list[int]:
        """Returns where some of ``count`` variants stand in the batch: with guidance, all second readings follow the first."""
        return [*places, *(place + count for place in places)] if self._n_passes > 1 else places

    def _select(self, places: list[int]) -> None:
        """Goes on with these of the variants that are being written alone; one that is named several times is copied."""
        indices = self._batch_indices(places, len(self.output) // self._n_passes)
        self.decoder.select(indices)
        self.output, self.last = self.output[indices], self.last[indices]

    @torch.inference_mode()
    def _sample_note(self) -> None:
        """Writes one more note of every variant that is not finished."""
        live = [number for number, variant in enumerate(self.variants) if not variant.finished]
        variants, numbers = [self.variants[number] for number in live], self.randomness.step()[:, live]
        rows, head_state = self._propose(variants, numbers)
        going = [place for place, row in enumerate(rows) if row[StepField.STEP] != END]
        for place, variant in enumerate(variants):
            if place not in going:
                variant.write([END])
        if not going:
            return
        if len(going) < len(live):
            head_state = head_state[self._batch_indices(going, len(live))]
            self._select(going)
            variants, rows, numbers = [variants[p] for p in going], [rows[p] for p in going], numbers[:, going]
        self._sample_fields((StepField.DURATION, StepField.VELOCITY), head_state, numbers, variants, rows)
        for variant, row in zip(variants, rows, strict=True):
            variant.write(row)
        self._read(variants, rows)

    def _propose(self, variants: list[GenerationState], numbers: np.ndarray) -> tuple[list[list[int]], Tensor]:
        """Returns rows up to the pitch that stand after the note before, or that begin with END; and the head's state.

        A proposal that does not is drawn anew, which samples from the model's own distribution over what may follow.
        (Hiding, field by field, what would be out of order does not: a note that belongs into the next bar would be
        squeezed in at the end of this one.) If none fits, the last decides: one that stands at once with the note
        before, in the wrong order, goes to a later position; one that stands before it leaves the bar.
        """
        start = self.head.start(self.output, self.last)
        head_states = torch.empty_like(start)
        rows: list[list[int]] = [[] for _ in variants]
        pending = list(range(len(variants)))
        for attempt in range(ATTEMPTS):
            drawn = numbers[attempt * FIELDS : (attempt + 1) * FIELDS, pending]
            proposing = [variants[place] for place in pending]
            fallbacks = None
            if attempt + 1 == ATTEMPTS:
                fallbacks = [variants[place].fallback(rows[place]) for place in pending]
            head_state = start[self._batch_indices(pending, len(variants))]
            proposals: list[list[int]] = [[] for _ in pending]
            self._sample_fields(range(StepField.PITCH + 1), head_state, drawn, proposing, proposals, fallbacks)
            fitting = [
                number
                for number, (variant, row) in enumerate(zip(proposing, proposals, strict=True))
                if row[StepField.STEP] == END or variant.in_order(row)
            ]
            places = [pending[number] for number in fitting]
            head_states[self._batch_indices(places, len(variants))] = head_state[
                self._batch_indices(fitting, len(pending))
            ]
            for place, row in zip(pending, proposals, strict=True):
                rows[place] = row
            pending = [place for place in pending if place not in places]
            if not pending:
                break
        return rows, head_states

    def _sample_fields(
        self,
        fields: Sequence[int],
        head_state: Tensor,
        numbers: np.ndarray,
        variants: Sequence[GenerationState],
        rows: list[list[int]],
        fallbacks: list[tuple[int, int]] | None = None,
    ) -> None:
        """Samples some fields of a note of each variant; ids join the rows and the head's state, in place.

        Args:
            fields: to be sampled, in their order.
            head_state: [batch, fields, hidden], the fields before them being written.
            numbers: [FIELDS, variants] random numbers.
            variants: where each stands.
            rows: ids so far; a row that has ended gets any.
            fallbacks: of each variant, the step id to take and the lowest position id; None to let the model choose.
        """

        def choose(field: int, rows: Sequence[list[int]], logits_of: Callable[[], Tensor]) -> np.ndarray:
            if fallbacks and field == StepField.STEP:
                return np.array([step for step, _ in fallbacks])
            allowed = _allowed(field, variants, rows)
            if fallbacks and field == StepField.POSITION:
                allowed &= np.arange(allowed.shape[1]) >= np.array([lowest for _, lowest in fallbacks])[:, None]
            if np.count_nonzero(allowed) == len(rows):  # there is no choice
                return allowed.argmax(axis=1)
            logits = self._guide(field, logits_of().numpy())
            for variant, row, scores in zip(variants, rows, logits, strict=True):
                if row[:1] != [END]:
                    variant.bias_logits(field, row, scores)
            return self._sample(field, logits, numbers[field], allowed)

        self.head.sample_fields(fields, head_state, rows, choose)

    def _guide(self, field: int, logits: np.ndarray) -> np.ndarray:
        """Returns logits [variants, ids] moved away from what the model would write without the wishes.

        Classifier-free guidance (Ho & Salimans 2022): with and without are read side by side.
        """
        if self._n_passes == 1:
            return logits
        wished, plain = np.split(logits, 2)
        return wished + self.guidance * (wished - plain) if field in GUIDED else wished.copy()

    def _sample(self, field: int, logits: np.ndarray, numbers: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return sample(logits, numbers, allowed, self.temperatures[field], self.top_p, self.top_k)


def _allowed(field: int, variants: Sequence[GenerationState], rows: Sequence[list[int]]) -> np.ndarray:
    """Returns which ids of a field each variant may get, bool [variants, ids]; one, whichever, where a row has ended."""
    ended = span(field, FIRST, FIRST + 1)
    return np.array(
        [
            ended if row[:1] == [END] else variant.allowed(field, row)
            for variant, row in zip(variants, rows, strict=True)
        ]
    )
