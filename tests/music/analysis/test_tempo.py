"""The tempo of a sound that keeps one, and how plainly it has a beat."""

from __future__ import annotations

import numpy as np
import pytest

from music.analysis.tempo import CENTER_BPM, pulse, tempo_of
from music.audio import fluidsynth as fluid
from music.audio.features import RATE_HZ, magnitudes
from music.audio.reading import mono
from music.audio.render import raw_mix
from tests.music.audio.sounding import piece, track

needs_fluidsynth = pytest.mark.skipif(fluid.library() is None, reason="libfluidsynth is not installed")


def clicks(bpm: float, first_s: float = 0.3, seconds: float = 12.0) -> np.ndarray:
    """Returns short bursts of noise at a tempo."""
    random = np.random.default_rng(0)
    samples = random.normal(0, 1e-4, round(seconds * RATE_HZ))
    for beat_s in np.arange(first_s, seconds - 0.1, 60 / bpm):
        start = round(beat_s * RATE_HZ)
        samples[start : start + 1500] += random.normal(0, 0.2, 1500) * np.exp(-np.arange(1500) / 300)
    return samples.astype(np.float32)


@pytest.mark.parametrize("bpm", [55, 63, 72, 84, 90, 100, 110, 120, 128, 140, 155, 170])
def test_clicks_have_their_tempo_and_phase(bpm):
    found = tempo_of(magnitudes(clicks(bpm)))
    assert found.bpm == pytest.approx(bpm, rel=0.015)
    late = (found.phase_seconds - 0.3 + 30 / bpm) % (60 / bpm) - 30 / bpm
    assert abs(late) < 0.08
    assert 0.7 < found.strength <= 1


@pytest.mark.parametrize("bpm", [184, 196])
def test_the_fastest_clicks_may_be_heard_at_half_their_tempo(bpm):
    found = tempo_of(magnitudes(clicks(bpm)))
    assert min(abs(found.bpm / bpm - 1), abs(2 * found.bpm / bpm - 1)) < 0.015


@needs_fluidsynth
@pytest.mark.parametrize("bpm", [66, 80, 96, 112, 126, 144])
def test_a_band_has_its_tempo_or_twice_or_half_of_it(bpm):
    beats = range(24)
    band = piece(
        track([(beat, 0.9, 36 if beat % 2 == 0 else 38, 110) for beat in beats], 0, True),
        track([(beat / 2, 0.4, 42, 70) for beat in range(48)], 0, True),
        track([(beat, 1.9, pitch, 80) for beat in beats[::2] for pitch in (60, 64, 67 + beat % 3)], 0),
        tempos=((0, bpm),),
    )
    found = tempo_of(magnitudes(mono(raw_mix(band, rate=44_100))))
    assert min(abs(found.bpm * factor / bpm - 1) for factor in (0.5, 1, 2)) < 0.02
    assert found.strength > 0.4


def test_a_beat_is_told_from_noise_and_from_nothing():
    noise = np.random.default_rng(0).normal(0, 0.1, 12 * RATE_HZ).astype(np.float32)
    assert pulse(magnitudes(clicks(120))) > 0.9
    assert pulse(magnitudes(noise)) < 0.25
    for sound in (np.zeros(12 * RATE_HZ), np.zeros(0), np.ones(1), noise[:3000]):
        spectra = magnitudes(sound)
        assert tempo_of(spectra) == (CENTER_BPM, 0, 0) and pulse(spectra) == 0


def test_the_clip_of_four_seconds_is_enough():
    assert tempo_of(magnitudes(clicks(100, seconds=4.04))).bpm == pytest.approx(100, rel=0.03)
