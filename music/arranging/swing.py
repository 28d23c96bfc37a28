"""Eighths that swing with the drums: where these play their off-beats late, everybody does."""

from __future__ import annotations

import numpy as np

from music.arranging.parts import RHYTHM, Arrangement, NoteColumn, Part, in_order

# Off-beats of the drums that a feel is told by, and the share of them that has to be late. By ear, not measured.
_FEWEST, _MOST = 8, 2 / 3


def swing_with_drums(song: Arrangement, parts: list[Part]) -> list[Part]:
    """Returns the parts with off-beat eighths on the last third of their beat, where the drums have theirs there.

    A note that ends on such an off-beat ends with it. Beats in which a player has sixteenths, or triplets already, stay.
    """
    if not _swings(song, parts):
        return parts
    return [_swung(song, part) for part in parts]


def _swings(song: Arrangement, parts: list[Part]) -> bool:
    """Whether the drums play most off-beats late."""
    phases = [_phase(song, parts[track][:, NoteColumn.TIME]) for track in song.tracks(RHYTHM) if len(parts[track])]
    late, straight = (sum(int(_near(song, phase, place).sum()) for phase in phases) for place in (2 / 3, 1 / 2))
    return late >= _FEWEST and late >= _MOST * (late + straight)


def _swung(song: Arrangement, part: Part) -> Part:
    """Returns a part whose straight off-beats are late."""
    if not len(part):
        return part
    start, end = part[:, NoteColumn.TIME], part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]
    phase = _phase(song, start)
    other = (phase >= 0) & ~_near(song, phase, 0) & ~_near(song, phase, 1) & ~_near(song, phase, 1 / 2)
    busy = np.unique(_beat(song, start[other]))  # sixteenths and triplets: these beats stay
    later = song.quarter * 2 // 3 - song.quarter // 2

    def moved(ticks: np.ndarray) -> np.ndarray:
        off_beat = _near(song, _phase(song, ticks), 1 / 2) & ~np.isin(_beat(song, ticks), busy)
        return ticks + later * off_beat

    out = part.copy()
    out[:, NoteColumn.TIME] = moved(start)
    out[:, NoteColumn.DURATION] = np.maximum(moved(end) - out[:, NoteColumn.TIME], song.shortest)
    return in_order(out)


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


def _near(song: Arrangement, phase: np.ndarray, place: float) -> np.ndarray:
    """Returns which of these places in a quarter are this one, or as good as."""
    return np.abs(phase - place) <= 1 / 24
