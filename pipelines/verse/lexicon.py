"""The words that lyrics are made of: which are words at all, which end a line well, and which rhyme with which."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from checkpoints.word_vectors import word_vectors
from music.words import dictionary
from music.words.pronunciation import rhyme_part, syllables
from music.words.slurs import is_slur

OLD_WORDS = (
    "thee thou thy thine ye hath doth art wilt shalt hast dost didst hadst canst o'er e'er ne'er 'tis 'twas 'twixt ere nay yea "
    "lo unto wherefore whence whither thither hither oft thyself"
)
"""Words of another time, which the poems are full of and songs of today are not."""

WEAK_ENDS = (
    "a an the and or but nor so as if than that of to in on at by for from with into upon i my your his its our their is am "
    "are was were be do does did has have had will would shall should can could may might must who whom whose which what "
    "when where while it's i'm you're i'll we'll he's she's that's not no very such these those this some any every each "
    "because until unless since although though whether per via etc de la le von van mr mrs dr st vs"
)
"""Words that no line ends with, as what they belong to comes after them."""

PARTNERS = 6
"""How many words must rhyme with one that others are to rhyme with: by ear, not measured."""

_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "'s", "n't", "'ll", "'d", "'ve", "'re", "'m")
_KNOWN_SHORT = frozenset(["a", "A", "I", "O"])


@dataclass(frozen=True)
class EndWord:
    """A word that may end a line.

    Attributes:
        text: as it is written.
        syllables: how many it has.
        rhyme: what it rhymes by, see ``music.words.pronunciation.rhyme_part``.
    """

    text: str
    syllables: int
    rhyme: str


@cache
def end_words() -> Mapping[str, EndWord]:
    """Returns the words that may end a line by their text, the commonest first: those of words-small that can be said."""
    weak, old, found = set(WEAK_ENDS.split()), set(OLD_WORDS.split()), {}
    for word in word_vectors().rows:
        if (
            len(word) > 1
            and word not in weak
            and word not in old
            and not is_slur(word)
            and dictionary.pronunciations(word)
        ):
            part = rhyme_part(word)
            if part is not None and not _is_letters_said(word):
                found[word] = EndWord(word, syllables_of(word), part)
    return found


@cache
def rhyming() -> Mapping[str, tuple[EndWord, ...]]:
    """Returns the words that may end a line by what they rhyme by, the commonest first; of words that sound alike the first."""
    groups: dict[str, dict[str, EndWord]] = {}
    for word in end_words().values():
        sound = "".join(sign for sign in dictionary.pronunciations(word.text)[0] if not sign.isdigit())
        groups.setdefault(word.rhyme, {}).setdefault(sound, word)
    return {rhyme: tuple(group.values()) for rhyme, group in groups.items()}


def partners(word: EndWord) -> tuple[EndWord, ...]:
    """Returns the words that rhyme with one, itself left out."""
    return tuple(other for other in rhyming().get(word.rhyme, ()) if other.text != word.text)


@lru_cache(65536)
def has_partners(word: EndWord, syllables: int) -> bool:
    """Returns whether enough words of fewer syllables than these rhyme with one."""
    return sum(other.syllables < syllables for other in partners(word)) >= PARTNERS


@lru_cache(65536)
def syllables_of(word: str) -> int:
    """Returns how many syllables a word has, at least 1; as ``music.words.pronunciation.syllables``, without cutting it."""
    phones = dictionary.sung(word)
    return (len(dictionary.stresses(phones)) if phones else len(syllables(word))) or 1


@lru_cache(16384)
def is_word(text: str) -> bool:
    """Returns whether letters are a word of today that a lyric may have, written as one writes it."""
    plain = text.lower()
    if is_slur(plain) or plain in OLD_WORDS.split():
        return False
    if len(plain) == 1:
        return text in _KNOWN_SHORT
    if not text[1:].islower():
        return False
    return plain in _words()


@lru_cache(65536)
def begins_word(text: str) -> bool:
    """Returns whether letters are the beginning of a word, or a whole one."""
    plain, listed = text.lower(), _listed()
    at = bisect_left(listed, plain)
    return at < len(listed) and listed[at].startswith(plain)


@cache
def _words() -> frozenset[str]:
    """Returns the words that there are: those of the dictionary, which has every name, that words-small has in some form."""
    rows = word_vectors().rows
    return frozenset(
        word for word in dictionary.entries() if word in rows or any(_stem(word, ending) in rows for ending in _ENDINGS)
    )


def _stem(word: str, ending: str) -> str:
    return word[: -len(ending)] if len(word) - len(ending) > 1 and word.endswith(ending) else ""


@cache
def _listed() -> list[str]:
    """Returns the words that there are, in order."""
    return sorted(_words())


def _is_letters_said(word: str) -> bool:
    """Returns whether a word is said letter by letter, as "tv" is: it has no vowel."""
    return not any(sign in "aeiouy" for sign in word)
