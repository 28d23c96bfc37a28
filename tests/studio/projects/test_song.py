from __future__ import annotations

import pytest

from music.piece import Piece
from studio.projects import song as song_file
from studio.projects.project import Place
from studio.projects.song import Song, name_of


@pytest.fixture
def song():
    song = Song()
    song.add((Piece.empty(),), label="hymn.mid")
    song.add((Piece.empty(), Piece.empty()), before=song.piece)
    return song


def test_a_new_take_becomes_the_current_one(song):
    assert song.take.label == "Take 2" and song.place == Place(2, 0)
    assert name_of(song.take, 1) == "Take 2, version 2"


def test_undo_and_redo_walk_through_choices_and_lose_no_take(song):
    song.go(Place(2, 1))
    song.undo()
    assert song.place == Place(2, 0)
    song.undo()
    assert song.take.label == "hymn.mid"
    song.undo()
    assert song.take is None and song.piece is None and not song.can_undo
    for _ in range(3):
        song.redo()
    assert song.place == Place(2, 1) and not song.can_redo and len(song.takes) == 2


def test_a_new_choice_ends_redo(song):
    song.undo()
    song.add((Piece.empty(),))
    assert not song.can_redo and song.take.number == 3 and len(song.takes) == 3


def test_choosing_what_is_chosen_is_no_step(song):
    before = song._past
    song.go(song.place)
    assert song._past == before


def test_a_b_compares_with_the_input_until_another_partner_is_chosen(song):
    assert song.other == ("Before", song.take.before)
    song.partner = Place(2, 1)
    assert song.other == ("Take 2, version 2", song.take.pieces[1])
    song.go(Place(1))
    song.partner = None
    assert song.other is None


def test_old_takes_make_room(song, monkeypatch):
    monkeypatch.setattr(song_file, "MAX_TAKES", 2)
    song.partner = Place(1)
    song.add((Piece.empty(),))
    assert [take.number for take in song.takes] == [2, 3] and song.partner is None
    while song.can_undo:
        song.undo()
    assert song.take is None


def test_each_change_is_told(song):
    told = []
    song.on_change = told.append
    song.go(Place(2, 1))
    song.undo()
    song.redo()
    song.rename("Hymn")
    song.go(song.place)  # no change
    assert told == [song] * 4
