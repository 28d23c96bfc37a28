"""Words to sing in a prompt: what they are about, or the lines themselves. They are taken out before the rest is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_NOUN = r"(?:some |sung |rhyming |a few )?(?:lyrics?|words|verses|song ?text)"
_WITH = r"(?:with|has|having|plus|and|that has)"
_ABOUT = re.compile(
    rf"(?<!no )(?<!any )(?<!without )(?:\b{_WITH} )?\b{_NOUN} (?:about|on|of|telling of|that tell of)\s+(?P<theme>[^.;,!?\n]+)",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    rf"\b(?:{_WITH} )?(?:these |the |my )?(?:lyrics|words)\s*:\s*(?P<lines>.+)$", re.IGNORECASE | re.DOTALL
)
_ASKED = re.compile(rf"\b{_WITH} {_NOUN}\b(?! (?:about|on|of)\b)|\bsung words\b", re.IGNORECASE)
_TURNS = re.compile(r"\s(?:in|for|at|with|by|played by|played on)\s", re.IGNORECASE)
_STROKE = re.compile(r"\s+/\s+|\s*\n\s*")
_NEAR = 8  # letters of an article or a number between such a turn and what it asks for


class Asked(NamedTuple):
    """Words to sing that a prompt asks for.

    Attributes:
        span: where it does so in the text.
        about: what they are about; "" where that is not said.
        lyrics: the lines themselves, one below another; "" where they are to be written.
    """

    span: tuple[int, int]
    about: str
    lyrics: str


def asked_words(text: str, claims: Callable[[str], list[tuple[int, int]]]) -> Asked | None:
    """Returns the words to sing that a prompt asks for, None where it asks for none.

    Args:
        text: the prompt.
        claims: returns where a text asks for something else, such as a key or a player; what they are about ends there.
    """
    if found := _GIVEN.search(text):
        lines = [line for line in _STROKE.split(found["lines"].strip()) if line]
        if len(lines) > 1:
            return Asked(found.span(), "", "\n".join(lines))
        return Asked(found.span(), lines[0] if lines else "", "")
    if found := _ABOUT.search(text):
        theme = _before_wishes(found["theme"], claims).strip()
        return Asked((found.start(), found.start("theme") + len(theme)), theme, "")
    if found := _ASKED.search(text):
        return Asked(found.span(), "", "")
    return None


def without(text: str, asked: Asked | None) -> str:
    """Returns a prompt with blanks in the place of the words to sing, so that the rest stands where it stood."""
    if asked is None:
        return text
    start, end = asked.span
    return f"{text[:start]}{' ' * (end - start)}{text[end:]}"


def _before_wishes(theme: str, claims: Callable[[str], list[tuple[int, int]]]) -> str:
    """Returns a theme up to where it asks for something else: "the sea in D minor" is about the sea."""
    for turn in _TURNS.finditer(theme):
        if any(start <= _NEAR for start, _ in claims(theme[turn.end() :])):
            return theme[: turn.start()]
    return theme
