"""Sound as samples, and as the bytes of a WAV, FLAC, OGG or MP3 file. Needs no ffmpeg."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile

from music.audio.mp3 import mp3_bytes
from music.errors import StudioError
from music.files.atomic import write_bytes

CHUNK_FRAMES = 65_536
"""Frames written at a time: libvorbis crashes the process when it is handed minutes of sound in one call."""

MP3_RATES_HZ = (32_000, 44_100, 48_000)

FORMATS: dict[str, dict[str, object]] = {
    "wav": {"format": "WAV", "subtype": "PCM_16"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "ogg": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.5},
    "mp3": {},
}
"""How soundfile is asked for each format, by file suffix; MP3 is written by LAME itself (mp3.py)."""

MAX_ENCODED_BYTES = 2**30
"""The bytes of one file are held in memory; more than this is refused: as WAV 100 minutes at 44,100 Hz."""

MIME_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}


@dataclass(frozen=True, eq=False)
class Audio:
    """Stereo sound.

    Attributes:
        samples: float32 ``[frames, 2]``, full scale at 1.
        rate_hz: frames a second.
    """

    samples: np.ndarray
    rate_hz: int

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that is heard."""
        digest = hashlib.sha256(str(self.rate_hz).encode())
        for chunk in self.chunks():
            digest.update(chunk.tobytes())
        return digest.hexdigest()

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate_hz

    @property
    def peak(self) -> float:
        """The largest absolute sample; 0 for silence."""
        return float(max(self.samples.max(initial=0), -self.samples.min(initial=0)))

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.samples)

    def chunks(self) -> Iterator[np.ndarray]:
        """Yields the samples, some frames at a time."""
        return (self.samples[start : start + CHUNK_FRAMES] for start in range(0, self.frames, CHUNK_FRAMES))


@dataclass(frozen=True, eq=False)
class AudioStream:
    """Stereo sound that is made anew each time it is read, so that hours of it take no more memory than minutes.

    Attributes:
        frames: how many there are.
        rate_hz: frames a second.
        make: returns an iterator of its samples, float32 ``[some frames, 2]``.
    """

    frames: int
    rate_hz: int
    make: Callable[[], Iterator[np.ndarray]]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.frames / self.rate_hz

    def chunks(self) -> Iterator[np.ndarray]:
        """Yields the samples, some frames at a time."""
        return self.make()


def encode(audio: Audio | AudioStream, format: str) -> bytes:
    """Returns the bytes of a sound file: 16 bits for WAV and FLAC, about 160 kb/s for OGG, 192 kb/s for MP3.

    Args:
        audio: the sound.
        format: one of FORMATS.

    Raises:
        StudioError: the format is unknown or does not know this sample rate, or the file would be too large.
    """
    if format not in FORMATS:
        raise StudioError(f"The sound format {format!r} is unknown. Choose one of {', '.join(FORMATS)}.")
    if format == "mp3" and audio.rate_hz not in MP3_RATES_HZ:
        rates = ", ".join(map(str, MP3_RATES_HZ))
        raise StudioError(f"MP3 does not know a rate of {audio.rate_hz} Hz. Choose one of {rates} Hz.")
    too_large = StudioError(f"The sound is too long for one {format} file. Choose ogg, or fewer bars.")
    if format == "wav" and 4 * audio.frames > MAX_ENCODED_BYTES:
        raise too_large
    if format == "mp3":
        data = mp3_bytes(audio.chunks(), audio.frames, audio.rate_hz, MAX_ENCODED_BYTES)
        if data is None:
            raise too_large
        return data
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", audio.rate_hz, 2, **FORMATS[format]) as file:
        for chunk in audio.chunks():
            file.write(chunk)
            if buffer.tell() > MAX_ENCODED_BYTES:
                raise too_large
    return buffer.getvalue()


def write_audio(audio: Audio | AudioStream, path: str | Path) -> None:
    """Writes a sound file whose suffix says the format. The file appears whole or not at all.

    Raises:
        StudioError: the suffix is unknown, or the file cannot be written.
    """
    path = Path(path)
    write_bytes(encode(audio, path.suffix.lower().lstrip(".")), path)
