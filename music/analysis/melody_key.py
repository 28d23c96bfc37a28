"""The key of a melody that stands alone, where the profiles of whole pieces (music.theory.estimate_key) often mislead.

How likely a key is follows, in a softmax over the 24 keys, from a weighted sum over what the melody does on each step
above the tonic. The weights were fitted on lead sheets and the sopranos of chorales, by

    python -m training melody_key --data DATA

which prints them, and how often they are right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import symusic

from music.bars import bar_grid
from music.chords import Chord
from music.theory import ALL_KEYS, Key, estimate_key, written_key

FEATURES = ("time", "notes", "phrase ends", "downbeats", "last note", "first note")
# From one onset to the next, in quarter notes: what lasts longer ends a phrase; no note counts for more than the second.
PHRASE_GAP, LONGEST_NOTE = 1.4, 4.0

# For major, then minor: a row for each of FEATURES, a column for each semitone above the tonic.
WEIGHTS = np.array(
    [
        [
            [8.22, -2.59, -1.08, 0.07, 6.52, -2.83, -7.61, 6.53, -2.16, 3.11, -4.76, -3.41],  # time
            [7.65, -3.74, 0.06, -0.46, 6.27, 1.2, -7.87, 4.62, -2.16, 1.5, -6.63, -0.44],  # notes
            [1.04, -1.76, 2.07, -1.51, 1.22, 1.46, -2.72, 1.2, -0.77, -0.16, -0.56, 0.49],  # phrase ends
            [2.44, -1.6, 0.54, 1.73, 1.15, 0.8, -2.97, 0.89, -0.03, 1.42, -0.13, 0.97],  # downbeats
            [1.1, 1.04, -0.56, -0.39, -0.17, -0.14, 0.58, 0.29, -0.16, -0.09, -1.82, 0.31],  # last note
            [0.07, 0.14, 0.24, 0.22, 0.7, -0.13, -0.74, 0.55, -1.59, 0.28, -0.22, 0.48],  # first note
        ],
        [
            [7.65, -4.08, 0.75, 5.67, -3.9, 0.76, -2.89, 4.19, -0.64, -6.52, 0.02, -1.03],  # time
            [5.8, -6.01, -0.75, 8.57, -5.41, 2.85, -3.49, 7.03, -0.51, -8.97, 3.08, -2.19],  # notes
            [2.02, -1.16, 1.4, -0.66, -0.36, 0.0, -1.35, 2.96, -1.16, -0.17, -2.46, 0.92],  # phrase ends
            [2.34, -0.19, 0.33, 1.93, -1.93, 1.19, -3.26, 0.57, 0.37, -5.04, 1.0, -2.52],  # downbeats
            [0.8, 0.54, 0.57, -0.21, 0.53, 0.07, 1.08, -0.36, -1.04, -1.99, -0.3, 0.3],  # last note
            [1.0, -1.62, 0.74, 0.25, -1.16, 0.38, -0.59, 1.04, 0.45, 0.75, -0.15, -1.1],  # first note
        ],
    ]
)  # fmt: skip
MAJOR_BIAS = 1.51
# How much the chords count beside the melody: the share of their tones in the key's signature, and of tonic triads.
# Chosen on the training lead sheets that name their key: 88 % of their keys are right without chords, 91 % with them.
IN_SIGNATURE, ON_TONIC = 20.0, 5.0


def melody_key(score: symusic.Score, track: int, chords: Sequence[Chord] = ()) -> tuple[Key, float]:
    """Returns the key of the melody on a track, and how likely it is among the 24, 0 to 1.

    Drums or a track without notes are C major with 0.

    Args:
        score: whose bars the melody follows; its other tracks are not heard.
        track: of the melody, from 0.
        chords: that are to accompany it, if known; those that last twice as long given twice. They raise the
            logarithm of a key's likelihood by how many of their tones its signature holds and how many are its tonic.
    """
    if score.tracks[track].is_drum or not len(score.tracks[track].notes):
        return Key(0, "major"), 0.0
    sums = np.einsum("mfs,tfs->mt", WEIGHTS, by_step(features(score, track))).reshape(-1)  # in the order of ALL_KEYS
    sums[:12] += MAJOR_BIAS
    if sounding := [chord for chord in chords if chord.tones]:
        sums += [_fit(sounding, key) for key in ALL_KEYS]
    likely = np.exp(sums - sums.max())
    return ALL_KEYS[int(likely.argmax())], round(float(likely.max() / likely.sum()), 4)


def key_of(score: symusic.Score, melody: int, chords: Sequence[Chord] = ()) -> Key:
    """Returns the key that is written, else heard: in all pitched tracks, or in a melody alone and chords that go with it."""
    if written := written_key(score):
        return written
    others = (track for number, track in enumerate(score.tracks) if number != melody and not track.is_drum)
    return estimate_key(score)[0] if any(len(track.notes) for track in others) else melody_key(score, melody, chords)[0]


def _fit(chords: Sequence[Chord], key: Key) -> float:
    signature = (key if key.mode == "major" else key.relative).scale
    third = (key.tonic + (4 if key.mode == "major" else 3)) % 12
    tones = [tone for chord in chords for tone in chord.tones]
    on_tonic = np.mean([chord.root == key.tonic and third in chord.tones for chord in chords])
    return float(IN_SIGNATURE * np.mean([tone in signature for tone in tones]) + ON_TONIC * on_tonic)


def features(score: symusic.Score, track: int) -> np.ndarray:
    """Returns the share of each pitch class (from C) in each of FEATURES, float64 [features, 12]; zeros where nothing counts."""
    notes, quarter = score.tracks[track].notes.numpy(), score.ticks_per_quarter
    onset, pitch = notes["time"].astype(np.int64), notes["pitch"].astype(np.int64) % 12
    lasts = np.clip(notes["duration"] / quarter, 1 / quarter, LONGEST_NOTE)
    onsets = np.unique(onset)
    following = np.append(onsets, np.iinfo(np.int64).max)[np.searchsorted(onsets, onset) + 1]
    counts = (
        lasts,
        np.ones(len(pitch)),
        lasts * (following - onset > PHRASE_GAP * quarter),
        lasts * np.isin(onset, [bar.start for bar in bar_grid(score, int(onsets[-1]) + 1)]),
        onset == onsets[-1],
        onset == onsets[0],
    )
    shares = np.stack([np.bincount(pitch, weights=count, minlength=12) for count in counts])
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)


def by_step(shares: np.ndarray) -> np.ndarray:
    """Returns pitch classes as steps above each tonic from C up: [features, 12] -> [12 tonics, features, 12 steps]."""
    return np.stack([np.roll(shares, -tonic, axis=1) for tonic in range(12)])
