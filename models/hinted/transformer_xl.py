"""Transformer-XL over notes whose head also reads what the past says by rule (Dai et al. 2019; models/hints/layout.py).

Against models/transformer_xl.py: conditions are added to every note instead of being attended to, so that pieces
can stand one after another in a batch without padding, each note reaching back to the start of its own piece;
attention is one function with its own backward pass; and weights of linear layers may be bfloat16.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hinted.head import HintedHead
from models.hints.layout import VERSION, HintTables
from models.relative_attention import BLOCKED, RelativeAttention


@dataclass(frozen=True)
class HintedTransformerXLConfig:
    """Sizes of the model.

    Attributes:
        sizes: number of ids of each field of a note, in the order in which they are written.
        extra_sizes: number of ids of each further field that is read but not written.
        prefix_size: number of condition ids; id 0 is padding.
        durations: length in positions of each duration, for the hints.
        bar_lengths: length in positions of a bar of each signature, for the hints.
        hints: version of their layout.
        layers: number of blocks.
        width: size of a note's state.
        heads: attention heads.
        hidden: size of the feed-forward layers.
        head_hidden: size of each field's hidden layer in the head.
        dropout: share of units that are left out in training, of the notes that ask for it.

    Raises:
        ValueError: the layout of hints is another than this code writes.
    """

    sizes: tuple[int, ...]
    extra_sizes: tuple[int, ...]
    prefix_size: int
    durations: tuple[int, ...]
    bar_lengths: tuple[int, ...]
    hints: int = VERSION
    layers: int = 5
    width: int = 256
    heads: int = 4
    hidden: int = 1024
    head_hidden: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.hints != VERSION:
            raise ValueError(f"the model reads hints of layout {self.hints}, this code writes layout {VERSION}")

    @property
    def tables(self) -> HintTables:
        """What the hints are computed with."""
        return HintTables(tuple(self.sizes), tuple(self.durations), tuple(self.bar_lengths))


@dataclass(frozen=True)
class LaneMemory:
    """Keys and values [heads, batch, notes, head width] of the notes before, one a layer."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]


