"""The list of songs: open, rename, duplicate, download, delete; a new song; a song from a project's file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from music.clock import clock
from music.errors import StudioError
from studio import session, songs
from studio.controls import set_widget, widget_value
from studio.files import File, address
from studio.limits import upload_mb
from studio.projects.library import Entry
from studio.projects.project import ENDING, MAX_BYTES, Overview
from studio.projects.song import MAX_TITLE, Song
from studio.visitors import autosave
from studio.widgets.download_bar.download_bar import Offer, download_bar
from studio.widgets.player.player import NamedPiece, small_roll
from studio.wording import plain, show_error, slug

ROWS = 8  # a page of the list: each row unpacks a piece and draws it
_PROBLEM, _OPENED, _CUT = "songs problem", "project opened", "title cut"
_BUSY = "A take is being written. Wait for it, or stop it."


def songs_list(song: Song) -> None:
    """Shows the list, and what begins another song."""
    busy = song.writing is not None
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading"):
        st.markdown("#### Songs")
        st.button(
            "New song",
            icon=":material/add:",
            key="new song",
            type="primary",
            on_click=lambda: session.enter(Song()),
            disabled=busy or not song.takes,
            help=_BUSY if busy else "Puts this song away, where it is kept, and begins an empty one.",
        )
    _uploader(busy)
    if problem := session.take_note(_PROBLEM):
        show_error(problem)
    found = songs.entries()
    pages = -(-len(found) // ROWS)
    shown = st.pagination(pages, key="songs page") - 1 if pages > 1 else 0
    for entry in found[shown * ROWS : (shown + 1) * ROWS]:
        _row(song, entry, busy)
    _about(bool(found))


def _uploader(busy: bool) -> None:
    """Shows where a project's file is given; each file is opened once."""
    with st.expander("Open a project file", icon=":material/upload_file:", key="project file"):
        file = st.file_uploader(
            "A project file",
            [ENDING[1:]],
            key="project upload",
            max_upload_size=upload_mb(MAX_BYTES // 2**20),
            label_visibility="collapsed",
            disabled=busy,
        )
        if file is None or busy or file.file_id == session.read_note(_OPENED):
            return
        session.leave_note(_OPENED, file.file_id)
        try:
            songs.open_file(file.getvalue())
        except StudioError as error:
            show_error(str(error))
        else:
            st.rerun()


def _row(song: Song, entry: Entry, busy: bool) -> None:
    """Shows a song of the list: its name, its music in small, and what can be done with it."""
    here = entry.id == song.id
    try:
        known = songs.overview(entry)
    except StudioError as error:
        known = None
        problem = str(error)
    with st.container(border=True, gap="xsmall", key=f"song {entry.id}{' open' if here else ''}"):
        name = known.name if known else "A damaged song"
        st.markdown(f"**{plain(name)}**")
        if known is None:
            st.caption(plain(problem))
        elif known.piece is not None and known.piece.note_count:
            small_roll(NamedPiece(name, known.piece), key=f"song roll {entry.id}", height=44)
        st.caption(f"{when(entry.changed)}{_facts(known)}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                "Is open" if here else "Open",
                key=f"open {entry.id}",
                on_click=session.open_song,
                args=(entry.id,),
                disabled=here or busy or known is None,
                width="stretch",
                help=_BUSY if busy else None,
            )
            _more(entry, name, known is not None)
            _deletion(entry, name, busy and here)


def _facts(known: Overview | None) -> str:
    if known is None:
        return ""
    seconds = round(known.piece.seconds) if known.piece else 0
    length = f" · {clock(seconds)}" if seconds else ""
    return f" · {known.takes} take{'s' * (known.takes != 1)}{length}"


def _more(entry: Entry, name: str, is_sound: bool) -> None:
    """Shows, behind a button, what is done seldom: rename, duplicate, download."""
    with st.popover("", icon=":material/more_horiz:", key=f"more {entry.id}", help="Rename, duplicate, download"):
        if is_sound:
            title_field(name, f"title {entry.id}", lambda title: _tried(songs.rename, entry.id, title))
            st.button(
                "Duplicate",
                icon=":material/content_copy:",
                key=f"duplicate {entry.id}",
                on_click=_tried,
                args=(songs.duplicate, entry.id),
                width="stretch",
                help="A second song with all takes, to go another way with.",
            )
        project_button(entry.id, name, key=f"download {entry.id}", raw=not is_sound)


def title_field(title: str, key: str, rename: Callable[[str], None], where: str = "", **look: Any) -> None:
    """Shows a song's title, to be typed over; one that is too long is cut, and that is said.

    Args:
        title: as it is.
        key: of the field.
        rename: is called with what was typed.
        where: the same for the same place on the page, if the key is not.
        look: of ``st.text_input``.
    """

    def typed() -> None:
        text = " ".join(widget_value(key).split())
        if len(text) > MAX_TITLE:
            session.leave_note(_CUT, where or key)
            set_widget(key, text[:MAX_TITLE])
        rename(text)

    with st.container(gap="xsmall"):
        st.text_input("Title", title, key=key, on_change=typed, **look)
        if session.read_note(_CUT) == (where or key):
            session.take_note(_CUT)
            st.caption(f"A title has up to {MAX_TITLE} letters: the rest was cut off.")


def project_button(song_id: str, name: str, key: str, raw: bool = False) -> None:
    """Shows the button that downloads a song as one file; ``raw`` gives a file that cannot be read as it is."""
    file = File(slug(name) + ENDING, "application/zip", partial(songs.file_of, song_id, raw), is_fresh=True)
    text = "One file with all takes, their settings and history; the studio opens it here or elsewhere."
    download_bar([Offer("Download project", text, file.name, address(file, song_id), is_fresh=True)], key=key)


def _deletion(entry: Entry, name: str, busy: bool) -> None:
    """Shows, behind a button, what deletes a song."""
    with st.popover("", icon=":material/delete:", key=f"delete {entry.id}", disabled=busy, help="Delete this song"):
        st.markdown(f"Delete **{plain(name)}** with all its takes? There is no way back.")
        st.button(
            "Delete for good",
            key=f"deletion {entry.id}",
            type="primary",
            icon=":material/delete_forever:",
            on_click=_tried,
            args=(songs.delete, entry.id),
        )


def _tried(act: Callable[..., Any], *arguments: Any) -> None:
    """Does what a button asks for; what is wrong is shown on the next run."""
    try:
        act(*arguments)
    except StudioError as error:
        session.leave_note(_PROBLEM, str(error))


def _about(some: bool) -> None:
    folder, home = autosave().library.folder, Path.home()
    place = f"~/{folder.relative_to(home).as_posix()}" if folder.is_relative_to(home) else str(folder)
    if songs.are_listed():
        text = f"Songs are kept as you make them, in `{place}`, until you delete them here. {songs.who_sees()}"
    else:
        text = f"{songs.who_sees()} Each is kept under the address of its page: bookmark it, or download the project."
    st.caption(text if some else f"Songs appear here once they have a take. {text}")


def when(changed: float) -> str:
    """Returns a time as the visitor's clock and calendar say it, such as "today 17:20"."""
    try:
        zone = ZoneInfo(st.context.timezone or "")
    except (ValueError, LookupError, OSError):  # the browser does not say, or names one that is not known here
        zone = None
    then = datetime.fromtimestamp(changed, UTC).astimezone(zone)
    days = (datetime.now(then.tzinfo).date() - then.date()) // timedelta(days=1)
    day = {0: "today", 1: "yesterday"}.get(days) or f"{then.day} {then:%B %Y}"
    return f"{day} {then:%H:%M}" if days < 7 else day
