"""A voice is told from an instrument, and from many of them."""

from __future__ import annotations

import numpy as np
import pytest

from music.hearing.pitch_track import RATE_HZ, track_pitch
from music.hearing.voices import SOUNDS_LIKE, voices
from tests.pipelines.sounds import a_hum


def still(*chords: tuple[int, ...]) -> np.ndarray:
    """Returns chords that stand still, a second each."""
    times = np.arange(RATE_HZ) / RATE_HZ
    return np.concatenate(
        [sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * times) for pitch in chord) for chord in chords]
    )


@pytest.mark.parametrize("noise_db", [20.0, 10.0])
@pytest.mark.parametrize("voice", ["low", "high"])
def test_a_hum_is_a_voice(voice, noise_db):
    assert voices(track_pitch(a_hum(voice, noise_db).samples[:, 0])) == "voice"


def test_what_stands_still_is_an_instrument():
    assert voices(track_pitch(still((60,), (64,), (67,)))) == "line"


def test_chords_are_several_notes():
    assert voices(track_pitch(still((60, 64, 67, 71), (62, 65, 69, 74)))) in ("few", "band")


@pytest.mark.parametrize("sound", [np.zeros(1), np.zeros(RATE_HZ), np.random.default_rng(0).standard_normal(RATE_HZ)])
def test_noise_and_silence_are_called_something(sound):
    assert voices(track_pitch(sound)) in SOUNDS_LIKE
