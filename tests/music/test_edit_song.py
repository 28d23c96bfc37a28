"""Whole songs transposed, swung, at another tempo and mixed anew: what is meant changes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.arranging.feel import feel_of, with_feel
from music.bars import ticks_to_seconds
from music.chords import chord_spans
from music.edit_song import SongChanges, beat_tempo, change_song, song_in_words
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.instruments import playable_range
from music.mixing import LEVEL, PAN, REVERB, track_mix
from music.piece import Piece

EIGHTH, QUARTER = 240, 480


def track(notes, program=0, is_drum=False, name=""):
    """Returns a track from (tick, ticks, pitch) tuples."""
    made = symusic.Track(name, program, is_drum)
    made.notes = [symusic.Note(*note, 80) for note in sorted(notes)]
    return made


@pytest.fixture
def song() -> symusic.Score:
    """A flute near its lowest note, chords, and drums, in G major at 120, then at 60."""
    score = symusic.Score(QUARTER)
    score.tempos = [symusic.Tempo(0, 120), symusic.Tempo(1920, 60)]
    score.key_signatures = [symusic.KeySignature(0, 1, 0)]
    score.markers = [
        symusic.TextMeta(0, "chord: G"),
        symusic.TextMeta(960, "chord: F#dim/A"),
        symusic.TextMeta(0, "Verse"),
    ]
    score.tracks = [
        track([(n * EIGHTH, EIGHTH, 62 + n % 3) for n in range(8)], 73),
        track([(n * QUARTER, QUARTER, 43) for n in range(4)]),
        track([(n * EIGHTH, 60, 42) for n in range(8)], 0, True),
    ]
    return score


def pitches(score, number=0):
    return score.tracks[number].notes.numpy()["pitch"].tolist()


def starts(score, number=0):
    return score.tracks[number].notes.numpy()["time"].tolist()


def test_key_chords_and_players_move_together_and_drums_stay(song):
    higher = change_song(song, SongChanges(semitones=3))
    assert pitches(higher) == [pitch + 3 for pitch in pitches(song)]
    assert pitches(higher, 2) == pitches(song, 2)
    assert higher.key_signatures[0].key == -2  # B flat major
    assert [marker.text for marker in higher.markers] == ["chord: Bb", "chord: Adim/C", "Verse"]
    assert [span.chord for span in chord_spans(higher)] == [span.chord.transposed(3) for span in chord_spans(song)]
    assert pitches(song)[0] == 62 and song.markers[0].text == "chord: G", "the input stays as it is"
    assert higher.tempos == song.tempos and starts(higher) == starts(song)


def test_a_player_who_cannot_go_so_low_plays_an_octave_higher_as_a_whole(song):
    lower = change_song(song, SongChanges(semitones=-5))
    assert pitches(lower) == [pitch + 7 for pitch in pitches(song)]
    assert pitches(lower, 1) == [38] * 4  # the piano can


@given(st.lists(st.integers(0, 127), min_size=1), st.integers(-24, 24), st.integers(0, 127))
def test_every_note_keeps_its_step_and_nobody_leaves_what_they_reached(notes, semitones, program):
    score = symusic.Score(QUARTER)
    score.tracks = [track([(n * QUARTER, QUARTER, pitch) for n, pitch in enumerate(notes)], program)]
    moved = pitches(change_song(score, SongChanges(semitones=semitones or 1)))
    low, high = playable_range(program)
    assert all((now - was - (semitones or 1)) % 12 == 0 for was, now in zip(notes, moved))
    reach = max(high, *notes) - min(low, *notes)
    assert all(0 <= now <= 127 for now in moved)
    assert reach < 12 or all(min(low, *notes) <= now <= max(high, *notes) for now in moved)


def test_all_tempi_keep_their_relation_and_the_beat_is_the_meter_s(song):
    faster = change_song(song, SongChanges(tempo=180))
    assert [round(tempo.qpm, 2) for tempo in faster.tempos] == [180, 90]
    assert starts(faster) == starts(song)
    assert float(ticks_to_seconds(faster, 3840)) == pytest.approx(float(ticks_to_seconds(song, 3840)) / 1.5, abs=1e-4)
    jig = song.copy()
    jig.time_signatures = [symusic.TimeSignature(0, 6, 8)]
    assert beat_tempo(jig) == (80, 1.5) and beat_tempo(jig).sign == "♩."
    assert change_song(jig, SongChanges(tempo=120)).tempos[0].qpm == pytest.approx(180, rel=1e-5)
    bare = song.copy()
    bare.tempos = []
    assert change_song(bare, SongChanges(tempo=60)).tempos[0].qpm == pytest.approx(60, rel=1e-5)


def test_all_players_swing_together_and_straighten_again(song):
    song.tracks[0].lyrics = [symusic.TextMeta(EIGHTH, "la")]
    swung = change_song(song, SongChanges(feel="swung"))
    late = [0, 320, 480, 800, 960, 1280, 1440, 1760]
    assert starts(swung) == starts(swung, 2) == late
    assert starts(swung, 1) == starts(song, 1)
    assert swung.tracks[0].notes[0].end == 320 and swung.tracks[0].lyrics[0].time == 320
    assert (feel_of(song), feel_of(swung)) == ("straight", "swung")
    back = change_song(swung, SongChanges(feel="straight"))
    assert [a.notes == b.notes for a, b in zip(back.tracks, song.tracks)] == [True] * 3


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), min_size=1, max_size=30), st.integers(0, 2))
def test_what_sounded_together_still_does(eighths, others):
    score = symusic.Score(QUARTER)
    score.tracks = [track([(at * EIGHTH, n * EIGHTH, 60) for at, n in eighths[part::3]]) for part in range(others + 1)]
    if feel_of(score) != "straight":
        return
    swung = with_feel(score, "swung")
    moved: dict[int, set[int]] = {}
    for was, now in zip(score.tracks, swung.tracks):
        for before, after in zip(was.notes, now.notes):
            moved.setdefault(before.time, set()).add(after.time)
            moved.setdefault(before.end, set()).add(after.end)
    assert all(len(places) == 1 for places in moved.values())
    assert all(tick % QUARTER or places == {tick} for tick, places in moved.items())
    back = with_feel(swung, "straight")
    assert [a.notes == b.notes for a, b in zip(back.tracks, score.tracks)] == [True] * len(score.tracks)


def test_triplets_and_bars_of_eighths_stay(song):
    triplets = [(n * 160, 160, 60) for n in range(3)]
    song.tracks[1] = track([*triplets, (480, 240, 60), (720, 240, 60)])
    assert starts(with_feel(song, "swung"), 1) == [0, 160, 320, 480, 800]
    song.time_signatures = [symusic.TimeSignature(0, 6, 8)]
    with pytest.raises(StudioError, match="eighths"):
        with_feel(song, "swung")


def test_a_mix_is_kept_in_files_with_the_changes_of_level_on_the_way(song):
    song.tracks[0].controls = [
        symusic.ControlChange(0, LEVEL, 80),
        symusic.ControlChange(0, 64, 127),
        symusic.ControlChange(960, LEVEL, 40),
        symusic.ControlChange(960, PAN, 0),
    ]
    assert track_mix(song.tracks[0]) == {LEVEL: 80, PAN: 64, REVERB: 40}
    changes = SongChanges(mix=((0, LEVEL, 60), (0, PAN, 100), (2, REVERB, 90)))
    mixed = change_song(song, changes)
    told = [(c.time, c.number, c.value) for c in mixed.tracks[0].controls]
    assert sorted(told) == [(0, LEVEL, 60), (0, PAN, 100), (0, 64, 127), (960, LEVEL, 30)]
    assert song_in_words(song, changes) == ["Flute level 60 and 57 % right", "Drums reverb 90"]
    again = read_midi(midi_bytes(Piece(mixed))).score
    assert [track_mix(each) for each in again.tracks] == [track_mix(each) for each in mixed.tracks]
    assert [each.notes == other.notes for each, other in zip(mixed.tracks, song.tracks)] == [True] * 3


@pytest.mark.parametrize(
    "changes",
    [
        {"semitones": 25},
        {"tempo": 5.0},
        {"tempo": 120.0},
        {"feel": "swinging"},
        {"feel": "straight"},
        {"mix": ((9, LEVEL, 1),)},
        {"mix": ((0, 64, 1),)},
        {"mix": ((0, PAN, 128),)},
        {"mix": ((-1, PAN, 12),)},
    ],
)
def test_what_is_out_of_range_or_changes_nothing_is_refused_in_two_sentences(song, changes):
    with pytest.raises(StudioError) as refusal:
        change_song(song, SongChanges(**changes))
    assert str(refusal.value).count(".") >= 2


def test_words_are_short(song):
    changes = SongChanges(semitones=-1, feel="straight", tempo=96.0, mix=tuple((n, PAN, 0) for n in range(3)))
    assert song_in_words(song, changes)[:3] == ["down 1 semitone", "straight eighths", "tempo 96"]
    four = song.copy()
    four.tracks.append(track([]))
    many = SongChanges(mix=tuple((n, LEVEL, 9) for n in range(4)))
    assert song_in_words(four, many) == ["mixed 4 tracks"]
    assert np.array_equal(pitches(four), pitches(song))


def test_many_controllers_are_swung_at_once(song):
    song.tracks[0].controls = [symusic.ControlChange(tick // 8, 11, tick % 128) for tick in range(60_000)]
    swung = with_feel(song, "swung")
    assert len(swung.tracks[0].controls) == 60_000
    assert [each.time for each in swung.tracks[0].controls[EIGHTH * 8 : EIGHTH * 8 + 2]] == [320, 320]


def test_silence_and_back_keeps_what_came_later_audible(song):
    song.tracks[1].controls = [symusic.ControlChange(0, LEVEL, 100), symusic.ControlChange(480, LEVEL, 60)]
    silent = change_song(song, SongChanges(mix=((1, LEVEL, 0),)))
    assert [event.value for event in silent.tracks[1].controls] == [0, 1]
    back = change_song(silent, SongChanges(mix=((1, LEVEL, 100),)))
    assert all(event.value > 0 for event in back.tracks[1].controls)


def test_a_control_that_is_set_twice_is_refused(song):
    with pytest.raises(StudioError, match="twice"):
        change_song(song, SongChanges(mix=tuple((0, LEVEL, value % 128) for value in range(50_000))))
