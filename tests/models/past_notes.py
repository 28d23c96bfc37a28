"""Music by chance that repeats itself, and the tables to read it with, for tests of the hints."""

from __future__ import annotations

import numpy as np

from models.hints.layout import DRUM_PITCH, FIRST, HintTables

SIZES = (20, 8, 10, 100, 133, 260, 40, 36)
TABLES = HintTables(SIZES, tuple(range(1, 37)), (24, 36, 48, 42))
DRUMS = FIRST + 128


def music(rng: np.random.Generator, bars: int = 24) -> np.ndarray:
    """Returns rows int64 [notes, 8] in the order of steps: bars of few patterns, some transposed, skipped or changed."""
    patterns = [_pattern(rng) for _ in range(3)]
    rows, silent, signature = [], 0, int(rng.integers(FIRST, FIRST + 4))
    for _ in range(bars):
        if rng.random() < 0.1:
            signature = int(rng.integers(FIRST, FIRST + 4))
        room, shift = (24, 36, 48, 42)[signature - FIRST], int(rng.choice([0, 0, 0, 2, 5]))
        mine = [] if rng.random() < 0.1 else patterns[rng.integers(3)]
        written = False
        for place, program, pitch, duration, velocity in mine:
            if place < room and rng.random() < 0.95:
                step = FIRST + (0 if written else silent + 1)
                moved = pitch if program == DRUMS else pitch + shift
                rows.append((step, signature, 5, FIRST + place, program, moved, duration, velocity))
                written = True
        silent = 0 if written else silent + 1
    return np.array(rows, np.int64)


def _pattern(rng: np.random.Generator) -> list[tuple[int, ...]]:
    notes = set()
    for program in rng.choice([4, 10, 30, DRUMS], size=3, replace=False):
        for place in rng.choice([0, 6, 12, 18, 24, 30, 36], size=4, replace=False):
            for _ in range(rng.integers(1, 3)):
                pitch = (
                    DRUM_PITCH + rng.integers(36, 40) if program == DRUMS else FIRST + rng.choice([48, 52, 55, 60, 64])
                )
                notes.add((int(place), int(program), int(pitch)))
    return [(*note, int(rng.integers(FIRST, 40)), int(rng.integers(FIRST, 36))) for note in sorted(notes)]
