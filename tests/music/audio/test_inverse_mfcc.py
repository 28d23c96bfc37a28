"""Sound from MFCC alone: it has those coefficients again, and the rhythm of what they came from."""

from __future__ import annotations

import numpy as np
import pytest

from music.audio.features import HOP, log_mel, magnitudes, mfcc
from music.audio.inverse_mfcc import griffin_lim, mfcc_of, sound_of
from tests.music.audio.test_features import sounds


def pulses() -> np.ndarray:
    """Returns four seconds of noise that is struck twice a second."""
    seconds = np.arange(4 * 22_050) / 22_050
    noise = np.random.default_rng(4).normal(0, 0.2, len(seconds))
    return (noise * np.exp(-8 * (seconds % 0.5)) + 0.001 * noise).astype(np.float32)


@pytest.mark.parametrize("sound", [pulses(), sounds()["chord"]], ids=["pulses", "chord"])
def test_the_coefficients_come_back(sound):
    true = mfcc(magnitudes(sound))
    made = sound_of(true)
    assert made.dtype == np.float32 and len(made) == (len(true) - 1) * HOP
    again = mfcc(magnitudes(made))
    inside = slice(4, -4)
    assert np.abs(again[inside, 0] - true[inside, 0]).mean() < 50  # 4 dB a band
    assert np.corrcoef(again[inside, 1:].ravel(), true[inside, 1:].ravel())[0, 1] > 0.9


def test_the_rhythm_is_kept():
    sound = pulses()
    made = sound_of(mfcc(magnitudes(sound)))
    levels = [np.square(magnitudes(each)).sum(1) ** 0.5 for each in (sound, made)]
    frames = min(map(len, levels))
    assert np.corrcoef(levels[0][:frames], levels[1][:frames])[0, 1] > 0.95


def test_the_same_seed_gives_the_same_sound():
    features = mfcc(magnitudes(pulses()[:30_000]))
    assert np.array_equal(sound_of(features, 3), sound_of(features, 3))
    assert not np.array_equal(sound_of(features, 3), sound_of(features, 4))


def test_true_magnitudes_come_back():
    spectra = magnitudes(sounds()["chord"])
    again = magnitudes(griffin_lim(spectra))[4:-4]
    assert np.abs(log_mel(again) - log_mel(spectra)[4:-4]).mean() < 1


def test_coefficients_of_mel_bands_are_nearly_those_of_the_sound():
    spectra = magnitudes(pulses())
    near, true = mfcc_of(log_mel(spectra)), mfcc(spectra, top_db=None)
    assert near.shape == true.shape
    assert np.corrcoef(near[:, 1:].ravel(), true[:, 1:].ravel())[0, 1] > 0.95
    assert np.abs(near[:, 0] - true[:, 0]).mean() < 15


def test_nothing_and_one_frame():
    assert len(sound_of(np.zeros((1, 20), np.float32))) == 0
    assert mfcc_of(np.zeros((0, 80), np.float32)).shape == (0, 20)
    assert np.isfinite(sound_of(np.full((3, 20), -900, np.float32))).all()
