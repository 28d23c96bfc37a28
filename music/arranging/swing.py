"""Eighths that swing with the drums: where these play their off-beats late, everybody does."""

from __future__ import annotations

import numpy as np

from music.arranging.beats import Beats, near
from music.arranging.parts import RHYTHM, Arrangement, NoteColumn, Part, in_order

# Off-beats of the drums that a feel is told by, and the share of them that has to be late. By ear, not measured.
_FEWEST, _MOST = 8, 2 / 3


def swing_with_drums(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with off-beat eighths on the last third of their beat, where the drums have theirs there.

    A note that ends on such an off-beat ends with it. Beats in which a player has sixteenths, or triplets already, stay.
    """
    beats = Beats(song.bars, song.quarter)
    if not swings(beats, [parts[track][:, NoteColumn.TIME] for track in song.tracks(RHYTHM)]):
        return parts
    return [_swung(song, beats, part) for part in parts]


def swings(beats: Beats, players: list[np.ndarray]) -> bool:
    """Whether players, told by the ticks at which each strikes, play most off-beats late."""
    late, straight = off_beats(beats, players)
    return late >= _FEWEST and late >= _MOST * (late + straight)


def off_beats(beats: Beats, players: list[np.ndarray]) -> tuple[int, int]:
    """Returns how many notes begin on the last third of a quarter, and how many in its middle."""
    phases = [beats.phase(ticks) for ticks in players if len(ticks)]
    late, straight = (sum(int(near(phase, place).sum()) for phase in phases) for place in (2 / 3, 1 / 2))
    return late, straight


def _swung(song: Arrangement, beats: Beats, part: Part) -> Part:
    """Returns a part whose straight off-beats are late."""
    if not len(part):
        return part
    start, end = part[:, NoteColumn.TIME], part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
    phase = beats.phase(start)
    other = (phase >= 0) & ~near(phase, 0) & ~near(phase, 1) & ~near(phase, 1 / 2)
    busy = np.unique(beats.begin(start[other]))  # sixteenths and triplets: these beats stay
    later = song.quarter * 2 // 3 - song.quarter // 2

    def moved(ticks: np.ndarray) -> np.ndarray:
        off_beat = near(beats.phase(ticks), 1 / 2) & ~np.isin(beats.begin(ticks), busy)
        return ticks + later * off_beat

    out = part.copy()
    out[:, NoteColumn.TIME] = moved(start)
    out[:, NoteColumn.DURATION] = np.maximum(moved(end) - out[:, NoteColumn.TIME], song.shortest)
    return in_order(out)
