"""The distribution of each field of the next note, given the backbone, the fields before it and the hints.

All fields' hidden layers come from one product with the backbone's output. To that of each field are added the
embeddings of its own id in the note before, of the fields already written (nested decoding: Ryu et al. 2024; in the
manner of NADE: Larochelle & Murray 2011) and of its hints (models/hints/layout.py). Each hint that is an id of the
field itself also has a gate, which is added to the logit of that id: a copy mechanism whose pointers are given (See et
al. 2017). So the untrained head already copies, and the network learns when not to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hints.layout import DENSE, PITCH, Hint

GATE = 1.0  # of every copying hint before training


class HintedHead(nn.Module):
    """Writes a note field by field.

    Args:
        sizes: number of ids of each field, in the order in which they are written.
        layout: the hints.
        width: size of the backbone's output.
        hidden: size of each field's hidden layer.
        dense: how many numbers the pitch reads besides.
        rank: of the tables of ids, each being a product of two; None for whole ones.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        layout: Sequence[Hint],
        width: int,
        hidden: int,
        dense: int = DENSE,
        rank: int | None = None,
    ):
        super().__init__()
        self.sizes, self.hidden = tuple(sizes), hidden
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, hidden * len(sizes))
        self.dense = nn.Linear(dense, hidden, bias=False)  # to the pitch
        self.tables: Any = nn.ModuleList()  # of nn.Embedding, one a field
        self.spread = nn.ModuleList(nn.Linear(rank, hidden, bias=False) for _ in sizes) if rank else None
        self.outer = nn.ModuleList()
        self.columns: list[slice] = []  # of the hints of each field
        self.copies: list[slice] = []  # of those that copy
        for field, size in enumerate(sizes):
            mine = [column for column, hint in enumerate(layout) if hint.field == field]
            copies = sum(layout[column].copies for column in mine)
            self.columns.append(slice(mine[0], mine[-1] + 1))
            self.copies.append(slice(mine[0], mine[0] + copies))
            parts = [size, *sizes[:field], *(layout[column].size for column in mine)]
            table, outer = nn.Embedding(sum(parts), rank or hidden), nn.Linear(hidden, size + copies)
            self.register_buffer(f"offsets_{field}", torch.tensor([0, *parts[:-1]]).cumsum(0), persistent=False)
            nn.init.normal_(table.weight, std=0.1)
            with torch.no_grad():
                outer.weight[size:] *= 0.1
                outer.bias[size:] = GATE
            self.tables.append(table)
            self.outer.append(outer)

    def start(self, output: Tensor) -> Tensor:
        """Returns what all fields take from the backbone's output [rows, width]: [rows, fields * hidden]."""
        return self.inner(F.layer_norm(output, output.shape[-1:], self.norm.weight, self.norm.bias))

    def added(self, field: int, before: Tensor, written: Tensor, hints: Tensor, dense: Tensor) -> Tensor:
        """Returns what is added to a field's hidden layer [rows, hidden].

        Args:
            field: which one.
            before: [rows, fields] ids of the note that was read last.
            written: [rows, fields] ids of the note; only those before the field are read.
            hints: [rows, hints]; only the field's own are read.
            dense: [rows, numbers], read by the pitch alone.
        """
        ids = torch.cat([before[:, field : field + 1], written[:, :field], hints[:, self.columns[field]]], dim=1)
        found = F.embedding_bag(ids + getattr(self, f"offsets_{field}"), self.tables[field].weight, mode="sum")
        if self.spread is not None:
            layer = self.spread[field]
            found = layer(found.to(self.dense.weight.dtype))
        return found + self.dense(dense.to(self.dense.weight.dtype)) if field == PITCH else found

    def whole_table(self, field: int) -> Tensor:
        """Returns the embeddings of a field's ids [ids, hidden]."""
        table = self.tables[field].weight
        return (
            table if self.spread is None else table @ self.spread.get_submodule(str(field)).get_parameter("weight").t()
        )

    def logits(self, hidden: Tensor, field: int, hints: Tensor) -> Tensor:
        """Returns float32 [rows, ids] for a hidden layer [rows, hidden]; gates of hints that agree add up."""
        found, copied = self.outer[field](hidden).float(), hints[:, self.copies[field]]
        size = self.sizes[field]
        return found[:, :size].scatter_add(1, copied, found[:, size:] * (copied != 0))  # id 0 is no vote

    def one(self, start: Tensor, field: int, before: Tensor, written: Tensor, hints: Tensor, dense: Tensor) -> Tensor:
        """Returns the logits [rows, ids] of one field, for writing; arguments as in ``added``."""
        mine = start[:, field * self.hidden : (field + 1) * self.hidden]
        added = self.added(field, before, written, hints, dense).to(start.dtype)
        return self.logits(F.gelu(mine + added), field, hints)

    def forward(self, output: Tensor, before: Tensor, target: Tensor, hints: Tensor, dense: Tensor) -> Tensor:
        """Returns the negative log-likelihood [fields, rows] of target ids in nats; 0 where they are padding.

        Args:
            output: [rows, width] of the backbone.
            before: [rows, fields] ids of the note that was read last.
            target: [rows, fields] ids of the note that follows.
            hints: [rows, hints].
            dense: [rows, numbers].
        """
        found = []
        for field, mine in enumerate(self.start(output).split(self.hidden, dim=1)):  # one at a time stays in the cache
            added = self.added(field, before, target, hints, dense).to(mine.dtype)
            logits = self.logits(F.gelu(mine + added), field, hints)
            found.append(F.cross_entropy(logits, target[:, field], ignore_index=0, reduction="none"))
        return torch.stack(found)
