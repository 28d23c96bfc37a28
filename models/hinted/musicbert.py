"""MusicBERT that also borrows from the notes around a hidden field, compared by rule (models/hints/around.py).

The encoder is models/musicbert.py as it is. What it says about a hidden value is mixed with what visible notes lend, as
in pointer networks (See et al. 2017, "Get to the point"): each way of lending is a distribution over the visible notes,
scored by a small network that reads the comparisons, and a second one says, note by note, how far each is to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.hints.around import HEADS, NUMBERS, SIZES, SLOTS, VERSION, Around, around
from models.musicbert import FIELDS, MusicBERT, MusicBERTConfig, SentenceEncoder

COMPARED = 48  # width of the network that reads comparisons
TRUSTED = 96  # and of the one that says what to trust
NOBODY = -30.0  # the score of a note that cannot lend, and with no other note the strength falls below
LEAST = 1e-6  # a probability that no way of lending falls below


@dataclass(frozen=True)
class HintedMusicBERTConfig(MusicBERTConfig):
    """Sizes of the model.

    Attributes:
        durations: length in positions of each duration id.
        bar_lengths: length in positions of a bar of each signature id.
        around: version of the comparisons.

    Raises:
        ValueError: the version is another than this code has.
    """

    durations: tuple[int, ...] = ()
    bar_lengths: tuple[int, ...] = ()
    around: int = VERSION

    def __post_init__(self) -> None:
        if self.around != VERSION:
            raise ValueError(f"the model compares notes by version {self.around}, this code by version {VERSION}")


@dataclass(frozen=True)
class Lent:
    """The comparisons of one field of several windows, ready for the model.

    Attributes:
        places: int64 [asked], where each asked note stands in the flattened batch [batch * notes].
        target, value, kinds, numbers: as in Around; targets count through all windows.
    """

    places: Tensor
    target: Tensor
    value: Tensor
    kinds: Tensor
    numbers: Tensor


def lent(found: Mapping[int, Around], longest: int) -> Lent:
    """Returns the comparisons of windows as one.

    Args:
        found: of each window, by its row in the batch, where it stands after an opening note.
        longest: notes of a row of the batch.
    """
    before = np.cumsum([0, *(len(one.asked) for one in found.values())])
    places = [one.asked + 1 + row * longest for row, one in found.items()]
    target = [one.target + first for one, first in zip(found.values(), before)]
    rest = ([getattr(one, name) for one in found.values()] for name in ("value", "kinds", "numbers"))
    return Lent(*(torch.from_numpy(np.concatenate(part)) for part in (places, target, *rest)))


class Lenders(nn.Module):
    """Distributions over the values of a field, from the visible notes that may lend theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(sum(SIZES), COMPARED)
        self.numbers = nn.Linear(NUMBERS, COMPARED)
        self.middle = nn.Linear(COMPARED, COMPARED)
        self.score = nn.Linear(COMPARED, HEADS)
        nn.init.normal_(self.table.weight, std=0.1)

    def forward(self, given: Lent, count: int, values: int) -> tuple[Tensor, Tensor]:
        """Returns probabilities float32 [count, HEADS, values], and how strongly each is borne out [count, HEADS]."""
        x = F.embedding_bag(given.kinds, self.table.weight, mode="sum") + self.numbers(given.numbers)
        scores = self.score(F.gelu(self.middle(F.gelu(x))))
        there = given.value >= 0
        scores = scores.masked_fill(~there, NOBODY)
        where = given.target[:, None].expand_as(scores)
        highest = torch.full((count, HEADS), NOBODY).scatter_reduce(0, where, scores.detach(), "amax")
        weights = (scores - highest.gather(0, where)).exp() * there
        total = torch.zeros(count, HEADS).scatter_add(0, where, weights)
        cells = (where * HEADS + torch.arange(HEADS)) * values + given.value.clamp(min=0)
        found = torch.zeros(count * HEADS * values).scatter_add(0, cells.flatten(), weights.flatten())
        found = found.view(count, HEADS, values) / (total[..., None] + LEAST)
        return found, highest + (total + LEAST).log()


