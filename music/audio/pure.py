"""Sound from notes without any sound bank: sines for tones, bursts of noise for drums, colored by a log-mel target.

Sines are written as the peaks that they are into short spectra, whose inverse transforms are added up (Rodet and Depalle
1992), so that any number of notes costs little. Their phases follow from the time alone: the same notes always sound the
same, and there is no seam anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from music.audio import features
from music.audio.encoding import Audio
from music.audio.performance import Kind, perform
from music.audio.spectrum import match_bands
from music.piece import Piece

RATE_HZ = 2 * features.RATE_HZ
LIMITS_DB = (-80.0, 30.0)
"""How far a band may be brought to its target: sines have less between them than a recording, so more is lifted."""

# The figures below are by ear and eye, not measured.
_PARTIALS = 24
_HIGHEST_HZ = 16_000
_LEVEL = 0.1  # of the first partial of a note of full velocity: a little louder than FluidSynth plays
_RELEASE_S = 0.05
_RING, _RING_S = 0.1, 0.4  # what rings on of a note that ended: as of reverb, so that tails are tones and not noise
_NOISE = 3e-4  # what is heard between the partials
_DECAY_S = 1.2  # of middle C struck or plucked, to a third; half as long two octaves higher
_STRUCK = (*range(16), *range(24, 40), *range(45, 48), *range(104, 109), *range(112, 116))

_FFT = 1024  # 23 ms: short, so that attacks are sharp
_HOP = _FFT // 4
_LOBE = np.arange(-4, 5)  # a Hann window's peak, down to -49 dB
_BLOCK = 512  # spectra held at a time


class _Burst(NamedTuple):
    """Noise that a drum makes: its frequencies in Hz, how long until it is down to a third, and how loud it begins."""

    low_hz: float
    high_hz: float
    decay_s: float
    level: float


_KICK = _Burst(30, 160, 0.09, 0.5)
_TOM = _Burst(80, 500, 0.12, 0.3)
_SNARE = _Burst(180, 7_000, 0.07, 0.15)
_HAT = _Burst(5_000, 16_000, 0.03, 0.06)
_CYMBAL = _Burst(3_000, 16_000, 0.5, 0.06)
_BURSTS = {
    **dict.fromkeys((35, 36), _KICK),
    **dict.fromkeys((41, 43, 45, 47, 48, 50, 60, 61, 62, 63, 64, 65, 66), _TOM),
    **dict.fromkeys((42, 44, 54, 69, 70, 80), _HAT),
    **dict.fromkeys((46, 49, 51, 52, 53, 55, 57, 59, 81), _CYMBAL),
}
"""What each drum of General MIDI sounds like; those that are not named sound like a snare drum."""


class _Note(NamedTuple):
    """A note that sounds, in samples from the beginning."""

    start: int
    end: int
    pitch: int
    velocity: int
    program: int
    is_drum: bool


def pure(piece: Piece, log_mel: np.ndarray) -> Audio:
    """Returns the notes of a piece as sines and noise with the given color and loudness, in stereo at 44,100 Hz.

    Args:
        piece: its notes; pedals hold them.
        log_mel: what is to be heard, ``[frames, 80]`` as of ``features.log_mel``; the sound lasts as long.
    """
    samples = len(log_mel) * features.HOP * RATE_HZ // features.RATE_HZ
    notes = _notes(piece)
    sound = _tones([note for note in notes if not note.is_drum], samples)
    sound += _drums([note for note in notes if note.is_drum], samples)
    sound += np.float32(_NOISE) * np.random.default_rng(0).standard_normal(samples, np.float32)
    heard = match_bands(sound[:, None], log_mel, RATE_HZ, LIMITS_DB)
    return Audio(np.repeat(heard, 2, axis=1), RATE_HZ)


def _notes(piece: Piece) -> list[_Note]:
    performance, sounding, notes = perform(piece.score, RATE_HZ, pedal_in_notes=True), {}, []
    for event in performance.events:
        key = event.channel, event.first
        if event.kind == Kind.NOTE_ON:
            sounding[key] = event
        elif event.kind == Kind.NOTE_OFF and (began := sounding.pop(key, None)):
            channel = performance.channels[event.channel]
            notes.append(_Note(began.frame, event.frame, event.first, began.second, channel.program, channel.is_drum))
    return notes


def _tones(notes: Sequence[_Note], samples: int) -> np.ndarray:
    """Returns the notes as sums of harmonic sines, float32 ``[samples]``."""
    import scipy.fft

    frames = -(-samples // _HOP) + 1  # frame f is centered on sample f * _HOP
    at, pitch, level = _moments(notes, frames)
    sound = np.zeros((frames - 1) * _HOP + _FFT, np.float32)
    bounds = np.searchsorted(at, np.arange(0, frames + _BLOCK, _BLOCK))
    for first, low, high in zip(range(0, frames, _BLOCK), bounds, bounds[1:]):
        if low == high:
            continue
        spectra = _peaks(at[low:high], pitch[low:high], level[low:high], first)
        for number, wave in enumerate(scipy.fft.irfft(spectra, n=_FFT, axis=1)[: frames - first], first):
            sound[number * _HOP : number * _HOP + _FFT] += wave
    return sound[_FFT // 2 : _FFT // 2 + samples] / 2  # Hann windows a quarter apart add up to 2


def _moments(notes: Sequence[_Note], frames: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns frame, pitch and level of each frame of each note, in the order of frames: three arrays of one length."""
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for note in notes:
        at = np.arange(-(-note.start // _HOP), min(frames, 1 + int((note.end + 3 * _RING_S * RATE_HZ) / _HOP)))
        level = (
            _LEVEL * (note.velocity / 127) ** 2 * np.exp(-np.maximum(0, at * _HOP - note.end) / RATE_HZ / _RELEASE_S)
        )
        if note.program in _STRUCK:
            decay = _DECAY_S * 2 ** ((60 - note.pitch) / 24)
            level *= np.exp(-(at * _HOP - note.start) / RATE_HZ / decay)
        parts.append((at, np.full(len(at), note.pitch), level))
    at, pitch, level = (np.concatenate(part) for part in zip(*parts))
    order = np.argsort(at, kind="stable")
    return at[order], pitch[order], level[order]


def _peaks(at: np.ndarray, pitch: np.ndarray, level: np.ndarray, first: int) -> np.ndarray:
    """Returns spectra of the partials of notes, complex64 ``[_BLOCK, 1 + _FFT // 2]``, from frame ``first`` on."""
    bins = 1 + _FFT // 2
    partial = np.arange(1, _PARTIALS + 1)
    hz = (440 * 2 ** ((pitch[:, None] - 69) / 12)) * partial
    chosen = hz < _HIGHEST_HZ
    partial, hz = np.broadcast_to(partial, hz.shape)[chosen], hz[chosen]
    rows, keys = (np.broadcast_to(each[:, None], chosen.shape)[chosen] for each in (at, pitch))
    height = (np.broadcast_to(level[:, None], chosen.shape)[chosen] / partial) * (_FFT / 4)
    # 2.399 is the golden angle: no two partials begin together
    phase = 2 * np.pi * np.remainder(hz * rows * (_HOP / RATE_HZ), 1) + 2.399 * (7 * keys + 3 * partial)
    place = hz * (_FFT / RATE_HZ)
    into = np.round(place).astype(np.int64)[:, None] + _LOBE
    apart = place[:, None] - into
    apart = np.where(np.abs(np.abs(apart) - 1) < 1e-4, apart + 2e-4, apart)  # 0 / 0 there
    lobe = np.sinc(apart) / (1 - apart**2) * (1 - 2 * (into % 2)) * height[:, None]
    inside = (into >= 0) & (into < bins)
    flat = ((rows - first)[:, None] * bins + into)[inside]
    parts = [
        np.bincount(flat, (lobe * turned[:, None])[inside], _BLOCK * bins) for turned in (np.cos(phase), np.sin(phase))
    ]
    return (parts[0] + 1j * parts[1]).astype(np.complex64).reshape(_BLOCK, bins)


def _drums(notes: Sequence[_Note], samples: int) -> np.ndarray:
    """Returns the notes of drums as bursts of filtered noise, float32 ``[samples]``."""
    from scipy.signal import butter, lfilter, sosfilt

    sound = np.zeros(samples, np.float32)
    for burst in (_KICK, _TOM, _SNARE, _HAT, _CYMBAL):
        hits = np.zeros(samples, np.float32)
        for note in notes:
            if note.start < samples and _BURSTS.get(note.pitch, _SNARE) is burst:
                hits[note.start] += burst.level * (note.velocity / 127) ** 2
        if hits.any():
            fading = np.exp(-1 / (burst.decay_s * RATE_HZ))
            noise = np.random.default_rng(1).standard_normal(samples, np.float32)
            band = butter(2, (burst.low_hz, burst.high_hz), "bandpass", fs=RATE_HZ, output="sos")
            sound += sosfilt(band.astype(np.float32), noise) * lfilter([1], [1, -fading], hits).astype(np.float32)
    return sound
