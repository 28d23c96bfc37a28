"""Text to a vector: the average of the vectors of its words, from the small table that ships with the studio."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from checkpoints.word_vectors import WIDTH, WordVectors, word_vectors
from pipelines.prompt.function_words import FILLERS
from pipelines.prompt.words import EMOJI
from pipelines.wording import distilgpt2

LIMIT = 4.0
"""Entries of a vector end here, in standard deviations: a word far from all captions must not shout."""

COMMON = 1e-3
"""From this share of all text on a word counts for little: COMMON / (COMMON + share), SIF of Arora et al. 2017."""

_GRAMMAR = frozenset(FILLERS.replace(",", " ").split()) | {"not", "no", "nor", "neither"}
_RANK_SHIFT = 2.7  # Zipf-Mandelbrot: the share of a word falls as 1 / (rank + 2.7)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_SIGNS = dict.fromkeys(map(ord, "'’‘ʼ`´"), None) | dict.fromkeys(map(ord, "‐‑‒"), "-")


LEFT_OUT = " "
"""Stands for a letter of what a text rules out."""


def encode(texts: Sequence[str], encoder: str = "auto") -> np.ndarray:
    """Returns the texts' vectors, float32 [texts, WIDTH], with entries of about variance 1 over captions.

    A text without a known word is all zeros. Needs no torch but for DistilGPT-2.

    Args:
        texts: of any length.
        encoder: "words-small", the table that ships; "distilgpt2"; or "auto", DistilGPT-2 where it has been pulled.

    Raises:
        StudioError: the encoder that was asked for is missing or damaged.
    """
    if encoder == "distilgpt2" or (encoder == "auto" and distilgpt2.is_here()):
        return distilgpt2.encode(texts, by_words)
    return by_words(texts)


def by_words(texts: Sequence[str]) -> np.ndarray:
    """Returns the texts' vectors by words-small, as ``encode``."""
    table = word_vectors()
    made = np.zeros((len(texts), WIDTH), np.float32)
    for row, text in enumerate(texts):
        found = average(table, words_of(text, table.rows))
        if found is not None:
            made[row] = np.clip((found - table.center) / table.spread, -LIMIT, LIMIT)
    return made


def average(table: WordVectors, words: Iterable[str]) -> np.ndarray | None:
    """Returns the average of the vectors of known words, common ones counting for little, float32 [WIDTH]; None of none."""
    rows = [table.rows[word] for word in words]
    if not rows:
        return None
    weights = word_weights(len(table.rows))[rows]
    return (weights @ table.vectors[rows]) / weights.sum()


@cache
def word_weights(count: int) -> np.ndarray:
    """Returns how much each of so many words says, the commonest first, float32 [count]."""
    shares = 1 / (np.arange(1, count + 1) + _RANK_SHIFT)
    shares /= shares.sum()
    return (COMMON / (COMMON + shares)).astype(np.float32)


def words_of(text: str, known: Mapping[str, int]) -> Iterator[str]:
    """Yields the known words of a text in order: "Up-Tempo" as "uptempo" or, where that is none, as "up" and "tempo"."""
    for match in _WORD.finditer(plain(text)):
        whole = match.group().replace("-", "")
        yield from (word for word in ([whole] if whole in known else match.group().split("-")) if word in known)


def content(words: Iterable[str]) -> list[str]:
    """Returns the words that are more than grammar, or all of them if none is."""
    every = list(words)
    return [word for word in every if word not in _GRAMMAR] or every


def plain(text: str) -> str:
    """Returns a text in lower case without accents and apostrophes, its emoji as words."""
    named = "".join(f" {EMOJI[sign]} " if sign in EMOJI else sign for sign in text)
    apart = unicodedata.normalize("NFKD", named.casefold().translate(_SIGNS))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
