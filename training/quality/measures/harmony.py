"""Measures of chords under a melody, and two baselines that any model should leave behind.

The six measures are those of Yeh et al. 2020, "Automatic Melody Harmonization with Triad Chords: A Comparative Study":
three of how chords and melody fit, three of the chords alone. The paper has triads only; here a chord has as many
tones as its symbol says. None of the six says what is good: they are read beside those of the music as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import symusic

from music.analysis.chord_estimation import spans_of
from music.bars import Bar
from music.chord_symbols.grammar import steps_of
from music.chords import NO_CHORD, Chord, ChordSpan, beat_ticks
from music.theory import Key

FIT = ("CTnCTR", "PCS", "MCTD")
ALONE = ("CHE", "CC", "CTD")
AGREEMENT = ("root", "quality")
_CONSONANT = (0, 3, 4, 7, 8, 9)  # semitones of the melody above a chord tone, octaves left out
_FOURTH = 5
_RESOLVES = 2  # semitones to the next note

# The tonal centroid of Harte et al. 2006: circles of fifths, minor thirds and major thirds, with their radii.
_ANGLES = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
_CENTROIDS = np.stack([np.sin(_ANGLES), np.cos(_ANGLES)], axis=2).reshape(12, 6) * np.repeat([1.0, 1.0, 0.5], 2)

# Triads of a key in the order in which they are preferred: tonic, dominant, subdominant, sixth, second, third, seventh.
_TRIADS = {
    "major": ((0, ""), (7, ""), (5, ""), (9, "m"), (2, "m"), (4, "m"), (11, "dim")),
    "minor": ((0, "m"), (7, ""), (5, "m"), (8, ""), (2, "dim"), (3, ""), (10, "")),
}


class Line(NamedTuple):
    """The notes of a melody, by onset: int64 arrays [notes] of first tick, tick after the last, and MIDI pitch."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray


def line(track: symusic.Track) -> Line:
    """Returns the notes of a track in order; of those that start together, the highest comes last."""
    notes = track.notes.numpy()
    order = np.lexsort((notes["pitch"], notes["time"]))
    start, duration, pitch = (notes[name][order].astype(np.int64) for name in ("time", "duration", "pitch"))
    return Line(start, start + duration, pitch)


