"""What a network hears of sound: MFCC, chroma and log-mel frames; and a conditioning clip of them, as plain text.

The definitions are librosa's (McFee et al. 2015, version 0.11.0), to which the tests hold them. They are our own because
librosa brings 260 MB along, and takes four seconds to import, for what is two filter banks and a Fourier transform.
"""

from __future__ import annotations

import base64
import binascii
import functools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from music.errors import StudioError

RATE_HZ = 22_050
FFT = 2048
HOP = 512
CLIP_FRAMES = 174
"""Frames of a conditioning clip: 4.04 seconds."""

MFCCS = 20
CHROMAS = 12
MEL_BANDS = 80

FLOOR_POWER = 1e-8
"""Absolute floor of a mel band where a network listens: it does not depend on the loudest moment, as ``top_db`` does."""

FLOOR_DB = -80.0
"""FLOOR_POWER in decibels: what silence has in each band of ``log_mel``."""

MFCC_BANDS = 128
_LEAST_POWER = 1e-10  # librosa's amin
_BLOCK = 256  # frames transformed at a time: two megabytes, which a processor keeps at hand


@dataclass(frozen=True, eq=False)
class Clip:
    """Four seconds of sound as a network hears them.

    Attributes:
        mfcc: float32 ``[174, 20]``, with the absolute floor.
        chroma: float32 ``[174, 12]``.
    """

    mfcc: np.ndarray
    chroma: np.ndarray

    @property
    def frames(self) -> np.ndarray:
        """Both beside each other, ``[174, 32]``."""
        return np.concatenate([self.mfcc, self.chroma], axis=1)


