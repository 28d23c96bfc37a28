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
    the bar at which it is played, empty for all. With ``strikes`` above 1 it is struck so often, every ``apart`` quarters,
    and ``length`` is that of each.
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
    strikes: int = 1
    apart: Fraction = Fraction(0)


class Mark(NamedTuple):
    """A dynamic at a place in a bar.

    Attributes:
        place: in quarters from the beginning of the bar.
        staff: of the part; what stands at the first holds for all.
        level: what holds from there; None where nothing changes.
        accent: how much louder than what holds the notes at the place itself are, 0 for none.
        struck: how loud they are whatever holds; None where nothing says so.
    """

    place: Fraction
    staff: int
    level: int | None = None
    accent: int = 0
    struck: int | None = None


class Wedge(NamedTuple):
    """An end of a hairpin: 1 where a crescendo begins, -1 a diminuendo, 0 where it ends."""

    place: Fraction
    staff: int
    way: int
    number: int


class Swing(NamedTuple):
    """From a place in a bar on, of each two notes of ``value`` quarters the first has this share of their time."""

    place: Fraction
    value: Fraction
    share: Fraction


@dataclass
class PartBar:
    """One bar of one part, times in quarters from its beginning.

    Attributes:
        length: how far its notes and the rests between them go; 0 without notes.
        rest: how far rests go in a bar without notes, or a rest for the whole bar beside them; 0 without any.
        implicit: the file says that this bar does not count, as a pickup or the second half of one.
        signature: the time signature that begins here: numerator and denominator, (0, 0) for none at all.
        keys: (place, sharps, whether minor).
        dynamics, wedges, swings: as they are written.
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
    dynamics: list[Mark] = field(default_factory=list)
    wedges: list[Wedge] = field(default_factory=list)
    swings: list[Swing] = field(default_factory=list)
    notes: list[WrittenNote] = field(default_factory=list)
    signs: BarSigns = field(default_factory=BarSigns)
    repeated: int = 0
