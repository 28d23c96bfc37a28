"""The notes of one voice from its pitch track: a hidden Markov model whose states are the semitones and silence.

People hum between the keys of a piano and drift, so the semitones are laid where the singer's own are: at first all over the
recording, then around each moment. A state forgives half a semitone and more, as vibrato, slides and scoops need, and leaving it
costs, so that a note is left only for another that is held (after Mauch et al. 2015, "Computer-aided Melody Note Transcription
Using the Tony Software", with one state a note in place of three). Notes that are repeated are told apart by the dip between them.
"""

from __future__ import annotations

import numpy as np

from music.hearing.heard_note import HeardNote
from music.hearing.pitch_track import HOP, RATE_HZ, PitchTrack

# Tuned with `python -m training quality basic-pitch` on hums of training tunes; see music/hearing in docs/architecture.md.
VOICED_AT, VOICED_WITHIN = 0.3, 0.06
"""Aperiodicity at which a frame is as likely sung as not, and how sharply."""

QUIET = 0.05
"""Part of a loud frame's level under which nothing is sung."""

SPREAD = 0.6
"""Standard deviation, in semitones, of the pitch of a frame around that of its note."""

FARTHEST = 4.0
"""Nats that a frame can cost at most, however far it is from its note: a slip of the pitch track is no other note."""

UNVOICED = 2.0
"""Nats that a frame without pitch costs a note, and one with pitch a rest."""

CHANGE = 6.0
"""Nats that it costs to go to another note or to a rest."""

SHORTEST_S = 0.08
DIP_DB = 4.0
DIP_S = 0.12
"""How deep the level falls between two notes of one pitch, and how far around it is looked."""

SLIDE_S, SLIDE_SEMITONES = 0.13, 0.4
"""A stretch shorter than this whose pitch moves at least so far toward the next one is a slide into it."""

RISE_FRAMES, RISE_DB, RISE_OVER_DB = 8, 14.0, 3.0
"""How far before its pitch is clear a note may begin, how far below its first loudness, and how far above what is there else."""

DRIFT_S = 6.0
"""Seconds around a moment that decide where its semitones lie."""


def hummed_notes(track: PitchTrack) -> list[HeardNote]:
    """Returns the notes that a voice sang, in order, one at a time; none where nothing was sung."""
    voiced = voicing(track) if len(track) else np.zeros(0)
    if (voiced > 0.5).sum() * HOP < SHORTEST_S * RATE_HZ:
        return []
    pitch = track.pitch - _tuning(track.pitch, voiced)
    decibels = 20 * np.log10(np.maximum(track.level, 1e-6))
    loudest = np.percentile(decibels[voiced > 0.5], 95)
    parts = [
        (first + begin, first + end, semitone)
        for first, last, semitone in _held(_runs(_states(pitch, voiced)), pitch)
        for begin, end in _apart(decibels[first:last])
    ]
    notes = []
    before = 0
    for first, last, semitone in parts:
        first = _rise(decibels, first, before)
        level = float(np.percentile(decibels[first:last], 75) - loudest)
        notes.append(HeardNote(_seconds(first), _seconds(last), semitone, float(np.clip(1 + level / 40, 0.1, 1))))
        before = last
    return notes


def voicing(track: PitchTrack) -> np.ndarray:
    """Returns how likely each frame is sung, 0 to 1, float64 [frames]."""
    likely = 1 / (1 + np.exp((track.aperiodicity - VOICED_AT) / VOICED_WITHIN))
    return likely * (track.level > QUIET * np.percentile(track.level, 95)) * (track.level > 1e-5)


