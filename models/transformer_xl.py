"""Transformer-XL over notes (Dai et al. 2019, "Attentive Language Models Beyond a Fixed-Length Context").

From the paper: segment-level recurrence with a memory that no gradient enters, relative position encodings
(sinusoids of the distance, projected) and the two learned biases u and v (section 3.3). Ours: pre-norm
blocks, and a prefix of conditions that every note attends to however far it has moved on; as it has no
position, its share of the positional score is one learned vector per layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.memory import Memory
from models.octuple import NoteEmbedding, NoteHead


@dataclass(frozen=True)
class TransformerXLConfig:
    """Sizes of a Transformer-XL.

    Attributes:
        sizes: number of ids of each field of a note, in the order in which the head writes them.
        extra_sizes: number of ids of each further input field that is given, not written (bars left).
        prefix_size: number of prefix ids; id 0 is padding.
        layers, width, heads, hidden: of the blocks.
        head_hidden: of the output head.
        dropout: share of activations dropped in training.
    """

    sizes: tuple[int, ...]
    extra_sizes: tuple[int, ...]
    prefix_size: int
    layers: int = 6
    width: int = 256
    heads: int = 4
    hidden: int = 1024
    head_hidden: int = 256
    dropout: float = 0.0


class Block(nn.Module):
    """One pre-norm block: relative attention, then a feed-forward layer."""

    def __init__(self, config: TransformerXLConfig):
        super().__init__()
        width, self.heads = config.width, config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.distance = nn.Linear(width, width, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(self.heads, width // self.heads))  # u in the paper
        self.position_bias = nn.Parameter(torch.zeros(self.heads, width // self.heads))  # v in the paper
        self.prefix_position = nn.Parameter(torch.zeros(self.heads, width // self.heads))
        self.output = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, config.hidden), nn.GELU(), nn.Linear(config.hidden, width))
        self.dropout = nn.Dropout(config.dropout)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns queries, keys and values [batch, heads, notes, head width] for [batch, notes, width]."""
        return self.query_key_value(self.attention_norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)

    def distances(self, encoding: Tensor) -> Tensor:
        """Returns the projected distances [heads, distances, head width] for encodings [distances, width]."""
        return self.distance(encoding).unflatten(-1, (self.heads, -1)).transpose(0, 1)

    def attend(self, query: Tensor, keys: Tensor, values: Tensor, positional: Tensor) -> Tensor:
        """Returns [batch, notes, width]: attention with content scores plus positional scores.

        Args:
            query: [batch, heads, notes, head width], without biases.
            keys, values: [batch, heads, attended, head width].
            positional: [batch, heads or 1, notes or 1, attended], scaled, -inf where a note may not look.
        """
        biased = (query + self.content_bias[:, None]) * query.shape[-1] ** -0.5
        mixed = torch.softmax(biased @ keys.transpose(-1, -2) + positional, dim=-1) @ values
        return self.output(mixed.transpose(1, 2).flatten(2))

    def feed_forward(self, x: Tensor) -> Tensor:
        """Returns the block's second half, to be added to its input [batch, notes, width]."""
        return self.feed(self.feed_norm(x))


