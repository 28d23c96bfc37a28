from __future__ import annotations

import pytest

from music.piece import Piece
from studio import visitors
from studio.projects.library import Library
from studio.projects.project import Place
from studio.projects.song import Song, Writing
from studio.visitors import autosave, copy_of, held_by, reopened, take_over
from tests.counting import calls


def test_a_song_is_found_again_by_its_address_but_never_shared(monkeypatch):
    monkeypatch.setattr(visitors, "_songs", {})
    connected = {"first tab"}
    monkeypatch.setattr(visitors, "_is_connected", connected.__contains__)
    mine = Song(session_id="first tab", writing=Writing("job", None, None), controls={"bars": 8})
    mine.add((Piece.empty(),))
    shown(mine)
    assert held_by(mine.id, "second tab") == "window" and held_by(mine.id, "first tab") is None
    copy = copy_of(mine.id)
    assert copy.id != mine.id and copy.takes == mine.takes and copy.writing is None
    copy.controls["bars"] = 16
    assert mine.controls["bars"] == 8
    connected.clear()  # the first tab was closed or reloaded
    assert held_by(mine.id, "second tab") is None and reopened(mine.id, "second tab") is mine
    assert reopened("unknown", "second tab").takes == ()


def test_who_takes_a_song_over_has_what_is_being_written_and_the_other_window_changes_nothing(monkeypatch):
    monkeypatch.setattr(visitors, "_songs", {})
    monkeypatch.setattr(visitors, "_is_connected", {"first tab", "second tab"}.__contains__)
    old = shown(Song(session_id="first tab", writing=Writing("job", None, None)))
    old.add((Piece.empty(),))
    new = visitors.enter(take_over(old.id), "second tab")
    assert new.id == old.id and visitors.live(old.id) is new and new.takes == old.takes
    assert new.writing.job_id == "job" and old.writing is None
    old.undo()
    assert new.piece is not None and held_by(new.id, "first tab") == "window"


def test_settings_without_music_are_begun_a_second_time(monkeypatch):
    monkeypatch.setattr(visitors, "_songs", {})
    monkeypatch.setattr(visitors, "_is_connected", {"first tab"}.__contains__)
    mine = shown(Song(session_id="first tab", controls={"bars": 8}))
    assert held_by(mine.id, "second tab") is None
    other = reopened(mine.id, "second tab")
    assert other.id != mine.id and other.controls == {"bars": 8}


def test_forgotten_songs_make_room(monkeypatch):
    monkeypatch.setattr(visitors, "_songs", {})
    monkeypatch.setattr(visitors, "MAX_SONGS", 2)
    monkeypatch.setattr(visitors, "_is_connected", {"open"}.__contains__)
    for session_id in ("open", "closed", "closed too"):
        song = Song(session_id=session_id)
        shown(song)
    visitors._tidy()
    assert [song.session_id for song in visitors._songs.values()] == ["open"]


# ---- songs outlive the server


@pytest.fixture
def server(monkeypatch):
    """A server that has just started, and a function that kills it and starts another."""

    def restart():
        autosave().flush()
        for song_id in list(autosave().library._locks):  # the system takes a dead server's locks away
            autosave().library.close(song_id)
        monkeypatch.setattr(visitors, "_songs", {})

    monkeypatch.setattr(visitors, "_songs", {})
    monkeypatch.setattr(visitors, "_is_connected", {"open"}.__contains__)
    return restart


def shown(song):
    visitors._songs[song.id], song.on_change = song, visitors.note_change
    return song


def test_a_song_is_found_again_after_the_server_has_ended(server):
    mine = shown(Song(controls={"bars": 8}))
    mine.add((Piece.empty().replace(title="One"),), label="hymn.mid")
    mine.add((Piece.empty(), Piece.empty().replace(title="Two")), before=mine.piece)
    mine.go(Place(2, 1))
    mine.undo()
    mine.rename("  My   song ")
    server()
    back = reopened(mine.id, "second tab")
    assert back.id == mine.id and back.title == back.name == "My song" and back.controls == {"bars": 8}
    assert [take.label for take in back.takes] == ["hymn.mid", "Take 2"] and back.place == Place(2, 0)
    assert back.other[1].title == "One" and back.can_undo
    back.redo()
    assert back.piece.title == "Two" and not back.can_redo


def test_a_song_that_has_no_take_is_not_written(server, songs_folder):
    shown(Song()).rename("Nothing yet")
    autosave().flush()
    assert not list(songs_folder.glob("*")) if songs_folder.exists() else True


def test_reopening_a_song_writes_nothing(server):
    mine = shown(Song())
    mine.add((Piece.empty(),))
    server()
    visitors.note_change(shown(reopened(mine.id, "second tab")))
    assert not autosave().waits(mine.id)


def test_a_song_that_is_open_in_another_server_is_held_by_it(server):
    mine = shown(Song(title="Hymn"))
    mine.add((Piece.empty(),))
    server()
    other = Library(autosave().library.folder)
    assert other.open(mine.id)
    assert held_by(mine.id, "second tab") == "studio" and visitors.project_of(mine.id).title == "Hymn"
    copy = copy_of(mine.id)
    assert copy.id != mine.id and len(copy.takes) == 1 and copy.name == "Hymn (copy)"
    other.close(mine.id)
    assert held_by(mine.id, "second tab") is None


def test_a_damaged_song_says_so_and_is_left_alone(server):
    mine = shown(Song())
    mine.add((Piece.empty(),))
    server()
    path = autosave().library.path(mine.id)
    path.write_bytes(b"damaged")
    new = reopened(mine.id, "second tab")
    assert new.id != mine.id and not new.takes and "cannot be opened" in new.notice
    assert path.read_bytes() == b"damaged"


def test_a_full_disk_is_a_notice_on_the_song(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DEEPMUSIC_SONGS", str(tmp_path / "file" / "songs"))
    mine = shown(Song())
    mine.add((Piece.empty(),))
    autosave().flush()
    assert "cannot be kept" in mine.notice and mine.takes


def test_noting_a_change_is_little_work_however_many_takes_there_are(server):
    mine = shown(Song(controls={f"swap {n}": n for n in range(100)}))
    for _ in range(50):
        mine.add((Piece.empty(), Piece.empty()))
    autosave().flush()
    assert calls(visitors.note_change, mine) < 50
    mine.rename("Another name")
    assert autosave().waits(mine.id) or autosave().library.read(mine.id).title == "Another name"


def test_a_browser_is_known_by_what_lies_under_the_mask_of_its_cookie():
    def cookie(mask: bytes, secret: bytes) -> dict[str, str]:
        hidden = bytes(byte ^ mask[n % len(mask)] for n, byte in enumerate(secret))
        return {"_streamlit_xsrf": f"2|{mask.hex()}|{hidden.hex()}|1700000000"}

    ann = visitors.browser_of(cookie(b"abcd", b"ann's secret"))
    assert ann and ann == visitors.browser_of(cookie(b"wxyz", b"ann's secret"))
    assert ann != visitors.browser_of(cookie(b"abcd", b"bob's secret"))
    assert {visitors.browser_of({"_streamlit_xsrf": text}) for text in ("", "2|x|y|z", "nonsense")} == {""}