def fit(melody: Line, spans: Sequence[ChordSpan], ticks_per_quarter: int) -> dict[str, float]:
    """Returns how chords and melody fit, by the names in FIT; NaN where no note has a chord.

    - CTnCTR, chord tone to non-chord tone ratio, 0 to 1 (all notes are chord tones, or go on by step): of all notes,
      those that are tones of their chord or whose next note of another pitch is at most two semitones away. A note's
      chord is the one under which it sounds longest.
    - PCS, pitch consonance score, -1 to 1 (all consonant): for each sixteenth note of melody, the mean over the tones
      of its chord of 1 for a unison, third, fifth or sixth above it, 0 for a fourth, -1 for all else.
    - MCTD, melody to chord tonal distance, 0 (the same tones) to 3: between the tonal centroids of each note and its
      chord, weighted by how long they sound together.

    Args:
        melody: notes of one voice; where notes overlap, PCS takes the later one.
        spans: chords in order, none over another.
        ticks_per_quarter: the ticks of a quarter note.
    """
    spans = [span for span in spans if span.chord != NO_CHORD]
    if not spans or not len(melody.start):
        return dict.fromkeys(FIT, float("nan"))
    first, last = (np.array(edge) for edge in zip(*((span.start, span.end) for span in spans)))
    together = np.minimum(melody.end[:, None], last) - np.maximum(melody.start[:, None], first)
    together = np.maximum(together, 0)  # ticks [notes, spans]
    if not together.any():
        return dict.fromkeys(FIT, float("nan"))
    tones = np.array([_tones(span.chord) for span in spans])  # bool [spans, 12]
    classes = melody.pitch % 12

    own = tones[together.argmax(axis=1), classes]
    counted = together.any(axis=1)
    good = own | _goes_on_by_step(melody.pitch)

    step = max(1, ticks_per_quarter // 4)
    middles = np.arange(step / 2, melody.end.max(), step)
    note = np.searchsorted(melody.start, middles, side="right") - 1
    span = np.searchsorted(first, middles, side="right") - 1
    heard = (note >= 0) & (span >= 0) & (melody.end[note] > middles) & (last[span] > middles)
    above = (classes[note[heard], None] - np.arange(12)) % 12
    points = np.where(np.isin(above, _CONSONANT), 1.0, np.where(above == _FOURTH, 0.0, -1.0))
    under = tones[span[heard]]

    far = np.linalg.norm(centroid(np.eye(12)[classes])[:, None] - centroid(tones), axis=2)
    return {
        "CTnCTR": float(good[counted].mean()),
        "PCS": float(((points * under).sum(axis=1) / under.sum(axis=1)).mean()) if heard.any() else float("nan"),
        "MCTD": float((far * together).sum() / together.sum()),
    }


def _goes_on_by_step(pitch: np.ndarray) -> np.ndarray:
    """Returns of each note whether the next one of another pitch is near, bool [notes]."""
    found = np.zeros(len(pitch), dtype=bool)
    for place in range(len(pitch) - 2, -1, -1):
        move = abs(int(pitch[place + 1]) - int(pitch[place]))
        found[place] = move <= _RESOLVES if move else found[place + 1]
    return found


def alone(chords: Sequence[Chord]) -> dict[str, float]:
    """Returns what a sequence of chords, one a half bar, is like, by the names in ALONE; NaN where there is none.

    Chords are told apart by root and by the sixteen qualities that models know; slots without a chord do not count.

    - CHE, chord histogram entropy, in nats, 0 (one chord) up: of how often each chord comes.
    - CC, chord coverage, 1 up: how many different chords there are.
    - CTD, chord tonal distance, 0 (no change) up: the mean distance of the tonal centroids of neighbouring chords, in
      the manner of the paper also of those that stay.
    """
    chords = [chord for chord in chords if chord != NO_CHORD]
    if not chords:
        return dict.fromkeys(ALONE, float("nan"))
    counts = np.unique([chord.number for chord in chords], return_counts=True)[1]
    share = counts / counts.sum()
    places = centroid(np.array([_tones(chord) for chord in chords]))
    moves = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return {
        "CHE": float(-(share * np.log(share)).sum()) + 0.0,
        "CC": float(len(counts)),
        "CTD": float(moves.mean()) if len(moves) else float("nan"),
    }


def agreement(chords: Sequence[Chord], truth: Sequence[Chord]) -> dict[str, float]:
    """Returns on what share of beats the root is right, and the family of the quality, 0 to 1; NaN without truth.

    Beats where the truth has no chord do not count; where only it has one, both are wrong. The two are counted apart:
    A minor for C minor has the right family.
    """
    pairs = [(a, b) for a, b in zip(chords, truth, strict=True) if b != NO_CHORD]
    if not pairs:
        return dict.fromkeys(AGREEMENT, float("nan"))
    known = [a != NO_CHORD for a, _ in pairs]
    return {
        "root": float(np.mean([ok and a.root == b.root for ok, (a, b) in zip(known, pairs)])),
        "quality": float(np.mean([ok and family(a) == family(b) for ok, (a, b) in zip(known, pairs)])),
    }


def family(chord: Chord) -> str:
    """Returns "major", "minor", "diminished" or "augmented" after the chord's third and fifth, else "other" (sus, 5)."""
    steps = steps_of(chord.quality)
    if 4 in steps:
        return "augmented" if 8 in steps else "major"
    if 3 in steps:
        return "diminished" if 6 in steps and 7 not in steps else "minor"
    return "other"


def centroid(classes: np.ndarray) -> np.ndarray:
    """Returns the tonal centroids of sets of pitch classes (Harte, Sandler & Gasser 2006).

    Args:
        classes: weights [..., 12] of the pitch classes from C, not all 0.

    Returns:
        float [..., 6].
    """
    weights = np.asarray(classes, dtype=np.float64)
    return weights @ _CENTROIDS / weights.sum(axis=-1, keepdims=True)


def _tones(chord: Chord) -> np.ndarray:
    return np.isin(np.arange(12), chord.tones)


# Chords on a grid


def half_bars(bars: Sequence[Bar], ticks_per_quarter: int) -> list[int]:
    """Returns the ticks that part the halves of bars, the end of the last one too; bars of odd beats stay whole."""
    edges = []
    for bar in bars:
        found = beat_ticks(bar, ticks_per_quarter)
        edges += [bar.start] if len(found) % 2 else [bar.start, found[len(found) // 2]]
    return [*edges, bars[-1].end]


def beats(bars: Sequence[Bar], ticks_per_quarter: int) -> list[int]:
    """Returns the ticks that part the beats, the end of the last one too."""
    return [tick for bar in bars for tick in beat_ticks(bar, ticks_per_quarter)] + [bars[-1].end]


def chords_between(spans: Sequence[ChordSpan], edges: Sequence[int]) -> list[Chord]:
    """Returns the chord that holds longest between each two edges, the earlier one of equals; NO_CHORD where none does."""
    found = []
    for start, end in zip(edges, edges[1:]):
        inside = [(min(s.end, end) - max(s.start, start), s.chord) for s in spans if s.start < end and s.end > start]
        found.append(max(inside, key=lambda part: part[0])[1] if inside else NO_CHORD)
    return found


# Baselines


def tonic_chords(edges: Sequence[int], key: Key) -> list[ChordSpan]:
    """Returns the floor: the tonic triad from the first edge to the last."""
    return [ChordSpan(edges[0], edges[-1], triads(key)[0])]


def rule_chords(melody: Line, edges: Sequence[int], key: Key) -> list[ChordSpan]:
    """Returns the rule baseline: between each two edges, the triad of the key whose tones the melody sounds longest.

    Of equals the earlier one in ``triads``. Where there is no melody the chord before holds; at the beginning, the tonic.
    """
    choices = triads(key)
    own = np.array([_tones(chord) for chord in choices])
    found = []
    for start, end in zip(edges, edges[1:]):
        sounding = np.maximum(np.minimum(melody.end, end) - np.maximum(melody.start, start), 0)
        weights = np.bincount(melody.pitch % 12, sounding, minlength=12)
        if weights.any():
            found.append(choices[int((own @ weights).argmax())])
        else:
            found.append(found[-1] if found else choices[0])
    return spans_of(found, edges)


def triads(key: Key) -> list[Chord]:
    """Returns the triads of a key, in minor with a major dominant: I, V, IV, vi, ii, iii, vii."""
    return [Chord((key.tonic + step) % 12, quality) for step, quality in _TRIADS[key.mode]]
