"""Eighths that swing: where a song does, or its drums play their off-beats late, everybody does."""

from __future__ import annotations

import numpy as np

from music.arranging.beats import Beats, near
from music.arranging.parts import RHYTHM, Arrangement, NoteColumn, Part, in_order

FEELS = ("swing", "straight")
"""How all eighths of a song may be played."""

# Off-beats of the drums that a feel is told by, and the share of them that has to be late. By ear, not measured.
_FEWEST, _MOST = 8, 2 / 3
_LATE, _STRAIGHT, _DOTTED = 2 / 3, 1 / 2, 3 / 4


def swing_with_drums(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with off-beat eighths on the last third of their beat, where the drums have theirs there.

    A note that ends on such an off-beat ends with it. Beats in which a player has sixteenths, or triplets already, stay.
    """
    beats = Beats(song.bars, song.quarter)
    if not swings(beats, [parts[track][:, NoteColumn.TIME] for track in song.tracks(RHYTHM)]):
        return parts
    return [_moved(song, beats, part, (_STRAIGHT,), _LATE) for part in parts]


def swings(beats: Beats, players: list[np.ndarray]) -> bool:
    """Whether players, told by the ticks at which each strikes, play most off-beats late."""
    late, straight = off_beats(beats, players)
    return late >= _FEWEST and late >= _MOST * (late + straight)


def off_beats(beats: Beats, players: list[np.ndarray]) -> tuple[int, int]:
    """Returns how many notes begin on the last third of a quarter, and how many in its middle."""
    phases = [beats.phase(ticks) for ticks in players if len(ticks)]
    late, straight = (sum(int(near(phase, place).sum()) for phase in phases) for place in (_LATE, _STRAIGHT))
    return late, straight


def play_feel(song: Arrangement, parts: list[Part], feel: str) -> list[Part]:
    """Returns the parts with all off-beats at one place, whoever plays: the last third of the beat, or its half.

    Beats in which a player has sixteenths stay, and where it swings those with triplets; where it is straight triplets become
    an eighth and two sixteenths. A lone stroke on the last sixteenth of a beat is the swung eighth of a drummer who writes it
    dotted.

    Args:
        song: to which the parts belong.
        parts: of all tracks.
        feel: one of FEELS.
    """
    beats = Beats(song.bars, song.quarter)
    if feel == "swing":
        return [_moved(song, beats, part, (_STRAIGHT, _DOTTED), _LATE) for part in parts]
    return [_moved(song, beats, _without_triplets(song, beats, part), (_LATE,), _STRAIGHT) for part in parts]


def _without_triplets(song: Arrangement, beats: Beats, part: Part) -> Part:
    """Returns a part whose triplets are an eighth and two sixteenths."""
    if not len(part):
        return part
    start, end = part[:, NoteColumn.TIME], part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
    phase, begin = beats.phase(start), beats.begin(start)
    threes = np.unique(begin[near(phase, 1 / 3)])

    def even(ticks: np.ndarray) -> np.ndarray:
        place, first = beats.phase(ticks), beats.begin(ticks)
        inside, moved = np.isin(first, threes), ticks
        for was, now in ((1 / 3, 1 / 2), (2 / 3, 3 / 4)):
            moved = np.where(inside & near(place, was), first + int(song.quarter * now), moved)
        return moved

    out = part.copy()
    out[:, NoteColumn.TIME] = even(start)
    out[:, NoteColumn.DURATION] = np.maximum(even(end) - out[:, NoteColumn.TIME], song.shortest)
    return in_order(out)


def _moved(song: Arrangement, beats: Beats, part: Part, places: tuple[float, ...], goal: float) -> Part:
    """Returns a part whose off-beats at these places of a quarter are at another one, alone in their beat as they are."""
    if not len(part):
        return part
    out = part
    for place in places:
        start, end = out[:, NoteColumn.TIME], out[:, NoteColumn.TIME] + out[:, NoteColumn.DURATION]
        phase = beats.phase(start)
        other = (phase >= 0) & ~near(phase, 0) & ~near(phase, 1) & ~near(phase, place)
        busy = np.unique(beats.begin(start[other]))  # sixteenths and triplets: these beats stay
        by = int(song.quarter * goal) - int(song.quarter * place)
        begins = near(phase, place) & ~np.isin(beats.begin(start), busy)
        ends = near(beats.phase(end), place) & ~np.isin(beats.begin(end), busy)
        ends &= place != _DOTTED  # what only ends there is no eighth
        changed = out.copy()
        changed[:, NoteColumn.TIME] = start + by * begins
        changed[:, NoteColumn.DURATION] = np.maximum(end + by * ends - changed[:, NoteColumn.TIME], song.shortest)
        out = in_order(changed)
    return out
