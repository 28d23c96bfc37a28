"""Writing notes field by field, several pieces side by side: what samplers ask of a model, and how NoteHead answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch

from models.field_decoding import DenseDecoder, FieldDecoder
from models.octuple import DenseHead, NoteHead

ChooseIds = Callable[[int, Sequence[list[int]], Callable[[], np.ndarray]], np.ndarray]
"""Chooses the ids, int64 [pieces], of a field by the rows so far; the last argument computes [passes, pieces, ids] logits.

It is a function since there is often no choice, and computing them is what costs.
"""


class NoteWriter(Protocol):
    """One call's reading and writing of notes, several pieces side by side.

    With guidance each piece is read in two passes, with the wishes and without.
    """

    def read(self, notes: np.ndarray) -> None:
        """Reads notes int64 [pieces, notes, columns], one of each piece or many."""

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces alone; one that is named several times is copied."""

    def begin(self, pieces: Sequence[int], fresh: Sequence[bool] = ()) -> None:
        """Begins the next note of these pieces, or begins it anew.

        Args:
            pieces: which ones.
            fresh: whether each is to be written without looking at what stood there bars ago; none is, where that is empty.
        """

    def logits(self, field: int, pieces: Sequence[int]) -> np.ndarray:
        """Returns float32 [passes, pieces, ids] of a field of the note that is being written."""

    def write(self, field: int, pieces: Sequence[int], ids: Sequence[int] | np.ndarray) -> None:
        """Sets a field of the note that these pieces are writing; fields are written in their order."""


class HeadWriter:
    """A NoteWriter of a model that ends in a NoteHead or a DenseHead.

    Args:
        head: of the model, in eval mode.
        decoder: its ``read`` returns the backbone's output [batch, width] after notes [batch, notes, columns]; its
            ``select`` goes on with some of the batch.
        passes: how often the decoder reads each piece; all second readings follow the first.
    """

    def __init__(self, head: NoteHead | DenseHead, decoder: Any, passes: int = 1):
        self._fields = FieldDecoder(head) if isinstance(head, NoteHead) else DenseDecoder(head)
        self._decoder, self._passes = decoder, passes

    @torch.inference_mode()
    def read(self, notes: np.ndarray, *more: np.ndarray) -> None:
        """Reads notes, see NoteWriter; ``more`` is what else the decoder reads of them."""
        given = [torch.from_numpy(np.concatenate([part] * self._passes)).contiguous() for part in (notes, *more)]
        self._output, self._last, self._pieces = self._decoder.read(*given), given[0][:, -1], len(notes)
        self._start: np.ndarray | None = None

    @torch.inference_mode()
    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces alone, see NoteWriter; notes that were begun are to be begun anew."""
        rows = self._rows(pieces)
        self._decoder.select(rows)
        self._output, self._last, self._pieces, self._start = self._output[rows], self._last[rows], len(pieces), None

    @torch.inference_mode()
    def begin(self, pieces: Sequence[int], fresh: Sequence[bool] = ()) -> None:
        """Begins the next note of these pieces, see NoteWriter; no model with this head looks bars back."""
        if self._start is None:
            self._start = self._fields.start(self._output, self._last)
            self._state = self._start.copy()
        else:
            rows = self._rows(pieces)
            self._state[rows] = self._start[rows]

    @torch.inference_mode()
    def logits(self, field: int, pieces: Sequence[int]) -> np.ndarray:
        """Returns float32 [passes, pieces, ids] of a field."""
        state = self._state if len(pieces) == self._pieces else self._state[self._rows(pieces)]
        return self._fields.logits(state, field).reshape(self._passes, len(pieces), -1)

    @torch.inference_mode()
    def write(self, field: int, pieces: Sequence[int], ids: Sequence[int] | np.ndarray) -> None:
        """Sets a field of the note that these pieces are writing."""
        if field + 1 < self._state.shape[1]:
            chosen = np.asarray(ids) if self._passes == 1 else np.tile(np.asarray(ids), self._passes)
            self._fields.write(self._state, field, chosen, self._rows(pieces))

    def _rows(self, pieces: Sequence[int]) -> list[int]:
        """Returns where pieces stand in the batch."""
        return [place + number * self._pieces for number in range(self._passes) for place in pieces]


def with_extra_fields(notes: np.ndarray, left: np.ndarray, bars: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Returns notes [..., fields + extra fields] as a model reads them.

    Args:
        notes: [..., fields] ids.
        left: [...] how many bars are left where each stands, its own counted; 0 where that is not known.
        bars: [...] the bar of each, from 0 at the beginning of the piece.
        sizes: number of ids of each extra field of the model: the bars left and, of some, the place of the bar in a phrase.
    """
    if not sizes:
        return notes
    most, *phrases = (size - 1 for size in sizes)
    more = [left.clip(0, most), *(1 + bars % length for length in phrases)]
    return np.concatenate([notes, np.stack(more, axis=-1)], axis=-1)


def sample_fields(
    writer: NoteWriter, fields: Sequence[int], pieces: Sequence[int], rows: Sequence[list[int]], choose: ChooseIds
) -> None:
    """Samples these fields of the notes that pieces are writing, one after another: ids join the rows, in place.

    Args:
        writer: the notes are begun.
        fields: to be sampled, in their order; those before them are written.
        pieces: of the writer.
        rows: ids so far, one list a piece.
        choose: returns the ids [pieces] of one field.
    """
    for field in fields:
        ids = choose(field, rows, partial(writer.logits, field, pieces))
        for row, value in zip(rows, ids.tolist(), strict=True):
            row.append(value)
        writer.write(field, pieces, ids)
