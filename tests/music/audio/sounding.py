"""Tracks and pieces to be heard, and how their sound is measured."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import symusic

from music.audio import fluidsynth as fluid
from music.piece import Piece

ROOT = Path(__file__).resolve().parents[3]
RATE = 22_050
QUARTER = 480

needs_fluidsynth = pytest.mark.skipif(fluid.library() is None, reason="libfluidsynth is not installed")


def track(notes, program=0, is_drum=False, name="", controls=(), bends=()):
    """Returns a track from (quarter, quarters, pitch, velocity) tuples and (quarter, …) controls and bends."""
    made = symusic.Track(name, program, is_drum)
    for start, length, pitch, velocity in notes:
        made.notes.append(symusic.Note(round(start * QUARTER), round(length * QUARTER), pitch, velocity))
    for start, number, value in controls:
        made.controls.append(symusic.ControlChange(round(start * QUARTER), number, value))
    for start, value in bends:
        made.pitch_bends.append(symusic.PitchBend(round(start * QUARTER), value))
    return made


def piece(*tracks, tempos=((0, 120.0),)):
    """Returns a piece of these tracks; a quarter lasts 0.5 s unless tempos (quarter, BPM) say otherwise."""
    score = symusic.Score(QUARTER)
    for start, qpm in tempos:
        score.tempos.append(symusic.Tempo(round(start * QUARTER), qpm=qpm))
    for made in tracks:
        score.tracks.append(made)
    return Piece(score)


def level_db(samples):
    return 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-12)


def pitch_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


def span(samples, start, stop, rate=RATE):
    return samples[round(start * rate) : round(stop * rate)]


NOTE = (0, 2, 69, 100)


def run(code, **environment):
    """Returns the finished process of some Python code with the tests' own builders at hand."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
