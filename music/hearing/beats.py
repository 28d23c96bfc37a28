"""The beat under notes that were heard: a tempo, the time of each beat, and where bars begin.

Tempo is the period that the onsets repeat with most, of those that people tap; beats then follow them by dynamic
programming, so that a tempo which wavers is no harm (Ellis 2007, "Beat Tracking by Dynamic Programming"). Bars begin where long,
loud, low or many notes do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from music.hearing.heard_note import HeardNote

FRAMES_PER_SECOND = 100
BLUR_S = 0.025
"""Standard deviation of how exactly people are on a beat."""

SLOWEST_BPM, FASTEST_BPM = 50.0, 200.0
USUAL_BPM, WITHIN_OCTAVES = 105.0, 1.0
"""What people tap most, and the standard deviation around it; tuned on training recordings with the tempo they were made at."""

STRICTNESS = 120.0
"""How much a beat resists to come early or late; Ellis 2007 takes 100 for sound."""

FIRST, FIRST_BAR = 0.6, 2.0
"""By which part beats count as stronger that the first note lies on, and how much its bar line counts: most tunes begin on one.
Tuned, as what stands above, on the notes of training pieces."""

SAME_TIME_S = 0.03
LONGEST_S = 1.5
"""Longer notes are no stronger than this."""


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats under a recording, one before its first note at least and one after its last.

    Attributes:
        times_s: float64 [beats], rising.
        bpm: of the whole, beats a minute.
    """

    times_s: np.ndarray
    bpm: float

    def at(self, seconds: np.ndarray) -> np.ndarray:
        """Returns how many beats after the first each time lies, with fractions; the outer beats go on at their pace."""
        numbers = np.arange(len(self.times_s), dtype=float)
        inside = np.interp(seconds, self.times_s, numbers)
        early = np.minimum(seconds - self.times_s[0], 0) / (self.times_s[1] - self.times_s[0])
        late = np.maximum(seconds - self.times_s[-1], 0) / (self.times_s[-1] - self.times_s[-2])
        return inside + early + late


