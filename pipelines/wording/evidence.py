"""What the words of a text speak for: known wordings first, then guesses of the attribute heads; and what a clause rules out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from checkpoints.word_vectors import WordVectors
from pipelines.prompt import function_words as grammar
from pipelines.prompt.tokenize import Token, known_words, tokens
from pipelines.prompt.understand import Understanding
from pipelines.prompt.vocabulary import split, vocabulary
from pipelines.wording.captions import wordings
from pipelines.wording.encoder import LEFT_OUT, average, content

_NAMED_SURE = 0.1  # beside a word such as "volume" a guess is taken from this probability on
_LONGEST = 6  # words of a wording


class Evidence(NamedTuple):
    """A class that words speak for: where they stand, how likely, and whether they are known."""

    attribute: str
    value: str
    first: int
    last: int
    chance: float
    sure: bool


@cache
def _tables() -> dict[str, Any]:
    """Returns wordings.toml as it is written."""
    return tomllib.loads((Path(__file__).parent / "wordings.toml").read_text(encoding="utf-8"))


@cache
def phrases() -> dict[tuple[str, ...], tuple[str, str]]:
    """Returns attribute and class of each training wording, as a tuple of words."""
    return {
        tuple(token.plain for token in tokens(phrase)): (name, value)
        for name, classes in wordings().items()
        for value, told in classes.items()
        for phrase in told
    }


@cache
def _named_by() -> dict[str, str]:
    return {word: name for name, told in _tables()["named_by"].items() for word in told}


@cache
def signs(*texts: str) -> tuple[tuple[str, ...], ...]:
    """Returns phrases as tuples of words, the longest first."""
    found = {tuple(phrase.replace("'", "").split()) for text in texts for phrase in split(text)}
    return tuple(sorted(found, key=len, reverse=True))


def _starts(plain: Sequence[str], at: int, phrases: Iterable[tuple[str, ...]]) -> int:
    """Returns how many words from a place on are the longest of some phrases, 0 if none is."""
    return next((len(phrase) for phrase in phrases if tuple(plain[at : at + len(phrase)]) == phrase), 0)


def ruled_out(written: Sequence[Token]) -> list[bool]:
    """Returns for each word whether it stands behind "no", "not", "without" ... in the same clause.

    A list goes on as it does in prompts: "no drums or bass, but piano", "without drums, bass and piano".
    """
    plain = [token.plain for token in written]
    turns = [
        phrase for phrase in signs(grammar.TURNS) if phrase not in {("in",), ("at",), ("for",), ("use",), ("using",)}
    ]
    out, state, whole, at = [False] * len(plain), False, False, 0
    while at < len(plain):
        harmless = _starts(plain, at, signs(grammar.NOT_NEGATIONS))
        length = _longest_wording(plain, at)
        if harmless or length > 1:  # "not only"; "neither slow nor fast" is a wording
            out[at : at + max(harmless, length)] = [state] * max(harmless, length)
            at += max(harmless, length)
            continue
        if length := _starts(plain, at, signs(grammar.NEGATIONS)):
            state, whole = True, bool(_starts(plain, at, signs(grammar.LIST_NEGATIONS)))
            at += length
            continue
        goes_on = written[at].raw == "," and (whole or "or" in plain[at : at + 6])
        ends = plain[at] == "," and not goes_on or plain[at] in ("and", "&", "+", "with") and not whole
        if ends or _starts(plain, at, turns):
            state = False
        out[at] = state
        at += 1
    return out


def _longest_wording(plain: Sequence[str], at: int) -> int:
    """Returns how many words from a place on are a wording, 0 if none is."""
    most = min(_LONGEST, len(plain) - at)
    return next((n for n in range(most, 0, -1) if tuple(plain[at : at + n]) in phrases()), 0)


def known(written: Sequence[Token], negated: Sequence[bool]) -> list[Evidence]:
    """Returns what the wordings say that stand in a text and are not ruled out."""
    plain, found, at = [token.plain for token in written], [], 0
    while at < len(plain):
        length = _longest_wording(plain, at)
        if length:
            name, value = phrases()[tuple(plain[at : at + length])]
            if not negated[at]:
                found.append(Evidence(name, value, at, at + length, 1.0, True))
        at += length or 1
    return found


def without_sounds(text: str, written: Sequence[Token], known: Sequence[Evidence]) -> str:
    """Returns a text without wordings of several words about the sound: "medium volume" is about no tempo."""
    for each in known:
        if each.last - each.first > 1 and each.attribute in ("loudness", "brightness", "density"):
            start, end = written[each.first].start, written[each.last - 1].end
            text = f"{text[:start]}{LEFT_OUT * (end - start)}{text[end:]}"
    return text


def obeyed(understood: Understanding, written: Sequence[Token], known: Sequence[Evidence]) -> list[Evidence]:
    """Returns what the moods say that the vocabulary of prompts finds, in words that are no wording."""
    found, taken = list[Evidence](), {number for each in known for number in range(each.first, each.last)}
    for said in understood.found:
        if said.field == "moods":
            place = [number for number, token in enumerate(written) if said.start <= token.start < said.end]
            for mood in said.value if place and not taken & set(place) else ():
                for name, value in _tables()["moods"].get(mood, {}).items():
                    found.append(Evidence(name, value, place[0], place[-1] + 1, 0.9, True))
    return found


def guessed(
    table: WordVectors, written: Sequence[Token], negated: Sequence[bool], known: Sequence[Evidence]
) -> list[Evidence]:
    """Returns what words say that no vocabulary knows, alone and with the next word of their clause."""
    taken = {number for each in known for number in range(each.first, each.last)}
    if is_foreign([token.plain for token in written]):
        return []
    found, named = list[Evidence](), _named_by()
    for number, token in enumerate(written):
        new = token.kind == "word" and token.plain in table.rows and token.plain not in _understood_words()
        if not new or negated[number] or number in taken or token.plain in named:
            continue
        tried = [_guess(table, table.heads, (token.plain,), number, number + 1)]
        for other in _neighbors(written, number):
            first, last = min(number, other), max(number, other) + 1
            pair = (written[first].plain, written[last - 1].plain)
            if about := named.get(written[other].plain):  # "at an ordinary speed" is about the tempo
                tried = [_guess(table, (about,), pair, first, last, _NAMED_SURE)]
                break
            if other > number and other not in taken and not negated[other] and written[other].plain in table.rows:
                tried.append(_guess(table, table.heads, pair, first, last))
        found += [max(filter(None, tried), key=lambda each: each.chance)] if any(tried) else []
    return found


@cache
def _understood_words() -> frozenset[str]:
    """Returns the words that the vocabulary of prompts has, with a meaning or as grammar."""
    listed = {word for phrase in split(grammar.ORDINARY) for word in phrase.split()}
    in_phrases = {word for phrase in vocabulary() if len(phrase) > 1 for word in phrase if (word,) not in vocabulary()}
    return frozenset(known_words() - listed - in_phrases | set(grammar_words()))


@cache
def grammar_words() -> frozenset[str]:
    """Returns the small words of sentences: fillers, negations and turns."""
    texts = (grammar.FILLERS, grammar.NEGATIONS, grammar.TURNS)
    return frozenset(word for text in texts for phrase in split(text) for word in phrase.replace("'", "").split())


def _neighbors(written: Sequence[Token], number: int) -> Iterator[int]:
    """Yields the nearest words before and behind a word, in its clause, that are more than grammar."""
    for step in (-1, 1):
        other = number + step
        while 0 <= other < len(written) and abs(other - number) <= 3 and written[other].kind == "word":
            if written[other].plain in _named_by() or written[other].plain not in grammar_words():
                yield other
                break
            other += step


def likeliest(table: WordVectors, attribute: str, words: Iterable[str]) -> tuple[str, float]:
    """Returns the class of an attribute that words speak for, and how likely it is that they say one at all."""
    head, vector = table.heads[attribute], average(table, content(words))
    if vector is None:
        return head.classes[0], 0.0
    logits = head.weights @ vector + head.bias
    likely = np.exp(logits - logits.max())
    return head.classes[int(likely[1:].argmax())], float(1 - likely[0] / likely.sum())


def _guess(
    table: WordVectors, attributes: Iterable[str], words: Sequence[str], first: int, last: int, sure: float = 0.5
) -> Evidence | None:
    """Returns the likeliest thing that words may say of some attributes, None if that is less likely than ``sure``."""
    best: Evidence | None = None
    for name in attributes:
        value, chance = likeliest(table, name, words)
        if chance > max(sure, best.chance if best else 0.0):
            best = Evidence(name, value, first, last, chance, False)
    return best


def is_foreign(plain: Sequence[str]) -> bool:
    """Returns whether a text is of another language, as far as its small words tell."""
    foreign = sum(word in _tables()["foreign"]["words"] for word in plain)
    return foreign >= 2 and foreign > sum(word in grammar_words() for word in plain)
