"""This visitor: whose song the page shows, and what one run of a page leaves for the next.

The song is found again by the ``song`` parameter of the page's address, so that it survives a reload and the server
(``studio.visitors``). Only this file and ``studio.controls`` touch ``st.session_state``: this one names the keys that are the
visitor's, that one those of widgets.
"""

from __future__ import annotations

import time
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from studio import visitors
from studio.projects.song import Song

_SONG = "song"
_VISITED = "songs of this visit"
_NOTE = "note "
WIDGET = "control "
"""What the key of a control's widget begins with."""


def song() -> Song:
    """Returns this visitor's song; call it once in each run of a page, so that the address keeps naming it."""
    mine = current()
    if mine is None:
        if open_elsewhere() is not None:
            return Song()  # a callback of a window that had the song: what it changes is nobody's
        mine = enter(visitors.reopened(_wanted(), _session_id()))
    mine.session_id, mine.visitor, mine.touched = _session_id(), visitor(), time.monotonic()
    _name_in_address(mine.id)
    visitors.note_change(mine)
    return mine


def visitor() -> str:
    """Returns what stands for this visitor in all windows of the browser; "" where it keeps no cookies."""
    return visitors.browser_of(st.context.cookies)


def current() -> Song | None:
    """Returns this visitor's song if there is one yet; for callbacks, and in the middle of a run."""
    found = visitors.live(st.session_state.get(_SONG, ""))
    return None if found is None or is_open_elsewhere(found.id) else found


def open_elsewhere() -> tuple[str, str] | None:
    """Returns the id of the song that this visitor wants but another window or another studio has open, and which of the two."""
    holder = visitors.held_by(_wanted(), _session_id())
    if holder is None:
        return None
    want(_wanted())
    return _wanted(), holder


def want(song_id: str) -> None:
    """Notes which song the page is to show; its next run does, or says who has it open."""
    st.session_state[_SONG] = song_id
    _name_in_address(song_id)


def enter(found: Song) -> Song:
    """Returns the song that is this visitor's from now on: this one, or as it is in memory where another was quicker."""
    found = visitors.enter(found, _session_id(), st.session_state.get(_SONG, ""))
    st.session_state[_SONG] = found.id
    visited().append(found.id)
    for key in [key for key in st.session_state if str(key).startswith(WIDGET)]:  # they show the other song's values
        del st.session_state[key]
    return found


def open_song(song_id: str) -> None:
    """Makes the song of this id this visitor's from now on; where another has it open, the next run of the page says so."""
    if visitors.held_by(song_id, _session_id()):
        want(song_id)
    else:
        enter(visitors.reopened(song_id, _session_id()))


def take_over(song_id: str) -> None:
    """Makes the song of this id this visitor's from now on, also where another window has it open, which then says so."""
    enter(visitors.take_over(song_id) if visitors.live(song_id) else visitors.reopened(song_id, _session_id()))


def visited() -> list[str]:
    """Returns the ids of the songs that this visitor has had open since the page was loaded; may be added to."""
    return st.session_state.setdefault(_VISITED, [])


def is_open_elsewhere(song_id: str) -> bool:
    """Whether another visitor has this song open."""
    return visitors.is_open_elsewhere(song_id, _session_id())


def leave_note(name: str, value: Any) -> None:
    """Leaves a value for later runs of the page; it goes with the visit, not with the song."""
    st.session_state[_NOTE + name] = value


def read_note(name: str) -> Any:
    """Returns what was left under this name; None if nothing was."""
    return st.session_state.get(_NOTE + name)


def take_note(name: str) -> Any:
    """Returns what was left under this name, once; None if nothing was."""
    return st.session_state.pop(_NOTE + name, None)


def _wanted() -> str:
    """Returns the id of the song that the visitor had last, or that the address names; empty for none."""
    return st.session_state.get(_SONG) or st.query_params.get(_SONG) or ""


def _name_in_address(song_id: str) -> None:
    if st.query_params.get(_SONG) != song_id:  # st.navigation drops it on a change of page
        st.query_params[_SONG] = song_id


def _session_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""
