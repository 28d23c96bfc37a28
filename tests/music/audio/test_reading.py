"""Sound files that people bring: of any kind, whole, damaged, and none at all."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from music.audio import features
from music.audio.encoding import Audio
from music.audio.reading import check_heard, mono, read_sound
from music.errors import StudioError

SECONDS = 1.0


def tone(rate: int = 44_100, channels: int = 2, hz: float = 440.0) -> np.ndarray:
    """Returns a tone that is twice as loud on the left, ``[frames, channels]``."""
    wave = 0.4 * np.sin(2 * np.pi * hz * np.arange(round(SECONDS * rate)) / rate)
    return (wave[:, None] / np.arange(1, channels + 1)).astype(np.float32)


def written(samples: np.ndarray, rate: int = 44_100, kind: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def refusal(data: bytes | Path, name: str = "") -> str:
    """Returns what is said of a file that is refused: two sentences."""
    with pytest.raises(StudioError) as refused:
        read_sound(data, name)
    said = str(refused.value)
    assert said.count(". ") == 1 and said.endswith(".") and "\n" not in said
    return said


KINDS = [
    ("WAV", "PCM_U8", 0.01),
    ("WAV", "PCM_16", 1e-4),
    ("WAV", "PCM_24", 1e-6),
    ("WAV", "PCM_32", 1e-6),
    ("WAV", "FLOAT", 1e-7),
    ("WAV", "DOUBLE", 1e-7),
    ("WAV", "ULAW", 0.02),
    ("WAV", "IMA_ADPCM", 0.05),
    ("WAVEX", "PCM_16", 1e-4),
    ("W64", "PCM_16", 1e-4),
    ("RF64", "PCM_16", 1e-4),
    ("FLAC", "PCM_16", 1e-4),
    ("FLAC", "PCM_24", 1e-6),
    ("AIFF", "PCM_16", 1e-4),
    ("AU", "PCM_16", 1e-4),
    ("CAF", "PCM_16", 1e-4),
    ("OGG", "VORBIS", 0.05),
    ("OGG", "OPUS", 0.2),
    ("MP3", "MPEG_LAYER_III", 0.1),
]


@pytest.mark.parametrize(("kind", "subtype", "near"), KINDS)
def test_sound_comes_out_of_a_file_as_it_went_in(kind, subtype, near):
    rate = 48_000 if subtype == "OPUS" else 44_100
    samples = tone(rate)
    audio = read_sound(written(samples, rate, kind, subtype))
    assert audio.rate_hz == rate and audio.samples.dtype == np.float32 and audio.samples.shape[1] == 2
    assert audio.seconds == pytest.approx(SECONDS, abs=0.05)
    middle = slice(4000, 40_000)
    assert np.abs(audio.samples[middle] - samples[middle]).max() < near


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 22_050, 96_000, 192_000])
def test_any_rate_is_read(rate):
    audio = read_sound(written(tone(rate, hz=500), rate))
    assert (audio.rate_hz, audio.frames) == (rate, rate)
    heard = mono(audio)
    assert heard.shape == (22_050,) and heard.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(heard[:22_050]))
    assert spectrum.argmax() == 500 and np.abs(heard).max() == pytest.approx(0.3, abs=0.02)


def test_what_is_above_the_new_rate_does_not_come_back_as_an_alias():
    heard = mono(read_sound(written(tone(48_000, hz=15_000), 48_000)))
    assert np.abs(heard[1000:-1000]).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 8])
def test_every_channel_is_heard_in_stereo(channels):
    for number in range(channels):
        samples = np.zeros((44_100, channels), np.float32)
        samples[:, number] = tone()[:, 0]
        audio = read_sound(written(samples, kind="WAVEX" if channels > 2 else "WAV"))
        left, right = np.abs(audio.samples).max(0)
        assert max(left, right) > 0.04
        assert (left == right) == (channels == 1 or number > 1)
    loud = np.ones((44_100, channels), np.float32)
    assert read_sound(written(loud, subtype="FLOAT")).peak <= 1


def test_a_path_is_read_and_names_the_file(tmp_path):
    path = tmp_path / "a song.raw"  # whatever its name says
    path.write_bytes(written(tone()))
    assert read_sound(path).frames == 44_100
    path.write_bytes(b"")
    assert refusal(path).startswith("a song.raw is empty")
    assert "cannot be opened" in refusal(tmp_path / "none.wav")
    assert "cannot be opened" in refusal(tmp_path)


def test_samples_over_full_scale_are_brought_down_together():
    loud = read_sound(written(100 * tone(), subtype="FLOAT"))
    assert loud.peak == pytest.approx(1) and np.allclose(loud.samples / loud.peak, tone() / 0.4, atol=1e-3)


def others() -> dict[str, tuple[bytes, str]]:
    """Returns files that are no sound, and what they are to be called."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("sound.wav", b"")
    return {
        "text": (b"Dear diary, no music today.\n" * 20, "a text file"),
        "midi": (b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "a MIDI file"),
        "zip": (archive.getvalue(), "a zip file"),
        "png": (b"\x89PNG\r\n\x1a\n" + bytes(200), "a picture"),
        "mp4": (b"\0\0\0\x20ftypisom" + bytes(200), "a recording (MP4)"),
        "mkv": (b"\x1aE\xdf\xa3" + bytes(200), "a recording (Matroska)"),
        "pdf": (b"%PDF-1.7\n" + bytes(200), "a PDF"),
        "page": (b"<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        "zeros": (bytes(10_000), "an unknown kind"),
        "noise": (np.random.default_rng(3).bytes(10_000), "an unknown kind"),
    }


@pytest.mark.parametrize("name", others())
def test_what_is_no_sound_is_called_by_its_name(name):
    data, kind = others()[name]
    said = refusal(data, f"{name}.wav")
    assert said.startswith(f"{name}.wav is ") and kind in said


@pytest.mark.parametrize(("kind", "subtype"), [(kind, subtype) for kind, subtype, _ in KINDS if kind != "OGG"])
def test_a_file_that_is_cut_off_is_refused(kind, subtype):
    whole = written(np.random.default_rng(1).normal(0, 0.1, (44_100, 2)), 44_100, kind, subtype)
    for length in (10, 40, len(whole) // 4, len(whole) // 2):
        refusal(whole[:length])
    assert "breaks off" in refusal(whole[: len(whole) // 2]) or kind in ("FLAC", "CAF")


def test_ogg_that_is_cut_off_is_read_to_where_it_breaks_off():
    whole = written(np.random.default_rng(1).normal(0, 0.1, (44_100, 2)), kind="OGG")
    assert 0 < read_sound(whole[: 2 * len(whole) // 3]).seconds < SECONDS  # nothing in it says how long it was
    refusal(whole[:40])


def with_size(data: bytes, size: int) -> bytes:
    place = data.index(b"data") + 4
    return data[:place] + size.to_bytes(4, "little") + data[place + 4 :]


def test_wav_of_a_stream_without_a_length_is_read():
    for size in (0xFFFFFFFF, 0x7FFFFFFF):
        assert read_sound(with_size(written(tone()), size)).frames == 44_100


def with_flac_frames(data: bytes, frames: int) -> bytes:
    fields = int.from_bytes(data[18:26], "big") >> 36 << 36
    return data[:18] + (fields | frames).to_bytes(8, "big") + data[26:]


@pytest.mark.parametrize("frames", [0, 44_100 * 599, 44_100 * 601, 2**36 - 1])
def test_a_header_that_lies_takes_no_memory(frames):
    lying = with_flac_frames(written(tone(), kind="FLAC"), frames)
    tracemalloc.start()
    try:
        refusal(lying)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_more_than_ten_minutes_are_refused_before_they_are_decoded():
    long = np.zeros((4_000 * 601, 1), np.float32)
    for kind in ("WAV", "FLAC"):
        assert "longer than 10 minutes. Cut out" in refusal(written(long, 4_000, kind))
    assert "longer than 10 minutes" in refusal(with_flac_frames(written(tone(), kind="FLAC"), 44_100 * 601))
    assert read_sound(written(long[: 4_000 * 600], 4_000)).seconds == 600


def test_other_limits():
    assert "a rate of 2,000 Hz" in refusal(written(tone(2_000), 2_000))
    assert "a rate of 400,000 Hz" in refusal(written(tone(), 400_000))
    assert "24 channels" in refusal(written(np.zeros((9_000, 24), np.float32)))
    assert "shorter than 0.1 s" in refusal(written(np.ones((1, 2), np.float32)))
    assert "shorter than 0.1 s" in refusal(written(np.zeros((0, 2), np.float32)))
    assert "(NIST)" in refusal(written(tone(), kind="NIST"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(value):
    samples = tone()
    samples[20_000, 1] = value
    assert "not numbers" in refusal(written(samples, subtype="FLOAT"))


def test_silence_is_told_apart_from_soft_sound():
    check_heard(tone() / 500)
    check_heard(tone()[:, 0])
    muted = np.random.default_rng(1).integers(-2, 3, (44_100, 2)) / 32_768 + 0.2  # with an offset
    for silent in (np.zeros((44_100, 2)), np.zeros((0, 2)), np.zeros(100), muted, np.full((9, 2), 1e-30)):
        with pytest.raises(StudioError, match="Nothing is heard"):
            check_heard(silent)


@pytest.mark.parametrize(("kind", "subtype"), [(kind, subtype) for kind, subtype, _ in KINDS])
def test_mutated_files_are_read_or_refused_in_words(kind, subtype):
    whole = written(tone(48_000)[:9_000], 48_000, kind, subtype)
    chance = random.Random(subtype)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            place = chance.randrange(min(len(data), chance.choice((60, len(data)))))
            data[place] = chance.choice((0, 255, 127, 128, chance.randrange(256)))
        try:
            audio = read_sound(bytes(data))
        except StudioError as error:
            assert str(error).count(". ") == 1
        else:
            assert np.isfinite(audio.samples).all() and audio.seconds <= 600 and audio.peak <= 1
            assert np.isfinite(features.clip_of(mono(Audio(audio.samples[:500_000], audio.rate_hz))).mfcc).all()