class Block(nn.Module):
    """One pre-norm block: relative attention, then a feed-forward layer."""

    def __init__(self, config: HintedTransformerXLConfig):
        super().__init__()
        width, self.heads = config.width, config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.distance = nn.Linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(self.heads, width // self.heads))  # u in the paper
        self.position_bias = nn.Parameter(torch.zeros(self.heads, width // self.heads))  # v in the paper
        self.output = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, config.hidden)
        self.down = nn.Linear(config.hidden, width)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, encoding: Tensor, mask: Tensor, drop: UnitDropout
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the block's output [batch, notes, width] and the keys and values of all notes it saw.

        Args:
            x: [batch, notes, width].
            keys: [heads, batch, remembered, head width].
            values: as keys.
            encoding: [1 + remembered + notes, width] of the distances, far to near, after a row of zeros.
            mask: [batch, notes, remembered + notes], BLOCKED where a note may not look, else 0.
            drop: leaves out units of both results.
        """
        batch, count, width = x.shape
        size = width // self.heads
        both = self.query_key_value(_normed(x, self.attention_norm)).view(batch, count, 3, self.heads, size)
        query, key, value = both.permute(2, 3, 0, 1, 4).contiguous().unbind()
        keys, values = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
        distances = self.distance(encoding).view(-1, self.heads, size).transpose(0, 1)
        content, placed = (
            (query + bias[:, None, None].to(query.dtype)) * size**-0.5
            for bias in (self.content_bias, self.position_bias)
        )
        mixed = RelativeAttention.apply(content, placed, keys, values, distances, mask)
        x = x + drop(self.output(mixed.permute(1, 2, 0, 3).reshape(batch, count, width)))
        return x + drop(self.down(F.gelu(self.up(_normed(x, self.feed_norm))))), keys, values


class UnitDropout:
    """Leaves out the same units for a whole segment of a lane (Gal & Ghahramani 2016), of the notes that ask for it.

    One mask for all notes costs next to nothing, and other notes in the lane keep all units.

    Args:
        rate: share of units left out.
        notes: bool [batch, notes], which notes ask for it; None leaves all as they are.
    """

    def __init__(self, rate: float, notes: Tensor | None):
        self._keep, self._notes = 1 - rate, notes if rate and notes is not None and bool(notes.any()) else None

    def __call__(self, x: Tensor) -> Tensor:
        """Returns x [batch, notes, width] with units left out and the others raised."""
        if self._notes is None:
            return x
        mask = torch.empty(len(x), 1, x.shape[-1], dtype=x.dtype, device=x.device).bernoulli_(self._keep) / self._keep
        return x * torch.where(self._notes[:, :, None], mask, torch.ones((), dtype=x.dtype, device=x.device))


class HintedTransformerXL(nn.Module):
    """Reads notes, and predicts each next one field by field.

    The memory is an argument and a result, so that one model serves many pieces; no gradient flows into it.
    """

    def __init__(self, config: HintedTransformerXLConfig):
        super().__init__()
        self.config = config
        sizes = (*config.sizes, *config.extra_sizes)
        self.table = nn.Embedding(sum(sizes), config.width)
        self.register_buffer("offsets", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.prefix_embedding = nn.Embedding(config.prefix_size, config.width, padding_idx=0)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.head = HintedHead(config.sizes, config.tables.layout, config.width, config.head_hidden)
        nn.init.normal_(self.table.weight, std=0.3)
        nn.init.normal_(self.prefix_embedding.weight, std=0.1)
        with torch.no_grad():
            self.prefix_embedding.weight[0] = 0
        for name, parameter in self.named_parameters():
            if name.endswith(("output.weight", "down.weight")):
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5)

    @property
    def _weight(self) -> Tensor:
        """A weight of the blocks, which says in which precision and where they compute."""
        return self.blocks.get_submodule("0.up").get_parameter("weight")

    def new_memory(self, batch: int, notes: int = 0) -> LaneMemory:
        """Returns a memory of this many notes, none of which is within any note's reach."""
        config, weight = self.config, self._weight
        shape = (config.heads, batch, notes, config.width // config.heads)
        empty = tuple(torch.zeros(shape, dtype=weight.dtype, device=weight.device) for _ in self.blocks)
        return LaneMemory(empty, empty)

    def forward(
        self,
        notes: Tensor,
        prefix: Tensor,
        reach: Tensor,
        memory: LaneMemory,
        limit: int,
        dropped: Tensor | None = None,
    ) -> tuple[Tensor, LaneMemory]:
        """Returns the backbone's output [batch, notes, width] and the memory after these notes.

        Args:
            notes: [batch, notes, fields + extra fields] ids.
            prefix: [batch, notes, prefix] condition ids of each note's piece, 0 for none.
            reach: [batch, notes] how many notes back each may look: to the start of its piece.
            memory: of the notes before.
            limit: how many notes to remember.
            dropped: bool [batch, notes], which notes are read with dropout.
        """
        batch, count, fields = notes.shape
        past, kind, device = memory.keys[0].shape[2], self._weight.dtype, notes.device
        drop = UnitDropout(self.config.dropout, dropped)
        x = F.embedding_bag((notes + self.get_buffer("offsets")).view(-1, fields), self.table.weight, mode="sum")
        x = x + F.embedding_bag(prefix.flatten(0, 1), self.prefix_embedding.weight, mode="sum", padding_idx=0)
        x = drop(x.to(kind).view(batch, count, -1))
        encoding = F.pad(distance_encoding(past + count, self.config.width).flip(0), (0, 0, 1, 0)).to(device, kind)
        numbers = torch.arange(past + count, device=device)
        distance = numbers[past:, None] - numbers
        mask = torch.zeros(batch, count, past + count, device=device)
        mask = mask.masked_fill_((distance < 0) | (distance > reach[:, :, None]), BLOCKED).to(kind)
        keys, values = [], []
        first = max(0, past + count - limit)
        for block, key, value in zip(self.blocks, memory.keys, memory.values, strict=True):
            x, key, value = block(x, key, value, encoding, mask, drop)
            keys.append(key[:, :, first:].detach())
            values.append(value[:, :, first:].detach())
        return drop(x), LaneMemory(tuple(keys), tuple(values))


def distance_encoding(count: int, width: int) -> Tensor:
    """Returns the sinusoidal encodings [count, width] of the distances 0, 1 ... count - 1 (Vaswani et al. 2017)."""
    rates = 10000.0 ** (-torch.arange(0, width, 2) / width)
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def _normed(x: Tensor, layer: nn.LayerNorm) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], layer.weight, layer.bias)  # layer norms stay in single precision
