"""Chords out of what people paste: chords over words, ChordPro, tables of bars, numbered lines, with headings and remarks.

Each line gives its chords, or none where it holds words, a heading or tablature; a line of chords in which something is no
chord is not passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from music.errors import StudioError
from music.theory import Key, parse_key

_SECTIONS = (
    "intro|outro|verse|vers|strophe|strofa|estrofa|couplet|chorus|refrain|refrão|estribillo|ritornello|pre-?chorus|post-?chorus|"
    "bridge|solo|interlude|instrumental|coda|tag|ending|end|hook|vamp|break|turnaround|middle ?8|middle eight|part|section|teil"
)
_SECTION = re.compile(
    rf"\A\s*(?:{_SECTIONS})\b(?:\s*(?:\d+|[ivx]+(?![\w]))(?:\s*[-–&]\s*\d+)?)?\s*:?(?=\s|$)", re.IGNORECASE
)
_FACT = re.compile(
    r"\s*(title|subtitle|artist|author|composer|lyrics|lyricist|words|music|written|by|album|year|tuning|tuned|key|capo|tempo|bpm|"
    r"time|time signature|meter|style|feel|strum\w*|pattern|difficulty|level|tabbed by|tabbed|transcribed|copyright|ccli|source|url|"
    r"comments?|notes?|chords used|duration)\s*[:=]\s*(.*)",
    re.IGNORECASE,
)
_CAPO = re.compile(r"\s*\(?capo\b\D{0,12}[1-9]", re.IGNORECASE)
_NUMBER = re.compile(
    r"\A\s*(?:(?:bars?|measures?|takte?|line)\s*)?\d+(?:\s*[-–]\s*\d+)?\s*(?:[.):]|\s-)\s+(?=\S)", re.IGNORECASE
)
_BARE_NUMBER = re.compile(r"\A\s*\|?\s*\d+(?:\s*[-–]\s*\d+)?(?:\s*\|\s*|\s+)(?=[A-Ha-h|])")
_RULE = re.compile(r"[\s|:+=*_~-]*(?:-{2,}|={2,}|_{3,}|\*{3,})[\s|:+=*_~-]*")
_TABLATURE = re.compile(r"\s*[eEADGBb]?[#b]?\s*[|:]?[-\dhpbrstx/\\~()|*.^<> XHPB]*-{2}[-\dhpbrstx/\\~()|*.^<> XHPB]*")
_DIRECTIVE = re.compile(r"\s*\{\s*([\w-]+)\s*:?\s*([^}]*)\}\s*")
_BRACKETED = re.compile(r"\[([^\]]*)\]")
_REMARK = re.compile(r"\([^()]*\)")
_TIMES = re.compile(r"[(\[]\s*(?:[x×]\s*(\d+)|(\d+)\s*(?:[x×]|times))\s*[)\]]|(?<=\s)(\d+)\s*[x×](?=\s*\|?\s*$)")
_HELD = frozenset(("/", ".", "%", "%%", "-", "|", "||", "|:", ":|", ":||", "||:"))
_WEAK = frozenset(
    ("a", "am", "e", "ah", "eh", "go", "do", "la", "si", "mi", "re", "fa", "sol", "i", "es", "as", "his", "des", "dis")
)
"""Words that are chords, and words of songs as well."""
_SPOKEN = frozenset(("ah", "eh", "go", "do"))

IsChord = Callable[[str], bool]


class ChordSheet(NamedTuple):
    """What a text holds of chords.

    Attributes:
        lines: the number of each line with chords, from 1, and its chords as one types them.
        notes: what was left out or is not heeded, a sentence each.
        key: the key that the text names, or None.
        is_sheet: whether it has several lines, so that a line should be named where something is wrong with it.
    """

    lines: list[tuple[int, str]]
    notes: list[str]
    key: Key | None
    is_sheet: bool


def read_sheet(text: str, is_chord: IsChord) -> ChordSheet:
    """Returns the lines with chords of a typed or pasted text.

    Args:
        text: one line, or many.
        is_chord: whether a word is a chord symbol.

    Raises:
        StudioError: a line is a section or a chord, or has chords and something else; it is named.
    """
    rows = text.splitlines()
    is_sheet = sum(bool(row.strip()) for row in rows) > 1
    sheet = ChordSheet([], [], None, is_sheet)
    skipped: list[str] = []
    key = None
    has_sections = any(_is_heading(found, is_chord) for row in rows for found in _BRACKETED.findall(row))
    for number, row in enumerate(rows, 1):
        row = re.sub(r"[\u2022\u00b7\u2192\u2016]|->", " ", row.replace("|]", "|").replace("[|", "|"))
        found = _DIRECTIVE.fullmatch(row)
        fact = None if found else _FACT.fullmatch(row) if is_sheet or not is_chord(row.split(":")[0].strip()) else None
        if said := found or fact:
            name, value = said[1].lower(), said[2].strip()
            key = _key(value) or key if name == "key" else key
            if name in ("capo", "transpose") and re.match(r"[+-]?[1-9]", value):
                sheet.notes.append(f"'{row.strip()}' is not heeded: chords are read as they are written")
            continue
        capo = _CAPO.match(row)
        times = re.fullmatch(r"\W*x\s*\d+\W*", _SECTION.sub("", row.replace("[", " ").replace("]", " "), count=1))
        if capo or (times and is_sheet):
            how = "as they are written" if capo else "once"
            sheet.notes.append(f"'{row.strip()}' is not heeded: chords are read {how}")
            continue
        line = _chords_of(row, number, is_chord, is_sheet, has_sections)
        if line is None:
            skipped.append(row.strip())
        elif line:
            sheet.lines.append((number, line))
    if skipped:
        few = "; ".join(f"'{row[:40]}'" for row in skipped[:3]) + (" ..." if len(skipped) > 3 else "")
        sheet.notes.append(f"Lines without chords, left out: {len(skipped)} ({few})")
    return sheet._replace(key=key)


def _chords_of(row: str, number: int, is_chord: IsChord, is_sheet: bool, has_sections: bool) -> str | None:
    """Returns the chords of a line as one types them, "" where it is empty or a heading; None where it holds other things."""
    if not row.strip() or _RULE.fullmatch(row):
        return ""
    if is_sheet and _TABLATURE.fullmatch(row):
        return None
    line = _TIMES.sub(lambda found: f" x{found[1] or found[2] or found[3]}", row)
    inside = [each.strip() for each in _BRACKETED.findall(line)]
    if inside:
        chords = [word for each in inside if all(map(is_chord, each.split())) for word in each.split()]
        where = f"Line {number}: " if is_sheet else ""
        lone = _BRACKETED.sub("", line).strip() == "" and len(inside) == 1
        if lone and has_sections and re.fullmatch(r"[A-G]", inside[0]):
            raise StudioError(
                f"{where}'[{inside[0]}]' may be a part of the song or a chord. Write {inside[0]} for the chord."
            )
        if chords:
            strange = next((each for each in inside if _is_strange(each, is_chord)), None)
            if strange is not None:
                raise StudioError(
                    f"{where}'{strange}' is not a chord symbol. Write chords like Am, F#7, Bbmaj7 or C/E."
                )
            if "|" in line:
                return _BRACKETED.sub(r" \1 ", line)
            return " ".join([*chords, *re.findall(r"(?<=\s)x\s*\d+(?=\s*$)", _BRACKETED.sub(" ", line))])
        line = _BRACKETED.sub(" ", line, count=1) if not any(map(_is_attempt, inside)) else line
    stripped = _NUMBER.sub("", line, count=1)
    stripped = _SECTION.sub("", stripped, count=1)
    cells = stripped.strip().strip("|").split("|")
    if len(cells) > 1 and not _mentions(cells[0], is_chord) and any(_mentions(cell, is_chord) for cell in cells[1:]):
        if _SECTION.fullmatch(cells[0]) or re.fullmatch(
            r"\s*(?:bars?\s*)?\d+(?:\s*[-–]\s*\d+)?\s*", cells[0], re.IGNORECASE
        ):
            stripped = "|".join(cells[1:])
    if is_sheet and _BARE_NUMBER.match(stripped) and _mentions(_BARE_NUMBER.sub("", stripped), is_chord):
        stripped = _BARE_NUMBER.sub("|" if stripped.lstrip().startswith("|") else "", stripped, count=1)
    if not stripped.strip(" |:"):
        return ""
    line = _REMARK.sub(lambda found: _remark(found, is_chord), stripped)
    return line if not is_sheet or _is_chord_line(line, number, is_chord) else None


def _is_chord_line(line: str, number: int, is_chord: IsChord) -> bool:
    """Returns whether a line of a sheet holds chords.

    Raises:
        StudioError: it holds chords, and something that is none.
    """
    words = [
        word
        for word in re.sub(r"[|:]+|(?<=\s)[*†‡~!]+(?=\s|$)", " ", re.sub(r",(?![^()]*\))", " ", line)).split()
        if word not in _HELD
    ]
    words = [word for word in words if not re.fullmatch(r"[x×]\d*|\d+", word) or is_chord(word)]
    chords = [word for word in words if is_chord(word)]
    others = [word for word in words if word not in chords and not _is_suffix(word)]
    if not others:
        return bool(chords) and not all(word.lower() in _SPOKEN for word in chords)
    strong = [word for word in chords if word.lower() not in _WEAK]
    attempts = [word for word in others if _is_attempt(word)]
    if (
        (strong and 2 * len(chords) >= len(words))
        or (attempts and len(attempts) + len(chords) == len(words))
        or "|" in line
        and strong
    ):
        raise StudioError(
            f"Line {number}: '{(attempts or others)[0]}' is not a chord symbol. Write chords like Am, F#7, Bbmaj7 or C/E."
        )
    return False


def _is_strange(text: str, is_chord: IsChord) -> bool:
    """Returns whether words in square brackets are neither chords nor a heading or remark, but seem to be meant for chords."""
    chords = [is_chord(word) for word in text.split()]
    return (
        not all(chords) and not text.startswith("*") and not _SECTION.match(text) and (any(chords) or _is_attempt(text))
    )


def _is_heading(text: str, is_chord: IsChord) -> bool:
    return bool(_SECTION.match(text)) and not is_chord(text)


def _mentions(text: str, is_chord: IsChord) -> bool:
    return any(is_chord(word) and not word.isdigit() for word in text.split())


def _is_suffix(word: str) -> bool:
    return re.fullmatch(r"\(?(?:[b#♭♯+-]?\d+|maj|min|add|sus|dim|aug|no|omit)\S*", word) is not None


def _is_attempt(word: str) -> bool:
    """Returns whether a word looks like a chord that was mistyped: a letter, and signs or figures after it."""
    return re.fullmatch(r"[A-H][#b♯♭]?\S*[\d#♯♭+°øΔ]\S*", word) is not None


def _remark(found: re.Match[str], is_chord: IsChord) -> str:
    """Returns what stays of words in brackets: chords and what changes a chord; remarks go."""
    inside = found[0][1:-1].strip()
    before = found.string[found.start() - 1 : found.start()]
    chords = [word for word in inside.split() if is_chord(word)]
    keeps = (before and not before.isspace()) or _is_suffix(inside) or (chords and len(chords) == len(inside.split()))
    return found[0] if keeps else " "


def _key(text: str) -> Key | None:
    try:
        return parse_key(text)
    except StudioError:
        return None
