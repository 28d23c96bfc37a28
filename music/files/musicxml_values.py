"""Small readings of MusicXML: numbers, note values, time signatures, tempi and verses, None where the file makes no sense."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.words.events import HOLD

EXTENDS = "\v"
"""Stands behind a syllable from which a line goes on, over the notes that have no words of their own."""

MAX_TIMES = 99  # that a repeat is played, and the highest number of an ending or a verse
_TYPES: dict[str, int | Fraction] = {
    "maxima": 32, "long": 16, "breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": Fraction(1, 2),
    **{f"{1 << power}{'nd' if power == 5 else 'th'}": Fraction(4, 1 << power) for power in range(4, 11)},
}  # fmt: skip
# Notes as people and programs write them in words; Sibelius and Finale write letters of their fonts (q a quarter, h a half).
_NOTES_IN_WORDS: dict[str, int | Fraction] = {
    "♩": 1, "♪": Fraction(1, 2), "𝅘𝅥": 1, "𝅗𝅥": 2, "𝅘𝅥𝅮": Fraction(1, 2), "\ue1d5": 1, "\ue1d3": 2, "\ue1d7": Fraction(1, 2),
    "\ueca5": 1, "\ueca3": 2, "\ueca7": Fraction(1, 2), "q": 1, "h": 2, "e": Fraction(1, 2), "w": 4,
    "quarter": 1, "half": 2, "eighth": Fraction(1, 2), "crotchet": 1, "minim": 2, "quaver": Fraction(1, 2),
}  # fmt: skip
_MARK_IN_WORDS = re.compile(
    rf"(?<![\w])(?P<dotted>dotted[\s-]*)?(?P<note>{'|'.join(sorted(_NOTES_IN_WORDS, key=len, reverse=True))})(?:[\s-]*notes?)?"
    r"\s*(?P<dot>\.|\ue1e7|\uecb7)?\s*=\s*(?:ca?\.?|circa|~)?\s*(?P<number>\d{2,3}(?:\.\d{1,3})?)(?![\d/])",
)
_BPM = re.compile(
    r"(?<![\d.])(\d{2,3}(?:\.\d{1,3})?)\s*bpm\b|\b(?:m\.\s?m\.|bpm|tempo)\s*[=:]?\s*(\d{2,3}(?:\.\d{1,3})?)\b",
    re.IGNORECASE,
)
# What music21 plays where a word stands without a number, in quarters a minute.
_TEMPO_WORDS = {
    "allegro moderato": 128, "molto allegro": 144, "allegro molto": 144, "andante moderato": 83, "molto adagio": 40,
    "larghissimo": 16, "grave": 40, "largo": 46, "lento": 52, "adagio": 56, "larghetto": 60, "adagietto": 66, "andante": 72,
    "andantino": 80, "maestoso": 88, "moderato": 92, "allegretto": 108, "animato": 120, "allegro": 132, "vivace": 160,
    "vivacissimo": 168, "presto": 184, "prestissimo": 208, "langsam": 56, "schnell": 132,
}  # fmt: skip
_NUMBER = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,9})?)\s*")


def number_in(text: str | None) -> Fraction | None:
    """Returns the decimal number that a text is; None for anything else, and for numbers of absurd length."""
    found = _NUMBER.fullmatch(text or "")
    return Fraction(found[1]) if found else None


def note_value(element: Element) -> Fraction | None:
    """Returns the length in quarters that a note's value, dots and tuplet say; None where it has none."""
    value = _TYPES.get((element.findtext("type") or "").strip())
    if value is None:
        return None
    length = Fraction(value) * (2 - Fraction(1, 1 << min(len(element.findall("dot")), 8)))
    actual = number_in(element.findtext("time-modification/actual-notes"))
    normal = number_in(element.findtext("time-modification/normal-notes"))
    return length * normal / actual if actual and normal and actual > 0 and normal > 0 else length


def divisions_known(measures: Sequence[Element]) -> bool:
    """Whether a valid number of divisions stands before the first note."""
    for measure in measures:
        for element in measure:
            if element.tag == "attributes":
                value = number_in(element.findtext("divisions"))
                if value is not None and value > 0:
                    return True
            elif element.tag == "note" and element.find("grace") is None:
                return False
    return True


def guess_divisions(measures: Sequence[Element]) -> Fraction | None:
    """Returns the divisions of a quarter with which lengths and note values agree; None where they do not agree."""
    found: Counter[Fraction] = Counter()
    sums: Counter[Fraction] = Counter()
    nominal = Fraction(4)
    for measure in measures:
        time = measure.find("attributes/time")
        signature = None if time is None else time_signature(time)
        nominal = Fraction(4 * signature[0], signature[1]) if signature and signature[1] else nominal
        total = Fraction(0)
        for note in measure.findall("note"):
            written, value = number_in(note.findtext("duration")), note_value(note)
            if written is None or written <= 0 or note.find("chord") is not None:
                continue
            if value is not None and note.find("rest") is None:
                found[written / value] += 1
            total += written
        if total and measure.find("backup") is None:
            sums[total / nominal] += 1
    best = found or sums
    if not best:
        return None
    divisions, count = best.most_common(1)[0]
    return divisions if count >= 0.8 * best.total() else None  # a share by eye: some notes may be wrong, most are right


