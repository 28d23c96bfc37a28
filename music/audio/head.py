"""The first seconds of a piece as sound, which are there long before the whole is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from music.audio.encoding import Audio, AudioStream
from music.audio.render import render
from music.bars import bar_grid, ticks_to_seconds
from music.edit import cut_after
from music.piece import Piece

HEAD_SECONDS = 10.0
"""A head ends with the first bar line after so much: long enough for the rest of a song to be made meanwhile."""

_FADE_SECONDS = 0.01  # at its end, in case that nothing goes on there
_WORTHWHILE = 2.0  # times its head must a piece last, to be worth the work for one. By the clock of a small machine.


def head_of(piece: Piece, soundfont: str | Path | None = None, stop: Callable[[], bool] | None = None) -> Audio | None:
    """Returns the first bars of a piece, some ten seconds, mastered as if there were no more; None for a piece that is short.

    Each note is struck at the very frame at which it is in the whole, and the sound ends where the next bar begins.

    Args:
        piece, soundfont, stop: as ``render`` takes them.
    """
    grid = bar_grid(piece.score)
    ends = ticks_to_seconds(piece.score, np.array([bar.end for bar in grid]))
    last = int(np.searchsorted(ends, HEAD_SECONDS))
    if last >= len(grid) or piece.seconds < _WORTHWHILE * ends[last]:
        return None
    sound = render(piece.replace(score=cut_after(piece.score, grid[last].end)), soundfont, stop=stop)
    samples = sound.samples if isinstance(sound, Audio) else np.concatenate(list(sound.chunks()))
    samples = samples[: round(float(ends[last]) * sound.rate_hz)].copy()
    fade = min(len(samples), round(_FADE_SECONDS * sound.rate_hz))
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return Audio(samples, sound.rate_hz)


def head_gain(head: Audio, whole: Audio | AudioStream) -> float:
    """Returns by how much a head is louder than the same seconds of the whole, as a factor; 1.0 where these are silent."""
    parts, missing = [], head.frames
    for chunk in whole.chunks():
        parts.append(chunk[:missing])
        missing -= len(parts[-1])
        if missing <= 0:
            break
    same = np.concatenate(parts) if parts else np.zeros((1, 2), np.float32)
    energy = float(np.square(same, dtype=np.float64).sum())
    return float(np.sqrt(np.square(head.samples, dtype=np.float64).sum() / energy)) if energy > 0 else 1.0
