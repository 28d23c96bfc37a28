"""The chord of each beat of a melody, all of them at once: a Transformer over beats under a linear-chain CRF.

The Transformer (pre-norm, both directions, rotary positions as in ``models/seq2seq.py``) reads what the melody does in each
beat and says how well each chord fits there, and how likely the chord before is to stay. Which chord follows which is one
table for all beats. A conditional random field (Lafferty, McCallum & Pereira 2001) makes of these one distribution over
whole progressions, whose sums over all of them are exact: so what is asked of one beat, as a required chord or a close on the
tonic, is heard in all others too, and samples cost next to nothing (``models/chord_sampling.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.seq2seq import Attention

BASSES = 12
UNSEEN = -1e4


@dataclass(frozen=True)
class ChordNetworkConfig:
    """Sizes of a chord network.

    Attributes:
        features: numbers that tell of each beat.
        places: number of ids of each of the places where a beat stands.
        prefix_size: number of condition ids; id 0 is padding.
        chords, qualities: number of chords, ``qualities`` to each root; what is left over has no root.
        layers, width, heads, hidden: of the blocks.
        rank: numbers by which chords are told apart.
        dropout: share of the features, and of the columns that each layer gives, that is dropped in training.
    """

    features: int
    places: tuple[int, ...]
    prefix_size: int
    chords: int = 193
    qualities: int = 16
    layers: int = 4
    width: int = 192
    heads: int = 4
    hidden: int = 576
    rank: int = 64
    dropout: float = 0.2


@dataclass(frozen=True)
class ChordScores:
    """What progressions are weighed by, in nats.

    Attributes:
        fit: [batch, beats, chords] of a chord on a beat.
        stay: [batch, beats] of the chord before to stay.
        turn: [chords, chords] of a chord to be followed by another one; what stands on the diagonal does not count.
        states: [batch, beats, width] of the network.
    """

    fit: Tensor
    stay: Tensor
    turn: Tensor
    states: Tensor


class Block(nn.Module):
    """One pre-norm block: attention to all beats, then a feed-forward layer."""

    def __init__(self, config: ChordNetworkConfig):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(config.width), Attention(config.width, config.heads)
        self.feed_norm = nn.LayerNorm(config.width)
        self.feed = nn.Sequential(
            nn.Linear(config.width, config.hidden),
            nn.GELU(),
            nn.Linear(config.hidden, config.width),
        )


class ChordNetwork(nn.Module):
    """Reads beats and conditions, and weighs every progression of chords over them."""

    def __init__(self, config: ChordNetworkConfig):
        super().__init__()
        self.config = config
        width, rank = config.width, config.rank
        self.features = nn.Linear(config.features, width)
        self.places = cast(Sequence[nn.Embedding], nn.ModuleList(nn.Embedding(size, width) for size in config.places))
        self.prefix_embedding = nn.Embedding(config.prefix_size, width, padding_idx=0)
        self.blocks = cast(Sequence[Block], nn.ModuleList(Block(config) for _ in range(config.layers)))
        self.norm = nn.LayerNorm(width)
        # A chord is the sum of its root, its quality and what is its own: so what is learned of one is known of others.
        roots = -(-config.chords // config.qualities)
        self.root, self.quality = nn.Embedding(roots, rank), nn.Embedding(config.qualities, rank)
        self.own = nn.Embedding(config.chords, rank)
        self.to_chord, self.follow = nn.Linear(width, rank), nn.Linear(rank, rank, bias=False)
        self.often = nn.Parameter(torch.zeros(config.chords))
        self.to_stay = nn.Linear(width, 1)
        self.bass, self.bass_of = nn.Linear(width, BASSES), nn.Embedding(config.chords, BASSES)
        for table in (*self.places, self.prefix_embedding):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.root, self.quality, self.own):
            nn.init.normal_(table.weight, std=rank**-0.5)
        nn.init.zeros_(self.prefix_embedding.weight[0].detach())
        nn.init.zeros_(self.bass_of.weight)
        for name, parameter in self.named_parameters():
            if name.endswith(("output.weight", "feed.2.weight")):
                nn.init.normal_(parameter, std=0.02 / (2 * config.layers) ** 0.5)  # as in models/seq2seq.py

    def forward(self, features: Tensor, places: Tensor, prefix: Tensor, real: Tensor) -> ChordScores:
        """Returns what the progressions over some beats are weighed by.

        Args:
            features: [batch, beats, features].
            places: [batch, beats, places] ids.
            prefix: [batch, prefix] condition ids in any order, 0 for none.
            real: bool [batch, beats], False for padding, which comes last.
        """
        x = self.features(self._dropped(features)) + self.prefix_embedding(prefix).sum(1, keepdim=True)
        for number, table in enumerate(self.places):
            x = x + table(places[..., number])
        angles = self._angles(x.shape[1])
        unseen = torch.where(real, 0.0, UNSEEN)[:, None, None]
        for block in self.blocks:
            normed, attention = block.norm(x), block.attention
            query = attention.queries(normed, angles)
            key, value = attention.keys_values(normed, angles)
            # By hand: with a mask, PyTorch's own attention takes ten times as long on a CPU.
            likeness = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
            mixed = (likeness + unseen.to(likeness.dtype)).softmax(-1).to(value.dtype) @ value
            x = x + self._dropped(attention.output(mixed.transpose(1, 2).flatten(2)))
            x = x + self._dropped(block.feed(block.feed_norm(x)))
        x = self.norm(x)
        chords = self.chord_vectors()
        return ChordScores(
            (self.to_chord(x) @ chords.T).float() + self.often,
            self.to_stay(x)[..., 0].float(),
            (self.follow(chords) @ chords.T).float(),
            x,
        )

    def chord_vectors(self) -> Tensor:
        """Returns [chords, rank]."""
        numbers = torch.arange(self.config.chords, device=self.often.device)
        root, quality = numbers // self.config.qualities, numbers % self.config.qualities
        return self.root(root) + self.quality(quality) + self.own(numbers)

    def bass_scores(self, states: Tensor, chords: Tensor) -> Tensor:
        """Returns logits [..., 12] of the bass above the root, for states [..., width] and chords [...]."""
        return self.bass(states) + self.bass_of(chords)

    def _dropped(self, x: Tensor) -> Tensor:
        """Returns x [batch, beats, width], in training without some columns of each piece, the others larger."""
        return x * F.dropout(x.new_ones(len(x), 1, x.shape[-1]), self.config.dropout, self.training)

    def _angles(self, beats: int) -> Tensor:
        """Returns the angles [1, 1, beats, head width / 2] of beats: turns of 2 beats to 512."""
        pairs = self.config.width // self.config.heads // 2
        turns = torch.logspace(math.log10(2), math.log10(512), pairs, device=self.often.device)
        return (torch.arange(beats, device=turns.device)[:, None] * (2 * math.pi / turns))[None, None]


def step(mass: Tensor, stay: Tensor, turns: Tensor) -> Tensor:
    """Returns the mass [batch, chords] that flows to each chord of the next beat.

    Args:
        mass: [batch, chords] of each chord on a beat.
        stay: [batch] how much of it stays with its chord.
        turns: [chords, chords] how much goes over to another one, 0 on the diagonal.
    """
    return mass @ turns + mass * stay[:, None]


def turn_mass(turn: Tensor) -> Tensor:
    """Returns the factors [chords, chords] by which a chord is followed by another one, 0 on the diagonal."""
    return turn.exp() * (1 - torch.eye(len(turn), device=turn.device))


def log_partition(scores: ChordScores, real: Tensor) -> Tensor:
    """Returns the logarithm [batch] of the summed weights of all progressions over the real beats."""
    turns, stay = turn_mass(scores.turn), scores.stay.exp()
    alpha = scores.fit[:, 0]
    for beat in range(1, scores.fit.shape[1]):
        top = alpha.amax(-1, keepdim=True).detach()
        flown = step((alpha - top).exp(), stay[:, beat], turns).clamp_min(1e-30)
        alpha = torch.where(real[:, beat, None], flown.log() + top + scores.fit[:, beat], alpha)
    return alpha.logsumexp(-1)


def log_weight(scores: ChordScores, chords: Tensor, real: Tensor) -> Tensor:
    """Returns the logarithm [batch] of the weight of a progression [batch, beats]."""
    fit = scores.fit.gather(-1, chords[..., None])[..., 0]
    before, after = chords[:, :-1], chords[:, 1:]
    moved = torch.where(before == after, scores.stay[:, 1:], scores.turn[before, after])
    return (fit * real).sum(1) + (moved * real[:, 1:]).sum(1)
