"""The fields of a note one after another, as the heads compute them, in fewer and larger operations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.few_rows import (
    BLOCK,
    GELU_SCALE,
    FewRows,
    Shelf,
    after_norm,
    array,
    centered,
    even,
    gelu,
    once_a_model,
    to_length_one,
    weights,
)
from models.octuple import DenseHead, NoteHead


class FieldDecoder:
    """What ``NoteHead`` computes, for a note of each piece, one field after another, in NumPy.

    As the hidden layers are fed by sums, all that stands before the first field is chosen is one product, and a
    chosen id adds a row of a table to the fields after it.

    Args:
        head: of the model, in eval mode and single precision. Its weights never change.
    """

    def __init__(self, head: NoteHead):
        self._weights = _prepare(head)

    def start(self, output: Tensor, before: Tensor) -> np.ndarray:
        """Returns the state float32 [batch, fields, hidden] before any field is written.

        Args:
            output: [batch, width] of the backbone.
            before: [batch, fields or more] ids of the note before.
        """
        prepared, batch = self._weights, len(output)
        repeated = prepared.repeated.take(before.numpy()[:, : len(prepared.offsets)] + prepared.offsets, axis=0)
        inner = prepared.inner.rows(to_length_one(centered(_filled(output.numpy()))))
        repeated += inner[:batch, : repeated[0].size].reshape(repeated.shape)
        return repeated

    def logits(self, state: np.ndarray, field: int) -> np.ndarray:
        """Returns the logits float32 [batch, ids of the field] of one field, all fields before it being written."""
        found = self._weights.outer[field].rows(gelu(_filled(state[:, field])))
        return found[: len(state), : self._weights.sizes[field]]

    def write(self, state: np.ndarray, field: int, ids: np.ndarray, rows: Sequence[int]) -> None:
        """Adds the chosen ids of a field, any but the last, to the state in place.

        Args:
            state: [batch, fields, hidden].
            field: which one.
            ids: [rows].
            rows: those of the batch that they are for.
        """
        if len(rows) == len(state):
            state[:, field + 1 :] += self._weights.written[field].take(ids, axis=0)
        else:
            state[rows, field + 1 :] += self._weights.written[field].take(ids, axis=0)


class HeadWeights:
    """A head's weights, those before its GELUs multiplied by GELU_SCALE.

    Args:
        head: of the model, in eval mode and single precision.
    """

    @torch.inference_mode()
    def __init__(self, head: NoteHead):
        shelf, hidden, fields = Shelf(), head.inner[0].out_features, len(head.inner)
        layers = [after_norm(head.norm, layer) for layer in head.inner]
        weight, bias = np.concatenate([one for one, _ in layers], axis=1), np.concatenate([one for _, one in layers])
        self.inner = FewRows(shelf, weight * GELU_SCALE, bias * GELU_SCALE, BLOCK)
        self.outer = [FewRows(shelf, *weights(layer, GELU_SCALE), BLOCK) for layer in head.outer]
        self.sizes = [layer.out_features for layer in head.outer]
        self.repeated = shelf.keep(np.concatenate([array(table.weight) for table in head.repeated]) * GELU_SCALE)
        self.offsets = np.cumsum([0, *(len(table.weight) for table in head.repeated[:-1])])
        after = torch.cat([layer.weight for layer in head.inner]).t()
        self.written = [
            shelf.keep(
                (array(table.weight @ after[:, (field + 1) * hidden :]) * GELU_SCALE).reshape(
                    -1, fields - field - 1, hidden
                )
            )
            for field, table in enumerate(head.written)
        ]


_prepare = once_a_model(HeadWeights)


def _filled(rows: np.ndarray) -> np.ndarray:
    """Returns rows [rows, width] with one of zeros where that makes them even."""
    found = np.zeros((even(len(rows)), rows.shape[1]), np.float32)
    found[: len(rows)] = rows
    return found


class DenseDecoder:
    """What ``DenseHead`` computes, likewise: its methods are those of ``FieldDecoder``."""

    def __init__(self, head: DenseHead):
        self._head = head

    def start(self, output: Tensor, before: Tensor) -> np.ndarray:
        """Returns the state [batch, fields, width] before any field is written."""
        return self._head.norm(output)[:, None].repeat(1, len(self._head.outer), 1).numpy()

    def logits(self, state: np.ndarray, field: int) -> np.ndarray:
        """Returns the logits [batch, ids of the field] of one field."""
        return self._head.outer[field](torch.from_numpy(state[:, field])).numpy()

    def write(self, state: np.ndarray, field: int, ids: np.ndarray, rows: Sequence[int]) -> None:
        """Adds the chosen ids of a field, any but the last, to the state in place."""
        state[list(rows), field + 1 :] += self._head.written[field](torch.from_numpy(ids)).numpy()[:, None]
