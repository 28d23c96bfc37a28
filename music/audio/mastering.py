"""The last step before sound is heard: an even loudness, and peaks that never clip."""

from __future__ import annotations

import numpy as np

LOUDNESS_LUFS = -14.0
"""Integrated loudness (ITU-R BS.1770-4) that streaming services play at."""

CEILING = 0.891
"""The largest sample, -1 dB of full scale: room for what MP3 and OGG add."""

MAX_LIMITING_DB = 12.0
"""A few short hits in silence would need more to reach the loudness; they stay softer instead of being crushed."""

SILENCE = 1e-6
"""A peak below this (-120 dB) counts as silence and is left alone."""

_HOP = 64
_LOOK_SECONDS = 0.01


def master(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Makes sound as loud as LOUDNESS_LUFS with no sample above CEILING, in place.

    Args:
        samples: float32 ``[frames, 2]``; changed.
        rate_hz: frames a second.

    Returns:
        The gain of each frame, ``[frames, 1]`` float32. Stems of the same sound multiplied by it still add up to
        the mix, limiter and all.
    """
    peaks = _hop_peaks(samples)
    peak = float(peaks.max(initial=0))
    if peak < SILENCE:
        return np.ones((len(samples), 1), np.float32)
    scale = 10 ** ((LOUDNESS_LUFS - loudness(samples, rate_hz, 1 / peak)) / 20) / peak
    loudest = CEILING / peak * 10 ** (MAX_LIMITING_DB / 20)
    scale = min(scale, loudest)
    gain = scale * _limiter(peaks * scale, rate_hz)
    for _ in range(3):  # where limiting took loudness away, give it back
        if gain.min() > 0.9 * scale or scale == loudest:
            break
        missing = LOUDNESS_LUFS - loudness(samples * _frame_gain(gain, len(samples)), rate_hz)
        if missing < 0.1:
            break
        scale = min(scale * 10 ** (missing / 20), loudest)
        gain = scale * _limiter(peaks * scale, rate_hz)
    frame_gain = _frame_gain(gain, len(samples))
    samples *= frame_gain
    return frame_gain


def _frame_gain(gain: np.ndarray, frames: int) -> np.ndarray:
    """Returns the gain of each frame, ``[frames, 1]`` float32, between gains given for the middle of each 64 frames."""
    at = np.arange(len(gain)) * _HOP + (_HOP - 1) / 2
    result = np.empty((frames, 1), np.float32)
    for start in range(0, frames, 1 << 18):
        stop = min(frames, start + (1 << 18))
        result[start:stop, 0] = np.interp(np.arange(start, stop), at, gain)
    return result


def loudness(samples: np.ndarray, rate_hz: int, scale: float = 1.0) -> float:
    """Returns the integrated loudness of ``scale * samples`` in LUFS; -inf for silence.

    Sound shorter than the 0.4 s of one measuring block is measured as if silence followed.
    """
    import warnings

    import pyloudnorm

    sound = samples * np.float32(scale)
    short = int(np.ceil(0.4 * rate_hz)) + 1 - len(sound)
    if short > 0:
        sound = np.concatenate([sound, np.zeros((short, sound.shape[1]), sound.dtype)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of no loud block: silence
        value = float(pyloudnorm.Meter(rate_hz).integrated_loudness(sound))
    return value if np.isfinite(value) else float("-inf")


def _hop_peaks(samples: np.ndarray) -> np.ndarray:
    """Returns the largest absolute sample of each 64 frames, ``[ceil(frames / 64)]``."""
    hops = -(-len(samples) // _HOP)
    peaks = np.zeros(hops)
    whole = len(samples) // _HOP
    blocks = samples[: whole * _HOP].reshape(whole, _HOP * samples.shape[1])
    peaks[:whole] = np.maximum(blocks.max(1, initial=0), -blocks.min(1, initial=0))
    if whole < hops:
        peaks[whole:] = np.abs(samples[whole * _HOP :]).max()
    return peaks


def _limiter(peaks: np.ndarray, rate_hz: int) -> np.ndarray:
    """Returns a smooth gain of at most 1 that keeps every peak at or under CEILING.

    It looks ahead: the least gain needed within some milliseconds either way, then averaged over fewer, so the gain has
    come down by the time the peak arrives.
    """
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    width = max(1, round(_LOOK_SECONDS * rate_hz / _HOP))
    needed = np.minimum(1, CEILING / np.maximum(maximum_filter1d(peaks, 2 * width + 3), 1e-12))
    return uniform_filter1d(needed, 2 * width + 1) * (1 - 1e-6)  # 1e-6: rounding to float32 may not cross the ceiling