def _tuning(pitch: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Returns by how many semitones the voice lies above the keys of a piano around each frame, float64 [frames]."""
    turns = np.exp(2j * np.pi * pitch) * voiced
    around = np.hanning(int(2 * DRIFT_S * RATE_HZ / HOP) | 1)
    local = np.convolve(turns, around, "full")[len(around) // 2 :][: len(pitch)] + turns.sum() * 0.05
    angles = np.unwrap(np.angle(local)) / (2 * np.pi)
    overall = np.angle(turns.sum()) / (2 * np.pi)
    return angles - np.round(np.average(angles, weights=voiced) - overall)


def _states(pitch: np.ndarray, voiced: np.ndarray) -> np.ndarray:
    """Returns the likeliest semitone of each frame, int64 [frames]; -1 for none (Viterbi's algorithm)."""
    sung = pitch[voiced > 0.5]
    semitones = np.arange(int(np.floor(sung.min())) - 1, int(np.ceil(sung.max())) + 2)
    away = np.minimum((pitch[:, None] - semitones) ** 2 / (2 * SPREAD**2), FARTHEST)
    cost = np.column_stack([away * voiced[:, None] + UNVOICED * (1 - voiced[:, None]), UNVOICED * voiced])
    states = np.arange(cost.shape[1])
    came = np.empty(cost.shape, np.int64)
    best = cost[0]
    for frame in range(1, len(cost)):
        nearest = best.argmin()
        changed = best[nearest] + CHANGE
        came[frame] = np.where(best <= changed, states, nearest)
        best = np.minimum(best, changed) + cost[frame]
    path = np.empty(len(cost), np.int64)
    path[-1] = best.argmin()
    for frame in range(len(cost) - 1, 0, -1):
        path[frame - 1] = came[frame, path[frame]]
    return np.append(semitones, -1)[path]


def _runs(states: np.ndarray) -> list[tuple[int, int, int]]:
    """Returns first frame, last frame + 1 and semitone of each stretch of one note."""
    edges = np.flatnonzero(np.diff(states)) + 1
    starts, ends = np.concatenate([[0], edges]), np.append(edges, len(states))
    return [
        (int(start), int(end), int(states[start]))
        for start, end in zip(starts, ends, strict=True)
        if states[start] >= 0
    ]


def _held(runs: list[tuple[int, int, int]], pitch: np.ndarray) -> list[tuple[int, int, int]]:
    """Returns the stretches that are notes: a short one that slides into the next belongs to it, others need some length.

    The pitch of a note is the one in its middle, where the voice has arrived.
    """
    kept: list[tuple[int, int, int]] = []
    start = None
    for number, (first, last, semitone) in enumerate(runs):
        first = first if start is None else start
        start = None
        short = (last - first) * HOP < SLIDE_S * RATE_HZ
        if short and number + 1 < len(runs) and runs[number + 1][0] == last:
            toward = runs[number + 1][2] - semitone
            moved = float(pitch[last - 1] - pitch[first])
            if abs(toward) <= 2 and moved * np.sign(toward) > SLIDE_SEMITONES:
                start = first
                continue
        if (last - first) * HOP < SHORTEST_S * RATE_HZ:
            continue
        quarter = (last - first) // 4
        kept.append((first, last, round(float(np.median(pitch[first + quarter : last - quarter])))))
    return kept


def _rise(decibels: np.ndarray, first: int, earliest: int) -> int:
    """Returns the frame in which the level begins to rise to a note: its pitch is clear only some frames later."""
    earliest = max(earliest, first - RISE_FRAMES)
    before = decibels[earliest : first + 1]
    loud = max(decibels[first : first + RISE_FRAMES].max() - RISE_DB, before.min() + RISE_OVER_DB)
    quiet = np.flatnonzero(before < loud)
    return earliest + int(quiet[-1]) if len(quiet) else first


def _apart(decibels: np.ndarray) -> list[tuple[int, int]]:
    """Returns the notes, as first frame and last frame + 1, into which dips of the level part a stretch of one pitch."""
    reach, shortest = int(DIP_S * RATE_HZ / HOP), int(np.ceil(SHORTEST_S * RATE_HZ / HOP))
    cuts = [0]
    for frame in range(shortest, len(decibels) - shortest):
        around = decibels[max(0, frame - reach // 2) : frame + reach // 2 + 1]
        sides = min(decibels[max(0, frame - reach) : frame].max(), decibels[frame + 1 : frame + 1 + reach].max())
        if decibels[frame] == around.min() and sides - decibels[frame] > DIP_DB and frame - cuts[-1] >= shortest:
            cuts.append(frame)
    return list(zip(cuts, [*cuts[1:], len(decibels)]))


def _seconds(frame: int) -> float:
    return frame * HOP / RATE_HZ
