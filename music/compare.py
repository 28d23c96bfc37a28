"""What differs between two pieces, note by note."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import symusic


def changed_notes(before: symusic.Score, after: symusic.Score) -> list[np.ndarray]:
    """Returns for each track of ``after`` which of its notes are not in ``before``: bool ``[notes]``, in their order.

    A note is the same if instrument, start, length, pitch and velocity are: each one of ``before`` stands for one of
    ``after``, in its own track first, then in any track that is played by the same instrument.
    """
    if before.ticks_per_quarter != after.ticks_per_quarter:
        before = before.resample(after.ticks_per_quarter, min_dur=1)
    known = [Counter(_notes(track)) for track in before.tracks]
    changed = [np.ones(len(track.notes), dtype=bool) for track in after.tracks]
    for index, track in enumerate(after.tracks):
        if index < len(known) and _player(before.tracks[index]) == _player(track):
            _cross_off(track, changed[index], known[index])
    rest: dict[tuple[bool, int], Counter] = defaultdict(Counter)
    for track, left in zip(before.tracks, known):
        rest[_player(track)] += left
    for track, mask in zip(after.tracks, changed):
        _cross_off(track, mask, rest[_player(track)])
    return changed


def _cross_off(track: symusic.Track, changed: np.ndarray, known: Counter) -> None:
    """Marks the notes that are known as unchanged, and uses them up."""
    for place, note in enumerate(_notes(track)):
        if changed[place] and known[note] > 0:
            known[note] -= 1
            changed[place] = False


def _player(track: symusic.Track) -> tuple[bool, int]:
    return track.is_drum, track.program


def _notes(track: symusic.Track) -> Iterator[tuple[int, int, int, int]]:
    notes = track.notes.numpy()
    return zip(*(notes[name].tolist() for name in ("time", "duration", "pitch", "velocity")))
