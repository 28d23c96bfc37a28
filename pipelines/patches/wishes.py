"""What the audio network is told besides sound and words: tempo, loudness, brightness, density, mode and players."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.audio.features import CHROMAS, CLIP_FRAMES, MFCCS
from music.theory import ALL_KEYS, key_profile

LEVELS = {
    "loudness": ("soft", "medium", "loud"),
    "brightness": ("dark", "medium", "bright"),
    "density": ("sparse", "medium", "dense"),
    "mode": ("major", "minor"),
}
"""What may be said of each attribute."""

WISHES = 32
"""Size of the vector; what is not used is 0."""

_STARTS = {"loudness": 2, "brightness": 5, "density": 8, "mode": 11}
_FAMILY, _DRUMS, _NO_DRUMS, _KNOWN, _CLIP = 13, 22, 23, 24, 25

SPARSE, DENSE = 3.0, 6.0
"""Notes a beat below which music is sparse, and from which it is dense: thirds of the clips of training."""


@dataclass(frozen=True)
class Wishes:
    """What is asked for; None is not said.

    Attributes:
        bpm: quarter notes a minute.
        loudness, brightness, density, mode: indexes of LEVELS.
        families: indexes of FAMILIES that play, and no others.
        drums: whether drums play.
        has_clip: whether there is a sound to follow.
        follows: whether the music begins right where the clip ends.
    """

    bpm: float
    loudness: int | None = None
    brightness: int | None = None
    density: int | None = None
    mode: int | None = None
    families: tuple[int, ...] = ()
    drums: bool | None = None
    has_clip: bool = False
    follows: bool = False

    def vector(self) -> np.ndarray:
        """Returns it as the network reads it, float32 ``[32]``."""
        values = np.zeros(WISHES, np.float32)
        values[0] = np.log2(self.bpm / 110)
        values[1] = self.follows
        for name, start in _STARTS.items():
            level = getattr(self, name)
            if level is not None:
                values[start + level] = 1
        for family in self.families:
            values[_FAMILY + family] = 1
        values[_KNOWN] = bool(self.families)
        if self.drums is not None:
            values[_DRUMS if self.drums else _NO_DRUMS] = 1
        values[_CLIP] = self.has_clip
        return values


def level(attribute: str, value: str | None) -> int | None:
    """Returns which of LEVELS a value is; None for None."""
    return None if value is None else LEVELS[attribute].index(value)


def density_of(notes: float, beats: float) -> int:
    """Returns the level of density of so many notes."""
    rate = notes / beats
    return 0 if rate < SPARSE else 2 if rate >= DENSE else 1


def prior_of_chroma(chroma: np.ndarray) -> np.ndarray:
    """Returns how well each pitch class fits a clip, float32 ``[12]`` with mean 0 and deviation 1; zeros for no pitch at all.

    Args:
        chroma: ``[frames, 12]``.
    """
    mean = chroma.mean(0)
    deviation = mean.std()
    return ((mean - mean.mean()) / deviation if deviation > 1e-6 else np.zeros(CHROMAS)).astype(np.float32)


def prior_of_key(key: int) -> np.ndarray:
    """Returns how well each pitch class fits a key, an index of ALL_KEYS, float32 ``[12]``."""
    return key_profile(ALL_KEYS[key]).astype(np.float32)


NO_CLIP = np.zeros((CLIP_FRAMES, MFCCS + CHROMAS), np.float32)
"""Stands where there is no clip."""


def without_level(clip: np.ndarray) -> np.ndarray:
    """Returns a clip ``[frames, 32]`` whose loudness is taken away: recordings are of any level."""
    clip = clip.astype(np.float32)
    clip[:, 0] -= clip[:, 0].mean()
    return clip
