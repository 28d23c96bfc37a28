"""A prompt as words: where each stands in the text, in which plain form it is looked up, and which slips it holds."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from pipelines.prompt import function_words as grammar
from pipelines.prompt import words
from pipelines.prompt.languages import phrases
from pipelines.prompt.vocabulary import split, vocabulary

MOST_WORDS = 600
"""A prompt is read up to here."""

_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)|(?P<half>[½¼¾])|(?P<word>(?:[^\W\d_]|[\u0300-\u036f])+(?:'(?:[^\W\d_]|[\u0300-\u036f])+)*'?)"
    r"|(?P<note>[♩♪]\.?)"
    r"|(?P<sign>[=#♯♭/:&+~])|(?P<stop>[,;.!?()\[\]{}\"\n|])|(?P<dash>-)|(?P<other>[^\s\w])|(?P<rest>_+|\w)"
)
_QUOTES = dict.fromkeys(map(ord, "’‘‛ʼ´`＇"), "'") | dict.fromkeys(map(ord, "“”„«»"), '"')
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")


class Token(NamedTuple):
    """A word, number or sign of a prompt.

    Attributes:
        start: where it begins in the text.
        end: where it ends.
        raw: how it is written.
        plain: how it is looked up; "," for whatever parts clauses.
        kind: "word", "number", "sign", "stop" or "other".
    """

    start: int
    end: int
    raw: str
    plain: str
    kind: str


def tokens(text: str) -> list[Token]:
    """Returns the words, numbers and signs of a text, at most MOST_WORDS."""
    even = "".join(map(_even, text)).translate(_QUOTES | _DASHES)
    found: list[Token] = []
    for match in _TOKEN.finditer(even):
        kind, raw = match.lastgroup or "other", text[match.start() : match.end()]
        if kind == "word":
            plain = _bare(match.group()).replace("'", "")
        elif kind == "stop":
            plain = ","
        elif kind == "dash":
            alone = even[match.start() - 1 : match.start()].isspace() or even[match.end() : match.end() + 1].isspace()
            numbers = (
                even[match.start() - 1 : match.start()].isdigit() and even[match.end() : match.end() + 1].isdigit()
            )
            if not (alone or numbers):
                continue
            plain, kind = ("to", "sign") if numbers else (",", "stop")
        elif kind == "other":
            if unicodedata.category(match.group()) not in ("So", "Sk", "Sm", "Sc") or raw in grammar.SKIN_TONES:
                continue
            plain = words.EMOJI.get(raw, raw)
            kind = "word" if raw in words.EMOJI else kind
        elif kind == "rest":
            if raw.startswith("_"):
                continue
            plain = match.group()
        else:
            plain = match.group()
        found.append(Token(match.start(), match.end(), raw, plain, kind))
        if len(found) >= MOST_WORDS:
            break
    return found


def _even(sign: str) -> str:
    """Returns a character in its plainest form that is one character too."""
    plain = sign if sign in "½¼¾´" else unicodedata.normalize("NFKC", sign)
    return plain if len(plain) == 1 else sign


@lru_cache(4096)
def _bare(word: str) -> str:
    """Returns a word in lower case, without accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


@cache
def known_words() -> frozenset[str]:
    """Returns every word that has a meaning or none, as part of a phrase or by itself."""
    listed = [grammar.FILLERS, grammar.NEGATIONS, grammar.NOT_NEGATIONS, grammar.TURNS, grammar.ORDINARY]
    known = {word for text in listed for phrase in split(text) for word in phrase.split()}
    foreign = {phrase for phrase in phrases() if len(phrase) > 1}  # whose words are none of English
    known |= {word for phrase in vocabulary() if phrase not in foreign for word in phrase}
    return frozenset(known | set(grammar.PATTERN_WORDS))


@cache
def _near() -> dict[str, tuple[str, ...]]:
    """Returns the words worth correcting to, by each of their spellings with a letter or two left out."""
    table: dict[str, set[str]] = {}
    alone = {phrase[0] for phrase in vocabulary() if len(phrase) == 1 and phrase[0].isascii() and phrase[0].isalpha()}
    for word in alone | set(split(grammar.SLIPS_OF)):
        for short in _shortened(word) if len(word) >= 5 else ():
            table.setdefault(short, set()).add(word)
    return {short: tuple(sorted(found)) for short, found in table.items()}


def _shortened(word: str) -> set[str]:
    once = {word[:at] + word[at + 1 :] for at in range(len(word))}
    twice = {short[:at] + short[at + 1 :] for short in once for at in range(len(short))} if len(word) >= 9 else set()
    return {word} | once | twice


@lru_cache(4096)
def corrected(word: str) -> str | None:
    """Returns the one word of the vocabulary that a slip was meant to be; None for known, short and other words.

    One slip (a letter too many, missing, wrong, or two swapped) is allowed from 5 letters on, in words of 5 no wrong
    consonant; two from 9 letters on. The first letter must be right.
    """
    if len(word) < 4 or len(word) > 24 or not (word.isascii() and word.isalpha()) or word in known_words():
        return None
    if word.removesuffix("s") in known_words() or word.removesuffix("es") in known_words():
        return None
    near = {found for short in _shortened(word) for found in _near().get(short, ()) if found[0] == word[0]}
    best = sorted((slips(word, found), found) for found in near)
    best = [(count, found) for count, found in best if count <= 1 + (min(len(word), len(found)) >= 9)]
    if not best or len(best) > 1 and best[0][0] == best[1][0] == 2:
        return None
    found = best[0][1]
    changed = [letter for a, b in zip(word, found) if a != b for letter in (a, b)]
    if len(found) == len(word) == 5 and len(changed) == 2 and not set(changed) <= set("aeiouy"):
        return None
    return found


def slips(one: str, two: str) -> int:
    """Returns how many letters must be put in, left out, changed or swapped with their neighbour to make two of one."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one):
        last, row = row, [i + 1]
        for j, b in enumerate(two):
            cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a != b))
            if i and j and a == two[j - 1] and one[i - 1] == b:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        before = last
    return row[-1]
