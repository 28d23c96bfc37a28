"""Chord symbols on paper: where they stand, how a key spells them, and what MusicXML calls them."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import symusic

from music.chord_symbols.grammar import in_degrees
from music.chords import NO_CHORD, QUALITIES, Chord, chord_changes, parse_chord
from music.errors import StudioError
from music.notation.rhythm import UNITS, SheetBar


class PrintedChord(NamedTuple):
    """A chord symbol: its bar, the units from there, and the chord; NO_CHORD is printed "N.C."."""

    bar: int
    offset: int
    chord: Chord


class Degree(NamedTuple):
    """A step that is added to a chord, altered in it or taken away, as in MusicXML.

    ``alter`` is in semitones: for what is added, from the step of a dominant thirteenth chord; else from the chord's own.
    """

    value: int
    alter: int
    how: str


class _Kinds(dict[str, tuple[str, tuple[Degree, ...]]]):
    """Kinds by suffix; those of suffixes that only the grammar of chord symbols knows are made of plainer ones."""

    def __missing__(self, suffix: str) -> tuple[str, tuple[Degree, ...]]:
        base, changes = in_degrees(suffix)
        kind, degrees = self[base]
        return kind, (*degrees, *(Degree(*change) for change in changes))


_NINTH, _SEVENTH = Degree(9, 0, "add"), Degree(7, 0, "add")
_ELEVENTH_UP = Degree(11, 1, "add")

# Suffix of a chord's name -> MusicXML kind, and what the kind leaves unsaid.
KINDS: dict[str, tuple[str, tuple[Degree, ...]]] = {
    "": ("major", ()),
    "m": ("minor", ()),
    "dim": ("diminished", ()),
    "aug": ("augmented", ()),
    "7": ("dominant", ()),
    "maj7": ("major-seventh", ()),
    "m7": ("minor-seventh", ()),
    "m7b5": ("half-diminished", ()),
    "dim7": ("diminished-seventh", ()),
    "sus4": ("suspended-fourth", ()),
    "sus2": ("suspended-second", ()),
    "7sus4": ("suspended-fourth", (_SEVENTH,)),
    "6": ("major-sixth", ()),
    "m6": ("minor-sixth", ()),
    "mMaj7": ("major-minor", ()),
    "5": ("power", ()),
    "add9": ("major", (_NINTH,)),
    "madd9": ("minor", (_NINTH,)),
    "6/9": ("major-sixth", (_NINTH,)),
    "9": ("dominant-ninth", ()),
    "maj9": ("major-ninth", ()),
    "m9": ("minor-ninth", ()),
    "9sus4": ("suspended-fourth", (_SEVENTH, _NINTH)),
    "11": ("dominant-11th", ()),
    "m11": ("minor-11th", ()),
    "13": ("dominant-13th", ()),
    "maj13": ("major-13th", ()),
    "m13": ("minor-13th", ()),
    "7b9": ("dominant", (Degree(9, -1, "add"),)),
    "7#9": ("dominant", (Degree(9, 1, "add"),)),
    "7b5": ("dominant", (Degree(5, -1, "alter"),)),
    "aug7": ("augmented-seventh", ()),
    "7#11": ("dominant", (_ELEVENTH_UP,)),
    "maj7#11": ("major-seventh", (_ELEVENTH_UP,)),
}
KINDS = _Kinds(KINDS)
_SUFFIXES = {kind: suffix for suffix, (kind, degrees) in KINDS.items() if not degrees}
# Kinds for which we have no suffix, and the nearest that we have.
_NEAREST = {
    "major-11th": "maj9", "augmented-major-seventh": "aug", "minor-major-ninth": "mMaj7", "half-diminished-ninth": "m7b5",
    "diminished-ninth": "dim7", "augmented-dominant-ninth": "aug7",
}  # fmt: skip
_BY_TONES = {frozenset(tones): suffix for suffix, tones in QUALITIES.items()}
_STEPS = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10}  # of a dominant thirteenth chord


def printed_chords(
    score: symusic.Score, bars: Sequence[SheetBar], heads: Sequence[int] = ()
) -> tuple[PrintedChord, ...]:
    """Returns the chord symbols to print over these bars, in order; none for a chord that just goes on.

    A symbol stands on the nearest sixteenth or triplet eighth. Where chords pause, "N.C." stands. At the ``heads``, bars in which
    a section begins, a chord that goes on is printed again.
    """
    changes = chord_changes(score)
    placed: dict[tuple[int, int], Chord] = {}
    starts = [bar.start_tick for bar in bars]
    for tick, chord in changes:
        index = max(0, bisect.bisect_right(starts, tick) - 1)
        bar = bars[index]
        exact = (tick - bar.start_tick) * UNITS / score.ticks_per_quarter
        offset = min((round(exact / step) * step for step in (UNITS // 4, UNITS // 3)), key=lambda o: abs(o - exact))
        if offset >= bar.length:
            index, offset = index + 1, 0
        if index < len(bars):
            placed[index, max(0, offset)] = chord
    found: list[PrintedChord] = []
    for (index, offset), chord in sorted(placed.items()):
        if not found or found[-1].chord != chord:
            found.append(PrintedChord(index, offset, chord))
    for head in heads:
        at = bisect.bisect_right(found, (head, 0), key=lambda chord: chord[:2])
        if at and found[at - 1][:2] != (head, 0) and found[at - 1].chord != NO_CHORD:
            found.insert(at, PrintedChord(head, 0, found[at - 1].chord))
    return tuple(found)


def read_symbol(root: int, bass: int, kind: str, degrees: Iterable[Degree], text: str) -> tuple[Chord | None, bool]:
    """Returns the chord that a MusicXML harmony names, or None, and whether it is that chord and not just the nearest.

    Args:
        root, bass: pitch classes.
        kind: a kind of MusicXML.
        degrees: what is added to the kind, altered in it or taken away.
        text: how the file prints the kind; it counts where kind and degrees name nothing that we know.
    """
    suffix = _SUFFIXES.get(kind)
    exact = _BY_TONES.get(_apply_degrees(QUALITIES[suffix] if suffix is not None else (0,), degrees))
    if exact is None and text:
        try:
            read = parse_chord(f"C{text}")
            exact = read.quality if read.root == 0 else None  # "b5" alone is no Cb5
        except StudioError:
            pass
    if exact is not None:
        return Chord(root, exact, bass), True
    suffix = _NEAREST.get(kind, suffix)
    return (None if suffix is None else Chord(root, suffix, bass)), False


def _apply_degrees(tones: Iterable[int], degrees: Iterable[Degree]) -> frozenset[int]:
    """Returns the semitones above the root of a chord after these changes."""
    result = set(tones)
    for degree in degrees:
        plain = _STEPS.get((degree.value - 1) % 7 + 1, 0)
        if degree.how == "add":
            result.add((plain + degree.alter) % 12)
            continue
        nearby = (plain, plain - 1, plain + 1) if degree.value in (3, 5, 7) else (plain,)
        own = next((tone for tone in nearby if tone in result), None)
        result.discard(own)
        if degree.how == "alter":
            result.add(((plain if own is None else own) + degree.alter) % 12)
    return frozenset(result)
