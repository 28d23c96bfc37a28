"""What a chord network reads of a melody: numbers for each beat, and where the beat stands. Needs numpy only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from music.tokens.columns import FIRST, Octuple

SLOTS = 6  # of a beat
BARS_AGO = (1, 2, 4, 8)
FEATURES = 12 * (SLOTS + 3) + 2 + 2 * len(BARS_AGO)
MOST_BEATS, HYPERMETER = 16, 8
PLACES = (MOST_BEATS, MOST_BEATS, HYPERMETER)
"""Ids of a beat's number in its bar, of how many beats the bar has, and of the bar in eights from the first bar with a note."""
MIDDLE_C, OCTAVE = 60, 12


class ChordGrid(NamedTuple):
    """A melody on its beats.

    Attributes:
        features: float32 [beats, FEATURES].
        places: int64 [beats, places].
    """

    features: np.ndarray
    places: np.ndarray


def chord_grid(melody: np.ndarray, beats: np.ndarray, durations: np.ndarray) -> ChordGrid:
    """Returns a melody as a chord network reads it.

    Args:
        melody: octuples [notes, 8], moved to C major or A minor.
        beats: octuples [beats, 8] in order, one a beat, from the first bar of what is read.
        durations: of the vocabulary, in positions.
    """
    bars = beats[:, Octuple.BAR].astype(np.int64) - beats[0, Octuple.BAR]
    within = beats[:, Octuple.POSITION].astype(np.int64) - FIRST
    lengths = np.asarray(durations)[beats[:, Octuple.DURATION] - FIRST]
    whole = np.zeros(bars[-1] + 1, dtype=np.int64)
    np.maximum.at(whole, bars, within + lengths)
    starts = np.concatenate([[0], whole.cumsum()])
    onsets = starts[bars] + within
    edges = np.append(onsets, starts[-1])
    bar = melody[:, Octuple.BAR].astype(np.int64) - beats[0, Octuple.BAR]
    inside = (bar >= 0) & (bar < len(whole))
    melody, bar = melody[inside], bar[inside]
    begin = starts[bar] + melody[:, Octuple.POSITION] - FIRST
    end = np.minimum(begin + np.asarray(durations)[melody[:, Octuple.DURATION] - FIRST], starts[-1])
    pitch = melody[:, Octuple.PITCH].astype(np.int64) - FIRST

    sounding, struck = np.zeros((starts[-1] + 1, 12)), np.zeros((starts[-1] + 1, 12))
    height, voices = np.zeros(starts[-1] + 1), np.zeros(starts[-1] + 1)
    for first, last, note in zip(begin.tolist(), end.tolist(), pitch.tolist(), strict=True):
        sounding[first:last, note % 12] = 1
        height[first:last] += (note - MIDDLE_C) / OCTAVE
        voices[first:last] += 1
    struck[np.minimum(begin, starts[-1]), pitch % 12] = 1

    def mean(of: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Returns means between edges."""
        total = np.concatenate([np.zeros((1, *of.shape[1:])), of.cumsum(axis=0)])
        size = np.maximum(np.diff(at), 1).reshape(-1, *[1] * (of.ndim - 1))
        return np.diff(total[at], axis=0) / size

    share = np.arange(SLOTS + 1) / SLOTS
    slot_edges = np.round(onsets[:, None] + share * np.diff(edges)[:, None]).astype(np.int64)
    slots = mean(sounding, np.append(slot_edges[:, :-1].ravel(), starts[-1])).reshape(len(beats), SLOTS * 12)
    hits = np.minimum(mean(struck, edges) * np.diff(edges)[:, None], 1)
    of_beat, of_bar = mean(sounding, edges), mean(sounding, starts)
    loud = mean(voices, edges)
    high = np.where(loud > 0, mean(height, edges) / np.maximum(loud, 1e-9), 0)
    again = _repeats([sounding[a:b] for a, b in zip(starts, starts[1:], strict=False)])
    features = np.concatenate(
        [slots, hits, of_beat, of_bar[bars], np.stack([high, loud > 0], axis=1), again[bars]], axis=1
    )
    counts = np.bincount(bars)
    number = np.arange(len(bars)) - (counts.cumsum() - counts)[bars]
    first = int(bar.min()) if len(bar) else 0
    places = np.stack(
        [np.minimum(number, MOST_BEATS - 1), np.minimum(counts[bars], MOST_BEATS) - 1, (bars - first) % HYPERMETER],
        axis=1,
    )
    return ChordGrid(features.astype(np.float32), places)


def _repeats(bars: list[np.ndarray]) -> np.ndarray:
    """Returns for each bar how much of it equals the bars so many before and after, [bars, 2 x BARS_AGO]."""
    found = np.zeros((len(bars), 2 * len(BARS_AGO)))
    for column, ago in enumerate(BARS_AGO):
        for number in range(ago, len(bars)):
            one, other = bars[number], bars[number - ago]
            if one.shape == other.shape and one.any():
                same = (one == other).all(axis=1).mean()
                found[number, column] = found[number - ago, len(BARS_AGO) + column] = same
    return found
