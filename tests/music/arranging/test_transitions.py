"""What leads from one section into the next, and how a song ends."""

from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.arranging.parts import (
    NoteColumn,
    read_arrangement,
    read_parts,
    settle,
    within,
)
from music.arranging.transitions import CRASH, add_fills, end_together, last_chord
from music.form import with_sections
from tests.examples import examples
from tests.music.arranging.band_scores import band_song, songs

DRUMS, BASS = 1, 2
SKINS = {38, 43, 47, 50}


def led(piece, seed=0):
    song, parts = read_arrangement(piece.score), read_parts(piece.score)
    return song, parts, add_fills(song, parts, seed)


@pytest.mark.parametrize("tempo", [60, 110, 170])
def test_a_fill_leads_over_each_seam_to_a_crash(tempo):
    song, _, after = led(band_song(tempo_bpm=tempo))
    drums = after[DRUMS]
    for section, following in zip(song.sections, song.sections[1:], strict=False):
        seam = following.start
        assert CRASH in drums[drums[:, NoteColumn.TIME] == seam, NoteColumn.PITCH]
        assert SKINS & set(drums[within(drums, seam - 2 * song.quarter, seam), NoteColumn.PITCH].tolist())
        middle = within(drums, section.start + 1, seam - 2 * song.quarter)
        assert CRASH not in drums[middle, NoteColumn.PITCH]
    assert (
        CRASH not in drums[within(drums, song.sections[-1].start + 1, song.end), NoteColumn.PITCH]
    )  # none in the ending


def test_nothing_leads_out_of_an_ending():
    _, before, after = led(band_song(form=("Ending", "A")))
    assert all(np.array_equal(was, now) for was, now in zip(before, after, strict=True))


def test_lively_songs_have_busier_fills():
    def strokes(tempo):
        song, _, after = led(band_song(tempo_bpm=tempo))
        drums, seam = after[DRUMS], song.sections[2].start
        return sum(
            pitch in SKINS for pitch in drums[within(drums, seam - 2 * song.quarter, seam), NoteColumn.PITCH].tolist()
        )

    assert strokes(55) < strokes(180)


def test_other_seeds_give_other_fills_and_the_same_two_sections_meet_alike():
    def last_beats(after, seam):
        rows = after[DRUMS][within(after[DRUMS], seam - 960, seam + 1)]
        return [(int(n[NoteColumn.TIME]) - seam, int(n[NoteColumn.PITCH])) for n in rows]

    piece = band_song(form=("A", "B", "A", "B"), tempo_bpm=160)
    fills = set()
    for seed in range(6):
        song, _, after = led(piece, seed)
        seams = [section.start for section in song.sections]
        assert last_beats(after, seams[1]) == last_beats(after, seams[3])
        fills.add(tuple(last_beats(after, seams[1])))
    assert len(fills) > 1


@pytest.mark.parametrize("tempo", [55, 110])
def test_the_bass_steps_into_the_next_section(tempo):
    song, before, after = led(band_song(tempo_bpm=tempo))
    bass = after[BASS]
    for following in song.sections[1:]:
        target = bass[bass[:, NoteColumn.TIME] >= following.start][0]
        last = bass[bass[:, NoteColumn.TIME] < following.start][-1]
        if target[NoteColumn.TIME] < following.start + song.quarter and len(before[BASS]):
            assert 1 <= abs(int(target[NoteColumn.PITCH]) - int(last[NoteColumn.PITCH])) <= 2
            assert last[NoteColumn.TIME] + last[NoteColumn.DURATION] == following.start
            earlier = bass[bass[:, NoteColumn.TIME] < last[NoteColumn.TIME]]
            assert (earlier[:, NoteColumn.TIME] + earlier[:, NoteColumn.DURATION]).max() <= last[NoteColumn.TIME]
            assert (bass[:, NoteColumn.TIME] == last[NoteColumn.TIME]).sum() == 1
            assert (
                last[NoteColumn.PITCH] % 12 in song.key.scale or last[NoteColumn.PITCH] == target[NoteColumn.PITCH] - 1
            )


def test_without_drums_and_bass_the_lowest_player_leads_over():
    song, before, after = led(band_song(players=("strings", "piano")))
    assert np.array_equal(before[1], after[1])
    new = sorted({tuple(n[:3]) for n in after[2].tolist()} - {tuple(n[:3]) for n in before[2].tolist()})
    assert len(new) == 2 * (len(song.sections) - 1)
    for time, _, pitch in new:
        seam = min(s.start for s in song.sections if s.start > time)
        assert seam - time <= song.quarter
        assert pitch % 12 in song.key.scale


