"""The last step before sound is heard: an even loudness, and peaks that never clip."""

from __future__ import annotations

from collections.abc import Callable

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
_PART = 1 << 20  # hops limited at a time: more than a mix in memory has
_LOOK_SECONDS = 0.01


def master(samples: np.ndarray, rate_hz: int, loudness_lufs: float = LOUDNESS_LUFS) -> np.ndarray:
    """Makes sound as loud as is asked for with no sample above CEILING, in place.

    Args:
        samples: float32 ``[frames, 2]``; changed.
        rate_hz: frames a second.
        loudness_lufs: the integrated loudness that it is to have.

    Returns:
        The gain of each frame, ``[frames, 1]`` float32. Stems of the same sound multiplied by it still add up to
        the mix, limiter and all.
    """

    def measure(gain: float | np.ndarray) -> float:
        if isinstance(gain, np.ndarray):
            return loudness(samples * _frame_gain(gain, len(samples)), rate_hz)
        return loudness(samples, rate_hz, gain)

    gain = _gains(_hop_peaks(samples), rate_hz, measure, loudness_lufs)
    if gain is None:
        return np.ones((len(samples), 1), np.float32)
    frame_gain = _frame_gain(gain, len(samples))
    samples *= frame_gain
    return frame_gain


def _gains(
    peaks: np.ndarray,
    rate_hz: int,
    measure: Callable[[float | np.ndarray], float],
    loudness_lufs: float = LOUDNESS_LUFS,
) -> np.ndarray | None:
    """Returns the gain of each hop that makes sound loud without a peak above CEILING; None for silence.

    Args:
        peaks: of each hop.
        rate_hz: frames a second.
        measure: returns the loudness of the sound with a gain, or with one for each hop, in LUFS.
        loudness_lufs: the loudness that the sound is to have.
    """
    peak = float(peaks.max(initial=0))
    if peak < SILENCE:
        return None
    scale = 10 ** ((loudness_lufs - measure(1 / peak)) / 20) / peak
    loudest = CEILING / peak * 10 ** (MAX_LIMITING_DB / 20)
    scale = min(scale, loudest)
    gain = scale * _limiter(peaks * scale, rate_hz)
    for _ in range(3):  # where limiting took loudness away, give it back
        if gain.min() > 0.9 * scale or scale == loudest:
            break
        missing = loudness_lufs - measure(gain)
        if missing < 0.1:
            break
        scale = min(scale * 10 ** (missing / 20), loudest)
        gain = scale * _limiter(peaks * scale, rate_hz)
    return gain


class Gauge:
    """Measures sound that is too long to be held, chunk after chunk, for the gain that ``master`` would give it.

    It keeps the peak and the loudness of each 64 frames, so an hour at 44,100 Hz takes 20 MB.

    Args:
        longest: frames that may come.
        rate_hz: frames a second.
    """

    def __init__(self, longest: int, rate_hz: int) -> None:
        import pyloudnorm

        self._rate_hz = rate_hz
        self._peaks = np.zeros(-(-longest // _HOP), np.float32)
        self._energy = np.zeros_like(self._peaks)  # sum of squares, weighted as one hears
        self._hops = 0
        filters = pyloudnorm.Meter(rate_hz)._filters.values()
        self._filters = [(each.b * each.passband_gain, each.a) for each in filters]
        self._states = [np.zeros((len(a) - 1, 2)) for _, a in self._filters]

    def add(self, chunk: np.ndarray) -> None:
        """Takes the next frames ``[frames, 2]``: a multiple of 64, but for the last ones."""
        from scipy.signal import lfilter

        if not chunk.any() and max(np.abs(state).max() for state in self._states) < SILENCE:
            self._states = [np.zeros_like(state) for state in self._states]  # numbers next to nothing take long
            self._hops += -(-len(chunk) // _HOP)
            return
        heard = chunk.astype(np.float64)
        for number, (b, a) in enumerate(self._filters):
            heard, self._states[number] = lfilter(b, a, heard, axis=0, zi=self._states[number])
        peaks, starts = _hop_peaks(chunk), np.arange(0, len(chunk), _HOP)
        into = slice(self._hops, self._hops + len(peaks))
        self._peaks[into] = peaks
        self._energy[into] = np.add.reduceat(np.square(heard).sum(1), starts)
        self._hops += len(peaks)

    def gains(self) -> np.ndarray:
        """Returns the gain of each 64 frames that came, as ``gain_between`` takes it."""
        peaks, energy = self._peaks[: self._hops], self._energy[: self._hops]

        def measure(gain: float | np.ndarray) -> float:
            return self._loudness(energy * np.square(gain, dtype=np.float32))

        gain = _gains(peaks, self._rate_hz, measure)
        return np.ones_like(peaks) if gain is None else gain.astype(np.float32)

    def _loudness(self, energy: np.ndarray) -> float:
        """Returns the integrated loudness (ITU-R BS.1770-4) in LUFS, its blocks moved by at most half a hop."""
        quarter = 0.1 * self._rate_hz / _HOP  # of a block of 0.4 s, in hops
        starts = np.round(np.arange(max(4, int(len(energy) / quarter))) * quarter).astype(np.int64)
        sums = np.add.reduceat(energy, starts[starts < len(energy)], dtype=np.float64)
        if len(energy) > starts[-1] + quarter:  # what is left is no whole quarter
            sums[-1] -= energy[round(starts[-1] + quarter) :].sum(dtype=np.float64)
        blocks = np.convolve(np.pad(sums, (0, max(0, 4 - len(sums)))), np.ones(4), "valid") / (0.4 * self._rate_hz)
        levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-30))
        blocks, levels = blocks[levels >= -70], levels[levels >= -70]
        if not len(blocks):
            return float("-inf")
        loud = blocks[levels > -0.691 + 10 * np.log10(blocks.mean()) - 10]
        return float(-0.691 + 10 * np.log10(loud.mean()))


def gain_between(gain: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Returns the gain of the frames ``[start, stop)``, ``[frames, 1]`` float32, between gains for the middle of each 64."""
    first, last = max(0, start // _HOP - 1), min(len(gain), stop // _HOP + 2)
    at = np.arange(first, last) * _HOP + (_HOP - 1) / 2
    return np.interp(np.arange(start, stop), at, gain[first:last]).astype(np.float32)[:, None]


def _frame_gain(gain: np.ndarray, frames: int) -> np.ndarray:
    """Returns the gain of all frames."""
    result = np.empty((frames, 1), np.float32)
    for start in range(0, frames, 1 << 18):
        stop = min(frames, start + (1 << 18))
        result[start:stop] = gain_between(gain, start, stop)
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
    gain, edge = np.empty_like(peaks), 2 * width + 2
    for start in range(0, len(peaks), _PART):
        first, stop = max(0, start - edge), min(len(peaks), start + _PART)
        needed = np.maximum(maximum_filter1d(peaks[first : stop + edge], 2 * width + 3), 1e-12)
        needed = np.minimum(1, CEILING / needed)
        smooth = uniform_filter1d(needed, 2 * width + 1)[start - first : stop - first]
        gain[start:stop] = smooth * (1 - 1e-6)  # 1e-6: rounding to float32 may not cross the ceiling
    return gain
