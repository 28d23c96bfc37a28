"""The reverb that a player adds: dry stems, and how strong it is to be, add up to what is rendered."""

from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.audio.fluidsynth import library
from music.audio.render import render_stems
from music.audio.reverb import reverb_strengths
from music.audio.soundfonts import bundled_soundfont
from music.mixing import REVERB
from music.piece import Piece

pytestmark = pytest.mark.skipif(library() is None, reason="FluidSynth is not installed")
TRUMPET = 56  # which the bundled bank gives several times the reverb of others


def song(send: int) -> Piece:
    score = symusic.Score(480)
    for program in (0, TRUMPET):
        track = symusic.Track("", program, False)
        track.notes.extend(symusic.Note(240 * n, 200, 60 + (5 * n) % 12, 90) for n in range(12))
        track.controls.append(symusic.ControlChange(0, REVERB, send))
        score.tracks.append(track)
    score.tracks.insert(1, symusic.Track("empty", 3, False))
    return Piece(score)


def test_dry_stems_with_so_much_reverb_are_as_strong_as_those_that_are_rendered():
    bank = bundled_soundfont()
    dry, silent, wet = (
        [stem.audio.samples for stem in render_stems(song(send), bank, dry=is_dry)]
        for send, is_dry in ((100, True), (0, False), (100, False))
    )
    strengths = reverb_strengths(song(7), bank)
    assert list(strengths) == [0, 2] and strengths[2] > 2 * strengths[0]
    for number, strength in enumerate(strengths.values()):
        assert np.array_equal(dry[number], silent[number])  # whatever the mix says
        frames = min(len(dry[number]), len(wet[number]))
        scale = np.vdot(dry[number][:frames], wet[number][:frames]) / np.vdot(
            dry[number], dry[number]
        )  # of the masters
        reverb = wet[number][:frames] / scale - dry[number][:frames]
        told = 100 / 127 * strength * np.linalg.norm(dry[number].mean(1)) * np.sqrt(2)
        assert 0.6 < told / np.linalg.norm(reverb) < 1.6
    assert reverb_strengths(Piece.empty(), bank) == {}
