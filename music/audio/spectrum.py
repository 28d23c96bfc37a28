"""Sound as spectra and back, at any rate on the time grid of the features; and a filter that changes with time.

Frame f is centered on second f * HOP / RATE_HZ, whatever the rate, so what a network says of a frame holds for sound at
44,100 Hz too. The whole sound is filtered by overlap-add, never a part by itself, so there are no seams.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from music.audio.encoding import Audio
from music.audio.features import FFT, HOP, MEL_BANDS, RATE_HZ, hann, log_mel, magnitudes, mel_corners_hz
from music.audio.reading import mono

GAINS_DB = (-30.0, 20.0)
"""The least and the most that a band is changed by: more lifts what is next to silence into a veil of noise."""

_BLOCK = 64  # frames held at a time


@dataclass(frozen=True)
class Grid:
    """How sound of a rate is cut into frames: at 22,050 Hz as the features are, elsewhere at the same times.

    Attributes:
        rate_hz: frames of sound a second.
    """

    rate_hz: int

    @property
    def hop(self) -> float:
        """Samples from one frame to the next; not a whole number at every rate."""
        return HOP * self.rate_hz / RATE_HZ

    @functools.cached_property
    def fft(self) -> int:
        """Samples of a frame: four hops, or the next length that a Fourier transform is quick for."""
        import scipy.fft

        return 2 * scipy.fft.next_fast_len(int(np.ceil(self.hop * FFT / HOP / 2)), real=True)

    def count(self, samples: int) -> int:
        """Returns the number of frames of so many samples."""
        return 1 + int(samples / self.hop)

    def starts(self, frames: int) -> np.ndarray:
        """Returns where frames begin in sound with half a frame of zeros before it, int64 ``[frames]``."""
        return np.round(np.arange(frames) * self.hop).astype(np.int64)


def stft(samples: np.ndarray, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Returns the spectra of sound, complex64 ``[frames, 1 + fft // 2]``.

    Args:
        samples: ``[n]``.
        rate_hz: samples a second.
    """
    grid = Grid(rate_hz)
    frames = grid.count(len(samples))
    return np.concatenate([spectra[0] for _, spectra in _spectra(samples[:, None], grid, frames)])


def istft(spectra: np.ndarray, samples: int, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Returns the sound whose spectra come nearest to the given ones (Griffin and Lim 1984), float32 ``[samples]``.

    Args:
        spectra: ``[frames, 1 + fft // 2]``.
        samples: length of the sound.
        rate_hz: samples a second.
    """
    blocks = ((start, spectra[None, start : start + _BLOCK]) for start in range(0, len(spectra), _BLOCK))
    return _overlap_add(blocks, samples, 1, Grid(rate_hz), len(spectra))[:, 0]


def apply_bands(
    samples: np.ndarray, gains_db: np.ndarray, rate_hz: int, limits_db: tuple[float, float] = GAINS_DB
) -> np.ndarray:
    """Returns sound with each mel band of each frame louder or softer, float32 ``[n, channels]``.

    The filter is linear: stems filtered with the same gains add up to the filtered mix. Between the middles of two bands
    gains change evenly, above the last one, near 11 kHz, its gain holds. Frames after the last gain keep it.

    Args:
        samples: ``[n, channels]``.
        gains_db: ``[frames, 80]``.
        rate_hz: samples a second.
        limits_db: the least and the most that gains count as.
    """
    if not len(samples):
        return np.zeros_like(samples, np.float32)
    grid = Grid(rate_hz)
    frames = grid.count(len(samples))
    bins = bins_of_bands(MEL_BANDS, grid)

    def filtered() -> Iterator[tuple[int, np.ndarray]]:
        for start, spectra in _spectra(samples, grid, frames):
            at = np.minimum(np.arange(start, start + spectra.shape[1]), len(gains_db) - 1)
            gains = np.clip(gains_db[at], *limits_db).astype(np.float32) @ bins
            spectra *= np.exp(gains * np.float32(np.log(10) / 20))
            yield start, spectra

    return _overlap_add(filtered(), len(samples), samples.shape[1], grid, frames)


def match_bands(
    samples: np.ndarray, target_db: np.ndarray, rate_hz: int, limits_db: tuple[float, float] = GAINS_DB
) -> np.ndarray:
    """Returns sound filtered until its log-mel is the given one, as far as the limits let it, float32 ``[n, channels]``.

    Args:
        samples: ``[n, channels]``.
        target_db: log-mel ``[frames, 80]``, of the mean of the channels.
        rate_hz: samples a second.
        limits_db: the least and the most that a band is changed by in both rounds together.
    """
    gains, heard = np.zeros_like(target_db), samples
    for _ in range(2):  # neighbors leak into a band, so one round falls short
        own = log_mel(magnitudes(mono(Audio(heard, rate_hz))))
        at = np.minimum(np.arange(len(target_db)), len(own) - 1)
        gains = np.clip(gains + target_db - own[at], *limits_db)
        heard = apply_bands(samples, gains, rate_hz, limits_db)
    return heard


@functools.cache
def bins_of_bands(bands: int, grid: Grid) -> np.ndarray:
    """Returns how much of each band's gain each frequency takes, float32 ``[bands, 1 + fft // 2]``; columns add up to 1."""
    middles = mel_corners_hz(bands)[1:-1]
    frequencies = np.fft.rfftfreq(grid.fft, 1 / grid.rate_hz)
    return np.stack([np.interp(frequencies, middles, band) for band in np.eye(bands)]).astype(np.float32)


def _spectra(samples: np.ndarray, grid: Grid, frames: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the number of a frame, and spectra from it on, complex64 ``[channels, some frames, 1 + fft // 2]``."""
    import scipy.fft

    window, half, starts = hann(grid.fft), grid.fft // 2, grid.starts(frames)
    for first in range(0, frames, _BLOCK):
        block = starts[first : first + _BLOCK]
        low, high = block[0] - half, block[-1] + half  # in the sound itself
        part = np.zeros((samples.shape[1], high - low), np.float32)
        inside = slice(max(0, low), min(len(samples), high))
        part[:, inside.start - low : inside.stop - low] = samples[inside].T
        waves = part[:, (block - block[0])[:, None] + np.arange(grid.fft)]
        yield first, scipy.fft.rfft(waves * window, axis=-1)


def _overlap_add(
    blocks: Iterator[tuple[int, np.ndarray]], samples: int, channels: int, grid: Grid, frames: int
) -> np.ndarray:
    """Returns sound ``[samples, channels]`` of blocks of spectra, as ``_spectra`` yields them."""
    import scipy.fft

    window, half, starts = hann(grid.fft), grid.fft // 2, grid.starts(frames)
    length = int(max(starts[-1] + grid.fft, half + samples))
    sound, weight = np.zeros((length, channels), np.float32), np.zeros(length, np.float32)
    square = window * window
    for first, spectra in blocks:
        waves = scipy.fft.irfft(spectra, n=grid.fft, axis=-1) * window
        for number in range(waves.shape[1]):
            at = slice(starts[first + number], starts[first + number] + grid.fft)
            sound[at] += waves[:, number].T
            weight[at] += square
    sound, weight = sound[half : half + samples], weight[half : half + samples]
    sound /= np.maximum(weight, np.float32(1e-3))[:, None]
    return sound