def magnitudes(samples: np.ndarray) -> np.ndarray:
    """Returns the magnitude spectra of sound, float32 ``[1 + n // HOP, 1025]``.

    Frame f is centered on sample f * HOP, under a periodic Hann window; zeros stand before and behind the sound. This is
    ``abs(librosa.stft(samples, center=True, pad_mode="constant")).T``.

    Args:
        samples: ``[n]`` at RATE_HZ.
    """
    import scipy.fft

    window = hann(FFT)
    frames = np.empty((1 + len(samples) // HOP, FFT // 2 + 1), np.float32)
    padded = np.pad(np.asarray(samples, np.float32), FFT // 2)
    waves = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    for block in _blocks(len(frames)):
        np.abs(scipy.fft.rfft(waves[block] * window, axis=1), out=frames[block])
    return frames


def mfcc(magnitudes: np.ndarray, top_db: float | None = 80.0) -> np.ndarray:
    """Returns mel-frequency cepstral coefficients, float32 ``[frames, 20]``: the shape of the spectrum, in decibels.

    Args:
        magnitudes: ``[frames, 1025]``.
        top_db: as ``librosa.feature.mfcc`` has it, what lies further under the loudest band of all frames counts as that
            far under it. None for a network: bands have the floor FLOOR_POWER, whatever else is heard in the sound.
    """
    import scipy.fft

    power = _through(mel_filters(MFCC_BANDS), magnitudes)
    decibels = 10 * np.log10(np.maximum(power, FLOOR_POWER if top_db is None else _LEAST_POWER))
    if top_db is not None:
        decibels = np.maximum(decibels, decibels.max(initial=-np.inf) - top_db)
    return scipy.fft.dct(decibels, axis=1, norm="ortho")[:, :MFCCS].astype(np.float32)


def chroma(magnitudes: np.ndarray) -> np.ndarray:
    """Returns how loud each pitch class is, C first, float32 ``[frames, 12]``; the loudest of a frame is 1, silence is 0.

    It is ``librosa.feature.chroma_stft(tuning=0.0)``: A is 440 Hz, whatever the sound's own tuning.

    Args:
        magnitudes: ``[frames, 1025]``.
    """
    energy = _through(_chroma_filters(), magnitudes)
    loudest = energy.max(1, keepdims=True)
    return energy / np.where(loudest < np.finfo(np.float32).tiny, np.float32(1), loudest)


def log_mel(magnitudes: np.ndarray) -> np.ndarray:
    """Returns the power in mel bands in decibels, float32 ``[frames, 80]``, at least FLOOR_DB.

    Args:
        magnitudes: ``[frames, 1025]``.
    """
    power = _through(mel_filters(MEL_BANDS), magnitudes)
    return 10 * np.log10(np.maximum(power, np.float32(FLOOR_POWER)))


def fit_clip(features: np.ndarray) -> np.ndarray:
    """Returns features cut to the length of a clip, or with silence behind them, ``[174, k]``.

    Args:
        features: ``[frames, k]`` of ``mfcc``, ``chroma`` or ``log_mel``, which k tells apart.
    """
    missing = CLIP_FRAMES - len(features)
    if missing <= 0:
        return features[:CLIP_FRAMES]
    silence = {MFCCS: _silent_mfcc, CHROMAS: np.zeros(CHROMAS), MEL_BANDS: np.full(MEL_BANDS, FLOOR_DB)}
    return np.concatenate([features, np.tile(silence[features.shape[1]], (missing, 1)).astype(features.dtype)])


def clip_of(samples: np.ndarray) -> Clip:
    """Returns the clip of the first 4.04 seconds of sound, with silence behind it where the sound is shorter.

    Values are rounded to what ``to_text`` keeps of them, so that a clip stays the same on its way through text.

    Args:
        samples: ``[n]`` at RATE_HZ.
    """
    spectra = magnitudes(samples[: CLIP_FRAMES * HOP + FFT])[:CLIP_FRAMES]
    kept = _kept(Clip(fit_clip(mfcc(spectra, top_db=None)), fit_clip(chroma(spectra))))
    return _clip_in(kept)


def to_text(clip: Clip) -> str:
    """Returns a clip as some 14,000 letters and digits, for the options of a recipe."""
    return base64.b64encode(zlib.compress(_kept(clip).tobytes(), 9)).decode("ascii")


def from_text(text: str) -> Clip:
    """Returns the clip that ``to_text`` wrote down.

    Raises:
        StudioError: the text is something else, or damaged.
    """
    size = 2 * CLIP_FRAMES * (MFCCS + CHROMAS)
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _damaged() from error
    kept = np.frombuffer(data, "<f2") if len(data) == size and reader.eof else np.array([np.nan])
    if not np.isfinite(kept).all():
        raise _damaged()
    return _clip_in(kept.reshape(CLIP_FRAMES, MFCCS + CHROMAS))


def _damaged() -> StudioError:
    return StudioError("The features of the sound are damaged. Choose the sound file again.")


def _kept(clip: Clip) -> np.ndarray:
    """Returns what is kept of a clip, float16 ``[174, 32]``."""
    return clip.frames.astype("<f2")


def _clip_in(kept: np.ndarray) -> Clip:
    return Clip(kept[:, :MFCCS].astype(np.float32), kept[:, MFCCS:].astype(np.float32))


_silent_mfcc = np.array([FLOOR_DB * MFCC_BANDS**0.5] + [0.0] * (MFCCS - 1))


def _blocks(frames: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, frames, _BLOCK))


def _through(filters: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    """Returns the power that filters ``[bands, 1025]`` let through, float32 ``[frames, bands]``."""
    result = np.empty((len(magnitudes), len(filters)), np.float32)
    for block in _blocks(len(magnitudes)):
        np.matmul(np.square(magnitudes[block]), filters.T, out=result[block])
    return result


@functools.cache
def hann(length: int) -> np.ndarray:
    """Returns the periodic Hann window, float32 ``[length]``."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def _mel_of(hz: np.ndarray) -> np.ndarray:
    """Returns mels as Slaney (Auditory Toolbox, 1998) counts them: even steps up to 1,000 Hz, even ratios above."""
    above = 15 + np.log(np.maximum(hz, 1000) / 1000) * 27 / np.log(6.4)
    return np.where(hz < 1000, hz * 3 / 200, above)


def _hz_of(mel: np.ndarray) -> np.ndarray:
    above = 1000 * np.exp((np.maximum(mel, 15) - 15) * np.log(6.4) / 27)
    return np.where(mel < 15, mel * 200 / 3, above)


@functools.cache
def mel_corners_hz(bands: int) -> np.ndarray:
    """Returns where mel bands begin, peak and end up to 11,025 Hz: ``[bands + 2]``; band b peaks at corner b + 1."""
    return _hz_of(np.linspace(0, _mel_of(np.array(RATE_HZ / 2)), bands + 2))


@functools.cache
def mel_filters(bands: int) -> np.ndarray:
    """Returns triangles over the spectrum with an area of 1 each, float32 ``[bands, 1025]``, as ``librosa.filters.mel``."""
    corners = mel_corners_hz(bands)
    over = np.fft.rfftfreq(FFT, 1 / RATE_HZ) - corners[:, None]
    widths = np.diff(corners)[:, None]
    triangles = np.maximum(0, np.minimum(over[:-2] / widths[:-1], -over[2:] / widths[1:]))
    return (triangles * (2 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)


@functools.cache
def _chroma_filters() -> np.ndarray:
    """Returns a bell for each pitch class in each octave, float32 ``[12, 1025]``, as ``librosa.filters.chroma``.

    Each frequency counts by its nearness to the pitch class, and by its own to the middle of the keyboard (Ellis 2007,
    "Chroma feature analysis and synthesis").
    """
    classes = CHROMAS * np.log2(np.arange(1, FFT) * (RATE_HZ / FFT) / (440 / 16))  # counted from A
    classes = np.concatenate([[classes[0] - 1.5 * CHROMAS], classes])  # 0 Hz has none: an octave and a half lower
    widths = np.concatenate([np.maximum(np.diff(classes), 1), [1]])
    apart = classes - np.arange(CHROMAS)[:, None]
    apart = np.remainder(apart + CHROMAS / 2 + 10 * CHROMAS, CHROMAS) - CHROMAS / 2
    bells = np.exp(-0.5 * (2 * apart / widths) ** 2)
    bells /= np.linalg.norm(bells, axis=0)
    bells *= np.exp(-0.5 * ((classes / CHROMAS - 5) / 2) ** 2)
    return np.roll(bells, -3, axis=0)[:, : FFT // 2 + 1].astype(np.float32)
