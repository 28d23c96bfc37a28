"""The language models that write lyrics, seen alike: lyrics-small, and DistilGPT-2 where it has been pulled."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from checkpoints.loading import load
from checkpoints.store import RegistryEntry, entry
from pipelines.verse.vocabulary import LINE, Vocabulary
from pipelines.wording import distilgpt2

PULLED = distilgpt2.NAME

MARKS = (",", ";", ":", "!", "?", ".")
"""Signs that may stand behind a word."""


@dataclass(frozen=True)
class Language:
    """A language model and its tokens.

    Attributes:
        core: a ``GPT2Model`` of transformers.
        table: of its output, float32 [tokens, width].
        pieces: the text of each token, with the space before a word; "" for one that is no text.
        encode: gives the ids of a text with a space before it.
        line_end: the id that ends a line.
        positions: tokens that it reads at once, at most.
        signs: the vocabulary of a model that is told the length and the last word of a line before it; None for others.
        entry: what the registry says of it.
    """

    core: Any
    table: Tensor
    pieces: tuple[str, ...]
    encode: Callable[[str], list[int]] = field(repr=False)
    line_end: int
    positions: int
    signs: Vocabulary | None
    entry: RegistryEntry

    @cached_property
    def starts(self) -> np.ndarray:
        """The tokens that begin a word, int64 [some]."""
        return np.flatnonzero([piece.startswith(" ") and _is_letters(piece[1:]) for piece in self.pieces])

    @cached_property
    def is_inner(self) -> np.ndarray:
        """Which tokens go on with a word, bool [tokens]."""
        return np.array([_is_letters(piece) for piece in self.pieces])

    @cached_property
    def inner(self) -> np.ndarray:
        """The tokens that go on with a word, int64 [some]."""
        return np.flatnonzero(self.is_inner)

    @cached_property
    def marks(self) -> dict[str, int]:
        """The ids of the signs that may stand behind a word."""
        return {piece: number for number, piece in enumerate(self.pieces) if piece in MARKS}

    @torch.inference_mode()
    def read(self, ids: Tensor, past: Any = None) -> tuple[Tensor, Any]:
        """Returns how likely each token is to follow, as log-probabilities [batch, tokens], and the past with what was read.

        Args:
            ids: int64 [batch, tokens] to read.
            past: what was read before, as it was returned; it is changed.
        """
        found = self.core(input_ids=ids, past_key_values=past, use_cache=True)
        return F.linear(found.last_hidden_state[:, -1].float(), self.table).log_softmax(-1), found.past_key_values

    @torch.inference_mode()
    def likelihoods(self, context: Sequence[int], texts: Sequence[Sequence[int]]) -> np.ndarray:
        """Returns the log-likelihoods of texts after a context, of all their tokens, [texts]."""
        longest = max(map(len, texts))
        padded = torch.tensor([[*text, *([0] * (longest - len(text)))] for text in texts])
        first, past = self.read(torch.tensor([list(context)]))
        total = first[0, padded[:, 0]]
        if longest > 1:
            hidden = self.core(
                input_ids=padded[:, :-1], past_key_values=repeated(past, len(texts)), use_cache=True
            ).last_hidden_state
            later = F.linear(hidden.float(), self.table).log_softmax(-1)
            found = later.gather(-1, padded[:, 1:, None])[..., 0]
            real = torch.arange(1, longest) < torch.tensor([len(text) for text in texts])[:, None]
            total = total + (found * real).sum(-1)
        return total.numpy()


def repeated(past: Any, times: int) -> Any:
    """Returns the past of one text for so many that go on from it."""
    found = copy.deepcopy(past)
    found.batch_repeat_interleave(times)
    return found


def language(checkpoint: str) -> Language:
    """Returns a language model by its name in the registry, loaded once.

    Raises:
        StudioError: there is none of this name here, or it is none that writes lyrics.
    """
    if checkpoint == PULLED:
        return _pulled(entry(PULLED).sha256)
    loaded = load(checkpoint, task="lyrics")
    return _trained(checkpoint, loaded.entry.sha256)


@lru_cache(2)
def _trained(checkpoint: str, sha256: str) -> Language:
    loaded = load(checkpoint)
    vocabulary = Vocabulary.read(loaded.model.vocabulary_text)
    pieces = [vocabulary.decode([number]) for number in range(loaded.model.config.vocabulary)]
    core = loaded.model.transformer
    return Language(
        core,
        core.wte.weight,
        tuple(pieces),
        vocabulary.encode,
        vocabulary.sign[LINE],
        loaded.model.config.positions,
        vocabulary,
        loaded.entry,
    )


@lru_cache(1)
def _pulled(sha256: str) -> Language:
    found = distilgpt2.load()
    tokenizer = found.tokenizer
    pieces = tuple(tokenizer.decode([number]) for number in range(found.model.config.vocab_size))
    return Language(
        found.model.base_model,
        found.model.lm_head.weight,
        pieces,
        lambda text: tokenizer.encode(f" {text}", add_special_tokens=False),
        pieces.index("\n"),
        found.model.config.n_positions,
        None,
        entry(PULLED),
    )


def _is_letters(text: str) -> bool:
    return bool(text) and text.isascii() and text.replace("'", "a").isalpha()
