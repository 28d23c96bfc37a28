"""Whether music is in a major key or in its relative minor: the same seven notes around another tonic.

How well the time of the pitch classes fits a profile of either key tells them apart most of the time; what the music
rests on and ends on, and whether the seventh step of minor is raised, tell more. How likely major is follows from a
weighted sum of that evidence (logistic regression). The weights were fitted on scores that write their mode, by

    python -m training relative_mode --data DATA

which prints them, and how often they are right.
"""

from __future__ import annotations

import numpy as np
import symusic

from music.bars import note_arrays
from music.theory import Key, Mode, profile_fit

EVIDENCE = ("profile", "bass", "last bass", "leading tone")
WEIGHTS, BIAS = np.array([3.34, 1.80, 1.56, 0.73]), -0.76

_GRID = 12  # steps a quarter note
_LONGEST_NOTE = 4.0  # quarter notes; no note counts for more
_SILENT = 128


def relative_mode(score: symusic.Score, key: Key) -> tuple[Mode, float]:
    """Returns whether a score is in the major or in the minor key of a signature, and how likely that is, 0.5 to 1.

    Args:
        score: whose drums do not count; without other notes it is major with 0.5.
        key: either of the two keys.
    """
    found = evidence(score, key)
    if not found.any():
        return "major", 0.5
    major = 1 / (1 + np.exp(-float(found @ WEIGHTS + BIAS)))
    return ("major", round(major, 4)) if major >= 0.5 else ("minor", round(1 - major, 4))


def evidence(score: symusic.Score, key: Key) -> np.ndarray:
    """Returns what speaks for the major key of a signature (positive) or for the minor one, float64 [EVIDENCE].

    - profile: how much better the pitch classes, weighted by duration, fit the profile of major (Krumhansl & Kessler 1982):
      a difference of two correlations.
    - bass: the share of time in which the lowest sounding note is the tonic of major, less that of minor's.
    - last bass: 1 where the last one is the tonic of major, -1 where it is that of minor.
    - leading tone: 1 where the seventh step of minor is never raised, -1 where it is at least half of the time.

    All are 0 for a score without pitched notes.
    """
    major, minor = (key, key.relative) if key.mode == "major" else (key.relative, key)
    start, end, pitch = _notes(score)
    if not len(start):
        return np.zeros(len(EVIDENCE))
    times = np.bincount(pitch % 12, weights=np.minimum(end - start, _LONGEST_NOTE * _GRID), minlength=12)
    bass = _lowest(start, end, pitch) % 12
    natural, raised = times[(minor.tonic + 10) % 12], times[(minor.tonic + 11) % 12]
    sevenths = natural + raised
    on_tonic = (bass == major.tonic).astype(float) - (bass == minor.tonic)
    return np.array(
        [
            profile_fit(times, major) - profile_fit(times, minor) if np.ptp(times) else 0.0,
            on_tonic.mean(),
            on_tonic[-1],
            1 - 2 * min(1.0, 2 * raised / sevenths) if sevenths else 1.0,
        ]
    )


def _notes(score: symusic.Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns start and end (at least one later) in grid steps and pitch of every pitched note."""
    pitched = symusic.Score(score.ticks_per_quarter)
    pitched.tracks.extend(track for track in score.tracks if not track.is_drum)
    notes = note_arrays(pitched)
    if not notes:
        return (np.zeros(0, dtype=np.int64),) * 3
    onset, duration, pitch = (
        np.concatenate([part[name].astype(np.int64) for part in notes]) for name in ("time", "duration", "pitch")
    )
    start, end = (np.rint(at * _GRID / score.ticks_per_quarter).astype(np.int64) for at in (onset, onset + duration))
    return start, np.maximum(end, start + 1), pitch


def _lowest(start: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Returns the lowest pitch that sounds in each grid step in which any does."""
    lowest = np.full(int(end.max()), _SILENT)
    for note in np.argsort(-pitch, kind="stable"):  # lower notes overwrite higher ones
        lowest[start[note] : end[note]] = pitch[note]
    return lowest[lowest < _SILENT]
