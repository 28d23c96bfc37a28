"""Notes on the beat grid as the audio network is shown them: what is known in a window, and what stood bars ago."""

from __future__ import annotations

import numpy as np

from music.tokens.patches import CELLS, DURATIONS, GROUPS, KEYS, REGISTERS, Cell

GROUP_OF_CELL = np.repeat(np.arange(GROUPS), np.diff(REGISTERS))
"""The group of each cell, int64 ``[93]``."""

BAR_PATCHES = (8, 12, 16, 24)
"""Lengths of bars that the network knows."""

PAST, FUTURE = 32, 32
"""Patches of a window: what is shown of the past, and what is to be written."""

PAST_BARS = (1, 2, 4)


def canvas(notes: np.ndarray, patches: int) -> np.ndarray:
    """Returns which notes begin where, float32 ``[patches, 93]``; notes outside are left out."""
    cells = np.zeros((patches, CELLS), np.float32)
    inside = notes[(notes[:, Cell.PATCH] >= 0) & (notes[:, Cell.PATCH] < patches)]
    cells[inside[:, Cell.PATCH], inside[:, Cell.CELL]] = 1
    return cells


def held(notes: np.ndarray, patches: int) -> np.ndarray:
    """Returns which keys sound where, float32 ``[patches, 88]``, from the patch after a note began to its end."""
    steps = np.zeros((patches + 1, KEYS), np.float32)
    keys = notes[notes[:, Cell.CELL] < KEYS]
    start = np.clip(keys[:, Cell.PATCH] + 1, 0, patches)
    stop = np.clip(keys[:, Cell.PATCH] + np.array(DURATIONS)[keys[:, Cell.DURATION]], start, patches)
    np.add.at(steps, (start, keys[:, Cell.CELL]), 1)
    np.add.at(steps, (stop, keys[:, Cell.CELL]), -1)
    return np.minimum(np.cumsum(steps, axis=0)[:patches], 1)


def shown(cells: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns the cells of known groups, others 0, then which groups are known, float32 ``[patches, 93 + 5]``.

    Args:
        cells: float32 ``[patches, 93]``.
        known: float32 ``[patches, 5]``.
    """
    return np.concatenate([cells * known[:, GROUP_OF_CELL], known], axis=1)


def window(
    seen: np.ndarray, first: int, length: int, bar_patches: int, bar_phase: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns what the network reads of ``[first, first + length)``: seen, past and place, see ``models.bigru``.

    Args:
        seen: of ``shown``, of the whole canvas.
        first: first patch of the window; patches before the canvas are unknown.
        length: of the window.
        bar_patches: length of a bar, one of BAR_PATCHES.
        bar_phase: place in its bar of the canvas's first patch.
    """
    span = max(PAST_BARS) * bar_patches
    begin, end = first - span, first + length
    piece = seen[max(0, begin) : max(0, end)]
    padded = np.zeros((span + length, seen.shape[1]), np.float32)
    offset = max(0, -begin)
    padded[offset : offset + len(piece)] = piece
    past = np.concatenate([padded[span - n * bar_patches :][:length] for n in PAST_BARS], axis=1)
    place = (np.arange(first, end) + bar_phase) % bar_patches
    meter = np.full(length, BAR_PATCHES.index(bar_patches))
    return padded[span:], past, np.stack([place, meter], axis=1)
