"""The chord that a MusicXML chord symbol names."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from music.chord_symbols.grammar import steps_of
from music.chords import NO_CHORD, Chord
from music.notation.chord_symbols import Degree, read_symbol

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def read_harmony(harmony: Element, fifths: int, minor: bool) -> tuple[Chord | None, bool, str]:
    """Returns the chord of a ``harmony`` element as it is written, None for none of ours; whether it is exact; and its text.

    Args:
        harmony: the element.
        fifths, minor: the key as it is written, for symbols that name a step of the scale.
    """
    kind = harmony.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    printed = (kind.get("text") or "").strip() if kind is not None else ""
    if name == "none" or printed.upper().replace(".", "") in ("NC", "N C"):
        return NO_CHORD, True, "N.C."
    root, written = _root(harmony, fifths, minor)
    text = f"{written}{printed or ({'major': '', 'minor': 'm', 'dominant': '7'}.get(name, ' ' + name) if written else name)}"
    if root is None:
        return None, False, _plain(harmony.findtext("function") or text)
    bass = _pitch_class(harmony, "bass")
    degrees = [_degree(element) for element in harmony.findall("degree")]
    bass_or_root = root if bass is None else bass
    chord, exact = read_symbol(root, bass_or_root, name, degrees, printed)
    if chord is None and "(" in printed:  # the nearest is what stands outside the brackets
        chord, exact = read_symbol(root, bass_or_root, name, degrees, printed.partition("(")[0])[0], False
    inversion = (harmony.findtext("inversion") or "").strip()
    if chord is not None and bass is None and inversion in ("1", "2", "3"):
        tones = steps_of(chord.quality)
        if int(inversion) < len(tones):
            chord = Chord(chord.root, chord.quality, (chord.root + tones[int(inversion)]) % 12)
    return chord, exact, _plain(text)


def _root(harmony: Element, fifths: int, minor: bool) -> tuple[int | None, str]:
    """Returns the pitch class on which a symbol stands and how it is written; None where it names no note."""
    root = _pitch_class(harmony, "root")
    if root is not None:
        step = (harmony.findtext("root/root-step") or "").strip()
        alter = _whole(harmony.findtext("root/root-alter"))
        return root, step + "#" * alter + "b" * -alter
    numeral = harmony.find("numeral")
    degree = _whole(numeral.findtext("numeral-root")) if numeral is not None else 0
    if numeral is None or not 1 <= degree <= 7:
        return None, ""
    key = numeral.find("numeral-key")
    if key is not None:
        fifths = _whole(key.findtext("numeral-fifths"))
        minor = "minor" in (key.findtext("numeral-mode") or "")
    scale = _MINOR if minor else _MAJOR
    tonic = 7 * fifths + (9 if minor else 0)
    roman = ("I", "II", "III", "IV", "V", "VI", "VII")[degree - 1]
    return (tonic + scale[degree - 1] + _whole(numeral.findtext("numeral-alter"))) % 12, roman


def _pitch_class(harmony: Element, what: str) -> int | None:
    step = (harmony.findtext(f"{what}/{what}-step") or "").strip()
    if step not in _STEPS:
        return None
    return (_STEPS[step] + _whole(harmony.findtext(f"{what}/{what}-alter"))) % 12


def _degree(element: Element) -> Degree:
    value, alter = _whole(element.findtext("degree-value")), _whole(element.findtext("degree-alter"))
    how = (element.findtext("degree-type") or "").strip()
    if (value, alter, how) == (
        7,
        -1,
        "add",
    ):  # counted from a major seventh, as many programs do: no one adds a diminished one
        alter = 0
    return Degree(value, alter, how)


def _whole(text: str | None) -> int:
    found = re.fullmatch(r"\s*([+-]?\d{1,2}(?:\.\d{1,4})?)\s*", text or "")
    return round(float(found[1])) if found else 0


def _plain(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable()).split())[:24]
