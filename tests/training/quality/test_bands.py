"""Bands of made-up notes: who plays in how many bars, bass on the kick, bass in the chords."""

from __future__ import annotations

import math

import numpy as np
import pytest

from music.files.midi import write_midi
from music.instruments import DRUMS
from music.piece import Piece
from tests.training.conftest import score_of
from training.data.prepare import Source
from training.quality.bands import AGREE, GOAL, KICK, as_text, band, bands, is_band, real_bands, role_of

PIANO, BASS, SAX = 0, 33, 66


def trio(bars: int = 16, bass_pitch: int = 36):
    """Returns drums with a kick on one and three, bass on every quarter, and C major chords of the piano."""
    drums = [
        (4 * bar + beat, 0.25, pitch) for bar in range(bars) for beat, pitch in ((0, 36), (1, 38), (2, 36), (3, 38))
    ]
    bass = [(4 * bar + beat, 1, bass_pitch) for bar in range(bars) for beat in range(4)]
    piano = [(4 * bar, 4, pitch) for bar in range(bars) for pitch in (60, 64, 67)]
    return score_of((PIANO, piano), (BASS, bass), (DRUMS, drums))


def test_roles():
    roles = {"drums": DRUMS, "bass": BASS, "chords": PIANO, "others": SAX}
    assert all(role_of(program) == role for role, program in roles.items())
    assert role_of(29) == role_of(16) == role_of(48) == "chords" and role_of(43) == "bass"
    assert is_band([DRUMS, BASS, PIANO, SAX]) and not is_band([DRUMS, BASS, SAX]) and not is_band([PIANO, BASS])


def test_who_plays_in_how_many_bars():
    score = score_of((PIANO, [(0, 8, 60)]), (BASS, [(0, 1, 36), (7, 2, 36)]), (DRUMS, [(4, 1, 38)]), (27, [(0, 4, 60)]))
    found = band(score, [PIANO, BASS, DRUMS, 27, SAX], bars=4)
    assert found["bass play"] == 3 / 4  # the tied note sounds in two bars
    assert found["drums play"] == 1 / 4
    assert found["chords play"] == pytest.approx((2 / 4 + 1 / 4) / 2)  # piano and guitar
    assert found["others play"] == 0  # asked for and never heard
    assert math.isnan(band(score, [PIANO, BASS, DRUMS], bars=4)["others play"])


def test_bars_beyond_the_last_note_count_and_those_after_the_wish_do_not():
    assert band(trio(2), [PIANO, BASS, DRUMS], bars=8)["bass play"] == 1 / 4
    assert band(trio(16), [PIANO, BASS, DRUMS], bars=8)["bass play"] == 1
    assert band(score_of((PIANO, [])), [PIANO, BASS, DRUMS], bars=8)["bass play"] == 0


def test_bass_on_the_kick_where_both_play():
    assert band(trio(), [PIANO, BASS, DRUMS], 16)[KICK] == 1 / 2
    drums = [(0, 0.1, 36), (0.5, 0.1, 38), (4, 0.1, 38), (8, 0.1, 35)]
    bass = [(1 / 12, 0.5, 36), (2 / 12, 0.5, 36), (4, 1, 36), (8, 1, 36), (9, 1, 36), (12, 1, 36)]
    score = score_of((BASS, bass), (DRUMS, drums))
    # the second and fourth bar have no kick; one step away is together, two are not
    assert band(score, [BASS, DRUMS], 4)[KICK] == 2 / 4
    assert math.isnan(band(score_of((BASS, bass)), [BASS, DRUMS], 4)[KICK])


def test_bass_time_in_the_chords_by_half_bars():
    assert band(trio(), [PIANO, BASS, DRUMS], 16)[AGREE] == 1
    assert band(trio(bass_pitch=38), [PIANO, BASS, DRUMS], 16)[AGREE] == 0
    piano = [(0, 2, 60), (2, 2, 62)]
    bass = [(0, 3, 36), (3, 1, 38), (4, 4, 36)]
    # C is right for two quarters and wrong for one, D is right for one; the second bar has no chord
    assert band(score_of((PIANO, piano), (BASS, bass)), [PIANO, BASS], 2)[AGREE] == pytest.approx(3 / 4)


def test_other_tracks_do_not_count_as_bass_or_chords():
    score = score_of((SAX, [(0, 4, 62)]), (PIANO, [(0, 4, 60)]), (BASS, [(0, 4, 38)]))
    assert band(score, [PIANO, BASS, SAX], 1)[AGREE] == 0


def test_written_bands_beside_real_ones(tmp_path):
    for number in range(4):
        write_midi(
            Piece(trio(20) if number else score_of((PIANO, [(i, 1, 60) for i in range(80)]))),
            tmp_path / f"{number}.mid",
        )
    sources = [Source(tmp_path / f"{number}.mid", str(number), "valid", None) for number in range(4)]
    sources.append(Source(tmp_path / "1.mid", "seen", "train", None))
    real = real_bands({"gm_free_games": (False, sources)}, 5, np.random.default_rng(0))
    assert {who: len(scores) for who, scores in real.items()} == {"musicians": 3, "accompaniment program": 0}

    asked = [PIANO, BASS, DRUMS]
    silent_bass = score_of(*((p, []) for p in asked), (PIANO, [(4 * bar, 4, 60) for bar in range(16)]))
    figures = bands([(trio(), asked, 16), (silent_bass, asked, 16), (trio(), [SAX], 16)], real)
    assert figures["pieces"]["written"] == 2
    row = figures["bass play"]
    assert row["written"]["mean"] == 0.5 and row["musicians"]["mean"] == 1 and row["goal"] == GOAL and not row["met"]
    assert figures["chords play"]["met"] and figures["others play"]["met"] is None  # nobody else was asked for
    assert figures[KICK]["written"]["mean"] == 0.5  # where there is a bass
    text = "\n".join(as_text(figures))
    assert "not met" in text and "3 excerpts (musicians)" in text
