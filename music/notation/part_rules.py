"""What a player's part has that a score has not: bars of rest that are counted, and chords for who plays them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence

from music.chords import NO_CHORD
from music.instruments import BASS_PLAYERS, CHORDAL
from music.notation.chord_symbols import PrintedChord
from music.notation.quantize import SheetNote
from music.notation.rhythm import SheetBar
from music.notation.staves import Performer
from music.notation.transposition import Transposition


def sounding_bars(notes: Sequence[SheetNote], bars: Sequence[SheetBar]) -> set[int]:
    """Returns the bars in which notes sound."""
    starts = [bar.start for bar in bars]
    sounding: set[int] = set()
    for note in notes:
        sounding.update(range(max(0, bisect_right(starts, note.start) - 1), bisect_left(starts, note.end)))
    return sounding


def long_rests(
    notes: Sequence[SheetNote], bars: Sequence[SheetBar], heads: Collection[int]
) -> tuple[tuple[int, int], ...]:
    """Returns (first bar, how many) of each stretch of two bars or more in which a player rests.

    Args:
        notes: of the player, all hands.
        bars: of the sheet.
        heads: bars at which something stands that a player must see: a section, a key, a tempo. A rest is cut there, as it is where
            the time signature changes.
    """
    sounding = sounding_bars(notes, bars)
    found: list[tuple[int, int]] = []
    for index, bar in enumerate(bars):
        if index in sounding or bar.partial:
            continue
        first, count = found[-1] if found else (-1, 0)
        goes_on = first + count == index and index not in heads
        if goes_on and (bar.numerator, bar.denominator) == (bars[first].numerator, bars[first].denominator):
            found[-1] = first, count + 1
        else:
            found.append((index, 1))
    return tuple((first, count) for first, count in found if count > 1)


def reads_chords(performer: Performer) -> bool:
    """Whether a player wants chord symbols over the part: who plays chords or the bass."""
    return not performer.is_drum and performer.program in CHORDAL | BASS_PLAYERS


def moved_chords(
    chords: Sequence[PrintedChord], moved: Transposition | None, rests: Sequence[tuple[int, int]]
) -> tuple[PrintedChord, ...]:
    """Returns chord symbols as a player reads them; in long rests there are none."""
    silent = {bar for first, count in rests for bar in range(first, first + count)}
    up = -moved.semitones if moved else 0
    return tuple(
        each if each.chord == NO_CHORD else each._replace(chord=each.chord.transposed(up))
        for each in chords
        if each.bar not in silent
    )
