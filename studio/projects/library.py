"""The folder in which songs outlive the server, and the thread that writes them there while pages go on.

A song's file is there whole or not at all, whatever ends the server, and only one server at a time has a song open.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import secrets
import string
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from music.errors import StudioError
from music.files.atomic import reason, replace_file
from studio.projects.project import ENDING, Overview, Project, project_bytes, read_overview, read_project
from studio.projects.room import check_room

_log = logging.getLogger(__name__)
DELAY_S = 0.5  # a slider that is dragged changes many times: its song is written once it rests
RETRY_S = 30.0  # after a write that failed: a full disk is not emptied within a second
_ID = re.compile(r"[A-Za-z0-9_-]{16}")
_GONE = "This song cannot be found any more. Open another one, or begin a new song."
_ELSEWHERE = "This song is open in another studio on this machine. Close it there first."


def new_id() -> str:
    """Returns the name of a new song: nobody can guess it, so that its address is a secret."""
    # Not token_urlsafe: names of widgets hold it, and Streamlit takes no "__" in them.
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16))


def songs_folder() -> Path:
    """Returns where this user's songs lie; DEEPMUSIC_SONGS names another folder."""
    return Path(os.environ.get("DEEPMUSIC_SONGS") or Path.home() / ".local" / "share" / "deepmusic-studio" / "songs")


def folder_problem() -> str:
    """Returns why songs cannot be kept in this user's folder and what to do; "" where they can."""
    folder = songs_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return (
            f"Songs cannot be kept in '{folder}': {reason(error)}. Say with DEEPMUSIC_SONGS where they may lie, or download "
            "them before the studio is ended."
        )


@dataclass(frozen=True)
class Entry:
    """One song in the folder: its id, and when it was changed last (seconds since 1970)."""

    id: str
    changed: float


