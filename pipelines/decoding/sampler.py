"""Writes notes with a model, one of every variant at a time, within the limits that each variant's writing sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.field_decoding import FieldDecoder
from models.sampling import Randomness, choose
from music.tokens.columns import FIRST, StepField
from pipelines.contract import paced
from pipelines.decoding.constraints import (
    END,
    Writing,
    span,
)

NOTES_A_STEP = 12  # how often a Step is yielded, in notes of each variant
GUIDED = (StepField.POSITION, StepField.PITCH, StepField.DURATION)  # fields that guidance acts on
ATTEMPTS = 12  # proposals for a note until the bar counts as full


class NoteDecoder(Protocol):
    """What reads notes for a writer."""

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces of the batch alone; one that is named several times is copied."""


class NoteWriter:
    """Writes all variants side by side, a note of each at a time. Iterating yields now and then, for a look.

    A subclass sets these attributes, and reads what was written in ``_read``.

    Attributes:
        head: writes the fields of a note.
        decoder: reads notes.
        randomness: of ATTEMPTS times the fields of a note a step.
        temperatures: one a field.
        top_p, top_k: as in ``choose``.
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
    variants: list[Writing]
    output: Tensor
    last: Tensor

    def __iter__(self) -> Iterator[None]:
        return paced(self._write())

    def _write(self) -> Iterator[None]:
        written = 0
        while not all(writing.finished for writing in self.variants):
            self._write_note()
            written += 1
            if written % NOTES_A_STEP == 0:
                yield

    def _read(self, writings: list[Writing], rows: list[list[int]]) -> None:
        """Reads the notes that were just written, one a variant: sets output and last."""
        raise NotImplementedError

    @property
    def _reads(self) -> int:
        """How often each variant is read: with guidance a second time, without the wishes."""
        return 2 if self.guidance > 0 else 1

    def _go_on_with(self, places: list[int]) -> None:
        """Keeps these of the variants that are being written, or begins them as copies of one."""
        places = self._lanes(places, len(self.output) // (self._reads))
        self.decoder.select(places)
        self.output, self.last = self.output[places], self.last[places]

    @torch.inference_mode()
    def _write_note(self) -> None:
        """Writes one more note of every variant that is not finished."""
        live = [number for number, writing in enumerate(self.variants) if not writing.finished]
        writings, numbers = [self.variants[number] for number in live], self.randomness.step()[:, live]
        rows, state = self._propose(writings, numbers)
        going = [place for place, row in enumerate(rows) if row[StepField.STEP] != END]
        for place, writing in enumerate(writings):
            if place not in going:
                writing.write([END])
        if not going:
            return
        if len(going) < len(live):
            state = state[self._lanes(going, len(live))]
            self._go_on_with(going)
            writings, rows, numbers = [writings[p] for p in going], [rows[p] for p in going], numbers[:, going]
        for field in (StepField.DURATION, StepField.VELOCITY):
            ids = self._write_field(field, state, numbers[field], writings, rows)
            for row, value in zip(rows, ids.tolist(), strict=True):
                row.append(value)
            if field < StepField.VELOCITY:
                self.head.write(state, field, torch.from_numpy(np.tile(ids, self._reads)))
        for writing, row in zip(writings, rows, strict=True):
            writing.write(row)
        self._read(writings, rows)

    def _propose(self, writings: list[Writing], numbers: np.ndarray) -> tuple[list[list[int]], Tensor]:
        """Returns rows up to the pitch that stand after the note before, or that begin with END; and the head's state.

        A proposal that does not is drawn anew, which samples from the model's own distribution over what may follow.
        (Hiding, field by field, what would be out of order does not: a note that belongs into the next bar would be
        squeezed in at the end of this one.) If none fits, the last decides: one that stands at once with the note
        before, in the wrong order, goes to a later position; one that stands before it leaves the bar.
        """
        start = self.head.start(self.output, self.last)
        states, rows = torch.empty_like(start), [[] for _ in writings]
        pending = list(range(len(writings)))
        for attempt in range(ATTEMPTS):
            asked, drawn = (
                [writings[p] for p in pending],
                numbers[attempt * (StepField.VELOCITY + 1) :][: StepField.VELOCITY + 1, pending],
            )
            state, found = start[self._lanes(pending, len(writings))], [[] for _ in pending]
            stuck = (
                [writing.move_on(rows[p]) for p, writing in zip(pending, asked)] if attempt + 1 == ATTEMPTS else None
            )
            for field in range(StepField.PITCH + 1):
                if stuck and field == StepField.STEP:
                    ids = np.array([step for step, _ in stuck])
                elif stuck and field == StepField.POSITION:
                    ids = self._write_field(field, state, drawn[field], asked, found, [first for _, first in stuck])
                else:
                    ids = self._write_field(field, state, drawn[field], asked, found)
                for row, value in zip(found, ids.tolist(), strict=True):
                    row.append(value)
                if field == StepField.STEP and (ids == END).all():
                    break
                self.head.write(state, field, torch.from_numpy(np.tile(ids, self._reads)))
            fitting = [
                k
                for k, (w, row) in enumerate(zip(asked, found, strict=True))
                if row[StepField.STEP] == END or w.in_order(row)
            ]
            places = [pending[k] for k in fitting]
            states[self._lanes(places, len(writings))] = state[self._lanes(fitting, len(pending))]
            for place, row in zip(pending, found, strict=True):
                rows[place] = row
            pending = [place for place in pending if place not in places]
            if not pending:
                break
        return rows, states

    def _lanes(self, places: list[int], count: int) -> list[int]:
        """Returns the batch indices of some of ``count`` variants: with guidance each is read a second time."""
        return [*places, *(place + count for place in places)] if self._reads > 1 else places

    def _write_field(
        self,
        field: int,
        state: Tensor,
        numbers: np.ndarray,
        writings: list[Writing],
        rows: list[list[int]],
        lowest: list[int] | None = None,
    ) -> np.ndarray:
        """Returns the ids [variants] of one field, the rows so far given; a row that has ended gets any.

        Args:
            lowest: ids below which none may be chosen.
        """
        ended = span(field, FIRST, FIRST + 1)
        allowed = np.array(
            [
                ended if row[:1] == [END] else writing.allowed(field, row)
                for writing, row in zip(writings, rows, strict=True)
            ]
        )
        if lowest:
            allowed &= np.arange(allowed.shape[1]) >= np.array(lowest)[:, None]
        if np.count_nonzero(allowed) == len(rows):  # there is no choice
            return allowed.argmax(axis=1)
        logits = self._guide(field, self.head.logits(state, field).numpy())
        for writing, row, scores in zip(writings, rows, logits, strict=True):
            if row[:1] != [END]:
                writing.lean(field, row, scores)
        return self._choose(field, logits, numbers, allowed)

    def _guide(self, field: int, logits: np.ndarray) -> np.ndarray:
        """Returns logits [variants, ids] moved away from what the model would write without the wishes.

        Classifier-free guidance (Ho & Salimans 2022): with and without are read side by side.
        """
        if self._reads == 1:
            return logits
        wished, plain = np.split(logits, 2)
        return wished + self.guidance * (wished - plain) if field in GUIDED else wished.copy()

    def _choose(self, field: int, logits: np.ndarray, numbers: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        return choose(logits, numbers, allowed, self.temperatures[field], self.top_p, self.top_k)
