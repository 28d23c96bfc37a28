"""What a network hears of sound, beside librosa."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from music.audio import features
from music.errors import StudioError


def sounds() -> dict[str, np.ndarray]:
    """Returns sounds at 22,050 Hz: a chord with noise, quiet before loud, silence, and lengths around a frame's."""
    random = np.random.default_rng(1)
    seconds = np.arange(5 * features.RATE_HZ) / features.RATE_HZ
    chord = sum(0.2 * np.sin(2 * np.pi * hz * seconds) for hz in (110, 277.2, 659.3, 3000))
    chord = (chord + random.normal(0, 0.01, len(seconds))).astype(np.float32)
    return {
        "chord": chord,
        "quiet before loud": chord * np.linspace(0, 1, len(chord), dtype=np.float32) ** 6,
        "silence": np.zeros(30_000, np.float32),
        "one sample": np.ones(1, np.float32),
        "under a hop": chord[:511],
        "a hop": chord[:512],
        "a frame and one": chord[:2049],
    }


@pytest.fixture(scope="module")
def librosa():
    return pytest.importorskip("librosa")


def test_filter_banks_are_librosas(librosa):
    for bands in (features.MEL_BANDS, 128):
        theirs = librosa.filters.mel(sr=22_050, n_fft=2048, n_mels=bands)
        assert np.abs(features.mel_filters(bands) - theirs).max() < 1e-7
    theirs = librosa.filters.chroma(sr=22_050, n_fft=2048, tuning=0.0)
    assert np.abs(features._chroma_filters() - theirs).max() < 1e-6


@pytest.mark.parametrize("name", sounds())
@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
def test_features_are_librosas(librosa, name):
    sound = sounds()[name]
    spectra = features.magnitudes(sound)
    theirs = np.abs(librosa.stft(sound, n_fft=2048, hop_length=512)).T
    assert spectra.shape == theirs.shape and spectra.dtype == np.float32
    assert np.abs(spectra - theirs).max() < 1e-3  # of magnitudes up to 200
    mfcc = librosa.feature.mfcc(y=sound, sr=22_050, n_mfcc=20).T
    assert np.abs(features.mfcc(spectra) - mfcc).max() < 1e-3
    chroma = librosa.feature.chroma_stft(y=sound, sr=22_050, tuning=0.0).T
    assert np.abs(features.chroma(spectra) - chroma).max() < 1e-5
    mel = librosa.feature.melspectrogram(y=sound, sr=22_050, n_mels=80).T
    assert np.abs(features.log_mel(spectra) - 10 * np.log10(np.maximum(mel, 1e-8))).max() < 1e-2


def test_absolute_floor_does_not_hear_what_comes_later():
    quiet = sounds()["chord"] * np.float32(0.001)
    loud_behind = np.concatenate([quiet, 1000 * quiet])
    alone, together = (features.magnitudes(sound) for sound in (quiet, loud_behind))
    heard = slice(len(alone) - 5)
    assert np.allclose(features.mfcc(alone, None)[heard], features.mfcc(together, None)[heard], atol=1e-3)
    assert not np.allclose(features.mfcc(alone)[heard], features.mfcc(together)[heard], atol=1)


def test_clip_has_its_length_whatever_the_sound_has():
    chord = sounds()["chord"]
    clip, cut, short = (features.clip_of(sound) for sound in (chord, chord[: int(4.2 * 22_050)], chord[:40_000]))
    silent = features.clip_of(np.zeros(200_000, np.float32))
    for each in (clip, cut, short, silent, features.clip_of(np.zeros(0, np.float32))):
        assert each.mfcc.shape == (174, 20) and each.chroma.shape == (174, 12)
        assert each.mfcc.dtype == each.chroma.dtype == np.float32
    assert np.array_equal(clip.mfcc, cut.mfcc)  # what comes later is not heard
    assert np.array_equal(short.mfcc[100:], silent.mfcc[100:]) and not short.chroma[100:].any()
    spectra = features.magnitudes(chord[:40_000])
    assert np.array_equal(features.fit_clip(features.log_mel(spectra))[100:], np.full((74, 80), -80))


def test_clip_comes_back_from_text_as_it_was():
    clip = features.clip_of(sounds()["chord"])
    text = features.to_text(clip)
    back = features.from_text(text)
    assert len(text) < 20_000 and text.isascii()
    assert np.array_equal(back.mfcc, clip.mfcc) and np.array_equal(back.chroma, clip.chroma)
    assert features.to_text(back) == text


def damaged_texts() -> list[str]:
    text = features.to_text(features.clip_of(sounds()["chord"]))

    def packed(data: bytes) -> str:
        return base64.b64encode(zlib.compress(data)).decode()

    wrong = [b"", bytes(11_134), bytes(11_138), bytes(10**8), np.full(5568, np.nan, "<f2").tobytes()]
    return ["", "no features", "é", text[:-40], text[:400] + "AAAA" + text[404:], text[1:], *map(packed, wrong)]


@pytest.mark.parametrize("text", damaged_texts(), ids=range(11))
def test_damaged_text_of_a_clip_is_refused(text):
    with pytest.raises(StudioError, match="features of the sound are damaged"):
        features.from_text(text)
