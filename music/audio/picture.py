"""Sound as a picture: its outline and its mel bands over time, small enough to be sent to a page and kept with a song."""

from __future__ import annotations

import base64
from typing import TypedDict

import numpy as np

from music.audio.features import FLOOR_DB, HOP, MEL_BANDS, RATE_HZ, log_mel, magnitudes

COLUMNS = 800
"""At most so many moments: more than a page has room for."""

STEP_DB = 0.5
"""Decibels between two values of a mel picture, which begins at FLOOR_DB."""


class Picture(TypedDict):
    """A sound as a page draws it.

    Attributes:
        seconds: how long the sound is.
        columns: moments, at even distances.
        outline: int8 ``[columns, 2]``, lowest and highest sample of each moment, 127 being full scale; base64.
        mel: uint8 ``[columns, 80]``, power in mel bands in steps of STEP_DB above FLOOR_DB; base64; "" for an outline alone.
    """

    seconds: float
    columns: int
    outline: str
    mel: str


def picture_of(samples: np.ndarray, with_mel: bool = True) -> Picture:
    """Returns the picture of a sound.

    Args:
        samples: ``[n]`` at ``features.RATE_HZ``, full scale at 1.
        with_mel: whether mel bands are shown too.
    """
    frames = max(1, len(samples) // HOP)
    columns = min(COLUMNS, frames)
    return {
        "seconds": round(len(samples) / RATE_HZ, 3),
        "columns": columns,
        "outline": _text(_outline(samples, columns)),
        "mel": _text(_mel(samples, columns)) if with_mel else "",
    }


def _outline(samples: np.ndarray, columns: int) -> np.ndarray:
    """Returns the lowest and highest sample of each moment, int8 ``[columns, 2]``."""
    starts = np.arange(columns) * len(samples) // columns
    ends = np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)
    return np.clip(np.round(ends * 127), -127, 127).astype(np.int8)


def _mel(samples: np.ndarray, columns: int) -> np.ndarray:
    """Returns the loudest of each moment in each mel band, uint8 ``[columns, 80]``."""
    mel = log_mel(magnitudes(samples))[:-1] if len(samples) >= HOP else log_mel(magnitudes(samples))
    starts = np.arange(columns) * len(mel) // columns
    loudest = np.maximum.reduceat(mel, starts, axis=0)
    return np.clip(np.round((loudest - FLOOR_DB) / STEP_DB), 0, 255).astype(np.uint8).reshape(columns, MEL_BANDS)


def _text(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
