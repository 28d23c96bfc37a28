"""Drums and bass that keep to a section's own pattern."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from music.arranging.groove import steady
from music.arranging.parts import (
    NoteColumn,
    read_arrangement,
    read_parts,
    within,
)
from music.chords import ChordSpan, parse_chord, with_chords
from tests.examples import examples
from tests.music.arranging.band_scores import band_song, songs

DRUMS, BASS = 1, 2


def bars_of(song, part, section):
    bars = song.bars_in(song.sections[section])
    return [
        sorted(
            (int(n[NoteColumn.TIME]) - bar.start, int(n[NoteColumn.PITCH]))
            for n in part[within(part, bar.start, bar.end)]
        )
        for bar in bars
    ]


def rhythms(song, part, section):
    return [[tick for tick, _ in bar] for bar in bars_of(song, part, section)]


def mixed(piece):
    song, parts = read_arrangement(piece.score), read_parts(piece.score)
    return song, parts, steady(song, parts)


def test_drums_keep_one_pattern_but_for_the_end_of_a_phrase():
    song, before, after = mixed(band_song(wander=0.5))
    found = bars_of(song, after[DRUMS], 1)
    assert len({tuple(bar) for bar in bars_of(song, before[DRUMS], 1)}) == 8
    assert len({tuple(found[place]) for place in (0, 1, 2, 4, 5, 6)}) == 1
    assert found[0] in bars_of(song, before[DRUMS], 1)  # chosen, not invented
    half = 2 * song.quarter
    for place in (3, 7):
        assert [n for n in found[place] if n[0] < half] == [n for n in found[0] if n[0] < half]
        own = bars_of(song, before[DRUMS], 1)[place]
        assert [n for n in found[place] if n[0] >= half] == [n for n in own if n[0] >= half]


def test_a_pattern_of_two_bars_is_kept():
    piece = band_song(form=("A", "B"), wander=0.0)
    score = piece.score.copy()
    drums = score.tracks[DRUMS]
    bar = 4 * 480
    drums.notes = [n for n in drums.notes if n.time // bar % 2 == 0 or n.pitch != 42]
    drums.notes = [n for n in drums.notes if n.time != 4 * bar + 480]  # one stroke is missing
    song, parts = read_arrangement(score), read_parts(score)
    found = bars_of(song, steady(song, parts)[DRUMS], 0)
    assert found[4] == found[0] != found[1] == found[5]


def test_the_bass_keeps_the_rhythm_and_follows_the_chords():
    song, before, after = mixed(band_song(wander=0.5))
    found = rhythms(song, after[BASS], 1)
    was = rhythms(song, before[BASS], 1)
    assert len({tuple(bar) for bar in was}) > 2
    assert len({tuple(found[place]) for place in (0, 1, 2, 4, 5, 6)}) == 1
    new = {tuple(n[:3]) for n in after[BASS].tolist()} - {tuple(n[:3]) for n in before[BASS].tolist()}
    assert new
    for time, _, pitch in new:
        chord = song.chord_at(time)
        assert pitch % 12 in chord.tones


def test_where_the_bass_is_set_right_its_first_beat_has_the_root():
    score = band_song(wander=0.5).score.copy()
    for note in score.tracks[BASS].notes:
        note.pitch += 7 if note.time % 1920 == 0 else 0  # fifths on the first beats
    song, before = read_arrangement(score), read_parts(score)
    after = steady(song, before)[BASS]
    new = {tuple(n[:3]) for n in after.tolist()} - {tuple(n[:3]) for n in before[BASS].tolist()}
    firsts = [(time, pitch) for time, _, pitch in new if time % 1920 == 0]
    assert firsts
    assert all(pitch % 12 == song.chord_at(time).root for time, pitch in firsts)


def test_a_bar_whose_chord_changes_against_the_rhythm_keeps_its_bass():
    score = band_song(form=("A", "B"), wander=0.0, chords=False).score.copy()
    bass = score.tracks[BASS]
    bass.notes = [n for n in bass.notes if n.time != 1920 + 960]  # the second bar lacks a note
    for note in bass.notes:
        note.duration = 480 * 3 // 2 if note.time % 1920 == 0 else note.duration
    own = read_parts(score)[BASS]
    changing = with_chords(score, [ChordSpan(0, 2400, parse_chord("C")), ChordSpan(2400, 9600, parse_chord("F#"))])
    staying = with_chords(score, [ChordSpan(0, 9600, parse_chord("C"))])
    kept, filled = (steady(read_arrangement(one), read_parts(one))[BASS] for one in (changing, staying))
    second = within(own, 1920, 3840).sum()
    assert within(kept, 1920, 3840).sum() == second
    assert within(filled, 1920, 3840).sum() == second + 1


def test_a_regular_band_is_left_alone():
    _, before, after = mixed(band_song(wander=0.0))
    assert all(was is now for was, now in zip(before, after, strict=True))


@settings(max_examples=examples(30), deadline=None)
@given(songs())
def test_sections_that_were_alike_stay_alike_and_only_drums_and_bass_change(piece):
    song, before, after = mixed(piece)
    for track, role in enumerate(song.roles):
        if role not in ("rhythm", "bass"):
            assert np.array_equal(before[track], after[track])
        by_name = {}
        for number, section in enumerate(song.sections):
            one, other = (
                [
                    (int(n[NoteColumn.TIME]) - section.start, *n[[NoteColumn.PITCH, NoteColumn.DURATION]].tolist())
                    for n in part[within(part, *section[1:])]
                ]
                for part in (before[track], after[track])
            )
            if by_name.setdefault(section.name, (one, other))[0] == one:
                assert by_name[section.name][1] == other, number


def test_a_bass_that_is_set_right_plays_one_note_at_a_time():
    score = band_song(form=("A", "B"), wander=0.5).score.copy()
    for note in score.tracks[BASS].notes:
        note.duration *= 3
    song, before = read_arrangement(score), read_parts(score)
    after, section = steady(song, before)[BASS], song.sections[0]
    was, now = (part[within(part, *section[1:])] for part in (before[BASS], after))
    assert not np.array_equal(was, now)
    assert (was[:-1, NoteColumn.TIME] + was[:-1, NoteColumn.DURATION] > was[1:, NoteColumn.TIME]).any()
    assert (now[:-1, NoteColumn.TIME] + now[:-1, NoteColumn.DURATION] <= now[1:, NoteColumn.TIME]).all()
