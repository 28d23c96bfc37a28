"""The pitch of a tone is found, and what has none is called so."""

from __future__ import annotations

import numpy as np
import pytest

from music.hearing.pitch_track import CHUNK, HOP, RATE_HZ, pitch_parts, track_pitch


def tone(pitch: float, seconds: float = 1.0, harmonics=(1.0, 0.5, 0.3, 0.2)) -> np.ndarray:
    phase = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return 0.2 * sum(part * np.sin(number * phase) for number, part in enumerate(harmonics, 1))


@pytest.mark.parametrize("pitch", [37, 40.3, 48, 55.5, 60, 67.2, 76, 84])
def test_a_tone_is_heard_within_ten_cents(pitch):
    track = track_pitch(tone(pitch))
    assert np.abs(track.pitch[10:-10] - pitch).max() < 0.1
    assert track.aperiodicity[10:-10].max() < 0.05


def test_overtones_louder_than_the_tone_itself_do_not_lift_it():
    track = track_pitch(tone(50, harmonics=(0.1, 1.0, 0.8, 0.6)))
    assert np.abs(track.pitch[10:-10] - 50).max() < 0.1


def test_noise_and_silence_have_no_pitch():
    noise = track_pitch(np.random.default_rng(0).standard_normal(RATE_HZ))
    assert np.median(noise.aperiodicity) > 0.4
    silence = track_pitch(np.zeros(RATE_HZ))
    assert (silence.level == 0).all() and (silence.aperiodicity == 1).all()


@pytest.mark.parametrize("samples", [0, 1, HOP - 1, HOP, 5000, (CHUNK + 3) * HOP])
def test_frames_stand_at_their_times_in_sound_of_any_length(samples):
    sound = tone(60, 40)[:samples]
    parts = list(pitch_parts(sound))
    assert sum(map(len, parts)) == samples // HOP + 1
    assert all(np.isfinite(part.pitch).all() for part in parts)
