"""Encoder-decoder Transformer over notes (Vaswani et al. 2017), aligned in musical time.

The encoder reads what is given (a melody and one row per beat that carries its chord), the decoder writes what joins it,
note by note, with the embedding and the output head of the other note models. Positions are rotary (Su et al. 2021,
"RoFormer"): in every other head of self-attention the angle is a note's number, in the rest and in all of
cross-attention its onset in musical time. So a note finds what sounds with it in either sequence by the same
measure, and nothing depends on where in a piece it stands. No note looks further than ``reach`` away. Blocks are
pre-norm; conditions (style, key, tempo ...) enter as one vector that is added to every note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.octuple import NoteEmbedding, NoteHead


@dataclass(frozen=True)
class Seq2SeqConfig:
    """Sizes of a sequence-to-sequence Transformer.

    Attributes:
        sizes: number of ids of each field of a note, in the order in which the head writes them.
        prefix_size: number of condition ids; id 0 is padding.
        encoder_layers, decoder_layers, width, heads, hidden: of the blocks.
        head_hidden: of the output head.
        reach: how far apart in musical time (1/12 of a quarter note) two notes may be that see each other.
        memory: how many of the notes written before the decoder sees.
        dropout: share of what feed-forward layers give that is dropped in training, and of embeddings.
    """

    sizes: tuple[int, ...]
    prefix_size: int
    encoder_layers: int = 3
    decoder_layers: int = 4
    width: int = 256
    heads: int = 4
    hidden: int = 1024
    head_hidden: int = 256
    reach: int = 768
    memory: int = 384
    dropout: float = 0.0


class Attention(nn.Module):
    """Multi-head attention whose queries and keys the caller rotates.

    Args:
        width: of what comes in and goes out.
        heads: how many.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def queries(self, x: Tensor, angles: Tensor) -> Tensor:
        """Returns rotated queries [batch, heads, notes, head width] for [batch, notes, width]."""
        return rotate(self.query(x).unflatten(-1, (self.heads, -1)).transpose(1, 2), angles)

    def keys_values(self, x: Tensor, angles: Tensor) -> tuple[Tensor, Tensor]:
        """Returns rotated keys and values [batch, heads, notes, head width] for [batch, notes, width]."""
        key, value = self.key_value(x).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return rotate(key, angles), value

    def attend(self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
        """Returns [batch, notes, width].

        Args:
            query: [batch, heads, notes, head width].
            key, value: [batch, heads, attended, head width].
            seen: bool [batch, 1, notes, attended]; each note sees at least one.
        """
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self.output(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """One pre-norm block: self-attention, in the decoder cross-attention, then a feed-forward layer.

    Args:
        config: the sizes.
        cross: whether it is the decoder's; no other block has ``cross_norm`` and ``cross_attention``.
    """

    def __init__(self, config: Seq2SeqConfig, cross: bool):
        super().__init__()
        width = config.width
        self.self_norm, self.self_attention = nn.LayerNorm(width), Attention(width, config.heads)
        if cross:
            self.cross_norm, self.cross_attention = nn.LayerNorm(width), Attention(width, config.heads)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, config.hidden), nn.GELU(), nn.Linear(config.hidden, width))


@dataclass(frozen=True)
class Source:
    """What the encoder made of the given notes.

    Attributes:
        states: [batch, given, width].
        times: [batch, given] onsets.
        real: bool [batch, given], False for padding.
        wishes: [batch, 1, width] the conditions.
    """

    states: Tensor
    times: Tensor
    real: Tensor
    wishes: Tensor


