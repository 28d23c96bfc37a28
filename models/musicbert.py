"""MusicBERT: a bidirectional Transformer encoder over whole notes (Zeng et al. 2021, section 3.2 and figure 3).

The eight tokens of a note are embedded, concatenated and projected to one vector; the encoder reads one vector per
note; its output is projected back to eight vectors, of which a head gives the distribution of each token. Tensor
names and arithmetic are those of the authors' fairseq checkpoints, so that these load name by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

FIELDS = 8
PADDING = 1
EPSILON = 1e-5  # of layer norms; as in fairseq, as is the spread of new weights below


@dataclass(frozen=True)
class MusicBERTConfig:
    """Sizes of a MusicBERT.

    Attributes:
        vocabulary: number of tokens; all fields share one vocabulary.
        layers: encoder layers.
        width: size of a note's vector.
        hidden: size of the feed-forward layers.
        heads: attention heads; must divide width.
        max_notes: longest sequence, opening and closing notes included.
        dropout: in training.
    """

    vocabulary: int
    layers: int
    width: int
    hidden: int
    heads: int
    max_notes: int
    dropout: float = 0.0


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each followed by its layer norm ("post-norm")."""

    def __init__(self, config: MusicBERTConfig):
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.self_attn = nn.ModuleDict(
            {f"{part}_proj": nn.Linear(config.width, config.width) for part in ("q", "k", "v", "out")}
        )
        self.self_attn_layer_norm = nn.LayerNorm(config.width, EPSILON)
        self.fc1 = nn.Linear(config.width, config.hidden)
        self.fc2 = nn.Linear(config.hidden, config.width)
        self.final_layer_norm = nn.LayerNorm(config.width, EPSILON)

    def forward(self, x: Tensor, readable: Tensor | None) -> Tensor:
        """Returns [batch, notes, width]; ``readable`` [batch, 1, 1, notes] is False where nobody may look."""
        batch, notes, width = x.shape
        query, key, value = (
            self.self_attn[f"{part}_proj"](x).view(batch, notes, self.heads, -1).transpose(1, 2) for part in "qkv"
        )
        read = F.scaled_dot_product_attention(query, key, value, attn_mask=readable)
        read = self.self_attn["out_proj"](read.transpose(1, 2).reshape(batch, notes, width))
        x = self.self_attn_layer_norm(x + F.dropout(read, self.dropout, self.training))
        changed = self.fc2(F.gelu(self.fc1(x)))
        return self.final_layer_norm(x + F.dropout(changed, self.dropout, self.training))


class SentenceEncoder(nn.Module):
    """Tokens [batch, notes, 8] -> one vector per note and back to eight (fairseq's ``encoder.sentence_encoder``)."""

    def __init__(self, config: MusicBERTConfig):
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width, PADDING)
        self.embed_positions = nn.Embedding(config.max_notes + PADDING + 1, config.width, PADDING)
        self.emb_layer_norm = nn.LayerNorm(config.width, EPSILON)
        self.downsampling = nn.ModuleList([nn.Linear(FIELDS * config.width, config.width)])
        self.upsampling = nn.ModuleList([nn.Linear(config.width, FIELDS * config.width)])
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns features [batch, notes, 8, width] of tokens [batch, notes, 8].

        Raises:
            ValueError: there are more notes than the model has positions for.
        """
        return self.upsampling[0](self.states(tokens)).unflatten(-1, (FIELDS, -1))

    def states(self, tokens: Tensor) -> Tensor:
        """Returns one vector per note [batch, notes, width]; raises as ``forward``."""
        notes = tokens.shape[1]
        if notes > self.config.max_notes:
            raise ValueError(f"{notes} notes do not fit a model of {self.config.max_notes}")
        present = tokens[:, :, 0] != PADDING
        x = self.downsampling[0](self.embed_tokens(tokens).flatten(2))
        positions = torch.where(present, present.long().cumsum(1), 0) + PADDING
        x = self.emb_layer_norm(x + self.embed_positions(positions))
        x = F.dropout(x, self.config.dropout, self.training) * present[..., None]
        readable = None if present.all() else present[:, None, None, :]
        for layer in self.layers:
            x = layer(x, readable)
        return x

    def of_field(self, states: Tensor, slot: int) -> Tensor:
        """Returns the features [..., width] of one of the eight tokens, of states [..., width]."""
        mine = slice(slot * self.config.width, (slot + 1) * self.config.width)
        up = cast(nn.Linear, self.upsampling[0])
        return F.linear(states, up.weight[mine], up.bias[mine])


class LanguageModelHead(nn.Module):
    """Features -> logits, by a dense layer and a matrix of its own (not the embeddings; fairseq's ``lm_head``)."""

    def __init__(self, config: MusicBERTConfig):
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.layer_norm = nn.LayerNorm(config.width, EPSILON)
        self.weight = nn.Parameter(torch.empty(config.vocabulary, config.width))
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, features: Tensor, block: slice = slice(None)) -> Tensor:
        """Returns logits [..., tokens] of features [..., width], of all tokens or of one field's block."""
        hidden = self.layer_norm(F.gelu(self.dense(features)))
        return F.linear(hidden, self.weight[block], self.bias[block])


class MusicBERT(nn.Module):
    """The encoder with its head.

    Args:
        config: the sizes.
    """

    def __init__(self, config: MusicBERTConfig):
        super().__init__()
        self.config = config
        self.encoder = nn.ModuleDict(
            {"sentence_encoder": SentenceEncoder(config), "lm_head": LanguageModelHead(config)}
        )

    def features(self, tokens: Tensor) -> Tensor:
        """Returns [batch, notes, 8, width] for tokens [batch, notes, 8].

        A sequence begins with a note of eight <s> and ends with one of eight </s>; padding on the right is notes of
        eight <pad>. Any token may be <mask>.
        """
        return self.encoder["sentence_encoder"](tokens)

    def head(self, features: Tensor, block: slice = slice(None)) -> Tensor:
        """Returns logits [..., tokens] of features [..., width]; ``block`` limits them to some of the tokens."""
        return self.encoder["lm_head"](features, block)

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns logits [batch, notes, 8, vocabulary] for tokens [batch, notes, 8]."""
        return self.head(self.features(tokens))


def blind_order(rows: np.ndarray, hidden: np.ndarray, columns: Sequence[int], chance: np.ndarray) -> np.ndarray:
    """Returns the order of notes, int [notes], in which a hidden value counts for nothing.

    Notes stand in order of their bar, position, program and pitch. A hidden value stands first; what is then equal
    stands in random order. So a note's place never tells the model what it has to find, and a note that is still empty
    has a place.

    Args:
        rows: [notes, fields] ids.
        hidden: bool [notes, fields].
        columns: where bar, position, program and pitch stand.
        chance: [notes] random numbers.
    """
    keys = [np.where(hidden[:, column], -1, rows[:, column]) for column in reversed(columns)]
    return np.lexsort([chance, *keys])
