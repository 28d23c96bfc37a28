"""Sines and noise in the color of a target: the right pitches at the right times, always the same, without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from music.audio.features import HOP, chroma, log_mel, magnitudes
from music.audio.pure import RATE_HZ, pure
from music.audio.reading import mono
from music.audio.spectrum import apply_bands
from music.piece import Piece
from tests.music.audio.sounding import piece, track

SECONDS = 6
FRAMES = SECONDS * 22_050 // HOP


def flat(level_db: float = 0.0) -> np.ndarray:
    """Returns a target that falls by 40 dB from the lowest to the highest band."""
    return np.tile(np.linspace(level_db, level_db - 40, 80, dtype=np.float32), (FRAMES, 1))


def band() -> Piece:
    return piece(
        track([(beat, 1, 60 + beat, 90) for beat in range(10)], 48),
        track([(beat, 1, 36, 100) for beat in range(10)], 0, True),
    )


def test_the_notes_are_heard_when_they_are_played():
    tune = [60, 64, 67, 71]
    sound = pure(piece(track([(3 * beat, 2.8, pitch, 90) for beat, pitch in enumerate(tune)], 48)), flat())
    assert (sound.rate_hz, sound.frames, sound.samples.dtype) == (RATE_HZ, FRAMES * HOP * 2, np.float32)
    assert np.array_equal(sound.samples[:, 0], sound.samples[:, 1])
    classes = chroma(magnitudes(mono(sound)))
    for number, pitch in enumerate(tune):
        middle = round((1.5 * number + 0.7) * 22_050 / HOP)
        assert classes[middle].argmax() == pitch % 12


def test_a_note_is_a_clean_tone():
    seconds = np.arange(SECONDS * 22_050) / 22_050
    true = sum(0.1 / partial**1.5 * np.sin(2 * np.pi * 440 * partial * seconds) for partial in range(1, 8))
    sound = pure(piece(track([(0, 12, 69, 100)], 48)), log_mel(magnitudes(true))).samples[:, 0]
    spectrum = np.abs(np.fft.rfft(sound[RATE_HZ : 4 * RATE_HZ] * np.hanning(3 * RATE_HZ)))
    hz = np.fft.rfftfreq(3 * RATE_HZ, 1 / RATE_HZ)
    between = spectrum[(hz > 500) & (hz < 820)].max()
    for partial in range(1, 6):
        height = spectrum[np.abs(hz - 440 * partial) < 2].max() / (3 * RATE_HZ / 4)
        assert height == pytest.approx(0.1 / partial**1.5, rel=0.15)
        assert height > 300 * between / (3 * RATE_HZ / 4)


def test_the_target_is_met_and_sets_color_and_loudness():
    own = log_mel(magnitudes(mono(pure(band(), flat(10)))))[:FRAMES]
    for low, high in ((0, 20), (20, 0)):  # softer, so that it can be reached
        target = own - np.linspace(low, high, 80, dtype=np.float32)
        heard = log_mel(magnitudes(mono(pure(band(), target))))[:FRAMES]
        assert np.abs(heard - target)[4:-4].mean() < 1
        assert (heard - target)[4:-4].mean() == pytest.approx(0, abs=0.5)
    quiet = flat(10)
    quiet[FRAMES // 2 :] -= 40
    heard = np.square(pure(band(), quiet).samples)
    half = len(heard) // 2
    assert 10 * np.log10(heard[: half - 4000].mean() / heard[half + 4000 :].mean()) == pytest.approx(40, abs=3)


def test_the_same_each_time_and_a_longer_sound_begins_alike():
    target = flat()
    first, again, shorter = pure(band(), target), pure(band(), target), pure(band(), target[:150])
    assert np.array_equal(first.samples, again.samples)
    alike = 140 * HOP * 2
    assert np.abs(first.samples[:alike] - shorter.samples[:alike]).max() < 1e-5 * first.peak + 1e-6


def test_drums_are_noise_at_their_hits():
    hits = piece(track([(beat, 0.2, 38, 110) for beat in (2, 6, 10)], 0, True))
    reference = np.full((FRAMES, 80), -80, np.float32)
    for beat in (2, 6, 10):
        frame = round(0.5 * beat * 22_050 / HOP)
        reference[frame : frame + 8] = np.linspace(0, -30, 8)[:, None]
    heard = np.abs(pure(hits, reference).samples[:, 0])
    loud = heard > 0.2 * heard.max()
    seconds = np.flatnonzero(loud) / RATE_HZ
    assert {round(second) for second in seconds} == {1, 3, 5}
    assert seconds[0] == pytest.approx(1, abs=0.03)


def test_silence_empty_pieces_and_short_targets():
    silent = pure(Piece.empty(), np.full((50, 80), -80, np.float32))
    assert silent.frames == 50 * 1024 and silent.peak < 1e-3
    assert pure(Piece.empty(), np.zeros((0, 80), np.float32)).frames == 0
    assert np.isfinite(pure(band(), flat()[:1]).samples).all()
    beyond = piece(track([(0, 1, 127, 127), (0, 1, 0, 127), (500, 1, 60, 90)]))  # the last one after the end
    assert np.isfinite(pure(beyond, flat()).samples).all()
    assert apply_bands(np.zeros((0, 2), np.float32), flat(), RATE_HZ).shape == (0, 2)
