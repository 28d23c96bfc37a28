"""What a lyric is about: the words of its theme and its mood, and words that are related to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from checkpoints.word_vectors import word_vectors
from music.errors import StudioError
from music.words.slurs import has_slur, is_slur
from pipelines.prompt.words import MOOD_WORDS
from pipelines.verse.lexicon import OLD_WORDS, WEAK_ENDS, is_word
from pipelines.wording.encoder import content, words_of

ASIDE = frozenset(
    ["song", "songs", "lyrics", "lyric", "verse", "verses", "about", "write", "poem", "please", "something"]
)
"""What a theme is asked for by, and not about."""

RELATED = 20
MOST_OWN = 8
MOOD_WORDS_TAKEN = 8
NEAREST = 0.45
"""Cosine from which on words count as related. These numbers by ear, not measured."""


@dataclass(frozen=True)
class Theme:
    """What a lyric is about.

    Attributes:
        own: the words of the theme itself that say something.
        nearness: of each word that is of the theme or related to it or to the mood, 0 to 1; the theme's own have 1.
    """

    own: tuple[str, ...]
    nearness: dict[str, float]


def theme_of(text: str, mood: str | None) -> Theme:
    """Returns what a text in plain English is about.

    Raises:
        StudioError: there is no text, no word of it is known, or it has a word that is not sung here.
    """
    if not text.strip():
        raise StudioError("What the lyrics are about was not said. Give a few words, such as 'the last train home'.")
    if has_slur(text):
        raise StudioError("The theme has a word that is not written here. Say it in other words.")
    table = word_vectors()
    known = content(word for word in words_of(text, table.rows) if not is_slur(word))
    own = list(dict.fromkeys(word for word in known if word not in ASIDE and word not in WEAK_ENDS.split()))[:MOST_OWN]
    if not own:
        raise StudioError("No word of the theme is known. Say in plain English what the lyrics are about.")
    nearness = _related(tuple(own))
    for word in _mood_words(mood):
        nearness.setdefault(word, 0.6)
        for other, near in _related((word,), RELATED // 4).items():
            nearness.setdefault(other, 0.5 * near)
    return Theme(tuple(own), nearness | dict.fromkeys(own, 1.0))


def _mood_words(mood: str | None) -> list[str]:
    """Returns words of a mood that a lyric may use."""
    if mood is None:
        return []
    listed = [word.strip() for word in MOOD_WORDS[mood].split(",")]
    return [word for word in listed if word.isalpha() and is_word(word) and word in word_vectors().rows][
        :MOOD_WORDS_TAKEN
    ]


@lru_cache(256)
def _near(words: Sequence[str], count: int) -> tuple[tuple[str, float], ...]:
    table = word_vectors()
    names = list(table.rows)
    unit = table.vectors - table.vectors.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True) + 1e-6
    best = (unit @ unit[[table.rows[word] for word in words]].T).max(axis=1)
    order = np.argsort(-best)[: count + len(words)]
    return tuple((names[row], float(best[row])) for row in order if best[row] > NEAREST)


def _related(words: tuple[str, ...], count: int = RELATED) -> dict[str, float]:
    """Returns the words nearest to any of some words, and how near they are."""
    old = OLD_WORDS.split()
    return {word: near for word, near in _near(words, count) if len(word) > 2 and is_word(word) and word not in old}
