from __future__ import annotations

import pytest

from music.piece import Piece
from studio import session
from studio.projects.library import Library
from studio.session import Place, Song, Writing, name_of
from tests.counting import calls


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
    monkeypatch.setattr(session, "MAX_TAKES", 2)
    song.partner = Place(1)
    song.add((Piece.empty(),))
    assert [take.number for take in song.takes] == [2, 3] and song.partner is None
    while song.can_undo:
        song.undo()
    assert song.take is None


def test_a_song_is_found_again_by_its_address_but_never_shared(monkeypatch):
    monkeypatch.setattr(session, "_songs", {})
    connected = {"first tab"}
    monkeypatch.setattr(session, "_is_connected", connected.__contains__)
    mine = Song(session_id="first tab", writing=Writing("job", None, None), controls={"bars": 8})
    mine.add((Piece.empty(),))
    session._songs[mine.id] = mine
    copy = session._reopened(mine.id, "second tab")
    assert copy.id != mine.id and copy.takes == mine.takes and copy.writing is None
    copy.controls["bars"] = 16
    assert mine.controls["bars"] == 8
    connected.clear()  # the first tab was closed or reloaded
    assert session._reopened(mine.id, "second tab") is mine
    assert session._reopened("unknown", "second tab").takes == ()


def test_forgotten_songs_make_room(monkeypatch):
    monkeypatch.setattr(session, "_songs", {})
    monkeypatch.setattr(session, "MAX_SONGS", 2)
    monkeypatch.setattr(session, "_is_connected", {"open"}.__contains__)
    for session_id in ("open", "closed", "closed too"):
        song = Song(session_id=session_id)
        session._songs[song.id] = song
    session._tidy()
    assert [song.session_id for song in session._songs.values()] == ["open"]


# ---- songs outlive the server


@pytest.fixture
def server(monkeypatch):
    """A server that has just started, and a function that kills it and starts another."""

    def restart():
        session.keeper().flush()
        for song_id in list(session.keeper().library._locks):  # the system takes a dead server's locks away
            session.keeper().library.close(song_id)
        monkeypatch.setattr(session, "_songs", {})

    monkeypatch.setattr(session, "_songs", {})
    monkeypatch.setattr(session, "_is_connected", {"open"}.__contains__)
    return restart


def shown(song):
    session._songs[song.id] = song
    return song


def test_a_song_is_found_again_after_the_server_has_ended(server):
    mine = shown(Song(controls={"bars": 8}))
    mine.add((Piece.empty().replace(title="One"),), label="hymn.mid")
    mine.add((Piece.empty(), Piece.empty().replace(title="Two")), before=mine.piece)
    mine.go(Place(2, 1))
    mine.undo()
    mine.rename("  My   song ")
    server()
    back = session._reopened(mine.id, "second tab")
    assert back.id == mine.id and back.title == back.name == "My song" and back.controls == {"bars": 8}
    assert [take.label for take in back.takes] == ["hymn.mid", "Take 2"] and back.place == Place(2, 0)
    assert back.other[1].title == "One" and back.can_undo
    back.redo()
    assert back.piece.title == "Two" and not back.can_redo


def test_a_song_that_has_no_take_is_not_written(server, songs_folder):
    shown(Song()).rename("Nothing yet")
    session.keeper().flush()
    assert not list(songs_folder.glob("*")) if songs_folder.exists() else True


def test_reopening_a_song_writes_nothing(server):
    mine = shown(Song())
    mine.add((Piece.empty(),))
    server()
    session.note_change(shown(session._reopened(mine.id, "second tab")))
    assert not session.keeper().waits(mine.id)


def test_a_song_that_is_open_in_another_server_is_copied(server):
    mine = shown(Song())
    mine.add((Piece.empty(),))
    server()
    other = Library(session.keeper().library.folder)
    assert other.open(mine.id)
    copy = session._reopened(mine.id, "second tab")
    assert copy.id != mine.id and len(copy.takes) == 1
    other.close(mine.id)


def test_an_address_that_is_open_elsewhere_gives_a_copy_with_a_name_of_its_own(server):
    mine = shown(Song(session_id="open", title="Hymn"))
    mine.add((Piece.empty(),))
    copy = session._reopened(mine.id, "second tab")
    assert copy.id != mine.id and copy.takes == mine.takes and copy.name == "Hymn (copy)"


def test_a_damaged_song_says_so_and_is_left_alone(server):
    mine = shown(Song())
    mine.add((Piece.empty(),))
    server()
    path = session.keeper().library.path(mine.id)
    path.write_bytes(b"damaged")
    new = session._reopened(mine.id, "second tab")
    assert new.id != mine.id and not new.takes and "cannot be opened" in new.notice
    assert path.read_bytes() == b"damaged"


def test_a_full_disk_is_a_notice_on_the_song(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DEEPMUSIC_SONGS", str(tmp_path / "file" / "songs"))
    mine = shown(Song())
    mine.add((Piece.empty(),))
    session.keeper().flush()
    assert "cannot be kept" in mine.notice and mine.takes


def test_noting_a_change_is_little_work_however_many_takes_there_are(server):
    mine = shown(Song(controls={f"swap {n}": n for n in range(100)}))
    for _ in range(50):
        mine.add((Piece.empty(), Piece.empty()))
    session.keeper().flush()
    assert calls(session.note_change, mine) < 50
    mine.rename("Another name")
    assert session.keeper().waits(mine.id) or session.keeper().library.read(mine.id).title == "Another name"
