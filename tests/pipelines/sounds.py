"""Recordings that are made up."""

from __future__ import annotations

import numpy as np

from music.audio.encoding import Audio
from music.hearing.heard_note import HeardNote
from training.quality import hums

TUNE = ((60, 1), (62, 1), (64, 2), (64, 1), (65, 1), (67, 2), (67, 1), (65, 1), (64, 1), (62, 1), (60, 4))
"""Pitches, and how many eighths each is long: four bars in four."""


def tune(bpm: float = 100.0, begins_s: float = 0.3, octave: int = 0) -> list[HeardNote]:
    """Returns TUNE as notes in time, each a little shorter than written."""
    eighth, at, notes = 30 / bpm, begins_s, []
    for pitch, length in TUNE:
        notes.append(HeardNote(at, at + 0.93 * length * eighth, pitch + 12 * octave, 0.8))
        at += length * eighth
    return notes


def a_hum(voice: str = "low", noise_db: float = 20.0, seed: int = 1) -> Audio:
    """Returns TUNE as someone hums it."""
    notes = tune(octave={"low": -1, "high": 0}[voice])
    samples = hums.hum(notes, hums.VOICES[voice], notes[-1].end_s, noise_db, np.random.default_rng(seed))
    return Audio(np.repeat(samples[:, None], 2, axis=1), hums.RATE_HZ)