def find_beats(notes: Sequence[HeardNote], bpm: float | None = None) -> Beats:
    """Returns the beats under notes, at least one note.

    Args:
        notes: in order.
        bpm: beats a minute where they are known: then they are even, and only found in time.
    """
    times, weights = _accents(notes)
    end = max(note.end_s for note in notes)
    if bpm is not None:
        period = 60 / bpm
        turn = np.angle((weights * np.exp(2j * np.pi * times / period)).sum()) / (2 * np.pi) * period
        first = turn - period * (np.floor((turn - times[0]) / period) + 1)
        return Beats(first + period * np.arange(int((end - first) / period) + 3), bpm)
    pulse = _pulse(times, weights, max(end, times[-1]))
    period = _period(pulse)
    found = _on_the_beat(_follow(pulse, period), pulse, round(times[0] * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    step = float(np.median(np.diff(found))) if len(found) > 1 else period / FRAMES_PER_SECOND
    before = found[0] - step * np.arange(int(max(0, found[0] - times[0]) / step) + 1, 0, -1)
    after = found[-1] + step * np.arange(1, int(max(0, end - found[-1]) / step) + 2)
    beats = np.concatenate([before, found, after])
    return Beats(beats, 60 * (len(found) - 1) / (found[-1] - found[0]) if len(found) > 1 else 60 / step)


def _on_the_beat(frames: np.ndarray, pulse: np.ndarray, first: int) -> np.ndarray:
    """Returns beats, moved by half a beat if more is heard between them; ``first`` is the frame of the first note."""
    if len(frames) < 2:
        return frames
    half = np.diff(frames) / 2
    moved = np.round(np.concatenate([[frames[0] - half[0]], frames[:-1] + half, [frames[-1] + half[-1]]])).astype(int)
    moved = moved[(moved >= 0) & (moved < len(pulse))]

    def strength(beats: np.ndarray) -> float:
        return float(pulse[beats].mean()) * (1 + FIRST * bool(np.abs(beats - first).min() < 0.25 * half[0]))

    return moved if strength(moved) > strength(frames) else frames


def find_bar(notes: Sequence[HeardNote], beats: Beats, lengths: Sequence[int]) -> tuple[int, int]:
    """Returns how many beats a bar has, of these lengths, and how many beats after the first the first bar line falls.

    Of lengths that fit alike the first is taken.
    """
    times, weights = _accents(notes)
    low = _lowest(notes, times)
    places = beats.at(times)
    near = np.exp(-0.5 * ((places - np.round(places)) / 0.15) ** 2)
    strength = np.zeros(len(beats.times_s) + 1)
    np.add.at(strength, np.clip(np.round(places).astype(int), 0, len(strength) - 1), near * weights * (1 + low))
    mean = strength.mean() or 1.0
    best, chosen = -np.inf, (lengths[0], 0)
    for length in lengths:
        for phase in range(length):
            on = strength[phase::length]
            first = (round(float(places[0])) - phase) % length == 0
            contrast = (on.mean() / mean - 1) * np.sqrt(len(on)) if len(on) else 0.0
            fit = contrast + FIRST_BAR * first
            if fit > best + 1e-9:
                best, chosen = fit, (length, phase)
    return chosen


def _accents(notes: Sequence[HeardNote]) -> tuple[np.ndarray, np.ndarray]:
    """Returns when notes begin, and how strongly: those of a chord together, long and loud ones more."""
    times: list[float] = []
    weights: list[float] = []
    for note in sorted(notes):
        weight = note.strength * np.sqrt(min(max(note.end_s - note.start_s, 0.05), LONGEST_S))
        if times and note.start_s - times[-1] < SAME_TIME_S:
            weights[-1] += 0.5 * weight
        else:
            times.append(note.start_s)
            weights.append(weight)
    return np.array(times), np.array(weights)


def _lowest(notes: Sequence[HeardNote], times: np.ndarray) -> np.ndarray:
    """Returns how low the lowest note at each time is among all, 0 to 1; 0 for one voice, whose low notes say nothing."""
    pitches = np.array([note.pitch for note in notes])
    starts = np.array([note.start_s for note in notes])
    if len(times) == len(notes):
        return np.zeros(len(times))
    lowest = np.array([pitches[np.abs(starts - time) < SAME_TIME_S].min(initial=127) for time in times])
    return np.clip((np.median(pitches) - lowest) / 24, 0, 1)


def _pulse(times: np.ndarray, weights: np.ndarray, end: float) -> np.ndarray:
    """Returns how strongly notes begin around each frame, float64 [frames], of standard deviation 1."""
    pulse = np.zeros(int(end * FRAMES_PER_SECOND) + 2)
    np.add.at(pulse, np.round(times * FRAMES_PER_SECOND).astype(int), weights)
    reach = np.arange(-10, 11) / FRAMES_PER_SECOND
    pulse = np.convolve(pulse, np.exp(-0.5 * (reach / BLUR_S) ** 2), "same")
    return pulse / (pulse.std() or 1.0)


def _period(pulse: np.ndarray) -> float:
    """Returns the frames from beat to beat."""
    lags = np.arange(int(60 * FRAMES_PER_SECOND / FASTEST_BPM), int(60 * FRAMES_PER_SECOND / SLOWEST_BPM) + 1)
    size = 1 << (len(pulse) + 4 * int(lags[-1])).bit_length()
    repeats = np.fft.irfft(np.abs(np.fft.rfft(pulse - pulse.mean(), size)) ** 2, size)
    score = repeats[lags] + 0.5 * repeats[2 * lags] + 0.25 * repeats[4 * lags]
    usual = np.exp(-0.5 * (np.log2(60 * FRAMES_PER_SECOND / lags / USUAL_BPM) / WITHIN_OCTAVES) ** 2)
    return float(lags[np.argmax(np.maximum(score, 0) * usual if score.max() > 0 else usual)])


def _follow(pulse: np.ndarray, period: float) -> np.ndarray:
    """Returns the frames of the beats that lie on notes and are about a period apart (Ellis 2007)."""
    gaps = np.arange(max(1, round(period / 2)), round(2 * period) + 1)
    cost = -STRICTNESS * np.log(gaps / period) ** 2
    best = pulse.copy()
    came = np.full(len(pulse), -1)
    for frame in range(int(gaps[0]), len(pulse)):
        reach = gaps[gaps <= frame]
        scores = best[frame - reach] + cost[: len(reach)]
        choice = int(scores.argmax())
        if scores[choice] > 0:
            best[frame] += scores[choice]
            came[frame] = frame - reach[choice]
    tail = max(0, len(pulse) - int(period))
    path = [tail + int(best[tail:].argmax())]
    while came[path[-1]] >= 0:
        path.append(int(came[path[-1]]))
    return np.array(path[::-1])
