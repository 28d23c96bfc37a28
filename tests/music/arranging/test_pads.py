from __future__ import annotations

import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.arranging.pads import VOICES, Strike, Tones, end_with_song, fitting_tones, hold
from music.chords import ChordSpan, parse_chord, with_chords

C, F, NOTHING = frozenset({0, 4, 7}), frozenset({5, 9, 0}), frozenset()
SONG = [Tones(0, 4, C), Tones(4, 8, F), Tones(8, 10, NOTHING), Tones(10, 16, C)]


def score_of(notes: list[tuple[int, int, int]], chords: list[tuple[int, int, str]] = ()) -> symusic.Score:
    """Returns a score of (beat, beats, pitch) with chords of (beat, beat after, name)."""
    score = symusic.Score(480)
    track = symusic.Track("", 0, False)
    track.notes = [symusic.Note(480 * beat, 480 * beats, pitch, 80) for beat, beats, pitch in notes]
    score.tracks = [track]
    return with_chords(score, [ChordSpan(480 * a, 480 * b, parse_chord(name)) for a, b, name in chords])


def test_chord_symbols_say_which_tones_fit_and_notes_where_there_are_none():
    score = score_of([(0, 1, 61), (4, 2, 62), (5, 1, 65), (7, 1, 60), (8, 4, 77)], [(0, 4, "C"), (8, 12, "F")])
    assert fitting_tones(score) == [
        Tones(0, 1920, C),
        Tones(1920, 2400, frozenset({2})),
        Tones(2400, 2880, frozenset({2, 5})),
        Tones(2880, 3360, NOTHING),
        Tones(3360, 3840, frozenset({0})),
        Tones(3840, 5760, F),
    ]


def test_drums_are_no_tones():
    score = score_of([(0, 4, 60)])
    score.tracks.append(symusic.Track("", 0, True))
    score.tracks[1].notes = [symusic.Note(0, 480, 42, 80)]
    assert fitting_tones(score) == [Tones(0, 1920, frozenset({0}))]


def test_a_note_is_held_until_others_are_struck_or_the_chord_has_it_no_more():
    notes = hold([Strike(0, 1, 60, 50), Strike(0, 1, 64, 70), Strike(6, 7, 65, 80)], SONG, 16)
    assert notes == [(0, 6, 60, 60), (0, 4, 64, 60), (6, 2, 65, 80)]


def test_what_is_wanted_longer_sounds_on_beneath_what_is_struck():
    notes = hold([Strike(0, 7, 60, 50), Strike(4, 5, 65, 50)], SONG, 16)
    assert notes == [(0, 7, 60, 50), (4, 4, 65, 50)]


def test_of_two_octaves_the_nearer_one_is_struck():
    notes = hold([Strike(0, 4, 55, 50), Strike(4, 8, 60, 50), Strike(4, 8, 48, 50)], SONG, 16)
    assert notes[1] == (4, 4, 60, 50)


def test_what_does_not_fit_is_left_out():
    assert hold([Strike(0, 4, 61, 50), Strike(8, 9, 60, 50)], SONG, 16) == []


def test_a_pad_that_ended_before_the_song_takes_part_in_the_last_chord():
    ended = hold([Strike(4, 8, 53, 50), Strike(4, 8, 57, 50)], SONG, 16)
    notes = end_with_song(ended, SONG, 12, 16)
    assert notes == [(4, 4, 53, 50), (4, 4, 57, 50), (12, 4, 52, 50), (12, 4, 55, 50)]
    assert end_with_song(notes, SONG, 12, 16) == notes and end_with_song([], SONG, 12, 16) == []


strikes = st.builds(
    lambda time, length, pitch, velocity: Strike(time, time + length, pitch, velocity),
    st.integers(0, 17), st.integers(1, 20), st.integers(40, 75), st.integers(1, 127),
)  # fmt: skip
songs = st.lists(st.tuples(st.integers(1, 6), st.frozensets(st.integers(0, 11), max_size=4)), min_size=1, max_size=6)


@given(st.lists(strikes, max_size=30), songs)
def test_every_note_fits_as_long_as_it_sounds_and_no_class_sounds_twice(found, spans):
    tones, start = [], 0
    for length, classes in spans:
        tones.append(Tones(start, start + length, classes))
        start += length
    notes = [note for note in hold(found, tones, start) if note[1]]
    for time, length, pitch, velocity in notes:
        assert length > 0 and time + length <= start and 1 <= velocity <= 127
        assert all(pitch % 12 in span.classes for span in tones if span.start < time + length and span.end > time)
    for tick in range(start):
        sounding = [pitch % 12 for time, length, pitch, _ in notes if time <= tick < time + length]
        assert len(sounding) <= VOICES and len(set(sounding)) == len(sounding)