class TransformerXL(nn.Module):
    """Transformer-XL that reads notes and predicts each next one, field by field."""

    def __init__(self, config: TransformerXLConfig):
        super().__init__()
        self.config = config
        self.embedding = NoteEmbedding((*config.sizes, *config.extra_sizes), config.width)
        self.prefix_embedding = nn.Embedding(config.prefix_size, config.width, padding_idx=0)
        self.blocks = cast(Sequence[Block], nn.ModuleList(Block(config) for _ in range(config.layers)))
        self.head = NoteHead(config.sizes, config.width, config.head_hidden)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.prefix_embedding.weight, std=0.1)  # conditions begin as a hint; not measured
        for name, parameter in self.named_parameters():
            if name.endswith(("output.weight", "feed.2.weight")):
                # As GPT-2 (Radford et al. 2019): what joins the residual shrinks with the number of layers.
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5)

    def new_memory(self, batch: int) -> Memory:
        """Returns an empty memory for this many pieces."""
        heads, width = self.config.heads, self.config.width // self.config.heads
        like = self.prefix_embedding.weight
        empty = tuple(like.new_zeros(batch, heads, 0, width) for _ in self.blocks)
        return Memory(empty, empty)

    def read_prefix(self, prefix: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Returns keys and values [batch, heads, prefix, head width] per layer, and 0 for real ids, -inf for padding.

        The last is [batch, 1, 1, prefix]; columns that are padding in the whole batch are cut off.

        Args:
            prefix: [batch, prefix] condition ids, 0 for none. They attend to each other only.
        """
        places = torch.arange(1, prefix.shape[1] + 1, device=prefix.device)
        prefix = prefix[:, : max(1, int(((prefix != 0) * places).max()))]  # forgotten conditions leave holes
        real = prefix != 0
        blocked = torch.zeros(real.shape, device=prefix.device).masked_fill(~real, float("-inf"))[:, None, None]
        x = self.prefix_embedding(prefix)
        keys, values = [], []
        for block in self.blocks:
            query, key, value = block.project(x)
            keys.append(key)
            values.append(value)
            x = x + block.attend(query, key, value, blocked)
            x = x + block.feed_forward(x)
        return keys, values, blocked

    def forward(self, notes: Tensor, prefix: Tensor, memory: Memory, memory_limit: int) -> tuple[Tensor, Memory]:
        """Returns the backbone's output and the memory after these notes.

        Args:
            notes: [batch, notes, fields + extra fields] ids.
            prefix: [batch, prefix] condition ids, 0 for none.
            memory: of the notes before.
            memory_limit: how many notes to remember of all that were read.

        Returns:
            [batch, notes, width], to be given to ``head``, and the new memory.
        """
        prefix_keys, prefix_values, padding = self.read_prefix(prefix)
        x = self.dropout(self.embedding(notes))
        count, past = notes.shape[1], memory.notes
        encoding = distance_encoding(past + count, self.config.width, x.device).flip(0).to(x.dtype)
        scale = (self.config.width // self.config.heads) ** -0.5
        ahead = torch.full((count, past + count), float("-inf"), device=x.device).triu(past + 1)
        new_keys, new_values = [], []
        for layer, block in enumerate(self.blocks):
            query, key, value = block.project(x)
            new_keys.append(key)
            new_values.append(value)
            placed = (query + block.position_bias[:, None]) * scale
            to_notes = shift_distances(placed @ block.distances(encoding).transpose(-1, -2)) + ahead
            to_prefix = (placed * block.prefix_position[:, None]).sum(-1, keepdim=True) + padding
            keys = torch.cat([prefix_keys[layer], memory.keys[layer].to(key.dtype), key], dim=2)
            values = torch.cat([prefix_values[layer], memory.values[layer].to(value.dtype), value], dim=2)
            x = x + self.dropout(block.attend(query, keys, values, torch.cat([to_prefix, to_notes], dim=-1)))
            x = x + self.dropout(block.feed_forward(x))
        return x, memory.extend(new_keys, new_values, memory_limit)


def distance_encoding(count: int, width: int, device: torch.device | str | None = None) -> Tensor:
    """Returns the sinusoidal encodings [count, width] of the distances 0, 1 ... count - 1 (Vaswani et al. 2017)."""
    rates = 10000.0 ** (-torch.arange(0, width, 2, device=device) / width)
    angles = torch.arange(count, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def shift_distances(scores: Tensor) -> Tensor:
    """Returns scores by attended note for scores by distance (appendix B of the paper, by index).

    Args:
        scores: [batch, heads, notes, remembered + notes], the last axis being the distance back, far to near.

    Returns:
        The same shape, the last axis being the attended note, oldest first; what lies ahead holds any value.
    """
    # Row i must move left by (notes - 1 - i). Padding each row by one on the left and reading the buffer
    # a row's length later does this without a gather.
    count, attended = scores.shape[-2:]
    return F.pad(scores, (1, 0)).flatten(-2)[..., count:].unflatten(-1, (count, attended))


def parameter_count(model: nn.Module) -> int:
    """Returns the number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())
