"""What stands in one bar of one part of a MusicXML score, times in quarters from the beginning of the bar."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from music.chords import Chord
from music.files.bar_order import BarSigns
from music.files.musicxml_players import Voice


class WrittenNote(NamedTuple):
    """One head: its place in quarters from the beginning of its bar, its length, and what sounds.

    ``line`` is the voice on paper to which it belongs, ``words`` are (verse, syllable), and ``passes`` the times through
    the bar at which it is played, empty for all.
    """

    start: Fraction
    length: Fraction
    pitch: int
    staff: int
    line: str
    voice: Voice
    velocity: int
    tie_in: bool
    tie_out: bool
    is_grace: bool
    in_chord: bool
    words: tuple[tuple[int, str], ...]
    passes: frozenset[int]


@dataclass
class PartBar:
    """One bar of one part, times in quarters from its beginning.

    Attributes:
        length: how far its notes and the rests between them go; 0 without notes.
        rest: how far rests go in a bar without notes, or a rest for the whole bar beside them; 0 without any.
        implicit: the file says that this bar does not count, as a pickup or the second half of one.
        signature: the time signature that begins here: numerator and denominator, (0, 0) for none at all.
        keys: (place, sharps, whether minor).
        dynamics: (place, staff, velocity).
        repeated: it is empty and repeats, by a sign, the bar so many bars before.
    """

    number: str = ""
    length: Fraction = Fraction(0)
    rest: Fraction = Fraction(0)
    implicit: bool = False
    signature: tuple[int, int] | None = None
    keys: list[tuple[Fraction, int, bool]] = field(default_factory=list)
    tempi: list[tuple[Fraction, float]] = field(default_factory=list)
    chords: list[tuple[Fraction, Chord]] = field(default_factory=list)
    marks: list[tuple[Fraction, str]] = field(default_factory=list)
    dynamics: list[tuple[Fraction, int, int]] = field(default_factory=list)
    notes: list[WrittenNote] = field(default_factory=list)
    signs: BarSigns = field(default_factory=BarSigns)
    repeated: int = 0
