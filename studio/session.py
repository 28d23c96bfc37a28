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
    mine = current() or enter(visitors.reopened(st.query_params.get(_SONG) or "", _session_id()))
    mine.session_id, mine.touched = _session_id(), time.monotonic()
    if st.query_params.get(_SONG) != mine.id:  # st.navigation drops it on a change of page
        st.query_params[_SONG] = mine.id
    visitors.note_change(mine)
    return mine


def current() -> Song | None:
    """Returns this visitor's song if there is one yet; for callbacks, and in the middle of a run."""
    return visitors.live(st.session_state.get(_SONG, ""))


def enter(found: Song) -> Song:
    """Returns the song that is this visitor's from now on: this one, or a copy where another visitor was quicker."""
    found = visitors.enter(found, _session_id(), st.session_state.get(_SONG, ""))
    st.session_state[_SONG] = found.id
    visited().append(found.id)
    for key in [key for key in st.session_state if str(key).startswith(WIDGET)]:  # they show the other song's values
        del st.session_state[key]
    return found


def open_song(song_id: str) -> Song:
    """Returns the song of this id, which is this visitor's from now on; a copy if another visitor has it open."""
    return enter(visitors.reopened(song_id, _session_id()))


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


def _session_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""
