"""Words as they are sung: their syllables with stress, and what they rhyme with.

English comes from the CMU Pronouncing Dictionary (``music.words.dictionary``), its spelling cut by
``music.words.spelling``; a word that the dictionary lacks is judged by its spelling. In other languages hyphenation
patterns alone cut words, and the stress is where most words have it: on the first syllable in German, the last in French,
the last but one in Italian and Spanish, where a written accent says otherwise on that syllable.

    >>> [syllable.text for syllable in syllables("remember,")]
    ['re', 'mem', 'ber,']
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from music.errors import StudioError
from music.words import dictionary, spelling

UNSTRESSED = (
    "a an the and or but nor so as if than that of to in on at by for from with up out i me my mine you your thou "
    "thee thy he him his she her it its we us our they them their is am are was were be been do does did has have had will "
    "would shall should can could may might must who whom whose which what when where while there this these those "
    "some such too it's i'm you're i'll we'll he's she's that's 'tis 'twas o'er ere till"
)
"""Words of one syllable that verse passes over lightly: articles, pronouns, prepositions, helping verbs ..."""

_ELIDED = {
    "o'er": "oar",
    "e'er": "air",
    "ne'er": "where",
    "e'en": "bean",
    "thro'": "through",
    "tho'": "though",
    "th'": "the",
}
"""What sounds like short forms of verse that the dictionary lacks."""

_STRESSED_AT = {"de": 0, "fr": -1, "es": -2, "it": -2}
_ACCENTS = frozenset("áéíóúàèìòù")
_LONGEST = 64  # signs of a word; more is no word, and is one syllable


@dataclass(frozen=True)
class Syllable:
    """One syllable of a written word.

    Attributes:
        text: as written, punctuation too.
        stress: 0 none, 1 primary, 2 secondary.
    """

    text: str
    stress: int


def syllables(word: str, language: str = "en") -> tuple[Syllable, ...]:
    """Returns the syllables of a written word, whose texts make up the word; () for what has no letter and no digit.

    Args:
        word: without spaces; punctuation stays with the letters beside it, and each half of "sea-shore" is a word.
        language: "en", "de", "fr", "es" or "it".

    Raises:
        StudioError: the language is none of these.
    """
    if language not in spelling.LANGUAGES:
        known = ", ".join(spelling.LANGUAGES)
        raise StudioError(f"Words in '{language}' cannot be split into syllables. Choose one of {known}.")
    return _syllables(word, language)


def line_syllables(line: str, language: str = "en") -> tuple[tuple[Syllable, ...], ...]:
    """Returns the syllables of each word of a line; what is no word, such as a dash between spaces, is left out.

    Raises:
        StudioError: as ``syllables``.
    """
    return tuple(found for word in line.split() if (found := syllables(word, language)))


def syllable_count(line: str, language: str = "en") -> int:
    """Returns how many syllables a line has.

    Raises:
        StudioError: as ``syllables``.
    """
    return sum(map(len, line_syllables(line, language)))


def rhyme_part(word: str) -> str | None:
    """Returns what an English word rhymes by: its sounds from the last stressed vowel on, such as "AY T" of "Night!".

    A word that the dictionary lacks has the rhyme part of most words that end as it does. Of several words, as in a line,
    the last one counts.

    Returns:
        ARPAbet without stress; None for what has no letter.
    """
    parts = _rhyme_parts(_last_word(word))
    return parts[0] if parts else None


def rhymes(a: str, b: str) -> bool:
    """Returns whether two English words rhyme, of lines the last words; a word does not rhyme with itself."""
    first, second = _last_word(a), _last_word(b)
    return first != second and not set(_rhyme_parts(first)).isdisjoint(_rhyme_parts(second))


@lru_cache(8192)
def _syllables(word: str, language: str) -> tuple[Syllable, ...]:
    halves = _halves(word)
    if len(halves) != 1:
        return tuple(syllable for half in halves for syllable in _syllables(half, language))
    plain = spelling.letters(word)
    first = next((at for at, sign in enumerate(plain) if sign.isalnum()), None)
    if first is None:
        return ()
    last = max(at for at, sign in enumerate(plain) if sign.isalnum()) + 1
    first -= plain[first - 1 : first] == "'"  # 'tis
    core = plain[first:last]
    if len(core) > _LONGEST:
        return (Syllable(word, 1),)
    if language == "en":
        marks = _english_stress(core)
        cuts = spelling.cut(core, len(marks))
    else:
        cuts = spelling.syllables_by_pattern(core, language)
        marks = _usual_stress(word[first:last], cuts, language)
    edges = [0, *(first + at for at in cuts), len(word)]
    return tuple(Syllable(word[start:stop], mark) for start, stop, mark in zip(edges, edges[1:], marks, strict=False))


def _halves(word: str) -> list[str]:
    """Returns the parts of a word with hyphens or dashes, each with the sign behind it, if all are words themselves."""
    parts, start = list[str](), 0
    for at, sign in enumerate(word[:-1]):
        if sign in "-‐‑–—/…" and word[at + 1].isalnum():
            if any(each.isalnum() for each in word[start:at]):
                parts.append(word[start : at + 1])
                start = at + 1
    return [*parts, word[start:]] if parts else [word]


def _english_stress(core: str) -> tuple[int, ...]:
    """Returns the stress of each syllable of an English word, by the dictionary or by its spelling."""
    found = _entry(core)
    phones = dictionary.sung(found) if found else None
    if phones is None:
        return _guessed_stress(core)
    marks = dictionary.stresses(phones) or (1,)
    if len(marks) == 1:
        return (0 if core in UNSTRESSED.split() else 1,)
    return marks


def _entry(core: str) -> str | None:
    """Returns the dictionary's word for a written one: itself, or without an apostrophe at an edge."""
    tried = (core, _ELIDED.get(core, ""), core.strip("'"), core.replace("'", "") if core.endswith("'s") else core)
    return next((each for each in tried if dictionary.pronunciations(each)), None)


