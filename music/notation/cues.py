"""Cues: what another player plays before one comes in after a long rest, in small notes, so that who counts can be sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from music.notation.part_rules import sounding_bars
from music.notation.quantize import SheetNote
from music.notation.rhythm import SheetBar

LONG_REST = 8
"""Bars after which a player is glad of a cue, by custom and not measured."""

CUE_BARS = 2


class Cue(NamedTuple):
    """Bars before an entry, counted from 0, with what somebody else plays there: one line, as it sounds."""

    bar: int
    length: int
    name: str
    notes: tuple[SheetNote, ...]


class Cued(NamedTuple):
    """Who may give a cue: a name, and the notes."""

    name: str
    notes: Sequence[SheetNote]


def cues(notes: Sequence[SheetNote], bars: Sequence[SheetBar], others: Sequence[Cued]) -> tuple[Cue, ...]:
    """Returns a cue before each entry of a player after a long rest, where somebody else is heard there.

    Args:
        notes: of the player.
        bars: of the sheet.
        others: who may be cued, the most prominent first; of those after the first the one with the most to play is taken.
    """
    sounding = sounding_bars(notes, bars)
    entries = [bar for bar in range(LONG_REST, len(bars)) if bar in sounding and bar - 1 not in sounding]
    found = []
    for entry in entries:
        if sounding & set(range(entry - LONG_REST, entry)):
            continue
        first = entry - CUE_BARS
        start, end = bars[first].start, bars[entry].start
        lines = [Cued(each.name, _line(each.notes, start, end)) for each in others]
        heard = [each for each in lines if any(note.start >= bars[entry - 1].start for note in each.notes)]
        if heard:
            chosen = heard[0] if heard[0] is lines[0] else max(heard, key=lambda each: len(each.notes))
            found.append(Cue(first, CUE_BARS, chosen.name, tuple(chosen.notes)))
    return tuple(found)


def without_cues(rests: Sequence[tuple[int, int]], given: Sequence[Cue]) -> tuple[tuple[int, int], ...]:
    """Returns long rests, (first bar, how many), as far as no cue stands in them."""
    cued = {bar for cue in given for bar in range(cue.bar, cue.bar + cue.length)}
    shorter = ((first, sum(bar not in cued for bar in range(first, first + count))) for first, count in rests)
    return tuple((first, count) for first, count in shorter if count > 1)


def _line(notes: Sequence[SheetNote], start: int, end: int) -> list[SheetNote]:
    """Returns the highest notes that begin in a stretch, each ended by the next or by the end of it."""
    highest: dict[int, SheetNote] = {}
    for note in notes:
        if start <= note.start < end and (note.start not in highest or highest[note.start].pitch < note.pitch):
            highest[note.start] = note
    line = [highest[place] for place in sorted(highest)]
    if not line:
        return []
    ends = [*(note.start for note in line[1:]), end]
    return [note._replace(end=min(note.end, stop)) for note, stop in zip(line, ends, strict=True)]
