"""What a visitor does with whole songs: open, rename, duplicate, delete, take home as a file and bring back."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from music.errors import StudioError
from music.files.atomic import reason
from studio import session, visitors
from studio.projects.library import Entry, new_id
from studio.projects.project import Overview, project_bytes, read_project
from studio.projects.song import Song, copied
from studio.visitors import autosave

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def are_listed() -> bool:
    """Whether this visitor may see the list of all songs in the folder, and change what all visitors share.

    DEEPMUSIC_SHARED says so: 1 for a server with many visitors, who must not see each other's songs, 0 for a server that
    one person uses from elsewhere. Without it only a browser on the server's own machine sees the list.
    """
    shared = os.environ.get("DEEPMUSIC_SHARED", "").strip().lower()
    if shared:
        return shared in ("0", "false", "no", "off")
    return is_local(st.context.ip_address, st.context.headers)


def who_sees() -> str:
    """Returns a sentence on who sees the list that this visitor sees."""
    if not are_listed():
        return "This studio serves several people, so it lists only the songs of this visit."
    if os.environ.get("DEEPMUSIC_SHARED", "").strip():
        return "Everybody who opens this studio sees this list."
    return "Only a browser on the studio's own machine sees this list."


def is_local(address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a connection comes from a browser on this machine, and through nothing that stands between.

    Args:
        address: where it comes from; None for this machine.
        headers: of its request. A browser elsewhere, behind a proxy on this machine, names the address that it opened.
    """
    if any(name in headers for name in _FORWARDED):
        return False
    named = [urlsplit(headers["Origin"]).hostname] if "Origin" in headers else []
    named += [urlsplit(f"//{headers['Host']}").hostname] if "Host" in headers else []
    return all(_is_this_machine(host) for host in [*named, address or "localhost"])


def _is_this_machine(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def entries() -> list[Entry]:
    """Returns the songs that this visitor may see, those used last first: all in the folder, or those of this visit."""
    found, mine = autosave().library.entries(), dict.fromkeys(session.visited())
    listed = found if are_listed() else [entry for entry in found if entry.id in mine]
    written = {entry.id for entry in listed}
    for song_id in mine.keys() - written:
        new = visitors.live(song_id)
        if new is not None and new.takes:  # about to be written
            listed.insert(0, Entry(song_id, time.time()))
    return listed


def overview(entry: Entry) -> Overview:
    """Returns a song of the list in brief, as it is now.

    Raises:
        StudioError: its file is damaged, or gone.
    """
    found = visitors.live(entry.id)
    if found is not None:
        return Overview(found.name, len(found.takes), found.piece)
    return autosave().library.overview(entry)


def open_file(data: bytes) -> Song:
    """Returns the song in a project's file, which is this visitor's from now on, under a new id.

    Raises:
        StudioError: as ``read_project``.
    """
    found = session.enter(Song.of(read_project(data)))
    visitors.note_change(found)
    return found


def rename(song_id: str, title: str) -> None:
    """Gives a song another title.

    Raises:
        StudioError: it cannot be read or written.
    """
    found = visitors.live(song_id)
    if found is not None:
        found.rename(title)
        return
    library = autosave().library
    held = Song.of(library.read(song_id))
    held.rename(title)
    library.write(song_id, held.project)
    library.close(song_id)


def duplicate(song_id: str) -> str:
    """Returns the id of a new song with all that this one has.

    Raises:
        StudioError: it cannot be read, or its copy not be written.
    """
    library, copy_id = autosave().library, new_id()
    library.write(copy_id, copied(visitors.project_of(song_id)))
    library.close(copy_id)
    session.visited().append(copy_id)
    return copy_id


def delete(song_id: str) -> None:
    """Removes a song for good, and its listening page.

    Raises:
        StudioError: it is open in another window or another studio.
    """
    if session.is_open_elsewhere(song_id):
        raise StudioError("This song is open in another window. Close it there first.")
    visitors.forget(song_id)
    autosave().library.delete(song_id)
    visitors.shares().withdraw(song_id)


def file_of(song_id: str, raw: bool = False) -> bytes:
    """Returns a song as one file, as it is now; ``raw`` for a damaged one as it lies in the folder.

    Raises:
        StudioError: it cannot be read.
    """
    if not raw:
        return project_bytes(visitors.project_of(song_id))
    try:
        return autosave().library.path(song_id).read_bytes()
    except OSError as error:
        raise StudioError(
            f"The song's file cannot be read: {reason(error)}. Look whether it is still there."
        ) from error
