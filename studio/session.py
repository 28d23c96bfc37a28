"""The song in progress of each visitor: takes, the current take, undo and redo, A/B. The only file that names session keys.

A song lives in the server's memory, is written to the user's folder as it changes (``studio.projects.library``), and is found
again by the ``song`` parameter of the page's address, so that it survives a reload and the server. An address opened
while its page is still open elsewhere gets a copy: visitors never share a song.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from music.errors import StudioError
from music.piece import Piece
from pipelines.song.plan import Plan
from studio.projects.library import Autosave, Library, new_id, songs_folder
from studio.projects.plain_values import alike
from studio.projects.project import MAX_TAKES, Place, Project, Take, Upload

MAX_SONGS = 200
FORGET_S = 4 * 3600.0
MAX_TITLE = 120
_COPY = " (copy)"
_SONG = "song"
_VISITED = "songs of this visit"
_WIDGET = "control "
_TOLD = "told controls"
_songs: dict[str, Song] = {}
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Writing:
    """A take that is being written: its job, and what the take will remember.

    Attributes:
        stages: the results of the stages of a song that are kept, not written again.
    """

    job_id: str
    before: Piece | None
    options: Any
    detail: str = ""
    stages: tuple[Piece, ...] = ()


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
        title: what the visitor called it; may be empty.
    """

    id: str = field(default_factory=new_id)
    session_id: str = ""
    touched: float = field(default_factory=time.monotonic)
    takes: tuple[Take, ...] = ()
    place: Place | None = None
    partner: Place | None = None
    upload: Upload | None = None
    writing: Writing | None = None
    controls: dict[str, Any] = field(default_factory=dict)
    notice: str | None = None
    title: str = ""
    _past: tuple[Place | None, ...] = ()
    _future: tuple[Place | None, ...] = ()
    _noted: Project | None = None

    @classmethod
    def of(cls, project: Project, song_id: str = "") -> Song:
        """Returns the song of a project: under the id that it is written under, or as a new song that is still to be."""
        song = cls(
            song_id or new_id(),
            takes=project.takes,
            place=project.place,
            partner=project.partner,
            upload=project.upload,
            controls=dict(project.controls),
            title=project.title,
            _past=project.past,
            _future=project.future,
        )
        song._noted = song.project if song_id else None
        return song

    @property
    def project(self) -> Project:
        """All of the song that outlives the server, as it is now."""
        controls = dict(self.controls)
        return Project(
            self.title, self.takes, self.place, self.partner, self.upload, self._past, self._future, controls
        )

    @property
    def name(self) -> str:
        """What the song is called."""
        return self.project.name

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
            return "Sketch" if isinstance(self.take.options, Plan) else "Before", self.take.before
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
        stages: tuple[Piece, ...] = (),
    ) -> Take:
        """Returns a new take, which becomes the current one."""
        number = self.takes[-1].number + 1 if self.takes else 1
        take = Take(number, label or f"Take {number}", detail, pieces, before, options, stages)
        self.takes = (*self.takes, take)
        self.go(Place(number))
        if len(self.takes) > MAX_TAKES:
            self._forget_take(self.takes[0].number)
        note_change(self)
        return take

    def go(self, place: Place) -> None:
        """Makes this variant of this take the current one; undo comes back."""
        if place != self.place:
            self._past, self._future = (*self._past, self.place), ()
            self.place = place
            note_change(self)

    def undo(self) -> None:
        """Goes back to what was current before; no take is lost."""
        if self._past:
            self._future = (self.place, *self._future)
            *past, self.place = self._past
            self._past = tuple(past)
            note_change(self)

    def redo(self) -> None:
        """Takes back an undo."""
        if self._future:
            self._past = (*self._past, self.place)
            self.place, *future = self._future
            self._future = tuple(future)
            note_change(self)

    def rename(self, title: str) -> None:
        """Gives the song this title."""
        self.title = " ".join(title.split())[:MAX_TITLE]
        note_change(self)

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
    session_id = _session_id()
    mine = _songs.get(st.session_state.get(_SONG, "")) or enter(_reopened(st.query_params.get(_SONG), session_id))
    mine.session_id, mine.touched = session_id, time.monotonic()
    if st.query_params.get(_SONG) != mine.id:  # st.navigation drops it on a change of page
        st.query_params[_SONG] = mine.id
    note_change(mine)
    return mine


def enter(found: Song) -> Song:
    """Returns the song that is this visitor's from now on: this one, or a copy where another visitor was quicker."""
    session_id = _session_id()
    with _lock:
        left, other = _songs.get(st.session_state.get(_SONG, "")), _songs.get(found.id)
        if other is not None and other is not found:
            found = _copy(other) if _is_connected(other.session_id) and other.session_id != session_id else other
        if left is not None and left is not found:
            left.session_id = ""
        _tidy()
        _songs[found.id] = found
        found.session_id, found.touched = session_id, time.monotonic()
    st.session_state[_SONG] = found.id
    visited().append(found.id)
    for key in [key for key in st.session_state if str(key).startswith(_WIDGET)]:  # they show the other song's values
        del st.session_state[key]
    return found


