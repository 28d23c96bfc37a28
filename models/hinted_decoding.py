"""Writing notes one at a time with the hinted Transformer-XL: plain operations, the reference for faster ways."""

from __future__ import annotations

import copy
from collections.abc import Sequence

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
    def logits(self, field: int, written: Tensor) -> Tensor:
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
