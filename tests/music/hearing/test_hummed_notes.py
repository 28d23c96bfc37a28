"""Hums become the notes that were hummed, in spite of vibrato, slides, breath, noise and a voice between the keys."""

from __future__ import annotations

import numpy as np
import pytest

from music.hearing.heard_note import HeardNote
from music.hearing.hummed_notes import hummed_notes
from music.hearing.pitch_track import NOTHING, RATE_HZ, track_pitch
from tests.pipelines.sounds import a_hum, tune
from training.quality.recordings import note_scores


def heard(samples: np.ndarray) -> list[HeardNote]:
    return hummed_notes(track_pitch(samples))


@pytest.mark.parametrize("noise_db", [20.0, 10.0])
@pytest.mark.parametrize(("voice", "octave"), [("low", -1), ("high", 0)])
def test_most_notes_of_a_hum_are_heard(voice, octave, noise_db):
    f1 = [
        note_scores(tune(octave=octave), heard(a_hum(voice, noise_db, seed).samples[:, 0]))[2] for seed in range(1, 7)
    ]
    assert np.mean(f1) >= 0.85, f1  # some 0.95 where this was written; the goal of the studio


def sung(pitch: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / RATE_HZ
    return 0.3 * loudness * (np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase))


def seconds(count: float) -> np.ndarray:
    return np.arange(int(count * RATE_HZ)) / RATE_HZ


def test_a_note_with_vibrato_stays_one_note():
    times = seconds(3)
    (note,) = heard(sung(60 + 0.5 * np.sin(2 * np.pi * 5.5 * times), np.ones(len(times))))
    assert note.pitch == 60 and note.end_s - note.start_s > 2.8


def test_a_scoop_belongs_to_its_note():
    times = seconds(1.5)
    (note,) = heard(sung(64 - 1.5 * np.exp(-times / 0.03), np.minimum(1, times / 0.03)))
    assert note.pitch == 64 and note.start_s < 0.05


@pytest.mark.parametrize("off", [-0.4, -0.2, 0.3, 0.4])
def test_a_voice_between_the_keys_is_heard_in_its_own_tuning(off):
    steps = np.array([60, 62, 64, 65, 67, 65, 64, 62, 60])
    pitch = np.repeat(steps + off, int(0.4 * RATE_HZ))
    assert [note.pitch for note in heard(sung(pitch, np.ones(len(pitch))))] == steps.tolist()


def test_repeated_notes_are_told_apart_by_the_dip_between_them():
    times = seconds(2)
    loudness = np.minimum(1, 0.15 + np.abs(np.sin(2 * np.pi * times)) * 1.5)  # four notes of half a second
    notes = heard(sung(np.full(len(times), 57.0), loudness))
    assert [note.pitch for note in notes] == [57] * 4
    assert np.diff([note.start_s for note in notes]) == pytest.approx([0.5] * 3, abs=0.05)


def test_loud_notes_are_stronger_than_soft_ones():
    pitch = np.repeat([60.0, 64.0], RATE_HZ)
    first, second = heard(sung(pitch, np.repeat([1.0, 0.2], RATE_HZ)))
    assert first.strength > second.strength > 0


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(1), np.zeros(RATE_HZ)])
def test_nothing_is_heard_in_nothing(sound):
    assert heard(sound) == []
    assert hummed_notes(NOTHING) == []


def test_noise_is_no_song():
    assert len(heard(np.random.default_rng(1).standard_normal(3 * RATE_HZ) * 0.1)) <= 1
