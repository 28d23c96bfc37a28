"""The grammar of what follows the root of a chord symbol: "m7b5", "7(#9,#5)", "add11", "maj7/9", "dim omit5".

A symbol names a set of steps above the root. Its parts are read from left to right: quality, numbers, alterations,
additions and omissions, with or without brackets, commas and spaces. What musicians read in several ways is refused.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from music.chord_symbols.qualities import MODEL_NAMES, QUALITIES, READ_AS

_BY_STEPS = {frozenset(steps): name for name, steps in QUALITIES.items()}

_NATURAL = {2: 2, 4: 5, 6: 9, 9: 2, 11: 5, 13: 9}
"""Semitones above the root of the degrees that are added to a chord."""
_WRITTEN = {-1: "b", 0: "", 1: "#"}
_SIGNS = {"b": -1, "-": -1, "#": 1, "+": 1, "": 0}

_TOKENS = re.compile(
    r"""(?P<gap>[\s,;()\[\]]+|/(?=[\s(]*(?:[Mm]aj|MAJ|M7|Δ|\^|[b\#+-]\d)))
    | (?P<add>(?i:add)[\s.(]*(?P<add_sign>[b#+-]?)(?P<add_degree>13|11|9|6|4|3|2))
    | (?P<omit>(?i:omit|no|without|drop)[\s.(]*(?P<omitted>[3579]|11)(?:rd|th)?)
    | (?P<alter>[b#+-](?P<degree>13|11|10|9|7|6|5|4|2)(?!\d))
    | (?P<half>(?i:half[\s-]?dim(?:inished)?|hdim)|ø|h(?![a-z])|%)
    | (?P<dim>(?i:dim(?:inished|\.)?)|o(?![a-z])|°|0)
    | (?P<aug>(?i:aug(?:mented|\.)?)|\+)
    | (?P<sus>(?i:sus(?:pended)?)[\s.]*(?P<sus_degree>24|42|4/2|2/4|[24])?)
    | (?P<maj>(?i:major|maj\.?)|Ma|MA|ma(?![a-z])|M(?![a-z])|j|[Δ^])
    | (?P<min>(?i:minor|min\.?)|Mi(?![a-z])|mi(?![a-z])|m|-)
    | (?P<dom>(?i:dom(?:inant)?)(?=\W*[791]))
    | (?P<power>power)
    | (?P<sixnine>6\s*/?\s*9)
    | (?P<slash>/(?P<slash_degree>13|11|9|7|6|4|2))
    | (?P<number>13|11|9|7|6|5|4|2)(?!\d)
    """,
    re.VERBOSE,
)


class Unreadable(Exception):
    """A suffix is not in the grammar, or has several meanings; its text says what to write instead, with the root for {0}, or is empty."""


@dataclass
class _Parts:
    """What a suffix says so far: thirds and fifths by semitones, degrees above by their signs."""

    thirds: set[int] = field(default_factory=lambda: {4})
    fifths: set[int] = field(default_factory=set)
    omitted: set[int] = field(default_factory=set)
    seventh: int = 0
    sixth: bool = False
    above: set[tuple[int, int]] = field(default_factory=set)
    """``(9, 11 or 13, -1, 0 or 1)``."""

    def steps(self) -> tuple[int, ...]:
        """Returns the semitones above the root, in the order in which chords are spelled, each once."""
        found = [0]
        found += [] if 3 in self.omitted else sorted(self.thirds, reverse=True)
        found += [] if 5 in self.omitted else sorted(self.fifths or {7})
        found += [9] if self.sixth else []
        found += [self.seventh] if self.seventh and 7 not in self.omitted else []
        found += [(_NATURAL[degree] + sign) % 12 for degree, sign in sorted(self.above) if degree not in self.omitted]
        return tuple(dict.fromkeys(found))

    def name(self) -> str:
        """Returns how the chord's suffix is written where QUALITIES has no name for it; ``read_suffix`` reads it the same."""
        thirds = self.thirds if 3 not in self.omitted else set()
        fifths = self.fifths if 5 not in self.omitted else set()
        above = {pair for pair in self.above if pair[0] not in self.omitted}
        seventh = self.seventh if 7 not in self.omitted else 0
        minor, sus = 3 in thirds, thirds & {2, 5}
        if 4 in thirds or len(sus) == 2:
            above |= {(11, 0)} if sus == {5} and 4 in thirds else {(9, 0)} if sus else set()
            sus = sus & {5} if 4 not in thirds else set()
        diminished = minor and seventh == 9 and fifths == {6}
        sixth = (self.sixth or seventh == 9) and not diminished
        seventh = 0 if seventh == 9 else seventh
        if seventh and sixth:
            above, sixth = above | {(13, 0)}, False
        text = "dim7" if diminished else "m" * minor
        if seventh:
            has_ninth = any(degree == 9 for degree, _ in above)
            top = "13" if has_ninth and (13, 0) in above else "9" if (9, 0) in above else "7"
            top = "11" if top == "9" and (11, 0) in above else top
            above -= {(9, 0), (int(top), 0)}
            text += ("Maj" if minor else "maj") * (seventh == 11) + top
        elif sixth:
            text += "6/9" if (9, 0) in above else "6"
            above -= {(9, 0)}
        text += "sus4" if 5 in sus else "sus2" if sus else ""
        changes = "" if diminished else "".join(f"{'b' if step == 6 else '#'}5" for step in sorted(fifths))
        changes += "".join(f"{_WRITTEN[sign]}{degree}" for degree, sign in sorted(above) if seventh and sign)
        text += changes if text or not changes else f"({changes})"
        text += "".join(f"add{_WRITTEN[sign]}{degree}" for degree, sign in sorted(above) if not (seventh and sign))
        return text + "".join(f"no{degree}" for degree in sorted(self.omitted & {3, 5}))


@functools.lru_cache(maxsize=4096)
def read_suffix(text: str) -> str:
    """Returns the quality that a suffix names: a key of QUALITIES, or the grammar's own name for other chords.

    Args:
        text: what follows the root, with plain accidentals ("b", "#") and without the bass.

    Raises:
        Unreadable: it names no chord, or more than one.
    """
    parts = _read(text)
    return _BY_STEPS.get(frozenset(parts.steps())) or parts.name()


@functools.lru_cache(maxsize=4096)
def steps_of(quality: str) -> tuple[int, ...]:
    """Returns the semitones above the root of a quality, the root first; none where it is no chord."""
    if quality in QUALITIES:
        return QUALITIES[quality]
    try:
        return _read(quality).steps()
    except Unreadable:
        return ()


@functools.lru_cache(maxsize=4096)
def in_degrees(quality: str) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """Returns a plainer quality, one of QUALITIES, and how another is made of it: ``(degree, semitones, "add", "alter" or "subtract")``.

    Semitones of what is added count from the step of a dominant thirteenth chord, as MusicXML has it.

    Raises:
        Unreadable: there is no such quality.
    """
    parts = _read(quality)
    fifths, seventh = set(parts.fifths), parts.seventh
    above = set(parts.above)
    changes: list[tuple[int, int, str]] = []
    if 3 in parts.thirds:
        base = {0: "m6" if parts.sixth else "m", 9: "m6", 10: "m7", 11: "mMaj7"}[seventh]
        if fifths == {6} and seventh in (0, 9, 10) and not parts.sixth:
            base, fifths = {0: "dim", 9: "dim7", 10: "m7b5"}[seventh], set()
    elif parts.thirds & {2, 5} and 4 not in parts.thirds:
        base = "sus4" if 5 in parts.thirds else "sus2"
        above |= {(9, 0)} if len(parts.thirds) > 1 else set()
        changes += [(7, seventh - 10, "add")] if seventh else [(13, 0, "add")] if parts.sixth else []
    else:
        base = {0: "6" if parts.sixth else "", 9: "6", 10: "7", 11: "maj7"}[seventh]
        above |= {(11, 0)} if 5 in parts.thirds else {(9, 0)} if 2 in parts.thirds else set()
    if seventh >= 10 and parts.sixth:
        above.add((13, 0))
    for number, step in enumerate(sorted(fifths)):
        changes.append((5, step - 7, "add" if number else "alter"))
    changes += [(degree, sign, "add") for degree, sign in sorted(above) if degree not in parts.omitted]
    changes += [(degree, 0, "subtract") for degree in sorted(parts.omitted & {3, 5, 7})]
    return base, tuple(changes)


@functools.lru_cache(maxsize=4096)
def model_quality(quality: str) -> str:
    """Returns the one of the first MODEL_QUALITIES as which models read a quality."""
    if quality in MODEL_NAMES:
        return quality
    if quality in READ_AS:
        return READ_AS[quality]
    own = set(steps_of(quality))
    thirds = own & {3, 4} or own & {5, 2}

    def fits(name: str) -> tuple[int, int, int]:
        steps = set(QUALITIES[name])
        foreign = len(steps - own - {7})
        other_third = not (steps & thirds if thirds else not steps & {2, 3, 4, 5})
        if 4 in thirds and 3 in steps and 4 not in steps:  # an augmented ninth is no third
            other_third = True
        return -(foreign + 8 * other_third), len(steps & own), len(steps & own & {10, 11})

    return max(MODEL_NAMES, key=fits)


def _read(text: str) -> _Parts:
    """Returns the parts of a suffix."""
    parts, at, first = _Parts(), 0, True
    last_major, numbered, after_gap = "", False, False
    while at < len(text):
        found = _TOKENS.match(text, at)
        if found is None:
            raise Unreadable(_hint(text))
        at, kind = found.end(), found.lastgroup
        kind = next(name for name in _KINDS if found[name] is not None)
        if kind == "gap":
            after_gap = True
            continue
        value = found[kind]
        if last_major and kind not in ("number", "sixnine"):
            last_major = _triad_or_seventh(parts, last_major, numbered)
        if kind == "min" and not first:
            raise Unreadable(_hint(text))
        if kind == "maj" and value == "j" and text[at - 2 : at] == "mj":
            raise Unreadable("Write {0}maj7 or {0}mMaj7.")
        if kind == "min":
            parts.thirds = {3}
        elif kind == "maj":
            last_major = value
        elif kind in ("dim", "half"):
            if not first:
                raise Unreadable(_hint(text))
            parts.thirds, parts.fifths, parts.seventh = {3}, {6}, 10 if kind == "half" else 0
            numbered = kind == "half"
            at, parts.seventh, numbered = _read_diminished(text, at, parts, kind, numbered)
        elif kind == "aug":
            parts.fifths.add(8)
        elif kind == "power":
            parts.omitted.add(3)
        elif kind == "sus":
            told = found["sus_degree"] or "4"
            parts.thirds = parts.thirds & {2, 5} | {step for degree, step in (("2", 2), ("4", 5)) if degree in told}
        elif kind == "add":
            _add(parts, int(found["add_degree"]), _SIGNS[found["add_sign"]])
        elif kind == "omit":
            parts.omitted.add(int(found["omitted"]))
        elif kind == "alter":
            _alter(parts, value[0], int(found["degree"]), first, after_gap, text)
        elif kind == "slash":
            degree = int(found["slash_degree"])
            if first and degree not in (9, 11, 13):
                raise Unreadable(
                    f"Write {{0}}{'7' if degree == 7 else f'add{degree}'} for the added note, or the letter of the bass."
                )
            if degree == 7 and parts.seventh:
                raise Unreadable("")
            if degree == 4:
                raise Unreadable("Write {0}sus4 or {0}add4.")
            _add_or_seventh(parts, degree, last_major)
        elif kind == "sixnine":
            parts.sixth, last_major, numbered = True, "", True
            parts.above.add((9, 0))
        elif kind == "number":
            _number(parts, int(value), last_major, numbered, first, after_gap, text, at)
            last_major, numbered = "", True
        first = after_gap = False
    if last_major:
        _triad_or_seventh(parts, last_major, numbered)
    if not set(parts.steps()) - {0} and not parts.omitted >= {3, 5}:
        raise Unreadable("")
    return parts


_KINDS = (
    "gap", "add", "omit", "alter", "half", "dim", "aug", "sus", "maj", "min", "dom", "power", "sixnine", "slash", "number",
)  # fmt: skip


def _read_diminished(text: str, at: int, parts: _Parts, kind: str, numbered: bool) -> tuple[int, int, bool]:
    """Returns where reading goes on after a diminished sign and its number, the seventh, and whether there was a number."""
    found = re.compile(r"[\s(]*(7|9|11)(?!\d)\)?").match(text, at)
    if not found:
        return at, parts.seventh, numbered
    for degree in range(9, int(found[1]) + 1, 2):
        parts.above.add((degree, 0))
    return found.end(), 10 if kind == "half" else 9, True


def _triad_or_seventh(parts: _Parts, sign: str, numbered: bool) -> str:
    """Takes a sign of major without a number for what it means: a triangle a seventh, after a seventh a major one."""
    if numbered and parts.seventh == 10 or sign in ("Δ", "^"):
        parts.seventh = 11
    elif numbered:
        raise Unreadable("")
    return ""


def _number(
    parts: _Parts, value: int, major: str, numbered: bool, first: bool, after_gap: bool, text: str, at: int
) -> None:
    """Takes in a number: the first says how high thirds are stacked, later ones in brackets are added."""
    if value == 4:
        raise Unreadable("Write {0}sus4 or {0}add4.")
    if numbered:
        if not after_gap or value in (2, 5):
            raise Unreadable("")
        _add_or_seventh(parts, value, major)
    elif value == 5:
        if not first or not re.fullmatch(r"[\s(),]*(add.*)?", text[at:]):
            raise Unreadable("Write {0}7#5 or {0}7b5.")
        parts.omitted.add(3)
    elif value == 2:
        if not first:
            raise Unreadable("Write {0}add9 or {0}sus2.")
        parts.above.add((9, 0))
    elif value == 6:
        parts.sixth = True
    else:
        if parts.fifths == {8} and not major and text.lstrip(" (").startswith("+") and value != 7:
            raise Unreadable(f"Write {{0}}{value}#5 or {{0}}add{value}.")
        parts.seventh = 11 if major else 10
        for degree in (9, 11, 13):
            if degree <= value and (degree != 11 or value == 11):
                parts.above.add((degree, 0))


def _add_or_seventh(parts: _Parts, degree: int, major: str) -> None:
    if degree == 7:
        parts.seventh = 11 if major else 10
    else:
        _add(parts, degree, 0)


def _add(parts: _Parts, degree: int, sign: int) -> None:
    """Adds a note to the chord; an added second is a ninth, an added fourth an eleventh."""
    if degree == 3 and sign == 0:
        parts.thirds.add(4)
    elif degree == 6 and sign == 0 and not parts.seventh:
        parts.sixth = True
    elif degree == 3:
        raise Unreadable("")
    else:
        parts.above.add(({2: 9, 4: 11, 6: 13}.get(degree, degree), sign))


def _alter(parts: _Parts, sign: str, degree: int, first: bool, after_gap: bool, text: str) -> None:
    """Takes in an altered degree; a fifth is replaced, others are added to a chord with a seventh or a sixth."""
    if degree == 5:
        parts.fifths.add(7 + _SIGNS[sign])
        return
    if first and sign == "-":
        if degree in (2, 4, 10):
            raise Unreadable("")
        parts.thirds = {3}
        if degree == 6:
            parts.sixth = True
        else:
            parts.seventh = 10
            for each in (9, 11, 13):
                if each <= degree and (each != 11 or degree == 11):
                    parts.above.add((each, 0))
        return
    if sign == "+" and first:
        if degree != 7:
            raise Unreadable(f"Write {{0}}{degree}#5 or {{0}}add{degree}.")
        parts.fifths.add(8)
        parts.seventh = 10
        return
    if first and degree == 6:
        raise Unreadable(f"Write {{0}}add{_WRITTEN[_SIGNS[sign]]}13 for the added note.")
    if degree == 7:
        if sign != "b" or parts.seventh:
            raise Unreadable("")
        parts.seventh = 10
        return
    if degree == 10 and sign != "b":
        raise Unreadable("")
    if degree in (2, 4) and parts.thirds & {2, 5}:  # a suspension that is altered itself
        raise Unreadable("")
    pair = {2: (9, _SIGNS[sign]), 4: (11, _SIGNS[sign]), 6: (13, _SIGNS[sign]), 10: (9, 1)}.get(
        degree, (degree, _SIGNS[sign])
    )
    if degree in (9, 10, 11, 13, 2) and not (parts.seventh or parts.sixth):
        raise Unreadable(f"Write {{0}}7{_WRITTEN[_SIGNS[sign]]}{degree}, or {{0}}add{_WRITTEN[_SIGNS[sign]]}{degree}.")
    if pair in ((11, -1), (13, 1)):
        raise Unreadable("")
    parts.above.discard((pair[0], 0))
    parts.above.add(pair)


def _hint(text: str) -> str:
    if re.search(r"(?i)alt", text):
        return "Say which notes are altered, such as {0}7#5#9."
    return ""
