"""The song in progress of each visitor: takes, the current take, undo and redo, A/B. The only file that names session keys.

A song lives in the server's memory and is found again by the ``song`` parameter of the page's address, so that it
survives a reload. An address opened while its page is still open elsewhere gets a copy: visitors never share a song.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from music.piece import Piece

MAX_TAKES = 50
MAX_SONGS = 200
FORGET_S = 4 * 3600.0
_SONG = "song"
_WIDGET = "control "
_songs: dict[str, Song] = {}
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Take:
    """One result: what came out of one press of a button.

    Attributes:
        number: counts from 1 in each song.
        label: such as "Take 3"; for an upload the file's name.
        detail: what was asked for, in a few words.
        pieces: the variants, at least one.
        before: the piece that it continues or rewrites, or None.
        options: what was asked for; None for an upload.
    """

    number: int
    label: str
    detail: str
    pieces: tuple[Piece, ...]
    before: Piece | None = None
    options: Any = None


@dataclass(frozen=True)
class Place:
    """A take and one of its variants."""

    take: int
    variant: int = 0


@dataclass(frozen=True, eq=False)
class Upload:
    """What became of the file in the uploader: a take and its health report, or a problem in two sentences."""

    file_id: str
    take: Take | None = None
    report: str = ""
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Writing:
    """A take that is being written: its job, and what the take will remember."""

    job_id: str
    before: Piece | None
    options: Any
    detail: str = ""


@dataclass(eq=False)
class Song:
    """One visitor's song in progress.

    Attributes:
        takes: all takes, oldest first.
        place: the take and variant that is shown and continued; None at the start.
        partner: what the A/B switch compares with; None for the piece that the current take came from.
        upload: the file that was given last.
        writing: the take that is being written now.
        controls: values of the page's controls by name; Streamlit forgets its own when a page is left.
        notice: a sentence that waits to be shown.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    session_id: str = ""
    touched: float = field(default_factory=time.monotonic)
    takes: tuple[Take, ...] = ()
    place: Place | None = None
    partner: Place | None = None
    upload: Upload | None = None
    writing: Writing | None = None
    controls: dict[str, Any] = field(default_factory=dict)
    notice: str | None = None
    _past: tuple[Place | None, ...] = ()
    _future: tuple[Place | None, ...] = ()

    @property
    def take(self) -> Take | None:
        """The current take."""
        return None if self.place is None else self.find(self.place.take)

    @property
    def piece(self) -> Piece | None:
        """The current variant of the current take."""
        return None if self.place is None else self.take.pieces[self.place.variant]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._future)

    @property
    def other(self) -> tuple[str, Piece] | None:
        """What the A/B switch compares with: its name and the piece, or None."""
        if self.partner is not None and self.partner != self.place:
            take = self.find(self.partner.take)
            return name_of(take, self.partner.variant), take.pieces[self.partner.variant]
        if self.take is not None and self.take.before is not None:
            return "Before", self.take.before
        return None

    def find(self, number: int) -> Take:
        """Returns the take of this number."""
        return next(take for take in self.takes if take.number == number)

    def add(
        self,
        pieces: tuple[Piece, ...],
        *,
        label: str = "",
        detail: str = "",
        before: Piece | None = None,
        options: Any = None,
    ) -> Take:
        """Returns a new take, which becomes the current one."""
        number = self.takes[-1].number + 1 if self.takes else 1
        take = Take(number, label or f"Take {number}", detail, pieces, before, options)
        self.takes = (*self.takes, take)
        self.go(Place(number))
        if len(self.takes) > MAX_TAKES:
            self._forget_take(self.takes[0].number)
        return take

    def go(self, place: Place) -> None:
        """Makes this variant of this take the current one; undo comes back."""
        if place != self.place:
            self._past, self._future = (*self._past, self.place), ()
            self.place = place

    def undo(self) -> None:
        """Goes back to what was current before; no take is lost."""
        if self._past:
            self._future = (self.place, *self._future)
            *past, self.place = self._past
            self._past = tuple(past)

    def redo(self) -> None:
        """Takes back an undo."""
        if self._future:
            self._past = (*self._past, self.place)
            self.place, *future = self._future
            self._future = tuple(future)

    def _forget_take(self, number: int) -> None:
        self.takes = tuple(take for take in self.takes if take.number != number)
        gone = lambda place: place is not None and place.take == number  # noqa: E731
        self._past = tuple(place for place in self._past if not gone(place))
        self._future = tuple(place for place in self._future if not gone(place))
        if gone(self.partner):
            self.partner = None


def name_of(take: Take, variant: int) -> str:
    """Returns what the page calls this variant, such as "Take 3, version 2"."""
    return take.label if len(take.pieces) == 1 else f"{take.label}, version {variant + 1}"


def song() -> Song:
    """Returns this visitor's song; call it once in each run of a page, so that the address keeps naming it."""
    context = get_script_run_ctx()
    session_id = context.session_id if context else ""
    with _lock:
        mine = _songs.get(st.session_state.get(_SONG, ""))
        if mine is None:
            mine = _reopened(st.query_params.get(_SONG), session_id)
            _tidy()
            _songs[mine.id] = mine
            st.session_state[_SONG] = mine.id
        mine.session_id, mine.touched = session_id, time.monotonic()
    if st.query_params.get(_SONG) != mine.id:  # st.navigation drops it on a change of page
        st.query_params[_SONG] = mine.id
    return mine


def is_present(song_id: str) -> bool:
    """Whether a browser shows this song now."""
    found = _songs.get(song_id)
    return found is not None and _is_connected(found.session_id)


def bound(name: str, default: Any) -> str:
    """Returns the key for the widget of this control, which will show the song's value of it."""
    controls, key = song_controls(), _WIDGET + name
    if key not in st.session_state:
        st.session_state[key] = controls.get(name, default)
    return key


def keep(name: str, value: Any) -> Any:
    """Returns the value, once it is noted as the song's value of this control."""
    song_controls()[name] = value
    return value


def set_controls(values: Mapping[str, Any]) -> None:
    """Sets controls to these values; for callbacks, which run before the widgets do."""
    for name, value in values.items():
        song_controls()[name] = value
        st.session_state[_WIDGET + name] = value


def song_controls() -> dict[str, Any]:
    """Returns the values of this visitor's controls by name."""
    found = _songs.get(st.session_state.get(_SONG, ""))
    return (found or song()).controls


def _reopened(song_id: str | None, session_id: str) -> Song:
    old = _songs.get(song_id or "")
    if old is None:
        return Song()
    if old.session_id != session_id and _is_connected(old.session_id):
        return replace(old, id=secrets.token_urlsafe(12), controls=dict(old.controls), writing=None)
    return old


def _is_connected(session_id: str) -> bool:
    return runtime.exists() and runtime.get_instance().is_active_session(session_id)


def _tidy() -> None:
    now = time.monotonic()
    by_age = sorted((s for s in _songs.values() if not _is_connected(s.session_id)), key=lambda s: s.touched)
    for old in by_age:
        if now - old.touched > FORGET_S or len(_songs) >= MAX_SONGS:
            del _songs[old.id]
