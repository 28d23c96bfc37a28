"""What the audio pipeline takes from a sound: four seconds of it as features, its tempo, loudness and key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from music.analysis.tempo import tempo_of
from music.audio import features
from music.audio.encoding import Audio
from music.audio.mastering import loudness
from music.audio.reading import UNHEARD, check_heard, mono, read_sound
from music.errors import StudioError
from music.theory import key_from_histogram
from pipelines.options.audio import SOUND_LUFS, SOUND_TEMPO_BPM

CLIP_SAMPLES = features.CLIP_FRAMES * features.HOP
TEMPO_SECONDS = 30.0
"""So much around the clip is listened to for the tempo."""

SURE_TEMPO = 0.15
"""A weaker pulse is no tempo. By ear, not measured."""

SURE_KEY = 0.5


@dataclass(frozen=True)
class Heard:
    """A sound as the audio pipeline is told of it.

    Attributes:
        options: those of ``AudioOptions`` that it gives.
        start: second from which the clip is taken.
        seconds: how long the whole sound is.
        key: name of the key that was heard; "" where that is not sure.
    """

    options: dict[str, Any]
    start: float
    seconds: float
    key: str

    @property
    def sentence(self) -> str:
        """What was heard, in words."""
        tempo = self.options["sound_tempo_bpm"]
        parts = [f"{tempo:.0f} BPM" if tempo else "no clear pulse", self.key or "no clear key"]
        parts.append(f"{self.options['sound_lufs']:.0f} LUFS")
        return f"heard {min(4.0, self.seconds):.1f} seconds from second {self.start:.1f}: {', '.join(parts)}"


def hear(source: bytes | Path, name: str = "", start: float | None = None, last: bool = False) -> Heard:
    """Returns what the audio pipeline takes from a sound file.

    Args:
        source: its bytes or path.
        name: what it is called.
        start: second from which the clip is taken; by default where it is loudest.
        last: take the end instead, but for silence.

    Raises:
        StudioError: it cannot be read, nothing is heard in it, or it does not reach to ``start``.
    """
    audio = read_sound(source, name)
    return hear_audio(audio, mono(audio), name, start, last)


def hear_audio(
    audio: Audio, samples: np.ndarray, name: str = "", start: float | None = None, last: bool = False
) -> Heard:
    """Returns what the audio pipeline takes from a sound; else as ``hear``.

    Args:
        audio: the sound.
        samples: the same as ``mono`` gives it, ``[n]``.
        name, start, last: as in ``hear``.
    """
    check_heard(samples)
    seconds = len(samples) / features.RATE_HZ
    if start is not None and not 0 <= start < seconds:
        raise StudioError(f"The sound lasts {seconds:.1f} seconds. Choose a start from 0 to {seconds:.1f}.")
    if last:  # silence behind the music is not what goes on
        samples = samples[: int(np.flatnonzero(np.abs(samples) >= UNHEARD)[-1]) + 1]
    longest = max(0, len(samples) - CLIP_SAMPLES)
    if start is not None:
        first = round(start * features.RATE_HZ)
    else:
        first = longest if last else _loudest(samples, longest)
    part = samples[first : first + CLIP_SAMPLES]
    check_heard(part)
    clip = features.clip_of(part)
    middle = first + len(part) // 2
    reach = round(TEMPO_SECONDS / 2 * features.RATE_HZ)
    tempo = tempo_of(features.magnitudes(samples[max(0, middle - reach) : middle + reach]))
    key, sure = key_from_histogram(np.maximum(clip.chroma.mean(0), 0))
    level = loudness(_slice(audio, first / features.RATE_HZ, len(part) / features.RATE_HZ), audio.rate_hz)
    options = {
        "sound": features.to_text(clip),
        "sound_name": Path(name).stem[:60],
        "sound_tempo_bpm": round(float(np.clip(tempo.bpm, *SOUND_TEMPO_BPM)), 1)
        if tempo.strength >= SURE_TEMPO
        else None,
        "sound_lufs": round(float(np.clip(level, *SOUND_LUFS)), 1),
    }
    return Heard(options, first / features.RATE_HZ, seconds, key.name if sure >= SURE_KEY else "")


def _loudest(samples: np.ndarray, longest: int) -> int:
    """Returns the sample from which four seconds are loudest."""
    if longest == 0:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, longest + 1, features.HOP)
    return int(starts[(energy[starts + CLIP_SAMPLES] - energy[starts]).argmax()])


def _slice(audio: Audio, start: float, seconds: float) -> np.ndarray:
    first = round(start * audio.rate_hz)
    return audio.samples[first : first + max(1, round(seconds * audio.rate_hz))]
