"""Notes from how likely each key sounds, and begins, in each frame of a recording.

After Bittner et al. 2022, section 3.3: from each likely onset a note is followed until its key falls silent; what sounds
besides without an onset of its own becomes a note too, the surest first, as melodies are picked in Salamon & Gómez 2012.
Their onsets inferred from sudden rises are left out: with these thresholds they changed F1 by less than 0.001.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from music.hearing.heard_note import HeardNote

LOWEST_PITCH = 21
SILENCE_FRAMES = 11
"""Frames under the threshold that end a note: 0.13 s."""


@dataclass(frozen=True)
class Thresholds:
    """From how sure on something counts.

    Attributes:
        onset: of an onset, 0 to 1.
        frame: of a frame of a note.
        shortest: frames that a note lasts at least.
    """

    onset: float
    frame: float
    shortest: int


TUNED = Thresholds(onset=0.65, frame=0.4, shortest=4)
"""The best mean F1 on rendered piano, solo and band of the training pieces, by `python -m training hearing`."""

LATE_S = 0.007
"""By how much onsets were heard late there."""


def frame_notes(
    notes: np.ndarray, onsets: np.ndarray, frame_s: float, thresholds: Thresholds = TUNED, late_s: float = LATE_S
) -> list[HeardNote]:
    """Returns the notes that are heard, in order of time.

    Args:
        notes: how likely each key sounds, float [frames, 88] from A0, 0 to 1.
        onsets: how likely it begins.
        frame_s: seconds from frame to frame.
        thresholds: from how sure on something counts.
        late_s: by how much the frames lag behind the sound.
    """
    found = []
    left = np.array(notes, np.float32)  # what no note has taken yet
    frames, keys = np.nonzero(_peaks(onsets) & (onsets >= thresholds.onset))
    for frame, key in zip(
        frames[::-1].tolist(), keys[::-1].tolist()
    ):  # backward, so that a note ends where the next begins
        end = frame + 1 + _until_silent(left[frame + 1 : -1, key], thresholds.frame)
        if end - frame > thresholds.shortest:
            _take(left, frame, end, key)
            found.append((frame, end, key))
    sure = np.flatnonzero(left > thresholds.frame)
    for place in sure[np.argsort(-left.ravel()[sure], kind="stable")].tolist():
        frame, key = divmod(place, left.shape[1])
        if left[frame, key] <= thresholds.frame:
            continue  # taken by a surer one meanwhile
        end = frame + 1 + _until_silent(left[frame + 1 : -1, key], thresholds.frame)
        start = frame - _until_silent(left[1:frame, key][::-1], thresholds.frame)
        _take(left, max(0, start - SILENCE_FRAMES), end + SILENCE_FRAMES, key)
        if end - start > thresholds.shortest:
            found.append((start, end, key))
    return sorted(
        HeardNote(
            max(0.0, start * frame_s - late_s),
            end * frame_s - late_s,
            LOWEST_PITCH + key,
            float(np.clip(notes[start:end, key].mean(), 0.01, 1)),
        )
        for start, end, key in found
    )


def _peaks(values: np.ndarray) -> np.ndarray:
    """Returns where values [frames, keys] are larger than in the frames before and after, bool [frames, keys]."""
    peaks = np.zeros(values.shape, bool)
    peaks[1:-1] = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    return peaks


def _until_silent(ahead: np.ndarray, threshold: float) -> int:
    """Returns how many of these frames a note goes on: up to the last before a silence."""
    sounding = np.flatnonzero(ahead >= threshold)
    if not len(sounding):
        return 0
    gaps = np.diff(sounding, prepend=-1)
    stop = int(np.argmax(gaps > SILENCE_FRAMES)) if (gaps > SILENCE_FRAMES).any() else len(sounding)
    return int(sounding[stop - 1]) + 1 if stop else 0


def _take(left: np.ndarray, start: int, end: int, key: int) -> None:
    """Takes a note away from what is left, and what it makes its neighbors seem to sound."""
    left[start:end, max(0, key - 1) : key + 2] = 0
