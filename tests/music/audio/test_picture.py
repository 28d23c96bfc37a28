"""What a page draws of a sound."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from music.audio.features import MEL_BANDS, RATE_HZ, mel_corners_hz
from music.audio.picture import COLUMNS, STEP_DB, picture_of


def tone(hertz: float, seconds: float, amplitude: float = 0.5) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def outline(picture) -> np.ndarray:
    return np.frombuffer(base64.b64decode(picture["outline"]), np.int8).reshape(picture["columns"], 2)


def mel(picture) -> np.ndarray:
    return np.frombuffer(base64.b64decode(picture["mel"]), np.uint8).reshape(picture["columns"], MEL_BANDS)


def test_a_tone_is_a_line_at_its_height_and_an_outline_of_its_amplitude():
    picture = picture_of(tone(880, 4))
    assert picture["seconds"] == 4
    loudest = mel_corners_hz(MEL_BANDS)[1:-1][mel(picture).argmax(1)]
    assert np.abs(loudest - 880).max() < 60
    assert np.abs(outline(picture)[:, 1] - 0.5 * 127).max() <= 1
    assert np.abs(outline(picture)[:, 0] + 0.5 * 127).max() <= 1


def test_decibels_are_on_one_scale_whatever_else_is_heard():
    loud, soft = (mel(picture_of(tone(880, 2, amplitude))).max() for amplitude in (0.5, 0.05))
    assert (int(loud) - int(soft)) * STEP_DB == pytest.approx(20, abs=0.5)


def test_time_runs_evenly_and_long_sounds_have_no_more_columns():
    samples = np.concatenate([np.zeros(60 * RATE_HZ, np.float32), tone(440, 60)])
    picture = picture_of(samples)
    assert picture["columns"] == COLUMNS
    begins = np.flatnonzero(outline(picture)[:, 1] > 30)[0]
    assert begins / COLUMNS == pytest.approx(0.5, abs=0.01)
    assert np.flatnonzero(mel(picture).max(1) > 100)[0] / COLUMNS == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("length", [1, 100, 511, 512, 513, 3000])
def test_a_sound_of_any_length_has_a_picture(length):
    picture = picture_of(np.full(length, 0.25, np.float32))
    assert len(outline(picture)) == len(mel(picture)) == picture["columns"] >= 1
    assert picture_of(np.full(length, 0.25, np.float32), with_mel=False)["mel"] == ""
