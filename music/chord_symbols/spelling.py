"""Chord symbols as people spell them: signs of all kinds, and the names that other countries and styles have for notes.

English letters are read first. Latin names ("Sol7", "Lam") are read where they can mean nothing else; German ones ("Hm", "As-Dur",
"Fis7") in a whole progression, where one of them tells that "B" is B flat. A German chord by itself is refused, for the next one
could be that B.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from music.chord_symbols.grammar import Unreadable, read_suffix

GERMAN, LATIN = "German", "Latin"

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NONE = frozenset(("n", "nc", "nochord", "tacet", "silence", "silent"))
_SIGNS = str.maketrans(
    {
        "♯": "#", "♭": "b", "♮": "", "𝄪": "##", "𝄫": "bb", "\\": "/", "⁄": "/", "∕": "/", "’": "'", "^": "^", "ˆ": "^",
        **dict.fromkeys("△∆▲▵", "Δ"), **dict.fromkeys("⁰º˚∘○◦", "°"), **dict.fromkeys("Ø∅⌀ϕφ", "ø"),
        **dict.fromkeys("⁻−–—‐‑﹣－", "-"), **dict.fromkeys("⁺＋", "+"),
    }
)  # fmt: skip
_MARKS = re.compile(r"[*.†‡~!…'′]+$")
_ROOT = re.compile(r"([A-Ga-g])(##|#|bb|b|\s+[#b](?!\s*\d))?(?:[\s-]*(sharp|flat)(?![a-z]))?(.*)", re.DOTALL)
_NOTE = r"[A-Ga-g](?:##|#|bb|b)?"
_BASS = re.compile(rf"(.*?[^/\s])\s*/\s*({_NOTE}|[A-Za-zé]{{1,4}}[#b]?)\)?", re.DOTALL)
_HARTE = re.compile(r"([^()/]*)(?:\(([^()]*)\))?(?:/([b#]*)(\d+))?")
_DEGREE_BASS = re.compile(r"(.*[^/])/(b3|3|b5|5)", re.DOTALL)
_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_SHARPS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

_GERMAN_ROOT = re.compile(
    r"([CDFGA]is(?:is)?|[Hh]is|[CDGFHh]eses|[CDGF]es|Eses|Es|Ases|As|[cdfga]is|es|as|[Hh])(.*)", re.DOTALL
)
_GERMAN_MODE = re.compile(r"[\s-]*(dur|moll)(?![a-z])(.*)", re.IGNORECASE | re.DOTALL)
_LATIN_ROOT = re.compile(r"(Do|Ut|Re|Ré|Mi|Fa|Sol|La|Si|DO|UT|RE|RÉ|MI|FA|SOL|LA|SI)(##|#|bb|b)?(.*)", re.DOTALL)
_LATIN_NOTES = {"do": "C", "ut": "C", "re": "D", "ré": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
_LATIN_MODES = (
    (re.compile(r"[\s-]*(?:maggiore|majeur|mayor|maior)"), "maj"), (re.compile(r"[\s-]*(?:minore|mineur|menor)"), "m"),
)  # fmt: skip
_ROMAN = re.compile(
    r"[b#]?(?:VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(?:(?:[^A-Za-z\s]|m|M|maj|dim|sus|add|o|h)\S*)?"
)
USUAL = ". Write chords like Am, F#7, Bbmaj7 or C/E."
"""What follows "... is not a chord symbol" where nothing better can be advised."""


class Spelled(NamedTuple):
    """A chord symbol in its parts: root and bass ("" for none) as English letters, and a quality of ``grammar``.

    ``system`` is the one that its names belong to beyond doubt, GERMAN, LATIN or ""; ``is_plain`` is False where the text has
    to be spelled anew to be read without those around it.
    """

    root: str
    quality: str
    bass: str
    system: str = ""
    is_plain: bool = True


def pitch_class(note: str) -> int:
    """Returns the pitch class, 0 to 11, of a note such as "Bb" or "F##"."""
    return (_LETTERS[note[0].upper()] + note.count("#") - note[1:].count("b")) % 12


def plain_signs(text: str) -> str:
    """Returns a text with "#", "b", "-", "Δ", "°" and plain letters and figures for all their look-alikes."""
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)


def spell_out(text: str, system: str = "") -> Spelled | None:
    """Returns the parts of a chord symbol; None for "no chord".

    Args:
        text: one symbol.
        system: that of the text around it, GERMAN, LATIN or "".

    Raises:
        Unreadable: it names no chord, or several; the text is what follows "... is not a chord symbol".
    """
    plain = plain_signs(text.strip()).strip()
    if re.sub(r"[\s.]", "", plain).lower() in _NONE:
        return None
    plain = _MARKS.sub("", plain.lstrip("([*† ")).rstrip("] ")
    if not plain or len(plain) > 60:
        raise Unreadable(USUAL)
    readers = {"": (_english, _german, _latin), GERMAN: (_german, _english, _latin), LATIN: (_latin, _english, _german)}
    hints = []
    for reader in readers[system]:
        try:
            return reader(plain, system)
        except Unreadable as error:
            hints.append(str(error))
    raise Unreadable(_advice(plain, next((hint for hint in hints if hint), "")))


def _advice(plain: str, hint: str) -> str:
    if hint.startswith("."):
        return hint
    if hint:
        root = _ROOT.fullmatch(plain)
        return f" of one meaning. {hint.format((root[1].upper() + (root[2] or '').strip()) if root else 'C')}"
    if _ROMAN.fullmatch(plain):
        return ", but a step of the scale. Say the key of the piece, or write chords by letters, such as Am and F."
    if re.fullmatch(r"[b#]?[1-7](?:\D.*)?", plain):
        return (
            ", but perhaps a Nashville number. Write all chords so and say the key, or write letters, such as Am and F."
        )
    return USUAL


def _english(plain: str, system: str) -> Spelled:
    """Reads a symbol with a letter from A to G for its root, also in Harte's way with a colon."""
    found = _ROOT.fullmatch(plain)
    if not found:
        raise Unreadable("")
    letter, sign, word, rest = found.groups()
    if plain.startswith("Do"):
        raise Unreadable("")  # D diminished to some, C to others
    root = letter.upper() + (sign or "").strip() + {"sharp": "#", "flat": "b", None: ""}[word]
    if rest.startswith(":"):
        return _harte(root, rest[1:])
    bass, bass_system = "", ""
    split = _BASS.fullmatch("r" + rest)
    if split and not re.fullmatch(r"(?i)[mj]aj?|M|add", split[2]):
        bass, bass_system = _note(split[2], system)
        if bass:
            rest = split[1][1:]
        if bass_system == GERMAN and system != GERMAN:
            raise Unreadable(_in_letters(f"{root}{rest}/{bass}", plain))
    elif degree := _DEGREE_BASS.fullmatch("r" + rest):  # the third or the fifth of the chord, by number
        quality = read_suffix(degree[1][1:])
        above = {"b3": 3, "3": 4, "b5": 6, "5": 7}[degree[2]]
        return Spelled(root, quality, _SHARPS[(pitch_class(root) + above) % 12], is_plain=False)
    quality = read_suffix(rest.strip())
    return Spelled(root, quality, bass, bass_system, not bass_system and word is None)


