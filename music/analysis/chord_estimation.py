"""Hearing chords in notes: one chord a beat, by dynamic programming over templates.

In the manner of Pardo & Birmingham 2002 ("Algorithms for Chordal Analysis"): a chord scores by the time that its tones
sound, less that of the others, and a change costs something, less where a bar begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import symusic

from music.bars import bar_grid, score_end
from music.chords import NO_CHORD, QUALITIES, Chord, ChordSpan, beat_ticks

# What a quality costs before anything is heard: the rarer, the more.
_COSTS = {
    "": 0.0, "m": 0.0, "dim": 0.12, "aug": 0.2, "7": 0.07, "maj7": 0.1, "m7": 0.08, "m7b5": 0.16, "dim7": 0.3,
    "sus4": 0.14, "sus2": 0.2,
}  # fmt: skip
_FOREIGN = 0.8  # what a foreign tone costs, where a chord tone earns 1
_MISSING = (0.4, 0.3, 0.1, 0.2)  # what a silent root, third, fifth, seventh costs
_ROOT_IN_BASS = 0.25
_CHANGE, _CHANGE_AT_BAR = 0.6, 0.25
_SILENCE = 0.05  # of a beat's loudest tone class: below it there is nothing to hear


def estimate_chords(score: symusic.Score, tracks: Sequence[int] | None = None) -> list[ChordSpan]:
    """Returns the chords that sound in a score, in order; stretches without pitched notes have none.

    Args:
        score: any score.
        tracks: which tracks to listen to; all pitched ones by default.
    """
    end = score_end(score)
    bars = bar_grid(score, end)
    beats = [
        (tick, number == 0) for bar in bars for number, tick in enumerate(beat_ticks(bar, score.ticks_per_quarter))
    ]
    heard = [
        score.tracks[index].notes.numpy()
        for index in (range(len(score.tracks)) if tracks is None else tracks)
        if not score.tracks[index].is_drum and len(score.tracks[index].notes)
    ]
    if not heard:
        return []
    time, duration, pitch = (
        np.concatenate([notes[n] for notes in heard]).astype(np.int64) for n in ("time", "duration", "pitch")
    )
    starts = np.array([tick for tick, _ in beats])
    chords = hear(
        time, time + duration, pitch, starts, np.array([down for _, down in beats]), max(end, int(starts[-1]) + 1)
    )
    return spans_of(chords, [*np.minimum(starts, end).tolist(), end])


def spans_of(chords: Sequence[Chord | None], edges: Sequence[int], rests: bool = False) -> list[ChordSpan]:
    """Returns the spans of chords that hold from one edge to the next, neighbors that are equal as one.

    Args:
        chords: one between each two edges; None leaves a gap.
        edges: rising ticks.
        rests: whether NO_CHORD has spans too; otherwise it leaves a gap as well.
    """
    spans: list[ChordSpan] = []
    for start, end, chord in zip(edges[:-1], edges[1:], chords, strict=True):
        if chord is None or end <= start or (chord == NO_CHORD and not rests):
            continue
        if spans and spans[-1].chord == chord and spans[-1].end == start:
            spans[-1] = spans[-1]._replace(end=end)
        else:
            spans.append(ChordSpan(start, end, chord))
    return spans


def chords_at(spans: Sequence[ChordSpan], ticks: np.ndarray) -> list[Chord]:
    """Returns the chord that holds at each tick, NO_CHORD where none does."""
    if not spans:
        return [NO_CHORD] * len(ticks)
    place = np.searchsorted([span.start for span in spans], ticks, side="right") - 1
    return [
        spans[number].chord if number >= 0 and tick < spans[number].end else NO_CHORD
        for number, tick in zip(place.tolist(), ticks.tolist(), strict=True)
    ]


def hear(
    time: np.ndarray, end: np.ndarray, pitch: np.ndarray, beats: np.ndarray, downbeats: np.ndarray, stop: int
) -> list[Chord]:
    """Returns the chord of each beat, NO_CHORD where nothing sounds.

    Args:
        time, end, pitch: int [notes], pitched notes only.
        beats: int [beats], the tick at which each begins, rising.
        downbeats: bool [beats], whether it begins a bar.
        stop: where the last beat ends.
    """
    weights, bass = beat_tones(time, end, pitch, beats, stop)
    names, templates, roots, costs, missing = _templates()
    total = weights.sum(axis=1, keepdims=True)
    silent = total[:, 0] < _SILENCE
    share = weights / np.maximum(total, 1e-9)
    scores = share @ templates.T - costs
    for place, price in enumerate(_MISSING):
        tones = missing[:, place]
        absent = share[:, np.maximum(tones, 0)] < 0.04
        scores -= price * (absent & (tones >= 0))
    scores += _ROOT_IN_BASS * (bass[:, None] == roots)
    scores[silent] = 0
    best, back = scores[0], []
    for beat in range(1, len(beats)):
        change = _CHANGE_AT_BAR if downbeats[beat] else _CHANGE
        top = int(best.argmax())
        stay = best >= best[top] - change
        back.append(np.where(stay, np.arange(len(best)), top))
        best = np.where(stay, best, best[top] - change) + scores[beat]
    path = [int(best.argmax())]
    for source in reversed(back):
        path.append(int(source[path[-1]]))
    chords = []
    for state, quiet, low in zip(reversed(path), silent, bass.tolist(), strict=True):
        root, quality = names[state]
        own = {(root + step) % 12 for step in QUALITIES[quality]}
        chords.append(NO_CHORD if quiet else Chord(root, quality, low if low in own else root))
    return chords


def beat_tones(
    time: np.ndarray, end: np.ndarray, pitch: np.ndarray, beats: np.ndarray, stop: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns for how much of each beat each pitch class sounds [beats, 12], and the lowest pitch class [beats], -1 for none.

    The lowest note of a beat is the lowest of those that sound for a good part of it.
    """
    edges = np.append(beats, stop)
    lengths = np.maximum(np.diff(edges), 1)
    first = np.clip(np.searchsorted(beats, time, side="right") - 1, 0, len(beats) - 1)
    last = np.clip(np.searchsorted(beats, np.maximum(end - 1, time), side="right") - 1, 0, len(beats) - 1)
    counts = last - first + 1
    note = np.repeat(np.arange(len(time)), counts)
    beat = first[note] + np.arange(len(note)) - np.repeat(counts.cumsum() - counts, counts)
    overlap = np.minimum(end[note], edges[beat + 1]) - np.maximum(time[note], edges[beat])
    sounding = np.clip(overlap / lengths[beat], 0, 1)
    weights = np.zeros((len(beats), 12))
    np.add.at(weights, (beat, pitch[note] % 12), np.minimum(sounding, 1.0))
    lowest = np.full(len(beats), 999)
    steady = sounding >= 0.3
    np.minimum.at(lowest, beat[steady], pitch[note[steady]])
    return np.sqrt(weights), np.where(lowest < 999, lowest % 12, -1)


@lru_cache(maxsize=1)
def _templates() -> tuple[list[tuple[int, str]], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns (root, quality) of each state, its weights [states, 12], roots, costs, and its tones [states, 4], -1 for none."""
    names = [(root, quality) for quality in _COSTS for root in range(12)]
    weights = np.full((len(names), 12), -_FOREIGN)
    tones = np.full((len(names), 4), -1)
    for state, (root, quality) in enumerate(names):
        own = [(root + step) % 12 for step in QUALITIES[quality]]
        weights[state, own] = 1.0
        tones[state, : len(own)] = own
    roots = np.array([root for root, _ in names])
    return names, weights, roots, np.array([_COSTS[quality] for _, quality in names]), tones
