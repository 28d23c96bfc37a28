"""The words of a chord progression: which of them are chords, by which system of names, and what belongs to a chord before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from music.chord_symbols.grammar import Unreadable
from music.chord_symbols.qualities import NONE
from music.chord_symbols.spelling import GERMAN, LATIN, USUAL, pitch_class, spell_out
from music.chord_symbols.steps import is_nashville, is_roman, nashville_name, roman_name
from music.errors import StudioError
from music.theory import Key

IS_NO_CHORD = re.compile(r"[/.%|:-]+|[x×]\d*")
"""What stands between chords."""

IS_BASS = re.compile(r"-?/([A-Ha-h][#b♯♭]?)[*.,]?")
"""A bass by itself, under the chord before it: "C /B Am" descends from C."""

_UNPLAIN = re.compile(r"[\s*,†‡~!\\\[\]]|\.$|^\(|^[^(]*\)|\)\(|\((?:maj|m)")
_BELONGS = re.compile(
    r"\(?(?:[b#♭♯+-](?:5|9|11|13)|6|7|9|11|13)(?:[\s,/]*[b#♭♯+-]?(?:5|9|11|13))*\)?"
    r"|\(?(?:major|maj|Maj|MAJ|minor|min|m|dim|aug|sus|add|no|omit|alt|flat|sharp|M(?=7|9)|[Δ△∆ø°])[^|]*"
)
"""What is no chord by itself, but changes the one before it."""


class Symbol(NamedTuple):
    """A chord that was read.

    Attributes:
        root: pitch class.
        quality: as ``Chord.quality``.
        bass: pitch class.
        text: as a progression keeps it: it reads the same by itself.
        system: GERMAN or LATIN where its names belong there beyond doubt, else "".
    """

    root: int
    quality: str
    bass: int
    text: str
    system: str


def read_symbol(text: str, system: str = "") -> Symbol:
    """Returns the chord that a symbol names, and how it is written with the letters C to B.

    Args:
        text: one symbol, in any of the ways of ``spelling``.
        system: GERMAN or LATIN where the text around it is written so, and "B" or "Do" have another meaning.

    Raises:
        StudioError: the text names no chord, or several; the sentence repeats it.
    """
    try:
        spelled = spell_out(text, system)
    except Unreadable as error:
        raise StudioError(f"'{text.strip()}' is not a chord symbol{error}") from None
    if spelled is None:
        return Symbol(0, NONE, 0, NONE, "")
    root, bass, typed = pitch_class(spelled.root), pitch_class(spelled.bass or spelled.root), text.strip()
    plain = spelled.root + spelled.quality + (f"/{spelled.bass}" if bass != root else "")
    kept = typed if spelled.is_plain and not _UNPLAIN.search(typed) else plain
    return Symbol(root, spelled.quality, bass, kept, spelled.system)


class Reader:
    """Reads the words of one text: its key, the system of its names, and notes of what is not read as it stands."""

    def __init__(self, key: Key | None, by_number: bool) -> None:
        self.key, self.system, self.by_number = key, "", by_number
        self.notes: dict[str, str] = {}
        self.foreign: dict[str, str] = {}

    def reads(self, word: str) -> bool:
        """Returns whether a word is a chord symbol."""
        if IS_BASS.fullmatch(word) or (self.by_number and is_nashville(word)):
            return True
        return _symbol(word, self.system) is not None or _symbol(word, GERMAN) is not None or is_roman(word)

    def name(self, word: str) -> str:
        """Returns the name by letters of a chord.

        Raises:
            StudioError: it is none.
        """
        try:
            if self.by_number and self.key is not None:
                self.notes["steps"] = f"Nashville numbers are read in {self.key.name}"
                return nashville_name(word, self.key)
            if is_roman(word) and self.key is not None:
                self.notes["steps"] = f"Roman numerals are read in {self.key.name}"
                return roman_name(word, self.key)
        except Unreadable as error:
            raise StudioError(f"'{word}' is not a chord symbol{error if str(error) else USUAL}") from None
        found = read_symbol(word, self.system)
        usual = _symbol(word, "") if self.system else None
        if found.system or (usual and usual[:3] != found[:3]):
            self.foreign.setdefault(word, f"'{word}' as {found.text}")
        return found.text

    def words(self, text: str) -> list[str]:
        """Returns the words of a text, each a chord with all that belongs to it ("G7 b9" is one), or a sign such as "/".

        Raises:
            StudioError: a word may belong to the chord before it, or be one itself.
        """
        found: list[str] = []
        for word in re.findall(r"(?:[^\s()]|\([^()]*\))+|[()]", text):
            if not word.strip("*†‡~!"):
                continue
            before = found[-1] if found and not IS_NO_CHORD.fullmatch(found[-1]) else ""
            if (
                not before
                or self.by_number
                or not _BELONGS.fullmatch(word)
                or (word.isdigit() and not before.endswith(")"))
            ):
                found.append(word)
                continue
            if before[0].islower() and word[0] == "b" and self.reads(word):
                raise StudioError(
                    f"'{before} {word}' is not a chord symbol of one meaning. Write {before}({word}), or {word.capitalize()} for a "
                    "chord of its own."
                )
            whole, slash, bass = before.partition("/")
            merged = f"{whole}({word.strip('()')}){slash}{bass}"
            if word[0].isalpha() and word[0] != "b" and not word.startswith("alt") and not self.reads(merged):
                found.append(word)
            else:
                found[-1] = merged
        return found


def system_of(words: Iterable[str]) -> str:
    """Returns GERMAN or LATIN where some of the words can only be chords of that system, else "".

    A single chord of H may be mistyped, G lies beside it; two of them, or one and a B, are German.
    """
    found = {word: _symbol(word, "") or _symbol(word, GERMAN) for word in words}
    german = [word for word, symbol in found.items() if symbol and symbol.system == GERMAN]
    if len([*german, *(found.keys() & {"B"})]) > 1 or any(not re.match(r"[Hh](?!is)|.*/H", word) for word in german):
        return GERMAN if german else ""
    return LATIN if any(symbol and symbol.system == LATIN for symbol in found.values()) else ""


def _symbol(word: str, system: str) -> Symbol | None:
    try:
        return read_symbol(word, system)
    except StudioError:
        return None


def without_commas(text: str) -> str:
    """Returns a text without the commas between chords; those within brackets stay."""
    return re.sub(r"[,;](?![^()]*\))", " ", text)
