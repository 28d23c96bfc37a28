"""Writes what players play to a chart: the hinted Transformer-XL, smaller, whose head also reads chords and melody.

What is asked for (who plays, the style, key, tempo) is added to every note, as there. What holds at a place of the music
(the chord, the melody, the phrase) comes as hints, each to those fields of a note that it can say something of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from models.hinted.head import HintedHead
from models.hinted.transformer_xl import HintedTransformerXL, HintedTransformerXLConfig
from models.hints.chart import CHART_DENSE, CHART_VERSION, Chart, ChartTables
from models.hints.charted import ChartedPast
from models.hints.layout import FIELDS, Hint, layout_of

KINDS = ("bass", "piano", "band")
"""What is written: the last ids of conditions, in this order."""


@dataclass(frozen=True)
class BandConfig(HintedTransformerXLConfig):
    """Sizes of the model.

    Attributes:
        qualities: for each quality of chords the steps above the root.
        rank: of the tables of the head.
        chart: version of the hints of charts.

    Raises:
        ValueError: the hints are others than this code writes.
    """

    qualities: tuple[tuple[int, ...], ...] = ()
    rank: int = 64
    chart: int = CHART_VERSION

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.chart != CHART_VERSION:
            raise ValueError(
                f"the model reads charts of version {self.chart}, this code writes version {CHART_VERSION}"
            )

    def kind_id(self, kind: str) -> int:
        """Returns the condition id of one of KINDS."""
        return self.prefix_size - len(KINDS) + KINDS.index(kind)

    @property
    def tables(self) -> ChartTables:
        """What the hints are computed with."""
        qualities = tuple(tuple(steps) for steps in self.qualities)
        return ChartTables(tuple(self.sizes), tuple(self.durations), tuple(self.bar_lengths), qualities)


class Band(HintedTransformerXL):
    """Reads notes of an accompaniment, and predicts each next one field by field."""

    config: BandConfig

    def __init__(self, config: BandConfig):
        super().__init__(config)
        sizes = (config.width, config.head_hidden, CHART_DENSE, config.rank)
        self.head = HintedHead(config.sizes, config.tables.layout, *sizes)

    def past(self, asked: Iterable[int], most: int, chart: Chart, bar: int) -> ChartedPast:
        """Returns an empty past whose first note will lie in a bar of a chart."""
        return ChartedPast(self.config.tables, asked, most, chart, bar)

    @torch.no_grad()
    def begin_with(self, other: Mapping[str, Tensor], sizes: tuple[int, ...]) -> None:
        """Takes over what a hinted Transformer-XL of the same width and ids has learned, as far as there is room for it.

        Blocks are its first ones; its tables, whose rows stand elsewhere here, are taken at the rank of these.

        Args:
            other: its weights by name.
            sizes: the number of ids of its fields.
        """
        taken = {name: tensor.float() for name, tensor in other.items()}
        mine = dict(self.named_parameters())
        for name, tensor in taken.items():
            if name in mine and mine[name].shape == tensor.shape and not name.startswith("head.outer"):
                mine[name].copy_(tensor)
        shared = min(len(self.prefix_embedding.weight), len(taken["prefix_embedding.weight"]))
        self.prefix_embedding.weight[:shared] = taken["prefix_embedding.weight"][:shared]
        self.head.dense.weight[:, : taken["head.dense.weight"].shape[1]] = taken["head.dense.weight"]
        self.head.dense.weight[:, taken["head.dense.weight"].shape[1] :] *= 0.1
        for field in range(FIELDS):
            rows, gates = _where(field, sizes, layout_of(sizes), self.config.tables.layout)
            old = taken[f"head.tables.{field}.weight"]
            left, scale, right = torch.linalg.svd(old, full_matrices=False)
            rank = self.config.rank
            share = scale[:rank].sqrt()
            table = self.head.tables[field].weight
            table.mul_(0.1)
            table[rows] = left[:, :rank] * share
            mine[f"head.spread.{field}.weight"].copy_((share[:, None] * right[:rank]).t())
            size = sizes[field]
            for kind in ("weight", "bias"):
                target, source = mine[f"head.outer.{field}.{kind}"], taken[f"head.outer.{field}.{kind}"]
                target[:size] = source[:size]
                target[[size + gate for gate in gates]] = source[size:]


def _where(
    field: int, sizes: tuple[int, ...], old: tuple[Hint, ...], new: tuple[Hint, ...]
) -> tuple[list[int], list[int]]:
    """Returns the rows of this head's table that hold those of another's, and the numbers of its gates."""
    mine = [hint for hint in new if hint.field == field]
    starts = {}
    at = sizes[field] + sum(sizes[:field])
    for number, hint in enumerate(mine):
        starts[hint.name] = (at, number)
        at += hint.size
    rows = list(range(sizes[field] + sum(sizes[:field])))
    gates = []
    for hint in old:
        if hint.field == field:
            start, number = starts[hint.name]
            rows += range(start, start + hint.size)
            if hint.copies:
                gates.append(number)
    return rows, gates
