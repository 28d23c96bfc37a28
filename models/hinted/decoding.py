"""Writing notes one at a time with the hinted Transformer-XL: plainly, as a reference, and fast."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from models.few_rows import Shelf, to_length_one
from models.hinted.backbone import BackboneWeights, HintedBackbone
from models.hinted.fields import HintedFields
from models.hinted.transformer_xl import HintedTransformerXL, LaneMemory
from models.hints.layout import BARS_AGO, DENSE, FIELDS, FIRST, PITCH, STEP, Hint
from models.hints.past import Past

PAST_NOTES = 1024  # of a training window: a longer past would hold counts and repeats that the model never saw
REPEATING = {*(f"{bars} bars ago" for bars in BARS_AGO), "repeat", "rhythm"}
"""Names of the hints that a fresh note is written without."""


class HintedDecoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    Args:
        model: in eval mode; shared with other callers.
        prefix: [batch, prefix] condition ids.
        asked: program ids that each piece was asked to have, [batch] of them.
        memory: how many past notes to attend to.
    """

    def __init__(self, model: HintedTransformerXL, prefix: Tensor, asked: Sequence[Sequence[int]], memory: int):
        self._model, self._prefix, self._limit = model, prefix, memory
        self._memory = model.new_memory(len(prefix))
        self._pasts = [Past(model.config.tables, ids, PAST_NOTES) for ids in asked]
        self._count = 0

    @torch.inference_mode()
    def read(self, notes: Tensor) -> None:
        """Reads notes [batch, notes, fields + extra fields], one or many, after which the next one can be written."""
        batch, count, _ = notes.shape
        reach = (self._count + torch.arange(count)).clamp(max=self._limit).expand(batch, -1)
        prefix = self._prefix[:, None].expand(-1, count, -1)
        output, self._memory = self._model(notes, prefix, reach, self._memory, self._limit)
        self._count += count
        self._start, self._before = self._model.head.start(output[:, -1]), notes[:, -1, :FIELDS]
        for number, rows in enumerate(notes[..., :FIELDS].tolist()):
            for row in rows:
                if row[STEP] >= FIRST:  # a mark of the beginning is no note
                    self._pasts[number].add(row)

    @torch.inference_mode()
    def logits(self, field: int, written: Tensor, fresh: Sequence[bool] = ()) -> Tensor:
        """Returns float32 [batch, ids] of a field of the next note.

        Args:
            field: which one.
            written: [batch, fields] ids of the note; only those before the field are read.
            fresh: which pieces' notes are written without the hints REPEATING; by default none.
        """
        head = self._model.head
        hints = torch.zeros(len(self._pasts), head.columns[-1].stop, dtype=torch.long)
        dense = torch.zeros(len(self._pasts), DENSE)
        for number, row in enumerate(written.tolist()):
            found, numbers = self._pasts[number].hints(field, row)
            if fresh and fresh[number]:
                hide_repeats(self._model.config.tables.layout, field, found)
            hints[number, head.columns[field]] = torch.tensor(found)
            if numbers is not None:
                dense[number] = torch.from_numpy(numbers)
        return head.one(self._start, field, self._before, written, hints, dense)

    def select(self, rows: Sequence[int]) -> None:
        """Goes on with these of the pieces; one may be named more than once."""
        self._prefix, self._start, self._before = (
            part[list(rows)] for part in (self._prefix, self._start, self._before)
        )
        keys, values = ((part[:, list(rows)] for part in parts) for parts in (self._memory.keys, self._memory.values))
        self._memory = LaneMemory(tuple(keys), tuple(values))
        self._pasts = [self._pasts[row].copy() for row in rows]


