"""The pitch of one voice, frame by frame, by YIN (de Cheveigné & Kawahara 2002), in numpy and a hundredth of real time.

Of each frame the difference between the sound and itself a lag later is computed by FFT for all lags at once and divided by
its mean up to that lag; the first dip under a threshold is the period. How deep the dip is says how periodic the frame is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

RATE_HZ = 22_050
HOP = 256
"""Samples from frame to frame: 11.6 ms."""

LOWEST_HZ, HIGHEST_HZ = 65.0, 1400.0
"""C2, below most basses, to F6; whistles above are heard an octave or more too low only where their period is not found."""

LAGS = int(RATE_HZ / LOWEST_HZ) + 2
WINDOW = 1024
"""Samples that are compared at each lag: three periods of the lowest pitch, and short beside a sung note."""

THRESHOLD = 0.15
"""Of the dip that is taken: the first under this. De Cheveigné & Kawahara's 0.1 is for clean speech; 0.15 was better with noise."""

CHUNK = 2048
"""Frames at a time, so that ten minutes of sound take no more memory than half a minute."""

_FFT = 1 << (WINDOW + LAGS - 1).bit_length()


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """What is heard of one voice in each frame; frame ``n`` is about the time ``n * HOP / RATE_HZ``.

    Attributes:
        pitch: float64 [frames], in semitones as MIDI counts them, with fractions; of no meaning where nothing is periodic.
        aperiodicity: float64 [frames], 0 for a tone, 1 for noise.
        level: float64 [frames], root mean square of the samples.
    """

    pitch: np.ndarray
    aperiodicity: np.ndarray
    level: np.ndarray

    def __len__(self) -> int:
        return len(self.pitch)

    def __add__(self, other: PitchTrack) -> PitchTrack:
        """Returns this track and the one that follows it."""
        return PitchTrack(*(np.concatenate([getattr(one, name) for one in (self, other)]) for name in vars(self)))


NOTHING = PitchTrack(np.zeros(0), np.zeros(0), np.zeros(0))


def track_pitch(samples: np.ndarray) -> PitchTrack:
    """Returns the pitch track of mono samples at RATE_HZ."""
    return sum(pitch_parts(samples), NOTHING)


def pitch_parts(samples: np.ndarray) -> Iterator[PitchTrack]:
    """Yields the pitch track of a recording, some frames at a time.

    Args:
        samples: mono, float [n], at RATE_HZ.
    """
    around = (WINDOW + LAGS) // 2
    padded = np.pad(np.asarray(samples, np.float64), (around, around + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW + LAGS)[: len(samples) + 1 : HOP]
    for first in range(0, len(frames), CHUNK):
        yield _track(frames[first : first + CHUNK])


def _track(frames: np.ndarray) -> PitchTrack:
    """Returns pitch, aperiodicity and level of frames [n, WINDOW + LAGS]."""
    shortest = int(RATE_HZ / HIGHEST_HZ)
    dips = _normalized_difference(frames)
    inner, before, after = dips[:, shortest:-1], dips[:, shortest - 1 : -2], dips[:, shortest + 1 :]
    deep = (inner < before) & (inner <= after) & (inner < THRESHOLD)
    lag = np.where(deep.any(axis=1), deep.argmax(axis=1), inner.argmin(axis=1)) + shortest
    each = np.arange(len(frames))
    left, here, right = dips[each, lag - 1], dips[each, lag], dips[each, lag + 1]
    curve = left - 2 * here + right
    shift = np.where(curve > 1e-9, 0.5 * (left - right) / np.where(curve > 1e-9, curve, 1), 0).clip(-1, 1)
    pitch = 69 + 12 * np.log2(RATE_HZ / (lag + shift) / 440)
    return PitchTrack(pitch, np.minimum(here, 1), np.sqrt(np.einsum("nk,nk->n", frames, frames) / frames.shape[1]))


def _normalized_difference(frames: np.ndarray) -> np.ndarray:
    """Returns YIN's cumulative mean normalized difference of frames, [n, LAGS]; 1 where there is silence."""
    spectrum = np.fft.rfft(frames, _FFT)
    product = spectrum * np.fft.rfft(frames[:, :WINDOW], _FFT).conj()
    together = np.fft.irfft(product, _FFT)[:, :LAGS]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    later = energy[:, WINDOW : WINDOW + LAGS] - energy[:, :LAGS]
    difference = np.maximum(later[:, :1] + later - 2 * together, 0)
    summed = np.cumsum(difference[:, 1:], axis=1)
    silent = 1e-10 * WINDOW
    found = np.ones_like(difference)
    found[:, 1:] = np.where(summed > silent, difference[:, 1:] * np.arange(1, LAGS) / np.maximum(summed, silent), 1)
    return found
