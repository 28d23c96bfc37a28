"""The sound whose notes the authors' own network heard, kept in tests/data/basic_pitch/authors.npz (every fourth frame)."""

from __future__ import annotations

import numpy as np

from models.basic_pitch import RATE_HZ, WINDOW


def chord() -> np.ndarray:
    """Returns float32 [WINDOW]: three tones with overtones that come in one after another, in a little noise."""
    times = np.arange(WINDOW) / RATE_HZ
    sound = 0.002 * np.random.RandomState(0).standard_normal(WINDOW)
    for start_s, pitch in ((0.2, 57), (0.7, 61), (1.1, 76)):
        phase = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * times
        tone = sum(np.sin(number * phase) / number for number in range(1, 6))
        sound += 0.1 * tone * (times > start_s) * np.exp(-1.5 * np.maximum(times - start_s, 0))
    return sound.astype(np.float32)
