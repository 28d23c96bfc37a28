"""What ``python -m training verses`` wrote -> rows of tokens to learn from. Needs numpy only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.verse.vocabulary import END, LINES, OLD, POEM, SIGNS, SONG, STANZA

MOST_THEME_WORDS = 6
UNSAID = -100
"""Stands for a token that is not learned, as the words of a theme: they are given."""

_SIGN = {sign: number for number, sign in enumerate(SIGNS)}


@dataclass(frozen=True)
class Verses:
    """Poems and songs, line by line.

    Attributes:
        tokens, line_ends: of all lines, with their signs, and where each line ends.
        theme_words, theme_ends: words of a theme that each line has, and where those of each end.
        words, word_ends: tokens of each word of a theme.
        begins_stanza: bool [lines].
        texts: int32 [texts, 4]: whether it is a song, whether it is old, whether it is for validation, its first line.
        vocabulary: the description of the vocabulary, JSON.
        index: where the texts came from, and the digest of the vocabulary.
    """

    tokens: np.ndarray
    line_ends: np.ndarray
    theme_words: np.ndarray
    theme_ends: np.ndarray
    words: np.ndarray
    word_ends: np.ndarray
    begins_stanza: np.ndarray
    texts: np.ndarray
    vocabulary: str
    index: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Verses:
        """Returns what is in a folder."""
        with np.load(folder / "verses.npz") as file:
            arrays = {name: file[name] for name in file.files}
        description = (folder / "vocabulary.json").read_text(encoding="utf-8")
        return cls(**arrays, vocabulary=description, index=json.loads((folder / "index.json").read_text()))

    def picked(self, is_song: bool, is_valid: bool) -> np.ndarray:
        """Returns the numbers of the texts of a kind and a split."""
        return np.flatnonzero((self.texts[:, 0] == is_song) & (self.texts[:, 2] == is_valid))

    def lines_of(self, text: int) -> tuple[int, int]:
        """Returns the first line of a text, and that of the next."""
        following = self.texts[text + 1, 3] if text + 1 < len(self.texts) else len(self.line_ends)
        return int(self.texts[text, 3]), int(following)

    def line(self, number: int) -> np.ndarray:
        """Returns the tokens of a line, with its signs."""
        return _part(self.tokens, self.line_ends, number)

    @cached_property
    def _word_weights(self) -> np.ndarray:
        """How likely each word is one of a theme: rare words say more."""
        counts = np.bincount(self.theme_words, minlength=len(self.word_ends))
        return 1 / np.sqrt(counts + 1.0)

    def example(
        self, text: int, first: int, tokens: int, rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns some of a text as tokens, and which of them are to be foretold, bool.

        Args:
            text: its number.
            first: line to begin with.
            tokens: after which no more lines are taken.
            rng: draws the words of the theme; None tells none.
        """
        _, stop = self.lines_of(text)
        parts: list[np.ndarray] = []
        length = 0
        last = first
        while last < stop and length < tokens:
            if self.begins_stanza[last] and last > first:
                parts.append(np.array([_SIGN[STANZA]]))
            parts.append(self.line(last))
            length += len(parts[-1])
            last += 1
        if last == stop:
            parts.append(np.array([_SIGN[END]]))
        head = self._head(text, first, last, rng)
        body = np.concatenate(parts)
        said = np.concatenate([np.zeros(len(head), bool), np.ones(len(body), bool)])
        return np.concatenate([head, body]).astype(np.int64), said

    def _head(self, text: int, first: int, last: int, rng: np.random.Generator | None) -> np.ndarray:
        """Returns what a text is told by: its kind and a few of its words."""
        is_song, is_old = self.texts[text, :2]
        begin = int(self.theme_ends[first - 1]) if first else 0
        found = np.unique(self.theme_words[begin : self.theme_ends[last - 1]])
        count = min(int(rng.integers(0, MOST_THEME_WORDS + 1)), len(found)) if rng is not None else 0
        weights = self._word_weights[found]
        chosen = rng.choice(found, count, replace=False, p=weights / weights.sum()) if rng is not None and count else []
        told = [_part(self.words, self.word_ends, int(word)) for word in chosen]
        kind = [_SIGN[SONG if is_song else POEM], *([_SIGN[OLD]] if is_old else [])]
        return np.concatenate([np.array(kind), *told, np.array([_SIGN[LINES]])])


def _part(flat: np.ndarray, ends: np.ndarray, number: int) -> np.ndarray:
    return flat[int(ends[number - 1]) if number else 0 : int(ends[number])]


class VerseBatches:
    """Rows of tokens, each of texts one after another.

    Args:
        verses: to read.
        weights: share of "poems" and "songs".
        rng: draws texts, where they begin, and the words of their themes.
        is_valid: whether validation texts are read.
    """

    def __init__(self, verses: Verses, weights: dict[str, float], rng: np.random.Generator, is_valid: bool = False):
        self._verses, self._rng = verses, rng
        self._of_kind = {name: verses.picked(name == "songs", is_valid) for name in weights}
        self._names = [name for name in weights if weights[name] and len(self._of_kind[name])]
        shares = np.array([weights[name] for name in self._names])
        self._shares = shares / shares.sum()
        self._left = {name: list[int]() for name in self._names}

    def batch(self, rows: int, tokens: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns what is read, int64 [rows, tokens], and what follows each token, UNSAID where that is not learned."""
        made = [self._row(tokens + 1) for _ in range(rows)]
        read = np.stack([row for row, _ in made])
        said = np.stack([row for _, row in made])
        return read[:, :-1], np.where(said, read, UNSAID)[:, 1:]

    def _row(self, tokens: int) -> tuple[np.ndarray, np.ndarray]:
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        while sum(len(read) for read, _ in parts) < tokens:
            text = self._next()
            first, stop = self._verses.lines_of(text)
            stanzas = np.flatnonzero(self._verses.begins_stanza[first:stop])
            begin = first + int(self._rng.choice(stanzas))
            parts.append(self._verses.example(text, begin, tokens, self._rng))
        return tuple(np.concatenate(part)[:tokens] for part in zip(*parts))  # type: ignore[return-value]

    def _next(self) -> int:
        """Returns the next text: all of a kind in turn, in an order that is drawn anew each time."""
        name = self._names[int(self._rng.choice(len(self._names), p=self._shares))]
        if not self._left[name]:
            self._left[name] = self._rng.permutation(self._of_kind[name]).tolist()
        return self._left[name].pop()
