"""Written words cut into as many parts as they have syllables: at hyphenation points, else where consonants would part.

Hyphenation alone (package ``pyphen``) leaves out points that print does not like ("a-bout", "o-pen"), so the best cuts of
all are found by scores, with the hyphenation points ahead.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

LANGUAGES = {"en": "en_US", "de": "de_DE", "fr": "fr", "es": "es", "it": "it_IT"}
"""The languages whose words are cut, and their hyphenation patterns."""

_VOWELS = frozenset("aeiouy")
_APART = "ia io iu eo ua uo ue ie iy yi ya yo ye ao aa uu ii ou"  # if a cut between vowels must be
_TOGETHER = "ch ck dg gh ph qu rh sh tch th wh"
_ONSETS = (
    "bl br ch cl cr dr dw fl fr gl gr kl kn kr ph pl pr qu rh sc sch scr sh shr sk sl sm sn sp spl spr squ st str sw th thr tr "
    "tw wh wr"
)
# What a cut is worth; only the order counts. By ear, on some hundred words.
_HYPHEN, _BEFORE_ONSET, _IN_CLUSTER, _BETWEEN_VOWELS, _ODD = 3.0, 1.5, 1.0, 0.4, -2.0
_NO_VOWEL, _SILENT, _SECOND_VOWEL = -6.0, -2.5, -1.0
_WITHOUT_VOWEL = ("n't", "thm", "thms", "sm", "sms")  # at the end, syllables all the same: "did-n't", "rhy-thm"


def letters(word: str) -> str:
    """Returns a word with each sign as one plain small letter, as long as the word is; "" stands as a space."""
    return "".join(_letter(sign) for sign in word)


@cache
def _letter(sign: str) -> str:
    if unicodedata.combining(sign):
        return " "
    if sign in "'’‘ʼ`´":
        return "'"
    first = unicodedata.normalize("NFKD", sign)[0].casefold()[:1]
    return {"œ": "e", "æ": "e", "ø": "o", "ß": "s", "ı": "i", "ł": "l"}.get(first, first)


@lru_cache(4096)
def vowel_groups(plain: str) -> int:
    """Returns how many syllables an English word's spelling suggests, at least 1.

    Args:
        plain: a word as ``letters`` gives it.
    """
    heard = [at for at, _ in _groups(plain)]
    count = len(heard)
    if count > 1 and plain.endswith("e") and not _vowel(plain, len(plain) - 2):
        count -= not (plain.endswith("le") and len(plain) > 2 and not _vowel(plain, len(plain) - 3))
    if (
        count > 1
        and plain.endswith(("ed", "'d"))
        and plain[-3:-2] not in ("t", "d", "l")
        and heard[-1] == len(plain) - 2
    ):
        count -= 1
    if (
        count > 1
        and plain.endswith("es")
        and plain[-3:-2] not in ("s", "x", "z", "h", "c", "g")
        and heard[-1] == len(plain) - 2
    ):
        count -= 1
    return max(1, count)


def _groups(plain: str) -> list[tuple[int, int]]:
    """Returns where runs of vowels begin and end; an apostrophe between vowels joins them, as in "o'er"."""
    found: list[tuple[int, int]] = []
    for at, _ in enumerate(plain):
        if _vowel(plain, at):
            joined = found and (found[-1][1] == at or plain[found[-1][1] : at] == "'")
            found[-1:] = [(found[-1][0], at + 1)] if joined else [*found[-1:], (at, at + 1)]
    return found


def _vowel(plain: str, at: int) -> bool:
    """Returns whether a letter is a vowel there: y is none before another vowel at the start, nor u after q."""
    if not 0 <= at < len(plain) or plain[at] not in _VOWELS:
        return False
    following = plain[at + 1 : at + 2]
    if plain[at] == "y":
        return not (following in _VOWELS and following != "" and (at == 0 or not plain[at - 1].isalpha()))
    return not (plain[at] == "u" and plain[at - 1 : at] == "q")


@lru_cache(4096)
def hyphenated(plain: str, language: str) -> tuple[int, ...]:
    """Returns where the hyphenation patterns of a language would cut a word."""
    return tuple(int(at) for at in _patterns(language).positions(plain) if 0 < at < len(plain))


@cache
def _patterns(language: str) -> Any:
    import pyphen

    edge = 2 if language == "en" else 1  # of English, shorter edges are wrong more often than right
    return pyphen.Pyphen(lang=LANGUAGES[language], left=edge, right=edge)


@lru_cache(4096)
def cut(plain: str, parts: int, language: str = "en") -> tuple[int, ...]:
    """Returns where a word is cut into so many parts, as the places of their first letters but the first one's.

    Args:
        plain: a word as ``letters`` gives it; where it has fewer signs than parts, it gets fewer.
        parts: at least 1.
        language: of LANGUAGES.
    """
    size = len(plain)
    parts = min(parts, max(1, size))
    points = frozenset(hyphenated(plain, language))
    best: list[dict[int, tuple[float, tuple[int, ...]]]] = [{0: (0.0, ())}]
    for number in range(1, parts + 1):
        row: dict[int, tuple[float, tuple[int, ...]]] = {}
        for stop in range(number, size + 1) if number < parts else (size,):
            tried = [
                (score + _part(plain, start, stop) + (_cut(plain, stop, points) if stop < size else 0.0), (*cuts, stop))
                for start, (score, cuts) in best[-1].items()
                if start < stop
            ]
            if tried:
                row[stop] = max(tried, key=lambda each: each[0])
        best.append(row)
    return best[-1][size][1][:-1] if size else ()


def syllables_by_pattern(plain: str, language: str) -> tuple[int, ...]:
    """Returns where a word is cut by hyphenation patterns alone; a part without a vowel stays with the one before."""
    kept: list[int] = []
    cuts = [0, *hyphenated(plain, language), len(plain)]
    for start, stop in pairwise(cuts):
        if (
            start
            and any(sign in _VOWELS for sign in plain[start:stop])
            and any(sign in _VOWELS for sign in plain[:start])
        ):
            kept.append(start)
    return tuple(kept)


def _cut(plain: str, at: int, points: frozenset[int]) -> float:
    """Returns how good it is to cut a word before a letter."""
    before, after = plain[:at], plain[at:]
    if at in points:
        return _HYPHEN
    if after[0] in " '-" or before[-1] == "'":
        return 2 * _ODD
    if plain[at - 1 : at + 1] in _TOGETHER.split() or plain[at - 2 : at + 1] in _TOGETHER.split():
        return _ODD
    if after in _WITHOUT_VOWEL:
        return _HYPHEN
    left, right = _vowel(plain, at - 1), _vowel(plain, at)
    if left and right:
        return _BETWEEN_VOWELS if plain[at - 1 : at + 1] in _APART.split() else _ODD / 4
    onset = next((at + n for n in range(len(after)) if _vowel(plain, at + n)), len(plain))
    cluster = plain[at:onset].replace("'", "")
    if left:
        return _BEFORE_ONSET if len(cluster) == 1 or cluster in _ONSETS.split() else _ODD
    if right:
        return _IN_CLUSTER if before.endswith(("ck", "x")) else _ODD
    return _IN_CLUSTER if len(cluster) == 1 or cluster in _ONSETS.split() else _ODD


def _part(plain: str, start: int, stop: int) -> float:
    """Returns how good a part of a word is as a syllable."""
    inside = [group for group in _groups(plain) if group[0] < stop and group[1] > start]
    if not inside:
        return 0.0 if plain[start:] in _WITHOUT_VOWEL and stop == len(plain) else _NO_VOWEL
    has_silent = (
        stop == len(plain)
        and stop - start > 1
        and inside[-1] == (stop - 1, stop)
        and plain[-1] == "e"
        and not (plain[-2] == "l" and not _vowel(plain, stop - 3))
    )
    return _SILENT if has_silent and len(inside) == 1 else _SECOND_VOWEL * (len(inside) - has_silent - 1)