class HintedWriter:
    """The same in few operations of NumPy, several pieces side by side, each read once with every prefix.

    Past and hints exist once for each piece. A note is written by ``begin``, then ``logits`` and ``write`` of its
    fields in their order, then ``read``; where there is no choice, ``logits`` need not be asked for.

    Args:
        model: in eval mode and single precision; shared with other callers. Its weights never change.
        prefix: int64 [passes, prefix] condition ids, the same for all pieces.
        asked: program ids that were asked for.
        memory: how many past notes to attend to.
        pieces: how many.
        pasts: empty ones, one a piece, of a model whose hints are others; by default those of ``asked``.
    """

    def __init__(
        self,
        model: HintedTransformerXL,
        prefix: np.ndarray,
        asked: Sequence[int],
        memory: int,
        pieces: int = 1,
        pasts: Sequence[Past] = (),
    ):
        weights, self._head = _prepare(model, memory)
        self._backbone = HintedBackbone(model, weights, prefix, memory, pieces)
        self._passes, self._layout = len(prefix), model.config.tables.layout
        self._pasts = list(pasts) or [Past(model.config.tables, asked, PAST_NOTES) for _ in range(pieces)]
        self._rows, self._fresh = [[0] * FIELDS for _ in self._pasts], [False] * pieces

    def read(self, notes: np.ndarray) -> None:
        """Reads notes int64 [pieces, notes, fields + extra fields], one or many, after which the next can be written.

        The same for each pass. A note whose step is a special id marks a beginning: hints do not hear it.
        """
        self._output = to_length_one(self._backbone.read(notes))
        self._started: dict[int, np.ndarray] = {}
        self._before = notes[:, -1, :FIELDS].tolist()
        for past, rows in zip(self._pasts, notes[..., :FIELDS].tolist(), strict=True):
            for row in rows:
                if row[STEP] >= FIRST:
                    past.add(row)

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces alone; one may be named several times. What they have of a note stays."""
        count = len(self._pasts)
        self._backbone.select(pieces)
        self._output = self._output[_rows(self._passes, count, pieces)]
        self._started = {}
        named: set[int] = set()
        pasts = []
        for piece in pieces:
            pasts.append(self._pasts[piece].copy() if piece in named else self._pasts[piece])
            named.add(piece)
        self._pasts = pasts
        self._before, self._fresh = [self._before[p] for p in pieces], [self._fresh[p] for p in pieces]
        self._rows = [list(self._rows[piece]) for piece in pieces]

    def begin(self, pieces: Sequence[int], fresh: Sequence[bool] = ()) -> None:
        """Lets these pieces begin their next note, or begin it anew; a fresh one without the hints REPEATING."""
        for number, piece in enumerate(pieces):
            self._rows[piece] = [0] * FIELDS
            self._fresh[piece] = bool(fresh) and fresh[number]

    def write(self, field: int, pieces: Sequence[int], ids: Sequence[int] | np.ndarray) -> None:
        """Sets a field of the note that these pieces write."""
        for piece, value in zip(pieces, ids, strict=True):
            self._rows[piece][field] = int(value)

    def logits(self, field: int, pieces: Sequence[int]) -> np.ndarray:
        """Returns float32 [passes, pieces, ids] of a field of these pieces' notes; fields before it are written."""
        started = self._started.get(field)
        if started is None:
            started = self._started[field] = self._head.start(field, self._output)
        if list(pieces) != list(range(len(self._pasts))):
            started = started[_rows(self._passes, len(self._pasts), pieces)]
        ids, dense = [], []
        for piece in pieces:
            row = self._rows[piece]
            found, numbers = self._pasts[piece].hints(field, row)
            if self._fresh[piece]:
                hide_repeats(self._layout, field, found)
            ids.append([self._before[piece][field], *row[:field], *found])
            dense.append(numbers)
        of_piece = _rows(self._passes, 0, range(len(pieces))) if len(pieces) > 1 else [0]
        numbers = np.array(dense) if field == PITCH else None
        logits = self._head.logits(field, started, np.array(ids), numbers, of_piece)
        return logits[: self._passes * len(pieces)].reshape(self._passes, len(pieces), -1)


# Shared by all calls, as the models are, and gone with them.
_PREPARED: WeakKeyDictionary[HintedTransformerXL, tuple[int, BackboneWeights, HintedFields]] = WeakKeyDictionary()


def _prepare(model: HintedTransformerXL, memory: int) -> tuple[BackboneWeights, HintedFields]:
    """Returns a model's weights as they are needed here, which takes a while when asked for the first time."""
    kept = _PREPARED.get(model)
    if kept is None or kept[0] != memory:
        shelf = Shelf()
        kept = _PREPARED[model] = memory, BackboneWeights(shelf, model, memory), HintedFields(shelf, model.head)
    return kept[1:]


def _rows(passes: int, count: int, pieces: Sequence[int]) -> list[int]:
    """Returns the rows of some pieces of ``count`` in every pass; the first one twice if that makes them even."""
    rows = [number * count + piece for number in range(passes) for piece in pieces]
    return rows + rows[: len(rows) % 2]


def hide_repeats(layout: Sequence[Hint], field: int, hints: list[int]) -> None:
    """Sets those of a field's hints that are REPEATING to 0, in place."""
    for number, hint in enumerate(hint for hint in layout if hint.field == field):
        if hint.name in REPEATING:
            hints[number] = 0
