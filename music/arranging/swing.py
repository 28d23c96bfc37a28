"""Eighths that swing: where a song does, or its drums play their off-beats late, everybody does."""

from __future__ import annotations

import numpy as np

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
    if not _swings(song, parts):
        return parts
    return [_moved(song, part, (_STRAIGHT,), _LATE) for part in parts]


def play_feel(song: Arrangement, parts: list[Part], feel: str) -> list[Part]:
    """Returns the parts with all off-beats at one place, whoever plays: the last third of the beat, or its half.

    Beats in which a player has sixteenths or triplets stay. A lone stroke on the last sixteenth of a beat is the swung eighth
    of a drummer who writes it dotted.

    Args:
        song: to which the parts belong.
        parts: of all tracks.
        feel: one of FEELS.
    """
    if feel == "swing":
        return [_moved(song, part, (_STRAIGHT, _DOTTED), _LATE) for part in parts]
    return [_moved(song, part, (_LATE,), _STRAIGHT) for part in parts]


def _swings(song: Arrangement, parts: list[Part]) -> bool:
    """Whether the drums play most off-beats late."""
    phases = [_phase(song, parts[track][:, NoteColumn.TIME]) for track in song.tracks(RHYTHM) if len(parts[track])]
    late, straight = (sum(int(_near(phase, place).sum()) for phase in phases) for place in (_LATE, _STRAIGHT))
    return late >= _FEWEST and late >= _MOST * (late + straight)


def _moved(song: Arrangement, part: Part, places: tuple[float, ...], goal: float) -> Part:
    """Returns a part whose off-beats at these places of a quarter are at another one, alone in their beat as they are."""
    if not len(part):
        return part
    out = part
    for place in places:
        start, end = out[:, NoteColumn.TIME], out[:, NoteColumn.TIME] + out[:, NoteColumn.DURATION]
        phase = _phase(song, start)
        other = (phase >= 0) & ~_near(phase, 0) & ~_near(phase, 1) & ~_near(phase, place)
        busy = np.unique(_beat(song, start[other]))  # sixteenths and triplets: these beats stay
        by = round(song.quarter * goal) - round(song.quarter * place)
        if place == _DOTTED:  # what only ends there is no eighth
            ends = np.zeros(len(out), dtype=bool)
        else:
            ends = _near(_phase(song, end), place) & ~np.isin(_beat(song, end), busy)
        begins = _near(phase, place) & ~np.isin(_beat(song, start), busy)
        changed = out.copy()
        changed[:, NoteColumn.TIME] = start + by * begins
        changed[:, NoteColumn.DURATION] = np.maximum(end + by * ends - changed[:, NoteColumn.TIME], song.shortest)
        out = in_order(changed)
    return out


def _bars(song: Arrangement, ticks: np.ndarray) -> np.ndarray:
    """Returns the bar that each tick lies in; the last one for ticks beyond it."""
    starts = np.array([bar.start for bar in song.bars])
    return np.clip(np.searchsorted(starts, ticks, side="right") - 1, 0, len(starts) - 1)


def _beat(song: Arrangement, ticks: np.ndarray) -> np.ndarray:
    """Returns the tick at which the quarter of its bar begins that each tick lies in."""
    starts = np.array([bar.start for bar in song.bars])[_bars(song, ticks)]
    return starts + (ticks - starts) // song.quarter * song.quarter


def _phase(song: Arrangement, ticks: np.ndarray) -> np.ndarray:
    """Returns where each tick stands in its quarter, from 0 to 1; -1 in bars that are not counted in quarters."""
    quarters = np.array([bar.denominator <= 4 for bar in song.bars])[_bars(song, ticks)]
    return np.where(quarters, (ticks - _beat(song, ticks)) / song.quarter, -1.0)


def _near(phase: np.ndarray, place: float) -> np.ndarray:
    """Returns which of these places in a quarter are this one, or as good as."""
    return np.abs(phase - place) <= 1 / 24
