"""What a prompt says in letters: the key, "in D minor", and the form, "AABA"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipelines.prompt.tokenize import Token


class Said(NamedTuple):
    """What some words say: how many they are, the field of a claim, its value, and a note."""

    words: int
    field: str
    value: Any
    note: str = ""


_ACCIDENTALS = {"#": "#", "♯": "#", "sharp": "#", "♭": "b", "flat": "b"}
_GERMAN = {
    "cis": "C#", "dis": "D#", "fis": "F#", "gis": "G#", "ais": "A#", "es": "Eb", "as": "Ab", "des": "Db", "ges": "Gb", "h": "B", "b": "Bb",
}  # fmt: skip
"""Names of notes that are other ones in German, as before "moll" and "dur"."""
_SOLFEGE = {"do": "C", "re": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_MODES = {
    **dict.fromkeys(("minor", "min", "moll", "miner", "aeolian", "locrian"), "minor"),
    **dict.fromkeys(("major", "maj", "dur", "ionian"), "major"),
    **{mode: mode for mode in ("dorian", "phrygian", "lydian", "mixolydian")},
}
_MINOR = frozenset(word for word, mode in _MODES.items() if mode == "minor")
_KEY_NOUNS = frozenset(("key", "scale", "mode", "tonality", "mood", "feel", "chord", "chords", "sound"))
_BEHIND = frozenset(
    ["", ",", "with", "for", "at", "and", "by", "please", "in", "but", "about", "on", "using", "no", "without", "or"]
)
"""What may follow a key; behind "a minor" anything else makes the "a" an article."""


def key(seen: Sequence[Token], at: int) -> Said | None:
    """Returns the key named from a word on: field "key" with "D minor", or "tonic" with "Bb" where no mode is said."""
    led = next((n for n in map(len, _LEADS) if _plain(seen, at, n) in _LEADS), 0)
    here = at + (led or _word(seen, at) == "in")
    raw = seen[here].raw if here < len(seen) else ""
    if re.fullmatch(r"[A-G]b?m", raw) and not (raw == "Am" and _word(seen, here + 1) in ("i", "we")):
        return Said(here + 1 - at, "key", f"{raw[:-1]} minor")
    tonic, end = _tonic(seen, here)
    if not tonic:
        return None
    if len(tonic) > 1 and _word(seen, end) == "m":
        return Said(end + 1 - at, "key", f"{tonic} minor")
    shouted = not any(token.raw.islower() for token in seen if token.kind == "word")
    if _word(seen, end) in ("harmonic", "natural", "melodic") and _word(seen, end + 1) in _MINOR:
        end += 1
    mode = _MODES.get(_word(seen, end), "")
    if mode:
        behind = _word(seen, end + 1)
        article = behind in _KEY_NOUNS or not (behind in _BEHIND or behind.isdigit())
        named = raw == "A" and not shouted and at > 0 and seen[at - 1].plain != ","
        if (
            tonic == "A"
            and _word(seen, here) == "a"
            and _word(seen, end) not in ("moll", "dur")
            and not led
            and article
            and not named
        ):
            return None
        note = f"comes nearest to {tonic} {mode}" if _word(seen, end) == "locrian" else ""
        note = f"is read as {tonic} {mode}" if _word(seen, end) == "miner" else note
        return Said(end + 1 + (behind in ("key", "scale", "tonality")) - at, "key", f"{tonic} {mode}", note)
    closed = _word(seen, end) in _BEHIND
    if tonic == "A" and (raw == "a" or shouted) and not (led and closed):
        return None
    if here == at and not (len(tonic) > 1 and raw[0].isupper() and (closed or raw != "A")):
        return None
    if len(tonic) == 1 and raw.islower() and not led and not closed:
        return None
    return Said(end - at, "tonic", tonic)


_LEADS = (("in", "the", "key", "of"), ("key", "of"), ("key", ":"), ("key", "="), ("key",))


def _tonic(seen: Sequence[Token], at: int) -> tuple[str, int]:
    """Returns the note that is named at a word, such as "Bb", and the place behind it; "" where there is none."""
    plain, behind = _word(seen, at), _word(seen, at + 1)
    if plain in _SOLFEGE and behind in _MODES:
        return _SOLFEGE[plain], at + 1
    if re.fullmatch(r"[a-g]b", plain):
        return plain[0].upper() + "b", at + 1
    if behind in ("moll", "dur") and plain in _GERMAN:
        return _GERMAN[plain], at + 1
    if not re.fullmatch(r"[a-g]", plain):
        return "", at
    return plain.upper() + _ACCIDENTALS.get(behind, ""), at + 1 + (behind in _ACCIDENTALS)


def _plain(seen: Sequence[Token], at: int, count: int) -> tuple[str, ...]:
    return tuple(token.plain for token in seen[at : at + count])


def _word(seen: Sequence[Token], at: int) -> str:
    return seen[at].plain if at < len(seen) else ""


_FORM_NOUNS = ("form", "structure", "pattern")
_WORDS_TOO = ("AD", "ADD", "ACE", "ACED", "ABED", "ACCEDE", "ADDED", "ABC", "AC")


def form(seen: Sequence[Token], at: int) -> Said | None:
    """Returns the form in letters named from a word on: "AABA", "A-B-A", "abac", "form ABBC"."""
    here = at + (_word(seen, at) == "form") * (1 + (_word(seen, at + 1) == ":"))
    letters, end = "", here
    if len(_word(seen, here)) > 1:
        raw, end = seen[here].raw, here + 1
        named = here > at or _word(seen, end) in _FORM_NOUNS
        lower = re.fullmatch(r"a[a-d]{2,11}", raw) and len(set(raw)) < len(raw) and "b" in raw
        upper = re.fullmatch(r"A[A-F]{1,11}", raw) and raw not in _WORDS_TOO
        if lower or upper or named and re.fullmatch(r"[A-F]{2,12}|a[a-f]{1,11}", raw):
            letters = raw.upper()
    else:
        while re.fullmatch(r"[A-F]", seen[end].raw if end < len(seen) else "") and len(letters) < 12:
            letters += seen[end].raw
            end += 1
        letters = letters if len(letters) > 2 or here > at else ""
    return Said(end + (_word(seen, end) in _FORM_NOUNS) - at, "form", letters) if letters else None