class Library:
    """The songs of a folder.

    Args:
        folder: is made when the first song is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._locks: dict[str, FileLock] = {}
        self._overviews: dict[str, tuple[Entry, Overview]] = {}
        self._guard = threading.RLock()

    def path(self, song_id: str) -> Path:
        """Returns where the song of this id lies, if there is one.

        Raises:
            StudioError: this is no song's id; ids come in with addresses, and none may lead out of the folder.
        """
        if not _ID.fullmatch(song_id):
            raise StudioError("This address names no song. Check it, or begin a new song.")
        return self.folder / f"{song_id}{ENDING}"

    def entries(self) -> list[Entry]:
        """Returns the songs that there are, those changed last first."""
        found = []
        for path in self.folder.glob(f"*{ENDING}"):
            try:
                changed = path.stat().st_mtime
            except OSError:  # it was deleted meanwhile
                continue
            if _ID.fullmatch(path.stem):
                found.append(Entry(path.stem, changed))
        return sorted(found, key=lambda entry: -entry.changed)

    def has(self, song_id: str) -> bool:
        """Whether a song of this id lies in the folder."""
        return bool(_ID.fullmatch(song_id)) and self.path(song_id).is_file()

    def read(self, song_id: str) -> Project:
        """Returns the project of a song.

        Raises:
            StudioError: there is none of this id, or its file is damaged.
        """
        path = self.path(song_id)
        try:
            return read_project(path)
        except OSError as error:
            raise StudioError(_GONE) from error

    def overview(self, entry: Entry) -> Overview:
        """Returns a song in brief; it is kept until the song changes.

        Raises:
            StudioError: its file is damaged, or gone.
        """
        with self._guard:
            known = self._overviews.get(entry.id)
        if known is None or known[0] != entry:
            try:
                known = entry, read_overview(self.path(entry.id))
            except OSError as error:
                raise StudioError(_GONE) from error
            with self._guard:
                self._overviews[entry.id] = known
        return known[1]

    def write(self, song_id: str, project: Project) -> None:
        """Writes the project of a song that is open here.

        Raises:
            StudioError: the folder cannot be written to, the song is too large, or it is open in another server.
        """
        path = self.path(song_id)
        data = project_bytes(project)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self.open(song_id):
                raise StudioError(_ELSEWHERE)
            check_room(self.folder, [path], len(data))
            replace_file(path, data, private=True)
        except OSError as error:
            raise StudioError(
                f"The song cannot be kept in '{self.folder}': {reason(error)}. Make room there, or download it as a file."
            ) from error

    def delete(self, song_id: str) -> None:
        """Removes a song for good.

        Raises:
            StudioError: another server has it open, or the folder cannot be written to.
        """
        path = self.path(song_id)
        if not self.open(song_id):
            raise StudioError(_ELSEWHERE)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StudioError(f"'{path}' cannot be deleted. Check who may write there.") from error
        self.close(song_id)
        self._lock_path(song_id).unlink(missing_ok=True)

    def open(self, song_id: str) -> bool:
        """Returns whether this server has the song to itself, from now until ``close`` or its end."""
        self.path(song_id)
        with self._guard:
            if song_id in self._locks:
                return True
            lock = FileLock(self._lock_path(song_id), thread_local=False)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                return False
            except (OSError, NotImplementedError):  # nobody can write here, or this disk knows no locks
                return True
            self._locks[song_id] = lock
            for part in self.folder.glob(f".{song_id}.*.part"):  # what a killed server left
                part.unlink(missing_ok=True)
            return True

    def close(self, song_id: str) -> None:
        """Lets other servers open the song."""
        with self._guard:
            lock = self._locks.pop(song_id, None)
            if lock is not None:
                lock.release()

    def _lock_path(self, song_id: str) -> Path:
        return self.folder / f".{song_id}.lock"


class Autosave:
    """Writes songs in a thread of its own: new takes at once, all else when it has rested for a moment.

    Args:
        library: where they are written.
        on_problem: is told the id of a song that could not be written and why, once until that works again.
        delay_s: how long other changes rest.
    """

    def __init__(
        self, library: Library, on_problem: Callable[[str, str], None] = lambda *_: None, delay_s: float = DELAY_S
    ) -> None:
        self.library = library
        self._on_problem = on_problem
        self._delay_s = delay_s
        self._waiting: dict[str, tuple[float, Project]] = {}
        self._failed: set[str] = set()
        self._change = threading.Condition()
        self._writing = threading.Lock()
        threading.Thread(target=self._run, name="autosave", daemon=True).start()
        atexit.register(self.flush)

    def note(self, song_id: str, project: Project, now: bool = False) -> None:
        """Has a song written soon, or at once; returns immediately."""
        with self._change:
            due = time.monotonic() + (0.0 if now else self._delay_s)
            if song_id in self._waiting:
                due = min(due, self._waiting[song_id][0])
            self._waiting[song_id] = due, project
            self._change.notify_all()

    def waits(self, song_id: str) -> bool:
        """Whether a change of this song is still to be written."""
        with self._change:
            return song_id in self._waiting

    def drop(self, song_id: str) -> None:
        """Forgets what was to be written of a song, which is being deleted; waits for a write that is under way."""
        with self._writing, self._change:
            self._waiting.pop(song_id, None)
            self._failed.discard(song_id)

    def flush(self) -> None:
        """Writes all that waits, and returns once it is written or has failed."""
        with self._change:
            ids = list(self._waiting)
        for song_id in ids:
            self._write(song_id)

    def _run(self) -> None:
        """Writes each song once it is due, and never returns."""
        while True:
            with self._change:
                while not self._waiting:
                    self._change.wait()
                song_id, (due, _) = min(self._waiting.items(), key=lambda item: item[1][0])
                rest = due - time.monotonic()
                if rest > 0:
                    self._change.wait(rest)
                    continue
            self._write(song_id)

    def _write(self, song_id: str) -> None:
        """Writes what waits of a song; where that fails it waits again, and the first time somebody is told."""
        with self._writing:
            with self._change:
                _, project = self._waiting.pop(song_id, (0.0, None))
            if project is None:
                return
            try:
                self.library.write(song_id, project)
            except StudioError as error:
                problem = str(error)
            except Exception:  # this thread must live on, for all other songs
                _log.exception("a song could not be written")
                problem = "The song could not be kept because of an error in the studio. Download it as a file."
            else:
                self._failed.discard(song_id)
                return
            with self._change:
                self._waiting.setdefault(song_id, (time.monotonic() + RETRY_S, project))
            if song_id not in self._failed:
                self._failed.add(song_id)
                self._on_problem(song_id, problem)