class Seq2Seq(nn.Module):
    """Reads given notes and conditions, and predicts each next note of what joins them, field by field."""

    def __init__(self, config: Seq2SeqConfig):
        super().__init__()
        self.config = config
        self.embedding = NoteEmbedding(config.sizes, config.width)
        self.prefix_embedding = nn.Embedding(config.prefix_size, config.width, padding_idx=0)
        self.side = nn.Parameter(torch.zeros(2, config.width))  # given or written
        encoder = nn.ModuleList(Block(config, cross=False) for _ in range(config.encoder_layers))
        self.encoder = cast(Sequence[Block], encoder)
        self.encoder_norm = nn.LayerNorm(config.width)
        decoder = nn.ModuleList(Block(config, cross=True) for _ in range(config.decoder_layers))
        self.decoder = cast(Sequence[Block], decoder)
        self.head = NoteHead(config.sizes, config.width, config.head_hidden)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.prefix_embedding.weight, std=0.1)  # conditions begin as a hint; not measured
        nn.init.zeros_(self.prefix_embedding.weight[0].detach())
        layers = config.encoder_layers + config.decoder_layers
        for name, parameter in self.named_parameters():
            if name.endswith(("output.weight", "feed.2.weight")):
                # As GPT-2 (Radford et al. 2019): what joins the residual shrinks with the number of layers.
                nn.init.normal_(parameter, std=0.02 / (2 * layers) ** 0.5)

    def encode(self, given: Tensor, times: Tensor, prefix: Tensor) -> Source:
        """Returns what the decoder looks at.

        Args:
            given: [batch, given, fields] ids, padded with 0.
            times: [batch, given] onsets in musical time.
            prefix: [batch, prefix] condition ids in any order, 0 for none.
        """
        real = given[..., 0] != 0
        wishes = self.prefix_embedding(prefix).sum(1, keepdim=True)
        x = self.dropout(self.embedding(given) + wishes + self.side[0])
        angles = self.own_angles(times, torch.arange(times.shape[1], device=times.device).expand_as(times))
        seen = self.in_reach(times, times) & real[:, None, None]
        seen = seen | torch.eye(times.shape[1], dtype=torch.bool, device=times.device)  # padding sees itself
        for block in self.encoder:
            normed = block.self_norm(x)
            attention = block.self_attention
            mixed = attention.attend(
                attention.queries(normed, angles), *attention.keys_values(normed, angles), seen=seen
            )
            x = x + mixed
            x = x + self.dropout(block.feed(block.feed_norm(x)))
        return Source(self.encoder_norm(x), times, real, wishes)

    def forward(self, source: Source, notes: Tensor, times: Tensor) -> Tensor:
        """Returns the decoder's output [batch, notes, width], to be given to ``head``.

        Args:
            source: of ``encode``.
            notes: [batch, notes, fields] ids of the notes written so far, each of which predicts the next.
            times: [batch, notes] their onsets; the last of a row's padding must not be less than its notes'.
        """
        count = notes.shape[1]
        x = self.dropout(self.embed_written(source, notes))
        numbers = torch.arange(count, device=times.device)
        own, across = self.own_angles(times, numbers.expand_as(times)), self.time_angles(times)[:, None]
        given_angles = self.time_angles(source.times)[:, None]
        back = numbers[:, None] - numbers
        seen = self.in_reach(times, times) & (back >= 0) & (back < self.config.memory)
        seen_given = self.sees_given(source, times)
        for block in self.decoder:
            normed, attention = block.self_norm(x), block.self_attention
            mixed = attention.attend(attention.queries(normed, own), *attention.keys_values(normed, own), seen=seen)
            x = x + mixed
            normed, attention = block.cross_norm(x), block.cross_attention
            keys_values = attention.keys_values(source.states, given_angles)
            mixed = attention.attend(attention.queries(normed, across), *keys_values, seen=seen_given)
            x = x + mixed
            x = x + self.dropout(block.feed(block.feed_norm(x)))
        return x

    def embed_written(self, source: Source, notes: Tensor) -> Tensor:
        """Returns written notes [batch, notes, fields] as the decoder's input [batch, notes, width]."""
        return self.embedding(notes) + source.wishes + self.side[1]

    def in_reach(self, times: Tensor, others: Tensor) -> Tensor:
        """Returns bool [batch, 1, notes, others]: whether two onsets [batch, notes] and [batch, others] are near enough."""
        return ((times[:, :, None] - others[:, None]).abs() <= self.config.reach)[:, None]

    def sees_given(self, source: Source, times: Tensor) -> Tensor:
        """Returns bool [batch, 1, notes, given]: what written notes with these onsets [batch, notes] see of the source."""
        seen = self.in_reach(times, source.times) & source.real[:, None, None]
        first = torch.zeros_like(seen)
        first[..., 0] = ~seen.any(-1)  # nobody may see nothing
        return seen | first

    def time_angles(self, times: Tensor) -> Tensor:
        """Returns the angles [batch, notes, head width / 2] of onsets [batch, notes]: turns of 6 positions to 4 times the reach."""
        return times[..., None] * self.turns(times.device)[0]

    def own_angles(self, times: Tensor, numbers: Tensor) -> Tensor:
        """Returns the angles [batch, heads, notes, head width / 2] of self-attention: even heads by time, odd ones by number."""
        both = torch.stack([self.time_angles(times), numbers[..., None] * self.turns(times.device)[1]], dim=1)
        return both.repeat(1, self.config.heads // 2, 1, 1)

    def turns(self, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
        """Returns by how much each pair [head width / 2] is turned: in a unit of musical time, and from a note to the next."""
        pairs = self.config.width // self.config.heads // 2
        slowest = (4 * self.config.reach, 4 * self.config.memory)
        by_time, by_number = (
            2 * math.pi / torch.logspace(math.log10(fastest), math.log10(slow), pairs, device=device)
            for fastest, slow in zip((6, 4), slowest, strict=True)
        )
        return by_time, by_number


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Returns x [batch, heads, notes, width] with each pair of its two halves turned by angles [batch, heads or 1, notes, width / 2]."""
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)
