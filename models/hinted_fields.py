"""The fields of a note one after another, as ``HintedHead`` computes them, in few operations of NumPy."""

from __future__ import annotations

from typing import cast

import numpy as np
from torch import nn

from models.few_rows import BLOCK, GELU_SCALE, FewRows, after_norm, array, even, gelu, weights
from models.hinted_head import HintedHead
from models.hints.layout import FIELDS


class HintedFields:
    """A head's weights, field by field. A field's first product is made when its logits are first asked for.

    Args:
        head: of the model, in eval mode.
    """

    def __init__(self, head: HintedHead):
        weight, bias = after_norm(head.norm, head.inner)
        parts = [slice(field * head.hidden, (field + 1) * head.hidden) for field in range(FIELDS)]
        self._inner = [FewRows(weight[:, part] * GELU_SCALE, bias[part] * GELU_SCALE) for part in parts]
        self._outer = [FewRows(*weights(cast(nn.Linear, layer), GELU_SCALE), BLOCK) for layer in head.outer]
        self._tables = [array(table.weight) * GELU_SCALE for table in head.tables]
        self._offsets = [head.get_buffer(f"offsets_{field}").numpy() for field in range(FIELDS)]
        self._dense = weights(head.dense, GELU_SCALE)[0]
        self._sizes, self._copies = head.sizes, [part.stop - part.start for part in head.copies]

    def start(self, field: int, output: np.ndarray) -> np.ndarray:
        """Returns what a field takes from the backbone's output [rows, width] after ``to_length_one``: [rows, hidden]."""
        return self._inner[field].rows(output)

    def logits(self, field: int, started: np.ndarray, ids: np.ndarray, dense: np.ndarray | None) -> np.ndarray:
        """Returns float32 [passes, pieces, ids] of a field.

        Args:
            field: which one.
            started: [passes, pieces, hidden] of ``start``.
            ids: [pieces, 1 + fields before + hints] of the field in the note before, of the fields written, of hints.
            dense: [pieces, DENSE] for the pitch.
        """
        added = self._tables[field][ids + self._offsets[field]].sum(axis=1)
        if dense is not None:
            added += dense @ self._dense
        passes, pieces, width = started.shape
        hidden = np.zeros((even(passes * pieces), width), np.float32)
        np.add(started, added, out=hidden[: passes * pieces].reshape(started.shape))
        found = self._outer[field].rows(gelu(hidden))[: passes * pieces]
        size, copies = self._sizes[field], self._copies[field]
        copied = ids[:, 1 + field : 1 + field + copies]
        gates = found[:, size : size + copies].reshape(passes, pieces, copies) * (copied != 0)  # id 0 is no vote
        logits = found[:, :size].copy()
        where = np.arange(len(logits)).reshape(passes, pieces, 1) * size + copied
        np.add.at(logits.reshape(-1), where.reshape(-1), gates.reshape(-1))
        return logits.reshape(passes, pieces, size)
