"""Spectra and back, and a filter that changes with time: it has no seams, and stems still add up."""

from __future__ import annotations

import numpy as np
import pytest

from music.audio import features
from music.audio.spectrum import Grid, apply_bands, istft, stft


def noise(frames: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, (frames, channels)).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.square(samples).mean()))


def test_grid_is_that_of_the_features():
    sound = noise(60_000)[:, 0]
    assert np.abs(np.abs(stft(sound)) - features.magnitudes(sound)).max() < 1e-4
    assert (Grid(44_100).hop, Grid(44_100).fft) == (1024, 4096)
    for rate in (8_000, 11_025, 16_000, 48_000, 96_000):
        grid = Grid(rate)
        assert grid.count(10 * rate) == len(features.magnitudes(np.zeros(10 * features.RATE_HZ, np.float32)))
        assert grid.fft >= 4 * grid.hop and grid.fft % 2 == 0


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("frames", [1, 511, 512, 30_000, 150_001])
def test_sound_comes_back(rate, frames):
    sound = noise(frames)
    assert np.abs(istft(stft(sound[:, 0], rate), frames, rate) - sound[:, 0]).max() < 1e-5
    flat = apply_bands(sound, np.zeros((3, 80)), rate)
    assert flat.shape == sound.shape and flat.dtype == np.float32
    assert np.abs(flat - sound).max() < 1e-5


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_stems_filtered_alike_add_up_to_the_filtered_mix(rate):
    stems = [noise(4 * rate, seed=seed) for seed in range(4)]
    gains = np.random.default_rng(5).uniform(-30, 20, (Grid(rate).count(4 * rate), 80))
    together = np.sum([apply_bands(stem, gains, rate) for stem in stems], axis=0)
    assert np.abs(together - apply_bands(np.sum(stems, axis=0), gains, rate)).max() < 1e-4


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_a_band_is_changed_at_its_time_and_pitch_and_nowhere_else(rate):
    seconds = np.arange(4 * rate) / rate
    middle_hz = features.mel_corners_hz(80)[1 + 40]
    tones = np.stack([np.sin(2 * np.pi * middle_hz * seconds), np.sin(2 * np.pi * 200 * seconds)], 1) * 0.1
    gains = np.zeros((173, 80))
    gains[86:, 39:42] = -20  # from 2 s on; one band alone is narrower than what a frame tells apart
    heard = apply_bands(tones.astype(np.float32), gains, rate)
    before, after = slice(0, int(1.9 * rate)), slice(int(2.1 * rate), int(3.9 * rate))
    assert level_db(heard[before, 0]) - level_db(tones[before, 0]) == pytest.approx(0, abs=0.01)
    assert level_db(heard[after, 0]) - level_db(tones[after, 0]) == pytest.approx(-20, abs=1)
    assert np.abs(heard[:, 1] - tones[:, 1]).max() < 1e-3


def test_gains_are_limited_and_the_last_ones_hold():
    rate, sound = 44_100, noise(3 * 44_100)
    for asked, given in ((60, 20), (-99, -30)):
        heard = apply_bands(sound, np.full((1, 80), asked), rate)
        assert level_db(heard) - level_db(sound) == pytest.approx(given, abs=0.01)
    top = np.zeros((1, 80))
    top[0, -1] = -30
    spectrum = np.abs(np.fft.rfft(apply_bands(sound, top, rate)[:, 0]))
    spectrum /= np.abs(np.fft.rfft(sound[:, 0]))
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    assert np.median(spectrum[(hz > 12_000) & (hz < 22_000)]) == pytest.approx(10 ** (-30 / 20), rel=0.05)
    assert np.median(spectrum[hz < 9_000]) == pytest.approx(1, rel=0.01)


def test_what_comes_later_does_not_change_what_was_heard():
    rate, sound = 44_100, noise(6 * 44_100)
    gains = np.random.default_rng(2).uniform(-30, 20, (260, 80))
    whole, part = apply_bands(sound, gains, rate), apply_bands(sound[: 4 * rate], gains, rate)
    assert np.abs(whole[: 4 * rate - 4096] - part[:-4096]).max() < 1e-6


def test_gain_changes_without_a_seam():
    rate = 44_100
    tone = np.sin(2 * np.pi * 440 * np.arange(3 * rate) / rate).astype(np.float32)[:, None]
    gains = np.where(np.arange(130) < 64, 0.0, -30.0)[:, None].repeat(80, 1)  # 64: where a block of frames ends
    heard = apply_bands(tone, gains, rate)[:, 0]
    assert np.abs(np.diff(heard)).max() < 1.01 * np.abs(np.diff(tone[:, 0])).max()
