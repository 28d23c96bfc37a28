"""Sound from MFCC alone, as the audio networks of the first kind made it: mel bands, magnitudes, and phases by Griffin-Lim.

Twenty coefficients hold the color of a sound and not its notes: what comes out is a whisper with the rhythm of the
music. It is what ``librosa.feature.inverse.mfcc_to_audio`` does, with bands spread over their neighborhood instead of
solved for by least squares, which took fifteen times as long for about the same error.
"""

from __future__ import annotations

import numpy as np

from music.audio.features import (
    HOP,
    MEL_BANDS,
    MFCC_BANDS,
    MFCCS,
    RATE_HZ,
    mel_corners_hz,
    mel_filters,
)
from music.audio.spectrum import Grid, bins_of_bands, istft, stft

ROUNDS = 16
MOMENTUM = 0.99
"""Momentum is librosa's default; rounds are half of its, for speed: not measured."""


def mfcc_of(log_mel: np.ndarray) -> np.ndarray:
    """Returns the coefficients ``[frames, 20]`` of log-mel bands ``[frames, 80]``, as ``features.mfcc`` would find them."""
    import scipy.fft

    middles, finer = mel_corners_hz(MEL_BANDS)[1:-1], mel_corners_hz(MFCC_BANDS)[1:-1]
    decibels = (
        np.stack([np.interp(finer, middles, frame) for frame in log_mel]) if len(log_mel) else np.empty((0, MFCC_BANDS))
    )
    return scipy.fft.dct(decibels, axis=1, norm="ortho")[:, :MFCCS].astype(np.float32)


def sound_of(mfcc: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns sound at RATE_HZ that has these coefficients, float32 ``[(frames - 1) * HOP]``; the same for the same seed.

    Args:
        mfcc: ``[frames, 20]``, from any of ``features.mfcc`` and ``mfcc_of``.
        seed: of the phases to begin with.
    """
    import scipy.fft

    decibels = scipy.fft.idct(np.pad(mfcc, ((0, 0), (0, MFCC_BANDS - mfcc.shape[1]))), axis=1, norm="ortho")
    decibels -= 10 * np.log10(mel_filters(MFCC_BANDS).sum(1))  # of a band to that of each frequency in it
    spectrum = decibels.astype(np.float32) @ bins_of_bands(MFCC_BANDS, Grid(RATE_HZ))
    return griffin_lim(10 ** (spectrum / 20), seed)


def griffin_lim(magnitudes: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns sound at RATE_HZ whose spectra have nearly these magnitudes, float32 ``[(frames - 1) * HOP]``.

    Phases are found by going to and fro between spectra and sound (Griffin and Lim 1984), with momentum (Perraudin,
    Balazs and Søndergaard 2013).

    Args:
        magnitudes: ``[frames, 1025]``.
        seed: of the phases to begin with.
    """
    samples = (len(magnitudes) - 1) * HOP
    turns = np.random.default_rng(seed).random(magnitudes.shape, np.float32)
    phases = np.exp(np.complex64(2j * np.pi) * turns)
    before = np.zeros_like(phases)
    for _ in range(ROUNDS):
        rebuilt = stft(istft(magnitudes * phases, samples))
        phases = rebuilt - np.float32(MOMENTUM / (1 + MOMENTUM)) * before
        phases /= np.maximum(np.abs(phases), np.float32(1e-12))
        before = rebuilt
    return istft(magnitudes * phases, samples)
