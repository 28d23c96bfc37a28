"""Notes of an accompaniment moved from one chord to another: their rhythm and loudness stay, and each goes as near as it can.

The bass keeps its degree, so that a root stays a root; chords are led as voices are, each to the nearest tone that is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from music.arranging.parts import NoteColumn, Part, in_order, nearest
from music.chords import NO_CHORD, Chord, ChordSpan, chord_at

_CHARACTER = (1, 3)  # places, in a chord, of the tones that tell it: the third and the seventh
_FIFTH = 7  # semitones: the tone that a chord can best do without
_FEWEST = 3  # notes that sound at once, of which one can be spared for a tone that is missing


def move_to_chords(
    part: Part,
    before: Sequence[ChordSpan],
    after: Sequence[ChordSpan],
    scale: frozenset[int],
    program: int,
    quarter: int,
    is_bass: bool = False,
) -> Part:
    """Returns notes that fit other chords; those under no chord stay.

    Args:
        part: of one track, pitched.
        before: the chords that they were played to.
        after: the chords that they are to fit.
        scale: the pitch classes of the key: short notes between chord tones that belong to it stay.
        program: who plays, which says how high and how low.
        quarter: ticks of a quarter note.
        is_bass: whether the lowest note of all is played here.
    """
    out = part.copy()
    heard: Chord | None = None
    for start, group in groupby(range(len(part)), key=lambda note: int(part[note, NoteColumn.TIME])):
        notes = list(group)
        was, now = chord_at(before, start), chord_at(after, start)
        begins, heard = now != heard, now
        if now == NO_CHORD or not now.tones:
            continue
        pitches = part[notes, NoteColumn.PITCH].tolist()
        if len(notes) == 1:
            passing = (
                pitches[0] % 12 not in was.tones
                and pitches[0] % 12 in scale
                and part[notes[0], NoteColumn.DURATION] < quarter
                and not begins
            )
            moved = pitches if passing else [_single(pitches[0], was, now, program, is_bass, begins)]
        else:
            moved = _together(pitches, now, program)
            if is_bass:
                moved[0] = _single(pitches[0], was, now, program, is_bass, begins)
        out[notes, NoteColumn.PITCH] = moved
    return in_order(out)


def _single(pitch: int, was: Chord, now: Chord, program: int, is_bass: bool, begins: bool) -> int:
    """Returns where a note goes that begins alone."""
    if not is_bass:
        return nearest(pitch, now.tones, program)
    if begins or pitch % 12 == was.bass:
        return nearest(pitch, (now.bass,), program)
    if pitch % 12 in was.tones:
        degree = was.tones.index(pitch % 12)
        return nearest(pitch, now.tones[degree : degree + 1] or now.tones, program)
    return nearest(pitch, now.tones, program)


def _together(pitches: Sequence[int], chord: Chord, program: int) -> list[int]:
    """Returns where notes go that begin at once, in the order given, the lowest first: each another tone of a chord.

    Where there are enough of them its third and its seventh are among them.
    """
    moved: list[int] = []
    for pitch in pitches:
        moved.append(nearest(pitch, chord.tones, program, taken=moved))
    if len(moved) < _FEWEST:
        return moved
    classes = [pitch % 12 for pitch in moved]
    for place in _CHARACTER:
        if place >= len(chord.tones) or chord.tones[place] in classes:
            continue
        upper = range(1, len(moved))
        doubled = [n for n in upper if classes.count(classes[n]) > 1]
        spare = doubled or [n for n in upper if (classes[n] - chord.root) % 12 == _FIFTH]
        if spare:
            goals = {n: nearest(moved[n], (chord.tones[place],), program, taken=moved) for n in spare}
            spared = min(spare, key=lambda n: (abs(goals[n] - moved[n]), n))
            moved[spared] = goals[spared]
            classes[spared] = goals[spared] % 12
    return moved
