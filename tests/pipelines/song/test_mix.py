"""Mix keeps what it promises for any song: the melody, the length, the marks, and playable notes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.bars import score_end
from music.form import sections
from music.piece import Piece
from pipelines.song.band_options import MixOptions
from pipelines.song.mix import mix
from tests.examples import examples
from tests.music.arranging.band_scores import BAND, band_song, songs
from tests.pipelines.scores import pieces
from tests.pipelines.songs import band
from training.quality.measures.pieces import measure

OFF = MixOptions(dynamics=0.0, layers=False, groove=False, clear=False, fills=False)

wishes = st.builds(
    MixOptions,
    dynamics=st.sampled_from([0.0, 60.0, 100.0]),
    layers=st.booleans(),
    groove=st.booleans(),
    clear=st.booleans(),
    fills=st.booleans(),
    ritardando=st.booleans(),
    seed=st.integers(0, 9),
)


def mixed(piece: Piece, options: MixOptions = MixOptions()) -> Piece:  # noqa: B008
    *_, last = mix(piece, options)
    return last.piece


def rows(track) -> list[tuple[int, int, int]]:
    return sorted((note.time, note.duration, note.pitch) for note in track.notes)


def overlaps(track) -> int:
    notes = rows(track)
    return sum(
        a[2] == b[2] and a[0] + a[1] > b[0]
        for pitch in {n[2] for n in notes}
        for a, b in zip(*(lambda own: (own, own[1:]))([n for n in notes if n[2] == pitch]), strict=False)
    )


def marks(piece: Piece) -> list[tuple[int, str]]:
    return [(marker.time, marker.text) for marker in piece.score.markers]


@settings(max_examples=examples(40), deadline=None)
@given(songs(), wishes)
def test_a_song_keeps_its_melody_its_length_its_marks_and_its_players(song, options):
    before = song.fingerprint
    out = mixed(song, options)
    assert song.fingerprint == before  # the input stays
    assert rows(out.score.tracks[0]) == rows(song.score.tracks[0])
    assert score_end(out.score) == score_end(song.score)
    assert marks(out) == marks(song)
    was, now = song.score.tracks, out.score.tracks
    assert [(t.name, t.program, t.is_drum) for t in now] == [(t.name, t.program, t.is_drum) for t in was]
    assert [len(t.notes) > 0 for t in now] == [len(t.notes) > 0 for t in was]
    shortest = song.score.ticks_per_quarter / 24
    for before, after in zip(was, now, strict=True):
        assert overlaps(after) <= overlaps(before)
        new = set(rows(after)) - set(rows(before))
        assert all(lasts >= shortest and start >= 0 for start, lasts, _ in new)
        assert all(1 <= note.velocity <= 127 for note in after.notes)
    assert abs(out.seconds / song.seconds - 1) <= 0.015


@settings(max_examples=examples(40), deadline=None)
@given(songs(), wishes)
def test_the_same_options_give_the_same_song(song, options):
    assert mixed(song, options).fingerprint == mixed(song, options).fingerprint


@settings(max_examples=examples(40), deadline=None)
@given(pieces(), wishes)
def test_any_piece_at_all_can_be_mixed(piece, options):
    out = mixed(piece, options)
    assert score_end(out.score) == score_end(piece.score)
    assert marks(out) == marks(piece)
    assert [event.qpm for event in out.score.tempos] == [event.qpm for event in piece.score.tempos]


@pytest.mark.parametrize("piece", [Piece.empty(), band(), band(ticks_per_quarter=24)], ids=["empty", "waltz", "coarse"])
def test_what_has_no_sections_keeps_all_its_notes_where_rules_have_nothing_to_hold_on_to(piece):
    out = mixed(piece)
    assert [rows(t) for t in out.score.tracks] == [rows(t) for t in piece.score.tracks]
    assert [[n.velocity for n in t.notes] for t in out.score.tracks] == [
        [n.velocity for n in t.notes] for t in piece.score.tracks
    ]


def test_steps_count_up_to_a_piece_with_a_recipe():
    song = band_song()
    options = MixOptions(seed=4, ritardando=True)
    steps = list(mix(song, options))
    assert all(step.done < step.total for step in steps[:-1])
    assert steps[-1].done == steps[-1].total
    assert [s.done for s in steps] == sorted({s.done for s in steps})
    recipe = steps[-1].piece.history[-1]
    assert recipe["pipeline"] == "mix"
    assert recipe["input"] == song.fingerprint
    assert recipe["checkpoint"] == {}
    assert MixOptions(**recipe["options"]) == options


def test_with_everything_off_only_volume_pan_and_reverb_are_set():
    song = band_song(form=("A", "B", "A"))
    out = mixed(song, OFF)
    for before, after in zip(song.score.tracks, out.score.tracks, strict=True):
        assert [tuple(map(int, (n.time, n.duration, n.pitch, n.velocity))) for n in after.notes] == [
            tuple(map(int, (n.time, n.duration, n.pitch, n.velocity))) for n in before.notes
        ]
        assert {c.number for c in after.controls} == {7, 10, 91}


def test_a_second_mix_takes_the_place_of_the_first():
    once = mixed(band_song(), MixOptions(ritardando=True))
    twice = mixed(once, MixOptions(ritardando=True))
    for track in twice.score.tracks:
        numbers = [control.number for control in track.controls]
        assert len(numbers) == len(set(numbers))
    assert [(e.time, e.qpm) for e in twice.score.tempos] == [(e.time, e.qpm) for e in once.score.tempos]
    for first, second in zip(once.score.tracks, twice.score.tracks, strict=True):
        assert abs(len(second.notes) - len(first.notes)) <= 0.03 * len(first.notes)
        velocities = [np.mean([n.velocity for n in track.notes]) for track in (first, second)]
        assert velocities[1] == pytest.approx(velocities[0], rel=0.1)


@pytest.mark.parametrize("percent", [0.0, 60.0, 100.0])
def test_the_melody_is_louder_than_every_player_in_every_section(percent):
    score = band_song(players=(*BAND, "brass")).score.copy()
    bridge = next(section for section in sections(score) if section.name == "B")
    for note in score.tracks[0].notes:
        note.velocity = 40 if bridge.start <= note.time < bridge.end else 90  # there the melody is soft
    out = mixed(Piece(score), MixOptions(dynamics=percent))
    for section in sections(out.score):
        loud = []
        for track in out.score.tracks:
            notes = track.notes.numpy()
            inside = (notes["time"] >= section.start) & (notes["time"] < section.end)
            volume = next(c.value for c in track.controls if c.number == 7)
            loud.append(float(notes["velocity"][inside].mean()) * volume if inside.any() else 0.0)
        assert not loud[0] or max(loud[1:]) < loud[0]


def test_drums_and_bass_that_wander_become_regular():
    song = band_song(wander=0.5)
    out = mixed(song, replace(OFF, groove=True))
    for track in (1, 2):
        before, after = (_alone(p, track) for p in (song, out))
        assert measure(after)["groove consistency"] > measure(before)["groove consistency"] + 0.005


def _alone(piece: Piece, track: int):
    score = piece.score.copy()
    score.tracks = [score.tracks[track]]
    return score


def test_the_tempo_falls_before_the_last_chord_and_the_song_keeps_its_time():
    song = band_song()
    out = mixed(song, MixOptions(ritardando=True))
    tempi = [(event.time, event.qpm) for event in out.score.tempos]
    last_bar = score_end(song.score) - 4 * 480
    falling = [qpm for time, qpm in tempi if last_bar - 4 * 480 <= time < last_bar]
    assert len(falling) >= 4
    assert np.all(np.diff(falling) < 0)
    assert min(falling) >= 0.85 * 110 - 0.1
    assert tempi[-1][0] == last_bar
    assert 0 < out.seconds / song.seconds - 1 <= 0.015
    assert mixed(song).seconds == pytest.approx(song.seconds)


def test_the_melody_swings_with_the_drums_unless_it_must_not():
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    lead, drums = symusic.Track("Lead", 65, False), symusic.Track("Drums", 0, True)
    for beat in range(32):
        lead.notes.extend(symusic.Note(beat * 480 + at, 240, 72, 80) for at in (0, 240))
        drums.notes.extend(symusic.Note(beat * 480 + at, 60, 42, 80) for at in (0, 320))
    score.tracks.extend([lead, drums])
    for swing, at in ((True, 320), (False, 240)):
        *_, step = mix(Piece(score), MixOptions(swing=swing))
        assert {note.time % 480 for note in step.piece.score.tracks[0].notes} == {0, at}