def open_song(song_id: str) -> Song:
    """Returns the song of this id, which is this visitor's from now on; a copy if another visitor has it open."""
    return enter(_reopened(song_id, _session_id()))


def visited() -> list[str]:
    """Returns the ids of the songs that this visitor has had open since the page was loaded; may be added to."""
    return st.session_state.setdefault(_VISITED, [])


def live(song_id: str) -> Song | None:
    """Returns the song of this id if it is in the server's memory."""
    return _songs.get(song_id)


def is_open_elsewhere(song_id: str) -> bool:
    """Whether another visitor has this song open."""
    found = _songs.get(song_id)
    return found is not None and found.session_id != _session_id() and _is_connected(found.session_id)


def forget(song_id: str) -> None:
    """Removes a song from memory, unsaved changes too."""
    with _lock:
        _songs.pop(song_id, None)
    keeper().drop(song_id)


def note_change(song: Song) -> None:
    """Has a song written, if it has a take and differs from what was written last: new takes at once."""
    if _songs.get(song.id) is not song or not song.takes:
        return
    before, project = song._noted, song.project
    if project != before:
        song._noted = project
        keeper().note(song.id, project, now=before is None or before.takes != project.takes)


def keeper() -> Autosave:
    """Returns what writes songs to this user's folder."""
    return _keeper(songs_folder())


@functools.cache
def _keeper(folder: Path) -> Autosave:
    return Autosave(Library(folder), _tell)


def _tell(song_id: str, problem: str) -> None:
    found = _songs.get(song_id)
    if found is not None and found.notice is None:
        found.notice = problem


def is_present(song_id: str) -> bool:
    """Whether a browser shows this song now."""
    found = _songs.get(song_id)
    return found is not None and _is_connected(found.session_id)


def bound(name: str, default: Any) -> str:
    """Returns the key for the widget of this control, which will show the song's value of it."""
    controls, key = song_controls(), _WIDGET + name
    if key not in st.session_state:
        value = controls.get(name, default)
        st.session_state[key] = value if alike(value, default) else default  # a song's file may say anything
    return key


def showing(name: str, value: Any) -> str:
    """Returns the key for the widget of this control, which will show this value.

    It is another key than before where the value was not set in the widget: the browser keeps what a control in a
    closed popover said last, and would send it back.
    """
    told = st.session_state.setdefault(_TOLD, {})
    count, last = told.get(name, (0, value))
    if st.session_state.get(f"{_WIDGET}{name} {count}", last) != value:
        count += 1
    told[name], key = (count, value), f"{_WIDGET}{name} {count}"
    st.session_state[key] = value  # in each run: the browser may first show it in any of them
    return key


def keep(name: str, value: Any) -> Any:
    """Returns the value, once it is noted as the song's value of this control."""
    mine = _mine()
    if name not in mine.controls or mine.controls[name] != value:
        mine.controls[name] = value
        note_change(mine)
    return value


def set_controls(values: Mapping[str, Any]) -> None:
    """Sets controls to these values; for callbacks, which run before the widgets do."""
    for name, value in values.items():
        keep(name, value)
        st.session_state[_WIDGET + name] = value


def song_controls() -> dict[str, Any]:
    """Returns the values of this visitor's controls by name."""
    return _mine().controls


def _mine() -> Song:
    return _songs.get(st.session_state.get(_SONG, "")) or song()


def _session_id() -> str:
    context = get_script_run_ctx()
    return context.session_id if context else ""


def _reopened(song_id: str | None, session_id: str) -> Song:
    old = _songs.get(song_id or "")
    if old is None:
        return _read(song_id or "")
    if old.session_id != session_id and _is_connected(old.session_id):
        return _copy(old)
    return old


def _read(song_id: str) -> Song:
    """Returns the song of this id as it was written; a copy where another server has it open, a new one where there is none."""
    library = keeper().library
    if not library.has(song_id):
        return Song()
    try:
        alone = library.open(song_id)
        project = library.read(song_id)
    except StudioError as error:
        library.close(song_id)
        return Song(notice=f"The song of this address cannot be opened. {error}")
    return Song.of(project, song_id) if alone else Song.of(copied(project))


def copied(project: Project) -> Project:
    """Returns a project that is told apart from the one that it is a copy of by its title."""
    return replace(project, title=project.name.removesuffix(_COPY)[: MAX_TITLE - len(_COPY)] + _COPY)


def _copy(old: Song) -> Song:
    return Song.of(copied(old.project) if old.takes else old.project)


def _is_connected(session_id: str) -> bool:
    return bool(session_id) and runtime.exists() and runtime.get_instance().is_active_session(session_id)


def _tidy() -> None:
    now = time.monotonic()
    by_age = sorted((s for s in _songs.values() if not _is_connected(s.session_id)), key=lambda s: s.touched)
    for old in by_age:
        forgotten = now - old.touched > FORGET_S and not keeper().waits(old.id)
        if forgotten or len(_songs) >= MAX_SONGS:
            del _songs[old.id]
            keeper().library.close(old.id)