def _guessed_stress(core: str) -> tuple[int, ...]:
    """Returns a guess: two syllables have it on the first, more on the last but two, with prefixes and endings apart."""
    count = spelling.vowel_groups(core)
    if count == 1:
        return (0 if core in UNSTRESSED.split() else 1,)
    at = max(0, count - 3)
    if core.endswith(("tion", "sion", "ic", "ian", "ious", "eth", "est", "ing")):
        at = max(0, count - 2)
    elif (
        count == 2
        and core.startswith(("be", "re", "un", "a", "de", "for", "en", "dis"))
        and not core.endswith(("er", "en"))
    ):
        at = 1
    return tuple(int(number == at) for number in range(count))


def _usual_stress(written: str, cuts: tuple[int, ...], language: str) -> tuple[int, ...]:
    """Returns the stress of each syllable by the rule of a language, or by a written accent in Spanish and Italian."""
    edges = [0, *cuts, len(written)]
    count = len(edges) - 1
    at = max(0, _STRESSED_AT[language] % count if count > 1 else 0)
    if language in ("es", "it"):
        accented = [n for n in range(count) if _ACCENTS & set(written[edges[n] : edges[n + 1]].lower())]
        at = accented[-1] if accented else at
    return tuple(int(number == at) for number in range(count))


def _last_word(text: str) -> str:
    """Returns the last word of a text as plain letters, the last half of one with a hyphen; "" if it has none."""
    for word in reversed(text.split()):
        plain = spelling.letters(_halves(word)[-1])
        core = "".join(sign for sign in plain if sign.isalnum() or sign == "'").strip("'")
        if core:
            return core
    return ""


@lru_cache(8192)
def _rhyme_parts(core: str) -> tuple[str, ...]:
    if not any(sign.isalpha() for sign in core):
        return ()
    found = _entry(core) or _entry(f"{core}'")
    if found is None:
        return dictionary.rhyme_parts_like(core)
    parts = (part for phones in dictionary.pronunciations(found) for part in dictionary.rhyme_parts(phones))
    return tuple(dict.fromkeys(parts))
