"""Room for the melody: chords that would cover it move below it."""

from __future__ import annotations

import numpy as np

from music.arranging.parts import (
    CHORDS,
    COLOR,
    PAD,
    Arrangement,
    NoteColumn,
    Part,
    in_order,
    is_line,
)

LOWEST = 45
"""Chords are not pushed down below this pitch, where they would be mud (by ear, as the two numbers below)."""

_APART = 2  # semitones that stay free below the melody
_FEWEST = 2  # other notes that sound meanwhile, where one goes


def keep_below_melody(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with the notes of chords that sound at or above the melody moved down by octaves.

    A note for which there is no room below goes, if enough of its chord stays. Lines, basses and drums are left alone, and
    all that sounds while the melody rests.
    """
    if song.melody is None:
        return parts
    tune, out = parts[song.melody], list(parts)
    for track in song.tracks(CHORDS, PAD, COLOR):
        if len(parts[track]) and not is_line(parts[track]):
            out[track] = _move_below(parts[track], tune)
    return out


def _move_below(part: Part, tune: Part) -> Part:
    """Returns the chords of a part, each note below what the melody has meanwhile, or gone."""
    notes, gone = part.copy(), np.zeros(len(part), dtype=bool)
    ends = notes[:, NoteColumn.TIME] + notes[:, NoteColumn.DURATION]
    tune_ends = tune[:, NoteColumn.TIME] + tune[:, NoteColumn.DURATION]
    for number, (time, _, pitch, _) in enumerate(notes.tolist()):
        over = (tune[:, NoteColumn.TIME] < ends[number]) & (tune_ends > time)
        if not over.any() or pitch <= (ceiling := int(tune[over, NoteColumn.PITCH].min()) - _APART - 1):
            continue
        lower = pitch - 12 * -(-(pitch - ceiling) // 12)
        beside = (notes[:, NoteColumn.TIME] < ends[number]) & (ends > time) & ~gone
        if lower >= LOWEST and not (beside & (notes[:, NoteColumn.PITCH] == lower)).any():
            notes[number, NoteColumn.PITCH] = lower
        elif beside.sum() > _FEWEST:
            gone[number] = True
    return in_order(notes[~gone])
