"""Who plays when, how loud each section is, and where each player sits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.arranging.dynamics import layer_entries, section_levels, set_mix_levels, shape_dynamics
from music.arranging.parts import (
    NoteColumn,
    read_arrangement,
    read_parts,
    within,
)
from music.mixing import LEVEL, PAN
from tests.examples import examples
from tests.music.arranging.band_scores import BAND, PROGRAMS, band_song, songs

POP = ("Intro", "Verse", "Chorus", "Verse", "Chorus", "Bridge", "Chorus", "Ending")


def levels(form) -> dict[int, float]:
    return dict(enumerate(section_levels(read_arrangement(band_song(form=form, bars=1).score))))


def loudness(form, percent, track=0) -> list[float]:
    """Returns the mean velocity of a track in each section after shaping."""
    score = band_song(form=form, bars=4).score
    song = read_arrangement(score)
    part = shape_dynamics(song, read_parts(score), percent)[track]
    inside = [within(part, section.start, section.end) for section in song.sections]
    return [float(part[here, NoteColumn.VELOCITY].mean()) if here.any() else 0.0 for here in inside]


def test_a_chorus_is_louder_than_verse_and_intro_and_the_last_one_is_loudest():
    found = loudness(POP, 60.0, track=2)
    intro, verse, chorus, verse_2, chorus_2, bridge, chorus_3, ending = found
    assert intro < verse < chorus
    assert verse_2 < chorus_2 < chorus_3 == max(found)
    assert bridge < chorus_2
    assert ending < verse_2


@pytest.mark.parametrize(
    ("form", "loudest"),
    [
        (("A", "A'", "B", "A'"), 3),
        (("A", "B", "A", "C"), 2),
        (("A", "B", "C"), 2),
        (("Intro", "A", "A", "A", "Ending"), 3),
        (("Verse", "Chorus", "Verse"), 1),
    ],
)
def test_the_last_return_of_the_main_section_is_loudest(form, loudest):
    found = levels(form)
    assert max(found, key=found.get) == loudest
    assert sorted(found.values())[-2] < found[loudest]


def test_a_theme_that_was_written_softly_is_loudest_all_the_same_when_it_returns_last():
    score = band_song(form=("A", "A", "B", "A"), bars=4).score
    song, parts = read_arrangement(score), read_parts(score)
    loud = song.sections[2]
    for part in parts:
        part[:, NoteColumn.VELOCITY] = np.where(within(part, loud.start, loud.end), 100, 62)
    for part in shape_dynamics(song, parts, 60.0):
        means = [part[within(part, s.start, s.end), NoteColumn.VELOCITY].mean() for s in song.sections]
        assert max(means) == means[3] > means[2] > means[0]


def test_more_dynamics_make_sections_differ_more():
    spread = [np.ptp(loudness(POP, percent, track=2)) for percent in (0, 30, 60, 100)]
    assert spread == sorted(spread)
    assert spread[2] > spread[0] + 15


def test_loudness_is_steady_in_a_section_and_rises_into_a_chorus():
    score = band_song(form=("Verse", "Chorus"), bars=8).score
    song = read_arrangement(score)
    part = shape_dynamics(song, read_parts(score), 60.0)[3]  # the piano, equally loud as written
    bar = song.bars[0].end
    by_bar = [part[within(part, n * bar, (n + 1) * bar), NoteColumn.VELOCITY].mean() for n in range(16)]
    assert len(set(by_bar[:6])) == 1
    assert by_bar[5] < by_bar[6] < by_bar[7] < by_bar[8]
    assert len(set(by_bar[8:])) == 1


def test_an_ending_dies_away():
    score = band_song(form=("A", "A", "Ending"), bars=4).score
    song = read_arrangement(score)
    part = shape_dynamics(song, read_parts(score), 60.0)[3]
    last = part[part[:, 0] >= song.sections[-1].start]
    chords = [last[last[:, 0] == tick, NoteColumn.VELOCITY].mean() for tick in np.unique(last[:, 0])]
    assert np.all(np.diff(chords) <= 0)
    assert chords[-1] < 0.9 * chords[0]


@settings(max_examples=examples(30), deadline=None)
@given(songs(), st.sampled_from([30.0, 60.0, 100.0]))
def test_louder_notes_stay_louder(song_piece, percent):
    song, before = read_arrangement(song_piece.score), read_parts(song_piece.score)
    for part in before:  # accents from soft to the very loudest
        part[:, NoteColumn.VELOCITY] = np.resize([20, 60, 90, 110, 127], len(part))
    for was, now in zip(before, shape_dynamics(song, [p.copy() for p in before], percent), strict=True):
        assert len(was) == len(now)
        for tick in np.unique(was[:, 0]):
            one, other = was[was[:, 0] == tick, NoteColumn.VELOCITY], now[now[:, 0] == tick, NoteColumn.VELOCITY]
            assert len(np.unique(one)) == len(np.unique(other))


def test_players_join_one_after_the_other_and_all_play_at_the_end():
    score = band_song(players=(*BAND, "brass"), tempo_bpm=80).score
    song, parts = read_arrangement(score), layer_entries(read_arrangement(score), read_parts(score))
    playing = [
        {song.programs[t] for t, part in enumerate(parts) if within(part, s.start, s.end).any()} for s in song.sections
    ]
    assert all(before <= after for before, after in zip(playing, playing[1:], strict=False))
    assert len(playing[1]) < len(playing[2]) <= len(playing[4]) == 6


def test_a_lively_song_has_drums_from_the_second_half_of_the_intro_on():
    score = band_song(tempo_bpm=140).score
    song, parts = read_arrangement(score), layer_entries(read_arrangement(score), read_parts(score))
    bar = song.bars[0].end
    assert not within(parts[1], 0, bar).any()
    assert within(parts[1], bar, 2 * bar).any()


@settings(max_examples=examples(30), deadline=None)
@given(songs())
def test_layers_leave_no_section_bare_and_change_no_note_that_stays(piece):
    song, before = read_arrangement(piece.score), read_parts(piece.score)
    after = layer_entries(song, before)
    assert np.array_equal(before[0], after[0])
    for was, now in zip(before, after, strict=True):
        assert bool(len(was)) == bool(len(now))
        assert {tuple(note) for note in now.tolist()} <= {tuple(note) for note in was.tolist()}
    for section in song.sections:
        accompanied = [any(within(p, section.start, section.end).any() for p in some[1:]) for some in (before, after)]
        assert accompanied[0] == accompanied[1]
    if len(song.sections) < 3:
        assert all(np.array_equal(was, now) for was, now in zip(before, after, strict=True))
    if song.body:
        last = song.sections[song.body[-1]]
        for was, now in zip(before, after, strict=True):
            assert within(was, last.start, song.end).sum() == within(now, last.start, song.end).sum()


def strings_after_layers(keep_piano, keep_strings, longer=0):
    """Returns the strings before and after layering, of a song whose piano and strings keep only some notes."""
    score = band_song(form=("A", "B", "A"), players=("piano", "strings"), bars=4).score
    song, parts = read_arrangement(score), read_parts(score)
    for track, keep in ((1, keep_piano), (2, keep_strings)):
        parts[track] = parts[track][[keep(int(time), song) for time in parts[track][:, 0]]]
    parts[2][:, 1] += longer
    return parts[2], layer_entries(song, parts)[2], song


def test_nobody_waits_where_too_few_would_be_left():
    before, after, _ = strings_after_layers(lambda t, song: t == 0 or t >= song.sections[1].start, lambda t, song: True)
    assert np.array_equal(before, after)


def test_who_plays_only_at_the_beginning_is_not_taken_away():
    before, after, _ = strings_after_layers(lambda t, song: True, lambda t, song: t < 1920)
    assert len(before) > 0
    assert np.array_equal(before, after)


def test_what_sounds_into_the_section_in_which_a_player_joins_is_their_entry():
    before, after, song = strings_after_layers(lambda t, song: True, lambda t, song: True, longer=240)
    seam = song.sections[1].start
    early = after[after[:, 0] < seam]
    assert 0 < len(early) < (before[:, 0] < seam).sum()
    assert (early[:, 0] + early[:, 1] > seam).all()


def test_single_voices_stay_together():
    score = band_song(players=("brass", "brass", "brass")).score
    song, parts = read_arrangement(score), read_parts(score)
    assert all(was is now for was, now in zip(parts, layer_entries(song, parts), strict=True))


def test_melody_bass_and_drums_sit_in_the_middle_and_the_others_around_them():
    score = band_song(players=("drums", "bass", "piano", "guitar", "strings", "choir")).score
    out = set_mix_levels(read_arrangement(score), score, read_parts(score))
    pans = {track.name: next(c.value for c in track.controls if c.number == PAN) for track in out.tracks}
    assert pans["Melody"] == pans["Bass"] == pans["Drums"] == 64
    assert (pans["Piano"] - 64) * (pans["Guitar"] - 64) < 0
    assert abs(pans["Strings"] - 64) > abs(pans["Piano"] - 64)
    assert pans["Strings"] + pans["Choir"] == 128


def test_volumes_bring_a_loud_player_down_and_leave_other_controls():
    import symusic

    piece = band_song(players=("piano", "guitar"))
    score = piece.score.copy()
    for note in score.tracks[2].notes:
        note.velocity = 127
    score.tracks[1].controls = [symusic.ControlChange(0, 7, 3), symusic.ControlChange(5, 64, 90)]
    out = set_mix_levels(read_arrangement(score), score, read_parts(score))
    volume = [[c.value for c in track.controls if c.number == LEVEL] for track in out.tracks]
    assert volume[2][0] < volume[1][0] < volume[0][0]
    assert [(c.time, c.number, c.value) for c in out.tracks[1].controls if c.number == 64] == [(5, 64, 90)]
    assert len(volume[1]) == 1
    assert PROGRAMS["piano"] == out.tracks[1].program
