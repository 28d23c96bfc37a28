"""The songs in the server's memory: who has each open, how one is found again, and when it is written.

A song lives here while it is in use, is written to the user's folder as it changes (``studio.projects.library``), and is
read from there by whoever opens its address after the server has ended. Visitors never share a song: while one has it open,
others may hear it, take it over or make a copy. Of Streamlit only the server is asked, which pages are open.
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from streamlit import runtime

from music.errors import StudioError
from studio.projects.library import Autosave, Library, songs_folder
from studio.projects.project import Project
from studio.projects.shares import Shares
from studio.projects.song import Song, copied

MAX_SONGS = 200
"""Each visit begins one, so that a crowd, or a program that calls again and again, must not fill the memory: of more than
these the songs of closed pages go, the one used longest ago first."""

FORGET_S = 4 * 3600.0  # how long a closed page's song waits to be reopened: one without a take is nowhere but here
_COOKIE = re.compile(r'"?2\|((?:[0-9a-f]{2})+)\|((?:[0-9a-f]{2})+)\|\d+"?')
_songs: dict[str, Song] = {}
_lock = threading.Lock()


def live(song_id: str) -> Song | None:
    """Returns the song of this id if it is in the server's memory."""
    return _songs.get(song_id)


def is_present(song_id: str) -> bool:
    """Whether a browser shows this song now."""
    found = _songs.get(song_id)
    return found is not None and _is_connected(found.session_id)


def in_memory() -> list[Song]:
    """Returns all songs in the server's memory."""
    return list(_songs.values())


def browser_of(cookies: Mapping[str, str]) -> str:
    """Returns what stands for a browser in all its windows, by the cookie that Streamlit gives it; "" without one.

    The cookie is "2|mask|secret|time", where the mask changes and what lies under it stays.
    """
    found = _COOKIE.fullmatch(str(cookies.get("_streamlit_xsrf", "")))
    if found is None:
        return ""
    mask, secret = bytes.fromhex(found[1]), bytes.fromhex(found[2])
    bare = bytes(byte ^ mask[place % len(mask)] for place, byte in enumerate(secret))
    return hashlib.sha256(bare).hexdigest()[:16]


def visitor_of(song_id: str) -> str:
    """Returns whose browser has this song open, so that all windows of a visitor count as one; else the song itself."""
    found = _songs.get(song_id)
    return (found.visitor or found.session_id or song_id) if found is not None else song_id


def is_open_elsewhere(song_id: str, session_id: str) -> bool:
    """Whether another visitor than this one has this song open."""
    found = _songs.get(song_id)
    return found is not None and found.session_id != session_id and _is_connected(found.session_id)


def held_by(song_id: str, session_id: str) -> Literal["window", "studio"] | None:
    """Returns who else has a song with music open: another visitor's window, or another server on this machine."""
    found, library = _songs.get(song_id), autosave().library
    if found is not None:
        has_music = bool(found.takes) or found.writing is not None
        return "window" if has_music and is_open_elsewhere(song_id, session_id) else None
    return "studio" if library.has(song_id) and not library.open(song_id) else None


def project_of(song_id: str) -> Project:
    """Returns a song as it is now, from memory or from its file.

    Raises:
        StudioError: it cannot be read.
    """
    found = live(song_id)
    return found.project if found is not None else autosave().library.read(song_id)


def take_over(song_id: str) -> Song:
    """Returns a song that another window has open, which has it no longer: what it still does, it does for nobody."""
    with _lock:
        old = _songs[song_id]
        new = Song.of(old.project, song_id)
        new.noted, new.notice, new.remarks = old.noted, old.notice, old.remarks
        new.writing, old.writing = old.writing, None
        _songs[song_id] = new
    return new


def copy_of(song_id: str) -> Song:
    """Returns a new song with all that this one has.

    Raises:
        StudioError: it cannot be read.
    """
    return Song.of(copied(project_of(song_id)))


def enter(found: Song, session_id: str, left_id: str = "") -> Song:
    """Returns the song that is this visitor's from now on: this one, or as it is in memory where another was quicker.

    Args:
        found: the song that the visitor opens.
        session_id: of the visitor.
        left_id: the song that the visitor had before, if any.
    """
    with _lock:
        left, other = _songs.get(left_id), _songs.get(found.id)
        if other is not None and other is not found:
            found = other
        if left is not None and left is not found:
            left.session_id = ""
        _tidy()
        _songs[found.id] = found
        found.session_id, found.touched, found.on_change = session_id, time.monotonic(), note_change
    return found


def reopened(song_id: str, session_id: str) -> Song:
    """Returns the song of this id, which nobody else has open: from memory, as it was written, or a new one.

    One without music that another visitor has open is begun a second time, with the same settings.
    """
    old = _songs.get(song_id)
    if old is None:
        return _read(song_id)
    return Song.of(old.project) if is_open_elsewhere(song_id, session_id) else old


def forget(song_id: str) -> None:
    """Removes a song from memory, unsaved changes too."""
    with _lock:
        _songs.pop(song_id, None)
    autosave().drop(song_id)


def note_change(song: Song) -> None:
    """Has a song written, if it has a take and differs from what was written last: new takes at once."""
    if _songs.get(song.id) is not song or not song.takes:
        return
    before, project = song.noted, song.project
    if project != before:
        song.noted = project
        autosave().note(song.id, project, now=before is None or before.takes != project.takes)


def autosave() -> Autosave:
    """Returns what writes songs to this user's folder."""
    return _autosave(songs_folder())


@functools.cache
def _autosave(folder: Path) -> Autosave:
    return Autosave(Library(folder), _tell)


def shares() -> Shares:
    """Returns the pages of songs in this user's folder that links lead to."""
    return Shares(songs_folder())


def _tell(song_id: str, problem: str) -> None:
    found = _songs.get(song_id)
    if found is not None and found.notice is None:
        found.notice = problem


def _read(song_id: str) -> Song:
    """Returns the song of this id as it was written; a new one where there is none."""
    library = autosave().library
    if not library.has(song_id):
        return Song()
    try:
        library.open(song_id)
        project = library.read(song_id)
    except StudioError as error:
        library.close(song_id)
        return Song(notice=f"The song of this address cannot be opened. {error}")
    return Song.of(project, song_id)


def _is_connected(session_id: str) -> bool:
    return bool(session_id) and runtime.exists() and runtime.get_instance().is_active_session(session_id)


def _tidy() -> None:
    """Drops songs whose pages are closed: those that were left long ago, and the oldest while there are too many."""
    now = time.monotonic()
    by_age = sorted((s for s in _songs.values() if not _is_connected(s.session_id)), key=lambda s: s.touched)
    for old in by_age:
        forgotten = now - old.touched > FORGET_S and not autosave().waits(old.id)
        if forgotten or len(_songs) >= MAX_SONGS:
            del _songs[old.id]
            autosave().library.close(old.id)
