"""Lyrics as people write them down: stanzas with or without headings, and which of them each section of a song sings."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from music.errors import StudioError
from music.form import ENDING, INTRO, theme_of
from music.words.accents import stresses
from music.words.pronunciation import Syllable, line_syllables

VERSE, PRE_CHORUS, CHORUS, BRIDGE = "Verse", "Pre-chorus", "Chorus", "Bridge"
"""Kinds of stanzas."""

MAX_LINES, MAX_CHARACTERS = 400, 20_000
"""Of the words of one song; a long ballad has some 200 lines."""

_KINDS = {
    VERSE: "verse verses strophe strofe vers couplet estrofa strofa intro",
    PRE_CHORUS: "pre-chorus prechorus vorrefrain pré-refrain pre-estribillo",
    CHORUS: "chorus refrain refrão ritornello estribillo hook kehrvers",
    BRIDGE: "bridge outro coda middle-eight puente ponte pont",
}
_NAMES = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_HEADING = re.compile(
    rf"[\W_]*({'|'.join(sorted(_NAMES, key=len, reverse=True))})[\s#.]*(\d{{1,2}}|[ivx]{{1,4}})?"
    r"(?:\s*[(\[:\-–—].*)?[\W_]*(?:x\s*\d|\d\s*x)?[\W_]*",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\[[^\]]*\]\s*")


class Stanza(NamedTuple):
    """Lines that belong together.

    Attributes:
        kind: VERSE, PRE_CHORUS, CHORUS or BRIDGE.
        name: such as "Verse 2".
        lines: of text; none where they are still to be written.
    """

    kind: str
    name: str
    lines: tuple[str, ...]


def read_stanzas(text: str) -> tuple[Stanza, ...]:
    """Returns the stanzas of a text, each once, in order.

    Empty lines part stanzas, headings such as "[Verse 2]" or "Chorus:" say what they are. Without headings a stanza that
    comes again is the chorus; where none does, the second one is. A heading with nothing below it repeats the stanza of that
    name; if there is none, it stands for one that is still to be written. Other lines in brackets are no words to sing.

    Raises:
        StudioError: there are too many lines.
    """
    lines = [" ".join(line.split()) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if len(text) > MAX_CHARACTERS or sum(map(bool, lines)) > MAX_LINES:
        raise StudioError(
            f"The lyrics are too long for a song. Give up to {MAX_LINES} lines and {MAX_CHARACTERS:,} characters."
        )
    blocks = _blocks(lines)
    if all(kind is None for kind, _ in blocks):
        blocks = _told_apart([block for _, block in blocks])
    return _numbered(blocks)


def lyrics_text(stanzas: Sequence[Stanza]) -> str:
    """Returns stanzas as a text with headings, which ``read_stanzas`` reads back."""
    return "\n\n".join("\n".join([f"[{stanza.name}]", *stanza.lines]) for stanza in stanzas)


def without_lines(text: str, names: Collection[str]) -> str:
    """Returns lyrics with only the headings of these stanzas, which are still to be written, then."""
    stanzas = read_stanzas(text)
    return lyrics_text([each._replace(lines=()) if each.name in names else each for each in stanzas])


def stanzas_of_sections(stanzas: Sequence[Stanza], sections: Sequence[str]) -> tuple[list[Stanza | None], list[Stanza]]:
    """Returns what each section of a song sings, None for nothing, and the stanzas that no section sings.

    Each verse section has the next verse, and the first again when there are no more. All choruses have the chorus, bridges the
    bridge; a song without the one gives its words to the other. Likewise pre-choruses; where either the song or the words have
    none, they are verses as others. In forms of letters the first is a verse, another that comes
    again a chorus, and the rest are bridges; where no letter comes again all are verses.

    Args:
        stanzas: in order.
        sections: their names in order, intro and ending too.
    """
    roles = roles_of(sections)
    others = {kind: [stanza for stanza in stanzas if stanza.kind == kind] for kind in (PRE_CHORUS, CHORUS, BRIDGE)}
    led = bool(others[PRE_CHORUS]) and PRE_CHORUS in roles
    roles = roles if led else [VERSE if role == PRE_CHORUS else role for role in roles]
    verses = [stanza for stanza in stanzas if stanza.kind in ((VERSE,) if led else (VERSE, PRE_CHORUS))]
    if not set(roles) & {CHORUS, BRIDGE} and len(verses) < len(stanzas):
        verses = list(stanzas)  # nothing but verse sections: whatever there is, is sung in order
    if not verses:
        verses = list(stanzas)
    for here, there in ((CHORUS, BRIDGE), (BRIDGE, CHORUS)):
        if not others[here] and there not in roles:
            others[here] = others[there]
    sung: list[Stanza | None] = []
    turn = dict.fromkeys((VERSE, PRE_CHORUS, CHORUS, BRIDGE), 0)
    for role in roles:
        own = verses if role == VERSE else others.get(role or "", [])
        sung.append(own[turn[role] % len(own)] if own and role else None)
        if role:
            turn[role] += 1
    return sung, [stanza for stanza in stanzas if stanza not in sung]


def syllables_of(stanza: Stanza, language: str = "en") -> list[tuple[tuple[Syllable, ...], ...]]:
    """Returns the syllables of each line that has a word, as ``pronunciation.line_syllables``."""
    return [line for text in stanza.lines if (line := line_syllables(text, language))]


def stresses_of_themes(text: str, language: str, form: Sequence[str], themes: Sequence[str]) -> tuple[str, ...]:
    """Returns for each theme the stresses of the lines that are sung to it first, such as "01010101/010101".

    Args:
        text: lyrics.
        language: as ``pronunciation.syllables`` takes it.
        form: names of the sections in order.
        themes: names of those that a melody is written for.
    """
    sung, _ = stanzas_of_sections(read_stanzas(text), form)
    first = dict(zip(reversed(form), reversed(sung), strict=True))
    return tuple(
        "/".join(map(stresses, syllables_of(stanza, language))) if (stanza := first.get(name)) else ""
        for name in themes
    )


def _blocks(lines: Sequence[str]) -> list[tuple[str | None, list[str]]]:
    """Returns the kind that a heading says, None without one, and the lines of each stanza."""
    blocks: list[tuple[str | None, list[str]]] = []
    fresh = True
    for line in lines:
        heading = _HEADING.fullmatch(line) if len(line) < 60 else None
        if heading:
            blocks.append((_NAMES[heading[1].lower()], []))
            fresh = False
        elif not line:
            fresh = True
        elif not _ASIDE.fullmatch(line):
            if (fresh and (not blocks or blocks[-1][1])) or not blocks:
                blocks.append((None, []))
            blocks[-1][1].append(line)
            fresh = False
    return blocks


def _told_apart(blocks: Sequence[list[str]]) -> list[tuple[str | None, list[str]]]:
    """Returns stanzas without headings with their kinds: what comes again is the chorus, else the second one."""
    plain = [" ".join(block).casefold() for block in blocks]
    again = next((text for text in plain if plain.count(text) > 1), plain[1] if len(plain) > 1 else None)
    return [(CHORUS if text == again else VERSE, block) for text, block in zip(plain, blocks, strict=True)]


def _numbered(blocks: Sequence[tuple[str | None, list[str]]]) -> tuple[Stanza, ...]:
    """Returns the stanzas by name, each once; a heading without lines stands for the one of its kind that there is."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for named, block in blocks:
        kind, lines = named or VERSE, tuple(block)
        known = any(other == kind and words for other, words in found)
        if (kind == VERSE and not lines) or ((kind, lines) not in found and (lines or not known)):
            found.append((kind, lines))
    kinds = [kind for kind, _ in found]
    seen = dict.fromkeys(kinds, 0)
    stanzas = []
    for kind, words in found:
        seen[kind] += 1
        stanzas.append(Stanza(kind, f"{kind} {seen[kind]}" if kinds.count(kind) > 1 or kind == VERSE else kind, words))
    return tuple(stanzas)


def roles_of(sections: Sequence[str]) -> list[str | None]:
    """Returns the kind of stanza that each section sings, None for an intro or an ending; see ``stanzas_of_sections``."""
    names = [theme_of(name) for name in sections]
    inner = [name for name in names if name not in (INTRO, ENDING)]
    letters = list(dict.fromkeys(name for name in inner if name not in _KINDS))
    repeated = any(inner.count(name) > 1 for name in letters)
    chorus = next((name for name in letters[1:] if inner.count(name) > 1), None)
    roles: dict[str, str | None] = {INTRO: None, ENDING: None}
    roles |= {
        name: CHORUS if name == chorus else BRIDGE if repeated and name != letters[0] else VERSE for name in letters
    }
    return [roles.get(name, name) for name in names]
