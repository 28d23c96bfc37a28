"""Locked notes: those that a hand asked to keep, as the history of a piece tells. A lock holds for a note as it is, and goes with it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import symusic

from music.edit import NewNote
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.values import fits

NotePlace = tuple[int, int]
"""``(track, note)`` of a score, both counted from 0."""

_MOVING = (
    "edit",
    "harmonize",
    "rearrange",
    "arrangement",
)  # pipelines whose recipes may say what the locked notes have become
_MOST_HELD = 16  # pieces that visitors look at now


@functools.lru_cache(maxsize=_MOST_HELD)
def locked_notes(piece: Piece) -> tuple[NotePlace, ...]:
    """Returns the places of the notes of a piece that are locked, in the order of the score."""
    wanted: set[NewNote] = set()
    for recipe in piece.history:
        options: Any = recipe.get("options")
        if recipe.get("pipeline") == "edit" and isinstance(options, Mapping):  # a file may say anything
            wanted -= _notes(options.get("unlocked"))
            wanted |= _notes(options.get("locked"))
        if recipe.get("pipeline") in _MOVING and "locked" in recipe:
            wanted = _notes(recipe["locked"])
    return places_of(piece, wanted) if wanted else ()


def with_locked(piece: Piece, made: Piece, notes: Iterable[NewNote]) -> Piece:
    """Returns what a pipeline made of a piece, with what the locked notes have become in the last recipe of its history.

    That says all, so earlier recipes no longer tell what they had become before: a history would grow with each of them by
    all locked notes.
    """
    *_, last = made.history
    before = [{name: value for name, value in recipe.items() if name != "locked"} for recipe in piece.history]
    return made.replace(history=(*before, {**last, "locked": [list(note) for note in notes]}))


def places_of(piece: Piece, notes: Iterable[NewNote]) -> tuple[NotePlace, ...]:
    """Returns where in a piece these notes are, in the order of the score; nothing for those that it does not have."""
    wanted = set(notes)
    return tuple(
        (number, place)
        for number in sorted({track for track, *_ in wanted if 0 <= track < len(piece.score.tracks)})
        for place, note in enumerate(piece.score.tracks[number].notes)
        if (number, note.time, note.duration, note.pitch, note.velocity) in wanted
    )


def notes_at(piece: Piece, places: Sequence[NotePlace]) -> tuple[NewNote, ...]:
    """Returns the notes at these places of a piece.

    Raises:
        StudioError: it has no such track or note.
    """
    tracks, found = piece.score.tracks, []
    for track, place in places:
        if track >= len(tracks) or place >= len(tracks[track].notes):
            raise StudioError(
                f"The piece has no note {place} on track {track}, counted from 0, to lock. Lock notes that it has."
            )
        note = tracks[track].notes[place]
        found.append((track, note.time, note.duration, note.pitch, note.velocity))
    return tuple(found)


def moved_along(before: symusic.Score, after: symusic.Score, notes: Iterable[NewNote], semitones: int) -> list[NewNote]:
    """Returns what becomes of notes when a whole score is transposed or swings, which leaves the order of its notes.

    Args:
        before: has the notes.
        after: the same so many semitones higher, some of it by octaves nearer, or bent in time, or both.
    """
    wanted, found = set(notes), []
    for number, (was, now) in enumerate(zip(before.tracks, after.tracks, strict=True)):
        old, new = (sorted(each.notes, key=lambda n: (n.time, n.duration, n.pitch)) for each in (was, now))
        shift = 0 if was.is_drum else semitones
        by_step = [[note for note in new if note.pitch % 12 == step] for step in range(12)]
        rank = [0] * 12
        for note in old:
            step = (note.pitch + shift) % 12
            moved = by_step[step][rank[step]]
            rank[step] += 1
            if (number, note.time, note.duration, note.pitch, note.velocity) in wanted:
                found.append((number, moved.time, moved.duration, moved.pitch, moved.velocity))
    return found


def _notes(values: Any) -> set[NewNote]:
    return {tuple(each) for each in values} if fits(tuple[NewNote, ...], values) else set()
