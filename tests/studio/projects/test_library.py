from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading

import pytest

from music.errors import StudioError
from studio.projects import library as folder_of_songs
from studio.projects.library import Autosave, Library, new_id
from studio.projects.project import Project, Take
from tests.counting import calls
from tests.studio.projects.test_project import tune
from tests.studio.visitor import ROOT
from tests.waiting import PATIENCE_S, join, until


def project(title: str, takes: int = 1) -> Project:
    return Project(title, tuple(Take(n + 1, f"Take {n + 1}", "", (tune(40 + n),)) for n in range(takes)))


@pytest.fixture
def library(songs_folder):
    return Library(songs_folder)


@pytest.fixture
def autosave(library):
    return Autosave(library, delay_s=0.1)


def until_written(autosave: Autosave, now: bool = True) -> None:
    """Returns once a song that was noted last is written: what was due before it would have been written by then."""
    last = new_id()
    autosave.note(last, project("Last"), now=now)
    until(lambda: autosave.library.has(last), "the song that was noted last")


def test_songs_are_listed_with_those_changed_last_first(library):
    ids = [new_id() for _ in range(3)]
    for number, song_id in enumerate(ids):
        library.write(song_id, project(f"Song {number}"))
        os.utime(library.path(song_id), (1000 + number, 1000 + number))
    (library.folder / "notes.txt").write_text("not a song")
    (library.folder / "evil name.deepmusic").write_text("not a song's name")
    assert [entry.id for entry in library.entries()] == ids[::-1]
    assert [library.overview(entry).name for entry in library.entries()] == ["Song 2", "Song 1", "Song 0"]
    library.delete(ids[1])
    assert [entry.id for entry in library.entries()] == [ids[2], ids[0]] and not library.has(ids[1])


def test_a_song_that_changes_is_seen_changed(library):
    song_id = new_id()
    library.write(song_id, project("Before"))
    os.utime(library.path(song_id), (1000, 1000))
    assert library.overview(library.entries()[0]).name == "Before"
    library.write(song_id, project("After", takes=2))
    seen = library.overview(library.entries()[0])
    assert (seen.name, seen.takes) == ("After", 2)


def test_a_list_of_songs_is_read_once_and_each_song_only_in_brief(library, monkeypatch):
    for number in range(5):
        library.write(new_id(), project(f"Song {number}", takes=3))
    read, seen = folder_of_songs.read_overview, []
    monkeypatch.setattr(folder_of_songs, "read_overview", lambda path: seen.append(path) or read(path))
    monkeypatch.setattr(folder_of_songs, "read_project", None)
    for _ in range(3):
        assert len([library.overview(entry) for entry in library.entries()]) == 5
    assert len(seen) == len(set(seen)) == 5
    assert calls(library.entries) < 50 * 5


@pytest.mark.parametrize(
    "song_id", ["", ".", "..", "../../etc/passwd", "/etc/passwd00000", "a" * 17, "aaaa\naaaaaaaaaaa", "ä" * 16]
)
def test_no_address_leads_out_of_the_folder(library, song_id):
    assert not library.has(song_id)
    for act in (library.read, library.delete, library.open, lambda name: library.write(name, project("x"))):
        with pytest.raises(StudioError):
            act(song_id)


def test_a_reader_never_sees_half_a_song(library):
    song_id, seen, done = new_id(), set(), threading.Event()
    library.write(song_id, project("0"))

    def read() -> None:
        while not done.is_set():
            back = Library(library.folder).read(song_id)
            seen.add((back.title, len(back.takes)))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(1, 30):
        library.write(song_id, project(str(n), takes=1 + n % 5))
    done.set()
    join(readers)
    assert seen <= {("0", 1)} | {(str(n), 1 + n % 5) for n in range(1, 30)} and len(seen) > 1
    assert not list(library.folder.glob("*.part"))


def test_two_servers_never_write_the_same_song(library):
    song_id = new_id()
    library.write(song_id, project("Mine"))
    code = (
        "import sys; from pathlib import Path; from studio.projects.library import Library; from music.errors import StudioError\n"
        "from studio.projects.project import Project\nother = Library(Path(sys.argv[1]))\nprint(other.open(sys.argv[2]))\n"
        "try: other.write(sys.argv[2], Project('Theirs'))\nexcept StudioError as error: print(error)"
    )

    def other_server() -> str:
        command = [sys.executable, "-c", code, str(library.folder), song_id]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout

    assert other_server() == f"False\n{folder_of_songs._ELSEWHERE}\n"
    assert library.read(song_id).title == "Mine"
    library.close(song_id)
    assert other_server() == "True\n"
    assert library.read(song_id).title == "Theirs"


def test_what_a_killed_server_left_half_written_goes(library):
    song_id = new_id()
    library.folder.mkdir(parents=True)
    left = library.folder / f".{song_id}.xyz.part"
    left.write_bytes(b"half")
    library.write(song_id, project("Whole"))
    assert not left.exists() and library.read(song_id).title == "Whole"


def test_new_takes_are_written_at_once_and_other_changes_when_they_rest(library):
    autosave, song_id = Autosave(library, delay_s=30.0), new_id()
    autosave.note(song_id, project("A"), now=True)
    until(lambda: library.has(song_id), "the song")
    autosave.note(song_id, project("B"))
    autosave.note(song_id, project("C"))
    until_written(autosave)
    assert library.read(song_id).title == "A" and autosave.waits(song_id)
    autosave.flush()
    assert library.read(song_id).title == "C" and not autosave.waits(song_id)


def test_a_change_is_written_after_a_moment(autosave, library):
    song_id = new_id()
    autosave.note(song_id, project("A"))
    until(lambda: library.has(song_id), "the song")


def test_a_page_does_not_wait_for_the_disk(library, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda handle: gate.wait(PATIENCE_S))
    autosave, song_id = Autosave(library), new_id()
    autosave.note(song_id, project("A"), now=True)
    until(lambda: list(library.folder.glob("*.part")), "the beginning of the writing")
    autosave.note(song_id, project("B"), now=True)
    assert not library.has(song_id)  # the disk is still at A, and this thread is here
    gate.set()
    until(lambda: library.has(song_id) and library.read(song_id).title == "B", "the song")


def test_a_full_disk_is_told_once_and_the_song_is_written_when_there_is_room(library, monkeypatch):
    told, song_id = [], new_id()
    autosave = Autosave(library, lambda *problem: told.append(problem))

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for title in "AB":
            autosave.note(song_id, project(title), now=True)
            autosave.flush()
    until(lambda: told, "the problem")
    assert len(told) == 1 and told[0][0] == song_id and "no space left on device" in told[0][1]
    assert autosave.waits(song_id) and not list(library.folder.glob("*.part"))
    autosave.flush()
    assert library.read(song_id).title == "B"


def test_a_folder_that_cannot_be_made_is_a_problem_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError, match="cannot be kept in"):
        Library(tmp_path / "file" / "songs").write(new_id(), project("A"))


def test_a_deleted_song_does_not_come_back(library):
    autosave, song_id = Autosave(library, delay_s=0.05), new_id()
    library.write(song_id, project("A"))
    autosave.note(song_id, project("B"))
    autosave.drop(song_id)
    library.delete(song_id)
    until_written(autosave, now=False)
    assert not library.has(song_id)


def test_ids_can_stand_in_the_names_of_widgets_and_files():
    ids = {new_id() for _ in range(2000)}
    assert len(ids) == 2000 and all(re.fullmatch(r"[A-Za-z0-9]{16}", song_id) for song_id in ids)
