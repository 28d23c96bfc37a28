"""The song in progress: its takes, the current take, undo and redo, A/B. It knows neither pages nor files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from music.piece import Piece
from pipelines.song.plan import Plan
from studio.projects.library import new_id
from studio.projects.project import MAX_TAKES, Place, Project, Take, Upload

MAX_TITLE = 120
"""Letters: the list of songs shows no longer title in full."""
_COPY = " (copy)"


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
        visitor: stands for the browser that has it open; the same in all its windows.
        takes: all takes, oldest first.
        place: the take and variant that is shown and continued; None at the start.
        partner: what the A/B switch compares with; None for the piece that the current take came from.
        upload: the file that was given last.
        writing: the take that is being written now.
        controls: values of the page's controls by name; Streamlit forgets its own when a page is left.
        notice: a sentence that waits to be shown.
        remarks: what the visitor should know of how the newest take was written.
        title: what the visitor called it; may be empty.
        on_change: is called with the song after each change; whoever keeps the song sets it.
        noted: the project as it was last given to be written, or read; None if it never was.
    """

    id: str = field(default_factory=new_id)
    session_id: str = ""
    visitor: str = ""
    touched: float = field(default_factory=time.monotonic)
    takes: tuple[Take, ...] = ()
    place: Place | None = None
    partner: Place | None = None
    upload: Upload | None = None
    writing: Writing | None = None
    controls: dict[str, Any] = field(default_factory=dict)
    notice: str | None = None
    remarks: tuple[str, ...] = ()
    title: str = ""
    on_change: Callable[[Song], None] = lambda song: None
    noted: Project | None = None
    _past: tuple[Place | None, ...] = ()
    _future: tuple[Place | None, ...] = ()

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
        song.noted = song.project if song_id else None
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
        self.on_change(self)
        return take

    def go(self, place: Place) -> None:
        """Makes this variant of this take the current one; undo comes back."""
        if place != self.place:
            self._past, self._future = (*self._past, self.place), ()
            self.place = place
            self.on_change(self)

    def undo(self) -> None:
        """Goes back to what was current before; no take is lost."""
        if self._past:
            self._future = (self.place, *self._future)
            *past, self.place = self._past
            self._past = tuple(past)
            self.on_change(self)

    def redo(self) -> None:
        """Takes back an undo."""
        if self._future:
            self._past = (*self._past, self.place)
            self.place, *future = self._future
            self._future = tuple(future)
            self.on_change(self)

    def rename(self, title: str) -> None:
        """Gives the song this title."""
        self.title = " ".join(title.split())[:MAX_TITLE]
        self.on_change(self)

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


def copied(project: Project) -> Project:
    """Returns a project that is told apart from the one that it is a copy of by its title."""
    return replace(project, title=project.name.removesuffix(_COPY)[: MAX_TITLE - len(_COPY)] + _COPY)
