"""The tempo of a sound: how often its attacks come back, from how much louder the spectrum grows at each moment.

After Ellis (2007), "Beat tracking by dynamic programming": the autocorrelation of the attacks, weighed by how likely
people are to tap such a tempo.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from music.audio.features import HOP, RATE_HZ, log_mel

SLOWEST_BPM, FASTEST_BPM = 50.0, 200.0
CENTER_BPM = 120.0
"""The tempo that people like best to tap."""

SPREAD_OCTAVES = 0.9
"""How far from it tempi still come easily; tried on clicks, not measured on music."""

_FRAMES_S = RATE_HZ / HOP
_RANGE_DB = 60.0  # what lies further under the loudest band is not heard
_MEAN_S = 1.0  # attacks count by how much they rise over what is usual around them
_STEPS = 8  # of autocorrelation between two frames, by interpolation


class Tempo(NamedTuple):
    """The beat of a sound.

    Attributes:
        bpm: beats a minute, from 50 to 200; CENTER_BPM where nothing comes back.
        phase_seconds: when the first beat is, from 0 to one beat's length.
        strength: autocorrelation of the attacks at that beat, 0 to 1.
    """

    bpm: float
    phase_seconds: float
    strength: float


def tempo_of(magnitudes: np.ndarray) -> Tempo:
    """Returns the tempo of a sound that keeps one; a few seconds are enough.

    Args:
        magnitudes: ``[frames, 1025]`` of ``music.audio.features``.
    """
    flux = _flux(magnitudes)
    bpms, likeness = _likeness(flux)
    if not len(bpms) or likeness.max() <= 0:
        return Tempo(CENTER_BPM, 0.0, 0.0)
    prior = np.exp(-0.5 * (np.log2(bpms / CENTER_BPM) / SPREAD_OCTAVES) ** 2)
    best = int((np.maximum(likeness, 0) * prior).argmax())
    bpm = float(bpms[best])
    return Tempo(bpm, _phase(flux, 60 / bpm), float(np.clip(likeness[best], 0, 1)))


def pulse(magnitudes: np.ndarray) -> float:
    """Returns how plainly a sound has a beat: its highest autocorrelation of attacks at 50 to 200 BPM, at least 0.

    Args:
        magnitudes: ``[frames, 1025]`` of ``music.audio.features``.
    """
    likeness = _likeness(_flux(magnitudes))[1]
    return float(np.clip(likeness.max(initial=0), 0, 1))


def _flux(magnitudes: np.ndarray) -> np.ndarray:
    """Returns how much louder mel bands grow from frame to frame, less what is usual around, ``[frames]``."""
    from scipy.ndimage import uniform_filter1d

    if len(magnitudes) < 2:
        return np.zeros(len(magnitudes))
    bands = log_mel(magnitudes)
    bands = np.maximum(bands, bands.max() - _RANGE_DB)
    rises = np.zeros(len(bands))
    rises[1:] = np.maximum(np.diff(bands, axis=0), 0).mean(1)
    return rises - uniform_filter1d(rises, round(_MEAN_S * _FRAMES_S))


def _likeness(flux: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns tempi, and how like the attacks are to themselves one beat later: two arrays ``[tempi]``."""
    import scipy.fft

    slowest = 60 * _FRAMES_S / SLOWEST_BPM
    frames = len(flux)
    longest = min(int(slowest) + 2, frames // 2)
    if longest < 60 * _FRAMES_S / FASTEST_BPM or not flux.any():
        return np.empty(0), np.empty(0)
    spectrum = scipy.fft.rfft(flux, scipy.fft.next_fast_len(2 * frames))
    together = scipy.fft.irfft(np.abs(spectrum) ** 2)[: longest + 1]
    together /= frames - np.arange(longest + 1)  # a mean over what overlaps
    lags = np.arange(60 * _FRAMES_S / FASTEST_BPM, min(slowest, longest), 1 / _STEPS)
    return 60 * _FRAMES_S / lags, _between(together / together[0], lags)


def _between(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Returns values at places between whole numbers, on parabolas, so that a tempo may lie between two frames."""
    near = np.clip(np.round(at).astype(int), 1, len(values) - 2)
    off = at - near
    before, here, after = values[near - 1], values[near], values[near + 1]
    return here + off * (after - before) / 2 + off**2 * (before + after - 2 * here) / 2


def _phase(flux: np.ndarray, beat_s: float) -> float:
    """Returns when the first beat is, in seconds."""
    turns = np.arange(len(flux)) / _FRAMES_S / beat_s * 2 * np.pi
    hits = np.maximum(flux, 0)
    angle = np.angle(np.sum(hits * np.exp(1j * turns)))
    return float(angle / (2 * np.pi) % 1 * beat_s)
