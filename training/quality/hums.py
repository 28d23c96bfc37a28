"""Hums that are made up, so that it is known what was hummed: a tune, sung as people hum it.

Vibrato that sets in late, slides from the note before, scoops from below, a voice that drifts and lies between the keys of a
piano, notes that are repeated with little more than a dip between them, breaths, and the noise of a room.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from music.hearing.heard_note import HeardNote

RATE_HZ = 22_050
LEAD_IN_S = 0.2
SHORTEST_S = 0.09

# Spread and rates are by ear from the literature on singing (Sundberg 1987: vibrato of 5 to 7 Hz and half a semitone); the
# shares of slides, scoops and repeated notes without a gap are made up.
VIBRATO_HZ = (4.8, 6.4)
VIBRATO_SEMITONES = (0.15, 0.5)
BETWEEN_KEYS = 0.35
DRIFT_SEMITONES = 0.15


class Voice(NamedTuple):
    """Whose hum it is.

    Attributes:
        middle: the MIDI pitch that the middle of the tune is brought near to, by octaves.
        harmonics: their amplitudes.
    """

    middle: int
    harmonics: tuple[float, ...]


VOICES = {
    "low": Voice(50, (1.0, 0.7, 0.45, 0.25, 0.15, 0.1, 0.06, 0.04)),
    "high": Voice(65, (1.0, 0.45, 0.2, 0.1, 0.05, 0.03)),
}


def tune(
    notes: list[HeardNote], voice: Voice, seconds: float, slower: float, rng: np.random.Generator
) -> list[HeardNote]:
    """Returns the first notes of a melody as this voice hums them: slower, in its range, one at a time.

    Args:
        notes: of a melody.
        voice: whose range is meant.
        seconds: how long the hum is.
        slower: how many times as long each note takes.
        rng: decides how long notes are held.
    """
    octave = 12 * round((voice.middle - float(np.median([note.pitch for note in notes]))) / 12)
    ordered = sorted(notes)
    sung = []
    for number, note in enumerate(ordered):
        start = note.start_s * slower + LEAD_IN_S
        until = ordered[number + 1].start_s * slower + LEAD_IN_S if number + 1 < len(ordered) else np.inf
        length = min(note.end_s * slower + LEAD_IN_S, until) - start
        if length > SHORTEST_S and start + length < seconds:
            sung.append(HeardNote(start, start + length * rng.uniform(0.85, 0.98), note.pitch + octave, 1.0))
    return sung


def hum(notes: list[HeardNote], voice: Voice, seconds: float, noise_db: float, rng: np.random.Generator) -> np.ndarray:
    """Returns float32 samples at RATE_HZ of notes as a voice hums them, in noise so many decibels below it."""
    count = int((seconds + 0.5) * RATE_HZ)
    pitch, loudness = np.full(count, np.nan), np.zeros(count)
    off, before = rng.uniform(-BETWEEN_KEYS, BETWEEN_KEYS), None
    for note in notes:
        first, last = int(note.start_s * RATE_HZ), min(count, int(note.end_s * RATE_HZ))
        pitch[first:last] = note.pitch + off + _bent(note, before, (last - first) / RATE_HZ, last - first, rng)
        loudness[first:last] = _envelope(last - first, rng)
        before = note
    times = np.arange(count) / RATE_HZ
    pitch = np.interp(times, times[~np.isnan(pitch)], pitch[~np.isnan(pitch)])
    pitch += DRIFT_SEMITONES * np.sin(2 * np.pi * rng.uniform(0.05, 0.3) * times + rng.uniform(0, 6))
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / RATE_HZ
    sound = sum(part * np.sin(number * phase) for number, part in enumerate(voice.harmonics, 1)) * loudness
    sound += _breaths(notes, count, rng)
    sound *= 0.5 / np.abs(sound).max()
    noise = _pink(count, rng)
    level = np.sqrt((sound[loudness > 0] ** 2).mean()) * 10 ** (-noise_db / 20)
    return (sound + level * noise).astype(np.float32)


def _bent(
    note: HeardNote, before: HeardNote | None, length_s: float, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns by how many semitones each sample of a note lies beside it: slide or scoop, then vibrato."""
    times = np.arange(count) / RATE_HZ
    near = before is not None and note.start_s - before.end_s < 0.15 and abs(before.pitch - note.pitch) < 8
    begin = rng.uniform(-1.2, 0.0)
    if near and rng.random() < 0.5:
        begin = float(before.pitch - note.pitch)
    bend = begin * np.exp(-times / rng.uniform(0.02, 0.04))
    wave = np.sin(2 * np.pi * rng.uniform(*VIBRATO_HZ) * times + rng.uniform(0, 6))
    return bend + rng.uniform(*VIBRATO_SEMITONES) * np.minimum(1, times / 0.3) * wave + rng.normal(0, 0.08)


def _envelope(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns how loud each sample of a note is: a soft beginning, a fall, an end."""
    times = np.arange(count) / RATE_HZ
    rise, fall = rng.uniform(0.02, 0.05), rng.uniform(0.03, 0.06)
    body = 1 - rng.uniform(0, 0.4) * times / max(times[-1], 0.1)
    return rng.uniform(0.6, 1) * body * np.minimum(1, times / rise) * np.minimum(1, times[::-1] / fall)


def _breaths(notes: list[HeardNote], count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the noise of a breath in each rest that is long enough for one."""
    sound = np.zeros(count)
    for note, after in zip(notes, notes[1:]):
        if after.start_s - note.end_s > 0.25:
            first, last = int((note.end_s + 0.05) * RATE_HZ), int((after.start_s - 0.05) * RATE_HZ)
            sound[first:last] = rng.standard_normal(last - first) * np.hanning(last - first) * rng.uniform(0.02, 0.08)
    return sound


def _pink(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns noise as of a room, of mean square 1: white, falling by 3 dB an octave above 100 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 100.0))
    noise = np.fft.irfft(spectrum, count)
    return noise / np.sqrt((noise**2).mean())