@settings(max_examples=examples(30), deadline=None)
@given(songs(), st.integers(0, 5))
def test_a_pickup_meets_no_sounding_note_of_its_pitch(piece, seed):
    song, before, after = led(piece, seed)
    for was, now, role in zip(before, after, song.roles, strict=True):
        if role == "rhythm":
            continue
        new = {tuple(n[:3]) for n in now.tolist()} - {tuple(n[:3]) for n in was.tolist()}
        for time, duration, pitch in new:
            same = now[
                (now[:, NoteColumn.PITCH] == pitch)
                & ~((now[:, NoteColumn.TIME] == time) & (now[:, NoteColumn.DURATION] == duration))
            ]
            assert not (
                (same[:, NoteColumn.TIME] < time + duration)
                & (same[:, NoteColumn.TIME] + same[:, NoteColumn.DURATION] > time)
            ).any()


@pytest.mark.parametrize(("held", "wanted"), [((), -1), ((47, 45), 1), ((47, 45, 50, 52), 0)])
def test_a_pickup_comes_from_the_side_where_it_is_free(held, wanted):
    score = band_song(form=("A", "B"), players=("piano",)).score.copy()
    seam = 8 * 4 * 480
    piano = score.tracks[1]
    piano.notes = [n for n in piano.notes if not seam - 1920 <= n.time < seam and n.time != seam]
    piano.notes.extend(symusic.Note(seam - 1920, 1920, pitch, 80) for pitch in (*held, 72, 76))
    piano.notes.append(symusic.Note(seam, 480, 48, 80))
    piano.notes.sort()
    song, before = read_arrangement(score), read_parts(score)
    after = add_fills(song, before, 0)[1]
    new = sorted({tuple(n[:3]) for n in after.tolist()} - {tuple(n[:3]) for n in before[1].tolist()})
    assert [pitch for _, _, pitch in new] == {-1: [45, 47], 1: [52, 50], 0: []}[wanted]


def test_all_players_of_the_ending_strike_the_last_chord_and_hold_it():
    piece = band_song(players=("drums", "bass", "piano", "strings", "brass"))
    song, parts = read_arrangement(piece.score), read_parts(piece.score)
    parts[BASS][parts[BASS][:, NoteColumn.TIME] >= song.end - 4 * song.quarter, NoteColumn.PITCH] += (
        7  # the fifth, which is no end for a bass
    )
    after = end_together(song, parts)
    strike = last_chord(song, parts)
    assert strike == song.end - 4 * song.quarter
    for part, role in zip(after[1:], song.roles[1:], strict=True):
        last = part[part[:, NoteColumn.TIME] >= strike]
        assert set(last[:, NoteColumn.TIME].tolist()) == {strike}
        assert set((last[:, NoteColumn.TIME] + last[:, NoteColumn.DURATION]).tolist()) == {song.end}
        assert not (
            (part[:, NoteColumn.TIME] < strike) & (part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION] > strike)
        ).any()
        assert (CRASH in last[:, NoteColumn.PITCH]) == (role == "rhythm")
        if role == "bass":
            assert set((last[:, NoteColumn.PITCH] % 12).tolist()) == {0}
        elif role != "rhythm":
            assert set((last[:, NoteColumn.PITCH] % 12).tolist()) <= {0, 4, 7}


def test_an_ending_of_one_note_is_one_chord():
    piece = band_song()
    score = with_sections(piece.score, [(0, "A"), (read_arrangement(piece.score).end - 4 * 480, "Ending")])
    song, parts = read_arrangement(score), read_parts(score)
    strike = last_chord(song, parts)
    assert strike == song.ending.start
    for part in end_together(song, parts)[1:]:
        last = part[part[:, NoteColumn.TIME] >= strike]
        assert set(last[:, NoteColumn.TIME].tolist()) == {strike}


def test_who_plays_on_after_the_melody_stops_with_it():
    piece = band_song()
    score = piece.score.copy()
    end = read_arrangement(score).end
    score.tracks[DRUMS].notes.extend(symusic.Note(end + beat * 480, 120, 42, 90) for beat in range(4))
    song = read_arrangement(score)
    parts = read_parts(score)
    assert song.end == end
    after = settle(song, parts, end_together(song, parts))
    assert max(int((part[:, NoteColumn.TIME] + part[:, NoteColumn.DURATION]).max()) for part in after) == end


@pytest.mark.parametrize("form", [("A", "B"), ("Intro", "A", "B")])
def test_a_song_without_an_ending_ends_as_it_did(form):
    piece = band_song(form=form)
    song, parts = read_arrangement(piece.score), read_parts(piece.score)
    assert end_together(song, parts) is parts
