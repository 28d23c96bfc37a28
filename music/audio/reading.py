"""Sound from a file: WAV, FLAC, OGG, MP3 and their kin as samples; whatever else comes is called by its name."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import soundfile

from music.audio.encoding import CHUNK_FRAMES, Audio
from music.audio.features import RATE_HZ
from music.errors import StudioError
from music.files.kinds import is_text, name_of, stand_in

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf")
"""Endings of files that can be read."""

MAX_SECONDS = 600
"""Ten minutes; a sound is held in memory."""

MIN_SECONDS = 0.1
"""A shorter sound holds no note that could be heard."""

RATES_HZ = (4_000, 192_000)
"""The lowest and highest sample rate."""

MAX_CHANNELS = 16
MAX_FILE_BYTES = 2**30
"""More than ten minutes of stereo take at any rate and depth but the very highest."""

UNHEARD = 10 ** (-70 / 20)
"""A sound that stays under this, ten steps of 16 bits, is what a muted microphone records."""

_CONTAINERS = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "MPEG", "AIFF", "AU", "CAF"}
_LEAST_SHARE = 0.9  # of what its header promises; below, a file is cut off, above, the header was written carelessly
_UNKNOWN_BYTES = 0x7FFFF000  # headers of streams tell of this much or more where the writer did not know the length
_CHOOSE = "Choose a WAV, FLAC, OGG or MP3 file."
_AGAIN = "Export it again, or choose another copy of it."


class _Bytes(io.BytesIO):
    """Bytes as a file in which libsndfile may seek before the beginning, as it does where a header is cut off."""

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(max(0, offset) if whence == 0 else offset, whence)


def read_sound(source: bytes | Path, name: str = "") -> Audio:
    """Returns the sound in a file, in stereo at the file's own rate: what libsndfile reads, at most ten minutes.

    Mono is heard on both sides, as is every channel after the second. A sound with samples over full
    scale, as files of floating point may hold, is made softer as a whole.

    Args:
        source: the bytes of the file, or its path.
        name: the file's name where the bytes come without one, for the sentences of errors.

    Raises:
        StudioError: the file cannot be opened, is no sound, is damaged or cut off, or exceeds a limit.
    """
    if isinstance(source, Path):
        name = name or source.name
        source = _file_bytes(source)
    called = name or "The file"
    if not source:
        raise StudioError(f"{called} is empty. {_AGAIN}")
    if len(source) > MAX_FILE_BYTES:
        raise StudioError(f"{called} is larger than {MAX_FILE_BYTES // 2**20:,} MB. Choose a shorter sound.")
    try:
        with soundfile.SoundFile(_Bytes(source)) as file:
            _check(file, called)
            samples = _stereo_samples(file, called)
            rate = file.samplerate
    except (soundfile.SoundFileError, OSError, ValueError, OverflowError) as error:
        raise _refusal(source[:4096], called) from error
    if not np.isfinite(samples).all():
        raise StudioError(
            f"{called} holds samples that are not numbers. Export it again from the program that made it."
        )
    if len(samples) < MIN_SECONDS * rate:
        raise StudioError(f"{called} is shorter than {MIN_SECONDS} s. Choose a longer sound.")
    sound = Audio(samples, rate)
    if sound.peak > 1:
        samples /= np.float32(sound.peak)
    return sound


def check_heard(samples: np.ndarray) -> None:
    """Checks that there is something to hear.

    Args:
        samples: ``[frames]`` or ``[frames, channels]``, full scale at 1.

    Raises:
        StudioError: the sound is silent.
    """
    if not len(samples) or np.ptp(samples, axis=0).max() < 2 * UNHEARD:
        raise StudioError(
            "Nothing is heard in this sound. Choose another one, or record it again closer to the microphone."
        )


def mono(audio: Audio, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Returns the mean of both sides at another rate, without aliases, float32 ``[n]``."""
    import soxr

    return soxr.resample(audio.samples.mean(1, dtype=np.float32), audio.rate_hz, rate_hz).astype(np.float32, copy=False)


def _file_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise StudioError(f"{path.name} cannot be opened: {error.strerror}. Choose another file.") from error


def _check(file: soundfile.SoundFile, called: str) -> None:
    """Refuses, before anything is decoded, a file that is cut off or exceeds a limit."""
    if file.format not in _CONTAINERS:
        raise StudioError(f"{called} is of a kind ({file.format}) that is not read. {_CHOOSE}")
    if not RATES_HZ[0] <= file.samplerate <= RATES_HZ[1]:
        low, high = RATES_HZ
        raise StudioError(f"{called} has a rate of {file.samplerate:,} Hz. Export it at {low:,} to {high:,} Hz.")
    if file.channels > MAX_CHANNELS:
        raise StudioError(f"{called} has {file.channels} channels. Export it in stereo.")
    for told, there in re.findall(r": (\d+) \(should be (\d+)\)", file.extra_info):
        if int(there) < _LEAST_SHARE * int(told) and int(told) < _UNKNOWN_BYTES:
            raise _cut_off(called)
    if file.frames > MAX_SECONDS * file.samplerate:
        raise _too_long(called)


def _stereo_samples(file: soundfile.SoundFile, called: str) -> np.ndarray:
    """Returns the samples of a file, ``[frames, 2]``, decoded part by part: a header that lies takes no memory."""
    most = MAX_SECONDS * file.samplerate
    kept = bytearray()
    while len(part := file.read(CHUNK_FRAMES, dtype="float32", always_2d=True)):
        kept += _stereo(part).tobytes()
        if len(kept) > 8 * most:
            raise _too_long(called)
    if len(kept) < 8 * _LEAST_SHARE * file.frames:
        raise _cut_off(called)
    return np.frombuffer(kept, np.float32).reshape(-1, 2)


def _stereo(part: np.ndarray) -> np.ndarray:
    """Returns channels ``[frames, n]`` as two; the third and later ones at half their level on both, none over full scale."""
    sides = part[:, :2] if part.shape[1] > 1 else np.repeat(part, 2, axis=1)
    others = part[:, 2:]
    if not others.shape[1]:
        return sides
    return (sides + others.sum(1, keepdims=True) / 2) / np.float32(1 + others.shape[1] / 2)


def _too_long(called: str) -> StudioError:
    return StudioError(
        f"{called} lasts longer than {MAX_SECONDS // 60} minutes. Cut out the part that you want to use."
    )


def _cut_off(called: str) -> StudioError:
    return StudioError(f"{called} breaks off before its end. {_AGAIN}")


def _refusal(head: bytes, called: str) -> StudioError:
    """Returns what to say of a file that libsndfile does not read."""
    if fetched := stand_in(head):
        return StudioError(f"{called} is {fetched[0]}, not a sound. {fetched[1]}")
    kind = (name_of(head) or ("",))[0]
    if kind.startswith("a sound recording") or head[:4] == b"caff":
        return StudioError(f"{called} is damaged, and its sound cannot be read. {_AGAIN}")
    if kind.startswith("a recording"):
        return StudioError(f"{called} is {kind}, which is not read. Export its sound as WAV or MP3.")
    if head.startswith(b"MThd"):
        kind = "a MIDI file"
    elif head.startswith(b"PK\3\4"):
        kind = "a zip file"
    elif not kind and is_text(head):
        kind = "a text file"
    return StudioError(f"{called} is {kind or 'of an unknown kind'}, not a sound. {_CHOOSE}")
