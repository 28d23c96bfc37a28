"""Notes on a beat grid, as the audio network reads and writes them: one patch a sixteenth, a key or a drum a cell.

Unlike octuples, patches hold no order among notes that begin together, so a network may fill any of them at any time.
"""

from __future__ import annotations

import hashlib
import json
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import symusic

PATCHES_PER_QUARTER = 4
LOWEST, KEYS = 21, 88
"""The keys of a piano: MIDI pitches 21 to 108."""

DRUM_KEYS = (36, 38, 42, 49, 47)
"""What the drums of a patch play: kick, snare, closed hat, open hat or cymbal, tom or other."""

CELLS = KEYS + len(DRUM_KEYS)
"""What may begin in a patch."""

DURATIONS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""Lengths of notes in patches."""

VELOCITIES = (24, 40, 52, 64, 76, 88, 100, 116)

FAMILIES = ("piano", "guitar", "bass", "strings", "brass", "wind", "organ", "synth", "bells")
"""Who plays, drums apart."""

FAMILY_PROGRAMS = (0, 25, 33, 48, 61, 73, 19, 81, 11)
"""The General MIDI program that stands for each family."""

REGISTERS = (0, 24, 36, 48, KEYS, CELLS)
"""First cells of the groups that are revealed together: bass up to G#2, tenor, alto, treble from A4, and the drums."""

GROUPS = len(REGISTERS) - 1

_FAMILY_OF_PROGRAMS = (
    *(0,) * 8, *(8,) * 8, *(6,) * 8, *(1,) * 8, *(2,) * 8, *(3,) * 16, *(4,) * 8, *(5,) * 16, *(7,) * 24,
    1, 1, 1, 1, 8, 5, 3, 5, *(8,) * 8, *(7,) * 8,
)  # fmt: skip


class Cell(IntEnum):
    """Columns of a note on the grid."""

    PATCH = 0
    CELL = 1
    DURATION = 2
    VELOCITY = 3
    FAMILY = 4


def digest() -> str:
    """Returns the SHA-256 (hex) of what cells, lengths, velocities and families mean; networks name it."""
    meaning = [PATCHES_PER_QUARTER, LOWEST, KEYS, DRUM_KEYS, DURATIONS, VELOCITIES, FAMILIES, REGISTERS]
    return hashlib.sha256(json.dumps(meaning).encode()).hexdigest()


def family_of(program: int) -> int:
    """Returns the family of a General MIDI program, an index of FAMILIES."""
    return _FAMILY_OF_PROGRAMS[program]


def drum_of(pitch: int) -> int:
    """Returns which drum of DRUM_KEYS stands for a key of the General MIDI drum map."""
    if pitch in (35, 36):
        return 0
    if pitch in (37, 38, 39, 40):
        return 1
    if pitch in (42, 44, 54, 69, 70, 82):
        return 2
    return 3 if pitch in (46, 49, 51, 52, 53, 55, 57, 59) else 4


def to_patches(score: symusic.Score) -> np.ndarray:
    """Returns the notes of a score on the grid, int64 ``[notes, 5]`` with columns Cell, in order of time and cell.

    Pitches beyond the piano are moved by octaves. Of notes that fall on one cell of one patch the longest is kept.
    """
    rows = []
    unit = score.ticks_per_quarter / PATCHES_PER_QUARTER
    for track in score.tracks:
        if not len(track.notes):
            continue
        notes = {name: values.astype(np.int64) for name, values in track.notes.numpy().items()}
        pitch = notes["pitch"]
        if track.is_drum:
            cell = KEYS + np.array([drum_of(key) for key in range(128)])[pitch]
        else:
            low = np.maximum(0, -(-(LOWEST - pitch) // 12))
            high = np.maximum(0, -(-(pitch - LOWEST - KEYS + 1) // 12))
            cell = pitch + 12 * (low - high) - LOWEST
        family = np.full(len(pitch), family_of(track.program))
        patch = np.round(notes["time"] / unit).astype(np.int64)
        rows.append(
            np.column_stack(
                [
                    patch,
                    cell,
                    nearest(DURATIONS, notes["duration"] / unit),
                    nearest(VELOCITIES, notes["velocity"]),
                    family,
                ]
            )
        )
    if not rows:
        return np.zeros((0, 5), np.int64)
    table = np.concatenate(rows)
    table = table[np.lexsort((-table[:, Cell.DURATION], table[:, Cell.CELL], table[:, Cell.PATCH]))]
    same = (np.diff(table[:, : Cell.DURATION], axis=0) == 0).all(1)
    return table[np.concatenate([[True], ~same])]


def nearest(values: tuple[int, ...], given: np.ndarray) -> np.ndarray:
    """Returns for each number the index of the value that is nearest in ratio."""
    steps = np.log(np.array(values, dtype=np.float64))
    return np.searchsorted((steps[1:] + steps[:-1]) / 2, np.log(np.maximum(given, 0.5)))
