"""Words to sing as events of a track: THE convention of this studio, and how those of other programs are read.

A track's ``lyrics`` hold one event for each note that carries a syllable, at the note's first tick:

    "Twin-"        a syllable whose word goes on
    "kle "         the last or only syllable of a word: it ends in a space
    "\\rlit-"       the first syllable of a line begins with a carriage return, that of a stanza with a line feed
    "sea- "        a word whose own hyphen stands before the next word
    "_"            the syllable before is held over this note, too
    "@2 How "      the second verse, sung to the same notes; "@2 _" holds it

These are the rules of the MIDI Manufacturers Association for lyric events (RP-017: a space ends a word, "\\r" a line, "\\n" a
paragraph), with the hyphen that notation programs write. What RP-017 does not know, holds and verses of a repeat, begins
with "_" or "@": a MIDI file has it as text events, which other programs do not show (``is_hidden``).

``read_words`` takes the other habits as well: hyphens and no spaces (notation programs), spaces before words and lines that
begin with "\\\\" or "/" (karaoke files, .kar).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import symusic

HOLD = "_"
HIDDEN = "@"
"""How a text event of a MIDI file begins that belongs to the words and is not for other programs' screens."""

_VERSE = re.compile(r"@(\d{1,2}) ?(.*)", re.DOTALL)
_IN_LINES = re.compile(r"[\r\n]*[^\r\n]+[\r\n]*|[\r\n]+")
_LINE, _STANZA = "\r", "\n"
_BREAKS = "\r\n\\/"
_DASHES = "-\u2010\u2011"


class Sung(NamedTuple):
    """A syllable as it is sung.

    Attributes:
        time: the first tick of its note.
        text: what is sung, without hyphen, spaces or breaks; "" where the syllable before is held.
        begins: whether a word begins with it.
        ends: whether its word ends with it.
        breaks: 1 where a line begins with it, 2 where a stanza does, else 0.
        verse: from 1; of several that are sung to the same notes.
    """

    time: int
    text: str
    begins: bool = True
    ends: bool = True
    breaks: int = 0
    verse: int = 1

    @property
    def is_held(self) -> bool:
        """Whether the syllable before goes on instead of a new one."""
        return not self.text


def events_of(sung: Iterable[Sung]) -> list[symusic.TextMeta]:
    """Returns syllables as events of a track, in order of time, the first verse first."""
    events = []
    for each in sorted(sung, key=lambda each: (each.time, each.verse)):
        text = HOLD if each.is_held else f"{('', _LINE, _STANZA)[each.breaks]}{each.text}{' ' if each.ends else '-'}"
        events.append(symusic.TextMeta(each.time, text if each.verse == 1 else f"{HIDDEN}{each.verse} {text}"))
    return events


def read_words(events: Iterable[symusic.TextMeta]) -> list[Sung]:
    """Returns the syllables of a track in order of time, whichever program wrote them; those without a letter left out."""
    verses: dict[int, list[tuple[int, str]]] = {}
    for event in sorted(events, key=lambda event: event.time):
        found = _VERSE.fullmatch(event.text)
        if found and int(found[1]) > 1:
            verses.setdefault(int(found[1]), []).append((event.time, found[2]))
        elif not event.text.startswith(HIDDEN):  # some programs put several lines into one event
            verses.setdefault(1, []).extend((event.time, text) for text in _IN_LINES.findall(event.text))
    read = [each for verse, own in sorted(verses.items()) for each in _verse(verse, own)]
    return sorted(read, key=lambda each: (each.time, each.verse))


def is_hidden(text: str) -> bool:
    """Returns whether an event's text is not for the screens of other programs."""
    return text == HOLD or _VERSE.fullmatch(text) is not None


def lines_of(sung: Iterable[Sung], verse: int = 1) -> list[list[Sung]]:
    """Returns the syllables of a verse line by line; holds belong to the line before."""
    lines: list[list[Sung]] = []
    for each in sung:
        if each.verse == verse:
            if not lines or (each.breaks and not each.is_held):
                lines.append([])
            lines[-1].append(each)
    return lines


def plain_text(line: Iterable[Sung]) -> str:
    """Returns syllables as words with spaces between them."""
    return " ".join("".join(each.text + " " * (each.ends and not each.is_held) for each in line).split()).replace(
        "- ", "-"
    )


def _verse(verse: int, events: Sequence[tuple[int, str]]) -> list[Sung]:
    """Returns the syllables of one verse; a word begins where it says so, or after a syllable that ended one."""
    bare = [(time, text, text.strip(_BREAKS)) for time, text in events]
    spaced = any(inner != inner.strip() for _, _, inner in bare)
    found: list[Sung] = []
    breaks, is_open = 0, False
    for time, text, inner in bare:
        said = "".join(letter for letter in inner if letter.isprintable()).strip()
        word = said.strip(_DASHES).strip()
        before, after = text[: len(text) - len(text.lstrip(_BREAKS))], text[len(text.rstrip(_BREAKS)) :]
        if said == HOLD:
            found.append(Sung(time, "", False, True, 0, verse))
            continue
        breaks = max(breaks, _weight(before))
        if word:
            joins = said[0] in _DASHES or (is_open and not breaks and not inner.startswith(" "))
            if inner.endswith("- "):
                word, is_open = f"{word}-", False
            else:
                is_open = said[-1] in _DASHES or (spaced and not inner.endswith(" ") and not after)
            found.append(Sung(time, word, not joins, not is_open, breaks, verse))
            breaks = _weight(after)
        elif " " in inner:
            is_open = False
    return _closed(found)


def _weight(breaks: str) -> int:
    """Returns what break signs mean: 2 for a stanza, 1 for a line, 0 for none."""
    return 2 if _STANZA in breaks or "\\" in breaks else 1 if breaks else 0


def _closed(found: list[Sung]) -> list[Sung]:
    """Returns the syllables with the ends of words as the beginnings say, and none open at the end."""
    places = [place for place, each in enumerate(found) if not each.is_held]
    for here, after in zip(places, [*places[1:], None]):
        begins = after is None or found[after].begins
        found[here] = found[here]._replace(ends=begins)
    return found
