"""The fields of a note one after another, as ``NoteHead`` computes them, in fewer and larger operations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.octuple import DenseHead, NoteHead


class FieldDecoder:
    """What ``NoteHead`` computes, for a note of each piece, one field after another; run it in inference mode.

    As the hidden layers are fed by sums, all that stands before the first field is chosen is one product, and a
    chosen id adds a row of a table to the fields after it.

    Args:
        head: of the model, in eval mode.
    """

    def __init__(self, head: NoteHead):
        with torch.inference_mode():
            weights = torch.cat([layer.weight for layer in head.inner])
            self._norm = (head.norm.weight, head.norm.bias)
            self._inner = (weights.t().contiguous(), torch.cat([layer.bias for layer in head.inner]))
            self._outer = [(layer.weight.t().contiguous(), layer.bias) for layer in head.outer]
            self._repeated = torch.cat([table.weight for table in head.repeated])
            self._offsets = torch.tensor([0, *(len(table.weight) for table in head.repeated[:-1])]).cumsum(0)
            hidden, fields = head.inner[0].out_features, len(head.inner)
            self._written = [
                (table.weight @ weights[(field + 1) * hidden :].t()).view(-1, fields - field - 1, hidden)
                for field, table in enumerate(head.written)
            ]

    def start(self, output: Tensor, before: Tensor) -> Tensor:
        """Returns the state [batch, fields, hidden] before any field is written.

        Args:
            output: [batch, width] of the backbone.
            before: [batch, fields or more] ids of the note before.
        """
        fields = len(self._offsets)
        repeated = F.embedding(before[:, :fields] + self._offsets, self._repeated)
        return repeated + affine(normed(output, self._norm), self._inner).view_as(repeated)

    def logits(self, state: Tensor, field: int) -> Tensor:
        """Returns the logits [batch, ids of the field] of one field, all fields before it being written."""
        return affine(F.gelu(state[:, field]), self._outer[field])

    def write(self, state: Tensor, field: int, ids: Tensor, rows: Sequence[int] | None = None) -> None:
        """Adds the chosen ids of a field, any but the last, to the state in place.

        Args:
            state: [batch, fields, hidden].
            field: which one.
            ids: [batch], or [rows].
            rows: those of the batch that they are for; None for all.
        """
        if rows is None or len(rows) == len(state):
            state[:, field + 1 :] += self._written[field][ids]
        else:
            state[rows, field + 1 :] += self._written[field][ids]


class DenseDecoder:
    """What ``DenseHead`` computes, likewise: its methods are those of ``FieldDecoder``."""

    def __init__(self, head: DenseHead):
        self._head = head

    def start(self, output: Tensor, before: Tensor) -> Tensor:
        """Returns the state [batch, fields, width] before any field is written."""
        return self._head.norm(output)[:, None].repeat(1, len(self._head.outer), 1)

    def logits(self, state: Tensor, field: int) -> Tensor:
        """Returns the logits [batch, ids of the field] of one field."""
        return self._head.outer[field](state[:, field])

    def write(self, state: Tensor, field: int, ids: Tensor, rows: Sequence[int] | None = None) -> None:
        """Adds the chosen ids of a field, any but the last, to the state in place."""
        chosen = slice(None) if rows is None else list(rows)
        state[chosen, field + 1 :] += self._head.written[field](ids)[:, None]


def normed(x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
    """Returns rows [rows, width] after a layer norm of this weight and bias."""
    return F.layer_norm(x, x.shape[-1:], *norm)


def affine(x: Tensor, weight_and_bias: tuple[Tensor, Tensor]) -> Tensor:
    """Returns rows [rows, out] after a linear layer of this weight [in, out] and bias [out]."""
    weight, bias = weight_and_bias
    return torch.addmm(bias, x, weight)
