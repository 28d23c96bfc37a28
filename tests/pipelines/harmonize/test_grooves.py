"""Harmonize in a style: the model chooses the chords, the patterns of the style say who plays them and how."""

from __future__ import annotations

import pytest

from music.chords import chord_spans, parse_chord_names
from music.errors import StudioError
from music.instruments import DRUMS, program_of
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from tests.pipelines.harmonize.test_harmonize import SONG
from tests.pipelines.remix_checks import notes_of

pytestmark = pytest.mark.usefixtures("random_models")
BAR = 1920


def styled(**options):
    asked = HarmonizeOptions(**{"checkpoint": "random-harmonize", "groove": "bossa nova"} | options)
    *_, step = harmonize(SONG, asked)
    return step.piece


def test_a_band_plays_the_style_under_a_melody_that_stays():
    band = ("nylon guitar", "acoustic bass", "drums")
    song = styled(style="band", instruments=band)
    assert notes_of(song.score.tracks[0]) == notes_of(SONG.score.tracks[0])
    assert [program_of(track) for track in song.score.tracks[1:]] == [DRUMS, 24, 32]
    assert song.history[-1]["options"]["groove"] == "bossa nova"
    bass = next(track for track in song.score.tracks if program_of(track) == 32)
    beats = {round(note.time % BAR / 480, 2) for note in bass.notes if note.time < 7 * BAR}
    assert {0.0, 1.5, 2.0} <= beats, "the bossa's dotted bass"
    other = styled(style="band", instruments=band, groove="swing")
    assert chord_spans(song.score) == chord_spans(other.score), "a style changes who strikes when, not the chords"


def test_typed_chords_are_what_the_band_plays():
    song = styled(
        style="band", instruments=("piano", "bass"), chords=parse_chord_names("C | F | G7 | C"), groove="tango"
    )
    bass = next(track for track in song.score.tracks if program_of(track) == 33)
    on_downbeats = [note.pitch % 12 for note in sorted(bass.notes, key=lambda note: note.time) if note.time % BAR == 0]
    assert on_downbeats == [0, 5, 7, 0] * 2


def test_some_bars_are_played_in_another_style_and_the_others_stay():
    before = styled(style="band", instruments=("piano", "bass", "drums"))
    asked = HarmonizeOptions(
        style="band", bars=(2, 3), groove="polka", instruments=("piano", "bass", "drums"), checkpoint="random-harmonize"
    )
    *_, step = harmonize(before, asked)
    for number, (one, other) in enumerate(zip(before.score.tracks, step.piece.score.tracks, strict=True)):
        inside = [{(n.time, n.pitch) for n in t.notes if 2 * BAR <= n.time < 4 * BAR} for t in (one, other)]
        outside = [{(n.time, n.pitch) for n in t.notes if not 2 * BAR <= n.time < 4 * BAR} for t in (one, other)]
        assert outside[0] == outside[1]
        assert (inside[0] == inside[1]) == (number == 0)


@pytest.mark.parametrize(
    ("options", "word"),
    [({"style": "chords"}, "groove"), ({"style": "chorale"}, "groove"), ({"style": "band", "groove": "gavotta"}, "gavotta")],
)  # fmt: skip
def test_a_style_without_players_and_an_unknown_one_are_refused(options, word):
    with pytest.raises(StudioError, match=word):
        styled(**options)