def time_signature(time: Element) -> tuple[int, int] | None:
    """Returns numerator and denominator of a time signature, (0, 0) for free time, None for what cannot be.

    "3+2" eighths are 5/8; 3/8 + 2/4 are 7/8.
    """
    if time.find("senza-misura") is not None:
        return 0, 0
    total = Fraction(0)
    kinds = [number_in(kind.text) for kind in time.findall("beat-type")]
    for beats, kind in zip(time.findall("beats"), kinds, strict=False):
        counts = [number_in(text) for text in (beats.text or "").split("+")]
        if kind is None or kind not in (1, 2, 4, 8, 16, 32, 64, 128) or None in counts:
            return None
        total += sum(count for count in counts if count is not None) / kind
    if not kinds or not 0 < total <= 64:
        return None
    denominator = int(max(kind for kind in kinds if kind is not None))
    numerator = total * denominator
    while numerator.denominator != 1 and denominator < 128:  # "2½" quarters are 5/8
        numerator, denominator = numerator * 2, denominator * 2
    return (int(numerator), denominator) if numerator.denominator == 1 and numerator <= 255 else None


def beat_units(metronome: Element) -> list[Fraction]:
    """Returns the note values of a metronome mark in quarters, dots counted."""
    units: list[Fraction] = []
    dots = 0
    for child in metronome.iter():
        if child.tag in ("beat-unit", "metronome-type"):
            units.append(Fraction(_TYPES.get((child.text or "").strip(), 1)))
            dots = 0
        elif child.tag in ("beat-unit-dot", "metronome-dot") and units and dots < 4:
            dots += 1
            units[-1] = units[-1] * (2 - Fraction(1, 1 << dots)) / (2 - Fraction(1, 1 << (dots - 1)))
    return units


def quarters_a_minute(metronome: Element) -> float | None:
    """Returns the quarters a minute of a metronome mark; of a range the middle. None where it has no number."""
    numbers = [float(text) for text in re.findall(r"\d{1,6}(?:\.\d{1,6})?", metronome.findtext("per-minute") or "")[:2]]
    units = beat_units(metronome)
    return sum(numbers) / len(numbers) * float(units[0]) if numbers and units else None


def tempo_in_words(text: str) -> tuple[str, float] | None:
    """Returns the tempo that words say, and the part of them that says it: "q = 96", "90 BPM", "Allegro"; None for none.

    Programs write metronome marks as words, with letters that are notes in a font for music.
    """
    found = _MARK_IN_WORDS.search(text)
    if found is not None:
        value = _NOTES_IN_WORDS[found["note"].lower() if len(found["note"]) > 1 else found["note"]]
        return found[0].strip(), float(found["number"]) * float(
            value * (Fraction(3, 2) if found["dot"] or found["dotted"] else 1)
        )
    found = _BPM.search(text)
    if found is not None:
        return found[0].strip(), float(found[1] or found[2])
    plain = re.sub(r"[^\w]+", " ", text.lower()).strip()
    for word in _TEMPO_WORDS:  # two words stand before one
        if plain == word or plain.startswith(word + " "):
            return text.strip()[: len(word)], float(_TEMPO_WORDS[word])
    return None


def verses(note: Element) -> tuple[tuple[int, str], ...]:
    """Returns the verses' syllables under a note as ``music.words.events`` has them; EXTENDS behind one that is held on."""
    found = []
    for place, lyric in enumerate(note.findall("lyric"), 1):
        text = "".join(
            child.text or (" " if child.tag == "elision" else "") for child in lyric if child.tag in ("text", "elision")
        ).strip()
        extend = lyric.find("extend")
        if not text and (extend is None or extend.get("type") == "start"):
            continue
        number = re.search(r"\d{1,3}", lyric.get("number", ""))
        syllabics = [child.text for child in lyric if child.tag == "syllabic"]
        goes_on = bool(syllabics) and syllabics[-1] in ("begin", "middle")
        parts = [text, "-" if goes_on else " "] if text else [HOLD]
        parts += [
            "\n" if lyric.find("end-paragraph") is not None else "\r" if lyric.find("end-line") is not None else ""
        ]
        parts += [EXTENDS if text and extend is not None else ""]
        verses = numbers_in_list(lyric.get("time-only")) or {int(number[0]) if number else place}
        found += [(verse, "".join(parts)) for verse in sorted(verses)]
    return tuple(found)


def numbers_in_list(text: str | None) -> frozenset[int]:
    """Returns the numbers in a list such as "1, 2" or "1-3"."""
    found: set[int] = set()
    for first, last in re.findall(r"(\d{1,4})\.?\s*(?:[-–]\s*(\d{1,4}))?", text or ""):
        begin, end = int(first), int(last or first)
        found.update(range(max(begin, 1), min(end, MAX_TIMES) + 1))
    return frozenset(found)


def staff_place(element: Element, step: str, octave: str) -> str:
    """Returns a place on the staff such as "C5", "" where the file does not say."""
    name = f"{(element.findtext(step) or '').strip()}{(element.findtext(octave) or '').strip()}"
    return name if re.fullmatch(r"[A-G]\d", name) else ""


def child_number(parts: dict[str, Element], tag: str) -> int:
    text = (parts[tag].text or "").strip() if tag in parts else ""
    return int(text) if re.fullmatch(r"\d{1,3}", text) else 1


def attribute_number(element: Element, name: str, usual: int) -> int:
    text = element.get(name, "").strip()
    return int(text) if re.fullmatch(r"\d{1,3}", text) else usual
