"""Tremolos and rolls: notes that are struck again and again, written as one with strokes through its stem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.files.musicxml_values import number_in
from music.files.musicxml_written import WrittenNote

_MOST_STROKES = 4
_UNMEASURED = 3  # strokes of a roll without any, as most rolls are written


def play_tremolos(notes: list[WrittenNote], marks: Mapping[int, Element], mended: Counter[str]) -> None:
    """Makes the notes of a bar that bear a tremolo ones that are struck many times; between two notes, in turns.

    Each stroke halves the value of the note, or of a quarter where the note is longer.

    Args:
        notes: of one bar; changed in place.
        marks: the ``tremolo`` elements by the number of their note.
        mended: gets how many there were.
    """
    begun: dict[str, list[int]] = {}
    for number, mark in marks.items():
        note, kind = notes[number], mark.get("type", "single")
        if note.in_chord:  # the first head of a chord speaks for all
            continue
        heads = [number, *_chord_after(notes, number)]
        if kind == "start":
            begun[note.line] = heads
            continue
        if kind == "stop" and note.line in begun:
            _take_turns(notes, begun.pop(note.line), heads, _strokes(mark))
        else:
            for head in heads:
                _repeat(notes, head, _strokes(mark))
        mended["Tremolos and rolls, played out: #"] += 1


def _chord_after(notes: list[WrittenNote], number: int) -> list[int]:
    """Returns the numbers of the other heads of a chord, which stand after the first."""
    found = []
    for other in range(number + 1, len(notes)):
        if not notes[other].in_chord:
            break
        found.append(other)
    return found


def _strokes(mark: Element) -> int:
    number = number_in(mark.text)
    strokes = 0 if mark.get("type") == "unmeasured" or number is None else round(number)
    return min(strokes, _MOST_STROKES) if strokes > 0 else _UNMEASURED


def _times(length: Fraction, strokes: int) -> int:
    """Returns how often a note of so many quarters is struck."""
    value = Fraction(1)
    while value > length and value > Fraction(1, 64):
        value /= 2
    return max(round(length / value * (1 << strokes)), 1)


def _repeat(notes: list[WrittenNote], number: int, strokes: int) -> None:
    note = notes[number]
    times = _times(note.length, strokes)
    each = note.length / times
    notes[number] = note._replace(length=each, strikes=times, apart=each, tie_in=False, tie_out=False)


def _take_turns(notes: list[WrittenNote], first: list[int], second: list[int], strokes: int) -> None:
    """Lets two notes or chords take turns from the beginning of the first to the end of the second."""
    start = notes[first[0]].start
    whole = notes[second[0]].start + notes[second[0]].length - start
    times = max(_times(whole, strokes) // 2, 1)
    each = whole / (2 * times)
    for turn, heads in enumerate((first, second)):
        for number in heads:
            notes[number] = notes[number]._replace(
                start=start + turn * each, length=each, strikes=times, apart=2 * each, tie_in=False, tie_out=False
            )
