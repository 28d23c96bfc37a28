"""The sound of a piece that the audio pipeline wrote: its notes, colored as the sound that it follows and the words say.

    sound_of(piece, "played")     FluidSynth plays the notes; each band of its sound is lifted or lowered as the network says
    sound_of(piece, "pure")       sine waves and noise with the same bands: exact, and the same on every machine
    sound_of(piece, "original")   20 MFCC of the same bands, and back to sound by Griffin-Lim: how the system's ancestor did it

What the network is told stands in the piece's history, so its sound can be made again from the piece alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
import torch

from checkpoints.loading import load
from models.bigru import standard_mel
from music.audio import features
from music.audio.encoding import Audio
from music.audio.inverse_mfcc import mfcc_of
from music.audio.inverse_mfcc import sound_of as sound_of_mfcc
from music.audio.mastering import LOUDNESS_LUFS, master
from music.audio.pure import pure
from music.audio.reading import mono
from music.audio.render import Stem, raw_mix, raw_stems
from music.audio.spectrum import apply_bands
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.audio import AudioOptions
from pipelines.patches.asking import Asked, settle_asked
from pipelines.patches.wishes import NO_CLIP, without_level
from pipelines.sound import Progress, Stop, check_synthesis, coloring_options

LOUDNESS_OF = {"soft": -24.0, "medium": -16.0, "loud": -10.0}
"""What the words for loudness mean, in LUFS."""

SOUND_LUFS_RANGE = (-28.0, -11.0)
"""As loud as the sound that is followed, within these."""

TILT_DB = {"dark": -4.5, "bright": 4.5}
"""Decibels an octave above TILT_HZ, beside what the network does; together dark and bright are well apart."""

TILT_HZ, TILT_LIMIT_DB = 500.0, 14.0


@dataclass(frozen=True)
class Coloring:
    """How the sound of a piece is colored.

    Attributes:
        mel: of the synthesizer, log-mel in decibels ``[frames, 80]``.
        gains: by how many decibels each band differs ``[frames, 80]``.
        loudness_lufs: of the result.
    """

    mel: np.ndarray
    gains: np.ndarray
    loudness_lufs: float


def sound_of(
    piece: Piece,
    synthesis: str = "played",
    soundfont: str | Path | None = None,
    rate: int = 44_100,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Audio:
    """Returns a piece as sound, colored as its history says; one that the audio pipeline did not write is not colored.

    Args:
        piece: what to play.
        synthesis: one of ``pipelines.sound.SYNTHESES``.
        soundfont, rate, progress, stop: as ``music.audio.render.render`` takes them.

    Raises:
        StudioError: as ``render``; or there is no such synthesis.
    """
    check_synthesis(synthesis)
    raw = raw_mix(piece, soundfont, rate, stop=stop)
    _report(progress, 0.5)
    coloring = color(piece, raw)
    _report(progress, 0.7)
    if synthesis == "played":
        samples = apply_bands(raw.samples, coloring.gains, rate)
    else:
        wanted = coloring.mel + coloring.gains
        if synthesis == "pure":
            made = pure(piece, wanted)
        else:
            made = Audio(np.repeat(sound_of_mfcc(mfcc_of(wanted))[:, None], 2, axis=1), features.RATE_HZ)
        samples = soxr.resample(made.samples, made.rate_hz, rate)[: len(raw.samples)]
    samples = np.ascontiguousarray(samples, np.float32)
    _report(progress, 0.9)
    master(samples, rate, coloring.loudness_lufs)
    _report(progress, 1.0)
    return Audio(samples, rate)


def stems_of(
    piece: Piece,
    soundfont: str | Path | None = None,
    rate: int = 44_100,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> list[Stem]:
    """Returns one stem for each track with notes, colored alike, which add up to the played sound of the piece."""
    stems = raw_stems(piece, soundfont, rate, stop=stop)
    _report(progress, 0.5)
    parts = [np.concatenate(list(stem.audio.chunks())) for stem in stems]
    mix = np.sum(parts, axis=0)
    coloring = color(piece, Audio(mix, rate))
    colored = [apply_bands(part, coloring.gains, rate) for part in parts]
    _report(progress, 0.9)
    gain = master(np.sum(colored, axis=0), rate, coloring.loudness_lufs)
    return [replace(stem, audio=Audio(part * gain, rate)) for stem, part in zip(stems, colored, strict=True)]


def color(piece: Piece, raw: Audio) -> Coloring:
    """Returns how the sound of a piece is colored that a synthesizer made: ``raw``."""
    mel = features.log_mel(features.magnitudes(mono(raw)))
    options = coloring_options(piece)
    if options is None:
        return Coloring(mel, np.zeros_like(mel), LOUDNESS_LUFS)
    asked = _asked(options)
    gains = _learned(mel, options, asked) + _tilt(asked.levels["brightness"])
    return Coloring(mel, gains, loudness_of(asked, options))


def _asked(options: AudioOptions) -> Asked:
    """Returns what options ask for; where their encoder is not on this machine, as words-small reads the words."""
    try:
        return settle_asked(Piece.empty(), options)
    except StudioError:
        return settle_asked(Piece.empty(), replace(options, encoder="words-small"))


def loudness_of(asked: Asked, options: AudioOptions) -> float:
    """Returns how loud the sound should be: as the words say, else as the sound that is followed was, else as all songs."""
    word = asked.levels["loudness"]
    if word:
        return LOUDNESS_OF[word]
    if options.sound_lufs is not None:
        return float(np.clip(options.sound_lufs, *SOUND_LUFS_RANGE))
    return LOUDNESS_LUFS


@torch.inference_mode()
def _learned(mel: np.ndarray, options: AudioOptions, asked: Asked) -> np.ndarray:
    """Returns by how many decibels the network has each band differ."""
    model = load(options.checkpoint, task="audio").model
    request = asked.request(options, 0)
    has_clip = request.clip is not None
    clip = NO_CLIP if request.clip is None else without_level(request.clip)
    told = model.conditions(
        torch.from_numpy(clip)[None],
        torch.tensor([float(has_clip)]),
        torch.from_numpy(request.text)[None],
        torch.from_numpy(replace(request.wishes, has_clip=has_clip).vector())[None],
        torch.from_numpy(request.prior)[None],
    )
    gains = model.gains(standard_mel(torch.from_numpy(mel)[None]), told)[0].numpy()
    return gains - gains[mel > mel.max() - 50].mean()


def _tilt(brightness: str | None) -> np.ndarray:
    """Returns the decibels ``[80]`` by which a word for brightness tilts the spectrum."""
    hz = features.mel_corners_hz(features.MEL_BANDS)[1:-1]
    octaves = np.log2(np.maximum(hz, TILT_HZ / 4) / TILT_HZ)
    return np.clip(TILT_DB.get(brightness or "", 0.0) * octaves, -TILT_LIMIT_DB, TILT_LIMIT_DB)


def _report(progress: Progress | None, share: float) -> None:
    if progress:
        progress(share)
