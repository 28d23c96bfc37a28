"""Drums and bass that keep to a section's own pattern: chosen among its bars, never invented."""

from __future__ import annotations

import numpy as np

from music.arranging.parts import (
    BASS,
    RHYTHM,
    STEPS,
    Arrangement,
    NoteColumn,
    Part,
    in_order,
    is_line,
    nearest,
    within,
)
from music.bars import Bar
from music.chords import NO_CHORD, beat_ticks

# By ear, not measured. That a groove becomes more regular by it is measured, and what would become less so is left (`regularity`).
_PHRASE, _LONG_PHRASE = 4, 8  # bars; sections of two long phrases or more have long ones
_TWO_BARS_GAIN = 0.6  # a pattern of two bars must explain so much better than one of one

Pattern = tuple[int, ...]
"""The places, in a section, of the one or two bars that its others are like."""


def steady(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with drums and bass that keep to their section's pattern where that makes it more regular.

    The last bar of a phrase may differ: there drums keep the second half, the bass all of what it had.
    """
    rules = {RHYTHM: _steady_drums, BASS: _steady_bass}
    return [
        rules[role](song, part, program) if role in rules and len(part) else part
        for role, part, program in zip(song.roles, parts, song.programs, strict=True)
    ]


def regularity(grids: list[frozenset]) -> float:
    """Returns how alike neighboring bars are, 0 to 1: the mean of shared onsets over all onsets of two bars."""
    pairs = [len(a & b) / len(a | b) for a, b in zip(grids, grids[1:], strict=False) if a | b]
    return float(np.mean(pairs)) if pairs else 1.0


def _steady_drums(song: Arrangement, part: Part, program: int) -> Part:
    """Returns a drum part with the bars of each section like its typical ones, where that makes the section more regular."""
    for section in song.sections:
        bars = song.bars_in(section)
        grids = [_grid(song, part, bar, pitched=True) for bar in bars]
        pattern = _typical(grids)
        if not pattern:
            continue
        pieces = [part]
        gone = np.zeros(len(part), dtype=bool)
        for place, bar in enumerate(bars):
            source = bars[pattern[place % len(pattern)]]
            stop = bar.end
            if _may_differ(place, len(bars)) and grids[place]:
                stop = bar.start + _half(song, bar)
            copied = part[within(part, source.start, source.start + stop - bar.start)].copy()
            copied[:, NoteColumn.TIME] += bar.start - source.start
            gone |= within(part, bar.start, stop)
            pieces.append(copied)
        changed = in_order(np.concatenate([part[~gone], *pieces[1:]]))
        if regularity([_grid(song, changed, bar, pitched=True) for bar in bars]) > regularity(grids):
            part = changed
    return part


def _steady_bass(song: Arrangement, part: Part, program: int) -> Part:
    """Returns a bass line with the rhythm of each section's typical bars, where that makes the section more regular."""
    if not is_line(part):
        return part
    for section in song.sections:
        bars = song.bars_in(section)
        grids = [_grid(song, part, bar, pitched=False) for bar in bars]
        pattern = _typical(grids)
        if not pattern:
            continue
        changed = part
        for place, bar in enumerate(bars):
            source = bars[pattern[place % len(pattern)]]
            if grids[place] == _grid(song, part, source, pitched=False) or _may_differ(place, len(bars)):
                continue
            new = _bass_bar(song, part, bar, source, program)
            if new is not None:
                changed = in_order(np.concatenate([changed[~within(changed, bar.start, bar.end)], new]))
        changed = _as_line(changed, section.start, section.end)
        if regularity([_grid(song, changed, bar, pitched=False) for bar in bars]) > regularity(grids):
            part = changed
    return part


def _bass_bar(song: Arrangement, part: Part, bar: Bar, source: Bar, program: int) -> Part | None:
    """Returns a bar with the rhythm of another and its own chords; None where its chords change against that rhythm."""
    rhythm = part[within(part, source.start, source.end)].copy()
    rhythm[:, NoteColumn.TIME] += bar.start - source.start
    own = part[within(part, bar.start, bar.end)]
    if not len(own):
        return None  # a rest that was meant
    for note in rhythm:
        start = int(note[NoteColumn.TIME])
        here = own[max(0, int(np.searchsorted(own[:, NoteColumn.TIME], start, side="right")) - 1)]
        chord = song.chord_at(start)
        pitch = int(here[NoteColumn.PITCH])
        if chord != NO_CHORD:
            pitch = nearest(pitch, (chord.bass,) if start == bar.start else chord.tones, program)
        for span in song.chords:
            if start < span.start < start + note[NoteColumn.DURATION] and pitch % 12 not in span.chord.tones:
                return None
        note[NoteColumn.PITCH] = pitch
    return rhythm


def _typical(grids: list[frozenset]) -> Pattern:
    """Returns which bars the others are most like; none where there are too few, or where most are silent."""
    playing = [place for place, grid in enumerate(grids) if grid]
    if len(grids) < 3 or 2 * len(playing) <= len(grids):
        return ()
    one, cost = _medoid(grids, playing)
    sides = [[place for place in playing if place % 2 == side] for side in (0, 1)]
    if len(grids) >= 4 and min(map(len, sides)) >= 2:
        found = [_medoid(grids, side) for side in sides]
        if sum(price for _, price in found) < _TWO_BARS_GAIN * cost:
            return tuple(place for place, _ in found)
    return (one,)


def _medoid(grids: list[frozenset], places: list[int]) -> tuple[int, int]:
    """Returns the bar with the smallest sum of differences from the others, and that sum."""
    sums = {one: sum(len(grids[one] ^ grids[other]) for other in places) for one in places}
    best = min(places, key=lambda place: (sums[place], place))
    return best, sums[best]


def _may_differ(place: int, bars: int) -> bool:
    phrase = _LONG_PHRASE if bars >= 2 * _LONG_PHRASE else _PHRASE
    return place % phrase == phrase - 1 or place == bars - 1


def _half(song: Arrangement, bar: Bar) -> int:
    """Returns the ticks from a bar's start to the beat that begins its second half; the whole bar if it has one beat."""
    beats = [*beat_ticks(bar, song.quarter), bar.end]
    return beats[len(beats) // 2] - bar.start


def _grid(song: Arrangement, part: Part, bar: Bar, pitched: bool) -> frozenset:
    """Returns the onsets of a bar on a grid, each with its pitch where that counts."""
    notes = part[within(part, bar.start, bar.end)]
    steps = np.rint((notes[:, NoteColumn.TIME] - bar.start) * STEPS / song.quarter).astype(int)
    return (
        frozenset(zip(steps.tolist(), notes[:, NoteColumn.PITCH].tolist(), strict=True))
        if pitched
        else frozenset(steps.tolist())
    )


def _as_line(part: Part, start: int, end: int) -> Part:
    """Returns a part whose notes of this stretch end when the next begins; those that begin together stay."""
    out = part.copy()
    gap = np.diff(out[:, NoteColumn.TIME])
    over = within(out, start, end)[:-1] & (gap > 0)
    out[:-1, NoteColumn.DURATION] = np.where(
        over, np.minimum(out[:-1, NoteColumn.DURATION], gap), out[:-1, NoteColumn.DURATION]
    )
    return out