def _harte(root: str, rest: str) -> Spelled:
    """Reads what follows the colon: a shorthand, degrees in brackets with "*" for those left out, and a bass by degree."""
    split = _BASS.fullmatch("r" + rest)
    bass = ""
    if split and re.fullmatch(_NOTE, split[2]):
        bass, rest = split[2][:1].upper() + split[2][1:], split[1][1:]
    if rest.endswith("6/9"):  # a chord of its own, though not in Harte's way
        return Spelled(root, read_suffix(rest), bass)
    found = _HARTE.fullmatch(rest)
    if not found:
        raise Unreadable("")
    shorthand, degrees, sign, degree = found.groups()
    suffix = shorthand.strip()
    if degrees is not None and not suffix:
        steps = {item.strip() for item in degrees.split(",")}
        suffix = "m" if "b3" in steps else "" if steps & {"3"} else "no3"
        suffix += "" if steps & {"5", "b5", "#5"} else "no5"
        degrees = ",".join(sorted(steps - {"1", "3", "b3", "5"}))
    items = [item.strip() for item in (degrees or "").split(",") if item.strip()]
    for item in sorted(items, key=lambda item: item not in ("7", "b7")):
        if item.startswith("*"):
            suffix += f"no{item[1:].lstrip('b#')}"
        elif item in ("7", "b7"):
            suffix = re.sub(r"^maj$", "", suffix)
            suffix = f"{suffix}({'maj7' if item == '7' else '7'})"
        elif item[:1] in "b#" and item.lstrip("b#") == "5":
            suffix += f"({item})"
        else:
            suffix += f"add{item}" if item not in ("1", "3", "5") else ""
    suffix = "no3no5" if suffix == "1" else suffix
    quality = read_suffix(suffix)
    if degree and 1 <= int(degree) <= 13:
        above = _MAJOR_SCALE[(int(degree) - 1) % 7] + sign.count("#") - sign.count("b")
        bass = _SHARPS[(pitch_class(root) + above) % 12]
    elif degree:
        raise Unreadable("")
    return Spelled(root, quality, bass, is_plain=not degree)


