"""The fields of a note one after another, as ``HintedHead`` computes them, in few operations of NumPy."""

from __future__ import annotations

from typing import cast

import numpy as np
from torch import nn

from models.few_rows import BLOCK, GELU_SCALE, FewRows, Shelf, after_norm, array, gelu, weights
from models.hinted.head import HintedHead
from models.hints.layout import FIELDS


class HintedFields:
    """A head's weights, field by field. A field's first product is made when its logits are first asked for.

    Args:
        shelf: to keep them on.
        head: of the model, in eval mode and single precision.
    """

    def __init__(self, shelf: Shelf, head: HintedHead):
        weight, bias = after_norm(head.norm, head.inner)
        parts = [slice(field * head.hidden, (field + 1) * head.hidden) for field in range(FIELDS)]
        self._inner = [FewRows(shelf, weight[:, part] * GELU_SCALE, bias[part] * GELU_SCALE) for part in parts]
        self._outer = [FewRows(shelf, *weights(cast(nn.Linear, layer), GELU_SCALE), BLOCK) for layer in head.outer]
        self._tables = [shelf.keep(array(head.whole_table(field)) * GELU_SCALE) for field in range(FIELDS)]
        self._offsets = [head.get_buffer(f"offsets_{field}").numpy() for field in range(FIELDS)]
        self._dense = weights(head.dense, GELU_SCALE)[0]
        self._sizes, self._copies = head.sizes, [part.stop - part.start for part in head.copies]

    def start(self, field: int, output: np.ndarray) -> np.ndarray:
        """Returns what a field takes from the backbone's output [rows, width] after ``to_length_one``: [rows, hidden]."""
        return self._inner[field].rows(output)

    def logits(
        self, field: int, started: np.ndarray, ids: np.ndarray, dense: np.ndarray | None, of_piece: list[int]
    ) -> np.ndarray:
        """Returns float32 [rows, ids] of a field.

        Args:
            field: which one.
            started: [rows, hidden] of ``start``.
            ids: [pieces, 1 + fields before + hints] of the field in the note before, of the fields written, of hints.
            dense: [pieces, DENSE] for the pitch.
            of_piece: the piece of each row, if there is more than one.
        """
        added = np.add.reduce(self._tables[field].take(ids + self._offsets[field], axis=0), axis=1)
        if dense is not None:
            added += dense @ self._dense
        copied = ids[:, 1 + field : 1 + field + self._copies[field]]
        if len(ids) > 1:
            added, copied = added[of_piece], copied[of_piece]
        found = self._outer[field].rows(gelu(started + added))
        size, (rows, whole) = self._sizes[field], found.shape
        no_vote = found[:, 0].copy()  # ids of 0
        where = copied + np.arange(0, rows * whole, whole)[:, None]
        np.add.at(found.reshape(-1), where, found[:, size : size + self._copies[field]])
        found[:, 0] = no_vote
        return found[:, :size]
