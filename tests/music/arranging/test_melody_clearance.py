"""Chords make room for the melody."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from music.arranging.melody_clearance import LOWEST, keep_below_melody
from music.arranging.parts import (
    NoteColumn,
    read_arrangement,
    read_parts,
)
from tests.examples import examples
from tests.music.arranging.band_scores import band_song, songs


def covered(song, tune, part) -> int:
    """Returns how many notes of a part begin at or above the melody that sounds then."""
    over = 0
    for time, _, pitch, _ in part.tolist():
        sounding = tune[
            (tune[:, NoteColumn.TIME] <= time) & (tune[:, NoteColumn.TIME] + tune[:, 1] > time), NoteColumn.PITCH
        ]
        over += bool(len(sounding)) and pitch >= sounding.min()
    return over


def test_chords_that_cover_the_melody_move_below_it_and_stay_what_they_are():
    score = band_song(players=("piano",)).score
    notes = score.tracks[1].notes.numpy()
    score.tracks[1].notes = type(score.tracks[1].notes).from_numpy(
        notes["time"], notes["duration"], np.minimum(notes["pitch"] + 24, 108).astype(np.int8), notes["velocity"]
    )
    song, parts = read_arrangement(score), read_parts(score)
    cleared = keep_below_melody(song, parts)
    before, after = (covered(song, parts[0], part[1]) for part in (parts, cleared))
    assert before > 20
    assert after < before / 10
    assert np.array_equal(cleared[0], parts[0])
    heard, kept = ({(t, p % 12) for t, _, p, _ in part[1].tolist()} for part in (parts, cleared))
    assert kept <= heard  # the same chords: notes moved by octaves, doublings went


@settings(max_examples=examples(40), deadline=None)
@given(songs())
def test_lines_basses_and_drums_stay_and_nothing_sinks_into_the_mud(piece):
    song, parts = read_arrangement(piece.score), read_parts(piece.score)
    for track, (role, before, after) in enumerate(zip(song.roles, parts, keep_below_melody(song, parts), strict=True)):
        if role in ("melody", "rhythm", "bass"):
            assert np.array_equal(before, after), track
        moved = {tuple(note) for note in after.tolist()} - {tuple(note) for note in before.tolist()}
        assert all(note[NoteColumn.PITCH] >= LOWEST for note in moved)
        assert len(after) <= len(before)