class Trust(nn.Module):
    """How far the encoder and each way of lending are trusted."""

    def __init__(self, width: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, TRUSTED)
        ways = HEADS + 1
        self.seen = nn.Linear(2 * HEADS + 2 + ways * (ways - 1) // 2, TRUSTED)
        self.share = nn.Linear(TRUSTED, ways)
        self.register_buffer("pairs", torch.triu_indices(ways, ways, 1), persistent=False)

    def forward(self, features: Tensor, own: Tensor, borrowed: Tensor, strength: Tensor) -> Tensor:
        """Returns log shares [notes, 1 + HEADS].

        Args:
            features: [notes, width] of the encoder.
            own: [notes, values] probabilities of the encoder.
            borrowed: [notes, HEADS, values].
            strength: [notes, HEADS].
        """
        ways = torch.cat([own[:, None], borrowed], dim=1).detach()
        highest, (first, second) = ways.amax(dim=-1), self.get_buffer("pairs")
        agree = (ways @ ways.transpose(1, 2))[:, first, second].clamp(min=1e-4).log()
        doubt = (own.detach().clamp(min=LEAST).log() * own.detach()).sum(dim=-1, keepdim=True)
        seen = torch.cat([highest, doubt, strength.detach() / 4, agree / 4], dim=1)
        hidden = F.gelu(self.read(self.norm(features)) + self.seen(seen))
        nobody = F.pad(strength < NOBODY, (1, 0))  # the encoder is always there
        return torch.log_softmax(self.share(hidden).masked_fill(nobody, -torch.inf), dim=-1)


class HintedMusicBERT(nn.Module):
    """The encoder with its head, and what notes lend."""

    def __init__(self, config: HintedMusicBERTConfig):
        super().__init__()
        self.config = config
        sizes = {name: getattr(config, name) for name in MusicBERTConfig.__dataclass_fields__}
        self.plain = MusicBERT(MusicBERTConfig(**sizes))
        self.lenders = nn.ModuleList(Lenders() for _ in range(FIELDS))
        self.trust = nn.ModuleList(Trust(config.width) for _ in range(FIELDS))

    @property
    def encoder(self) -> SentenceEncoder:
        """What reads the notes."""
        return cast(SentenceEncoder, self.plain.encoder["sentence_encoder"])

    def states(self, tokens: Tensor) -> Tensor:
        """Returns what the encoder makes of tokens [batch, notes, 8]: one vector per note [batch, notes, width]."""
        return self.encoder.states(tokens)

    def log_probabilities(self, states: Tensor, slot: int, block: slice, given: Lent) -> Tensor:
        """Returns float32 [asked, values] for the asked notes of one field.

        Args:
            states: [batch, notes, width].
            slot: number of the field as the model reads it.
            block: where its values lie in the vocabulary.
            given: what notes lend.
        """
        mine = self.encoder.of_field(states.flatten(0, 1)[given.places], slot)
        own = torch.log_softmax(self.plain.head(mine, block).float(), dim=-1)
        with torch.autocast(own.device.type, enabled=False):
            borrowed, strength = self.lenders[slot](given, len(own), own.shape[1])
            shares = self.trust[slot](mine.float(), own.exp(), borrowed, strength)
            ways = torch.cat([own[:, None], (borrowed + LEAST / own.shape[1]).log()], dim=1)
            return torch.logsumexp(shares[..., None] + ways, dim=1)


def hidden_logits(
    model: MusicBERT | HintedMusicBERT,
    tokens: Tensor,
    slot: int,
    block: slice,
    windows: Sequence[tuple[np.ndarray, np.ndarray]],
) -> Tensor:
    """Returns float32 logits [asked, values] of one field, for the notes of all windows in which it is hidden.

    Args:
        model: with hints or without.
        tokens: int64 [windows, notes, 8], as a model reads them.
        slot: number of the field as a model reads it.
        block: where its values lie in the vocabulary.
        windows: rows [notes, 8] octuples and hidden bool [notes, 8] of each, in the order in which the model reads them.
    """
    column = SLOTS[slot]
    if isinstance(model, HintedMusicBERT):
        tables = np.array(model.config.durations), np.array(model.config.bar_lengths)
        found = {row: around(*window, column, *tables) for row, window in enumerate(windows)}
        return model.log_probabilities(model.states(tokens), slot, block, lent(found, tokens.shape[1]))
    asked = [hidden[:, column].nonzero()[0] + 1 + row * tokens.shape[1] for row, (_, hidden) in enumerate(windows)]
    features = model.features(tokens)[:, :, slot].flatten(0, 1)
    return model.head(features[torch.from_numpy(np.concatenate(asked))], block).float()
