"""Writing notes one at a time with the hinted Transformer-XL: plain operations, the reference for faster ways."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.hinted_transformer_xl import HintedTransformerXL, LaneMemory
from models.hints.layout import DENSE, FIELDS, FIRST, STEP
from models.hints.past import Past

PAST_NOTES = 1024  # of a training window: a longer past would hold counts and repeats that the model never saw


class HintedDecoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    Args:
        model: in eval mode; shared with other callers.
        prefix: [batch, prefix] condition ids.
        asked: program ids that each piece was asked to have, [batch] of them.
        memory: how many past notes to attend to.
    """

    def __init__(self, model: HintedTransformerXL, prefix: Tensor, asked: Sequence[Sequence[int]], memory: int):
        self._model, self._prefix, self._asked, self._limit = model, prefix, [tuple(ids) for ids in asked], memory
        self._memory = model.new_memory(len(prefix))
        self._pasts = [Past(model.config.tables, ids) for ids in self._asked]
        self._heard: list[list[list[int]]] = [[] for _ in self._asked]  # notes in each past
        self._count = 0

    @torch.inference_mode()
    def read(self, notes: Tensor) -> None:
        """Reads notes [batch, notes, fields + extra fields], one or many, after which the next one can be written."""
        batch, count, _ = notes.shape
        reach = self._count + torch.arange(count).expand(batch, -1)
        prefix = self._prefix[:, None].expand(-1, count, -1)
        output, self._memory = self._model(notes, prefix, reach, self._memory, self._limit)
        self._count += count
        self._start, self._before = self._model.head.start(output[:, -1]), notes[:, -1, :FIELDS]
        for number, rows in enumerate(notes[..., :FIELDS].tolist()):
            for row in rows:
                if row[STEP] >= FIRST:  # a mark of the beginning is no note
                    self._hear(number, row)

    @torch.inference_mode()
    def logits(self, field: int, written: Tensor, fresh: Any = None) -> Tensor:
        """Returns float32 [batch, ids] of a field of the next note; ask for the fields in their order.

        Args:
            field: which one.
            written: [batch, fields] ids of the note; only those before the field are read.
        """
        head = self._model.head
        hints = torch.zeros(len(self._pasts), head.columns[-1].stop, dtype=torch.long)
        dense = torch.zeros(len(self._pasts), DENSE)
        for number, row in enumerate(written.tolist()):
            found, numbers = self._pasts[number].hints(field, row)
            if fresh is not None and fresh[number % len(fresh)] and field not in (1, 2):
                found[: (6 if field != 5 else 5)] = [0] * (6 if field != 5 else 5)
            hints[number, head.columns[field]] = torch.tensor(found)
            if numbers is not None:
                dense[number] = torch.from_numpy(numbers)
        return head.one(self._start, field, self._before, written, hints, dense)

    def select(self, rows: Sequence[int]) -> None:
        """Goes on with these of the pieces; one may be named more than once."""
        self._asked, self._prefix = [self._asked[row] for row in rows], self._prefix[list(rows)]
        self._start, self._before = self._start[list(rows)], self._before[list(rows)]
        keys, values = ((part[:, list(rows)] for part in parts) for parts in (self._memory.keys, self._memory.values))
        self._memory = LaneMemory(tuple(keys), tuple(values))
        self._pasts = [copy.deepcopy(self._pasts[row]) for row in rows]
        self._heard = [list(self._heard[row]) for row in rows]

    def _hear(self, number: int, row: list[int]) -> None:
        heard = self._heard[number]
        if len(heard) == PAST_NOTES:
            del heard[: PAST_NOTES // 2]
            self._pasts[number] = Past(self._model.config.tables, self._asked[number])
            for old in heard:
                self._pasts[number].add(old)
        heard.append(row)
        self._pasts[number].add(row)


class HintedWriter:
    """A NoteWriter (models/note_writing.py) of the hinted Transformer-XL.

    Args:
        model: in eval mode; shared with other callers.
        prefix: int64 [passes, prefix] condition ids, the same for all pieces.
        asked: program ids that were asked for.
        memory: how many past notes to attend to.
        pieces: how many.
    """

    def __init__(
        self, model: HintedTransformerXL, prefix: np.ndarray, asked: Sequence[int], memory: int, pieces: int = 1
    ):
        self._passes, self._pieces = len(prefix), pieces
        batch = torch.from_numpy(prefix).repeat_interleave(pieces, 0)
        self._decoder = HintedDecoder(model, batch, [asked] * len(batch), memory)
        self._rows = np.zeros((pieces, FIELDS), np.int64)
        self._fresh = np.zeros(pieces, bool)

    def read(self, notes: np.ndarray) -> None:
        self._decoder.read(torch.from_numpy(np.concatenate([notes] * self._passes)))

    def select(self, pieces: Sequence[int]) -> None:
        self._decoder.select([place + number * self._pieces for number in range(self._passes) for place in pieces])
        self._pieces = len(pieces)

    def begin(self, pieces: Sequence[int], fresh: Sequence[bool] = ()) -> None:
        if len(self._rows) != self._pieces:
            self._rows = np.zeros((self._pieces, FIELDS), np.int64)
            self._fresh = np.zeros(self._pieces, bool)
        self._fresh[list(pieces)] = np.array(fresh or [False] * len(pieces))

    def logits(self, field: int, pieces: Sequence[int]) -> np.ndarray:
        rows = torch.from_numpy(np.tile(self._rows, (self._passes, 1)))
        found = self._decoder.logits(field, rows, self._fresh).numpy().reshape(self._passes, self._pieces, -1)
        return found[:, list(pieces)]

    def write(self, field: int, pieces: Sequence[int], ids: Sequence[int] | np.ndarray) -> None:
        self._rows[list(pieces), field] = ids