def _note(text: str, system: str) -> tuple[str, str]:
    """Returns a bass note as English letters ("" where it is none), and the system that its name belongs to beyond doubt."""
    if system == GERMAN and text in ("B", "b"):
        return "Bb", ""
    if re.fullmatch(_NOTE, text):
        return text[:1].upper() + text[1:], ""
    if (found := _GERMAN_ROOT.fullmatch(text)) and not found[2]:
        return _german_note(found[1]), GERMAN
    if (found := _LATIN_ROOT.fullmatch(text)) and not found[3]:
        return _LATIN_NOTES[found[1].lower()] + (found[2] or ""), LATIN
    return "", ""


def _german(plain: str, system: str) -> Spelled:
    """Reads a German symbol: H for B, B for B flat where that is sure, "is" and "es" for sharps and flats, Dur and Moll."""
    found = _GERMAN_ROOT.fullmatch(plain)
    if found:
        root, rest = _german_note(found[1]), found[2]
    else:
        letter = re.fullmatch(r"([A-Ga-g])(.*)", plain, re.DOTALL)
        if not letter or not (
            _GERMAN_MODE.fullmatch(letter[2]) or (system == GERMAN and re.match(r"[Bb](?![b#])", plain))
        ):
            raise Unreadable("")
        root, rest = {"B": "Bb"}.get(letter[1].upper(), letter[1].upper()), letter[2]
    bass = ""
    split = _BASS.fullmatch("r" + rest)
    if split:
        bass, _ = _note(split[2], GERMAN)
        rest = split[1][1:] if bass else rest
    mode = _GERMAN_MODE.fullmatch(rest)
    if mode:
        rest = ("m" if mode[1].lower() == "moll" else "") + mode[2]
    elif found and plain[0].islower() and not rest.startswith("m"):  # small letters are minor to many
        raise Unreadable(f"Write {root}m for a minor chord, {root} for a major one.")
    certain = bool(found) or mode is not None
    quality = read_suffix(rest.strip())
    if system != GERMAN:
        raise Unreadable(_in_letters(f"{root}{quality}{'/' if bass else ''}{bass}", plain))
    return Spelled(root, quality, bass, GERMAN if certain else "", False)


def _in_letters(name: str, typed: str) -> str:
    return f". Write {name} for the German {typed}, and Bb for a German B."


def _german_note(name: str) -> str:
    letter = name[0].upper()
    letter = "B" if letter == "H" else letter
    ending = name[1:]
    flats = {"s": 1, "es": 1, "ses": 2, "eses": 2}.get(ending, 0)
    return letter + "b" * flats + "#" * ending.count("is")


def _latin(plain: str, system: str) -> Spelled:
    """Reads a symbol with Do, Re, Mi ... for its root; "Do7" and "Dom7" mean other chords to others, so they are not."""
    found = _LATIN_ROOT.fullmatch(plain)
    if not found:
        raise Unreadable("")
    name, sign, rest = found.groups()
    bass = certain = ""
    split = _BASS.fullmatch("r" + rest)
    if split:
        bass, certain = _note(split[2], system)
        rest = split[1][1:] if bass else rest
    if name == "Do" and not (sign or certain or system == LATIN):
        other = "Ddim" + ("7" if "7" in rest else "") if not rest.startswith("m") else "G7 for a dominant"
        raise Unreadable(f"Write {other}, or C{rest} for {name}.")
    for word, suffix in _LATIN_MODES:
        rest = word.sub(suffix, rest)
    if rest == "o":  # "Solo" is a word
        raise Unreadable("")
    return Spelled(_LATIN_NOTES[name.lower()] + (sign or ""), read_suffix(rest.strip()), bass, LATIN, False)
