"""The sheet music of a piece, a page at a time, with a cursor that follows the player; a click on a bar goes there."""

from __future__ import annotations

import contextlib
import functools
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from music.errors import StudioError
from music.notation.places import CURSOR, Engraving
from music.notation.views import parts, reads_otherwise, views
from music.piece import Piece
from studio.controls import begin_with, keep, song_controls, widget_value
from studio.jobs import registry
from studio.session import song, visitor
from studio.wording import show_error, slug

POLL_S = 0.4  # engraving takes seconds
PAGE_WIDTH = 860  # pixels: a page of paper at a size at which notes can be read
CAPACITY = 16
"""Pieces whose pages are kept: some 500 kB a page."""


@dataclass(eq=False)
class _Entry:
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    job_id: str | None = None
    pages: Engraving | None = None
    problem: str = ""


_entries: OrderedDict[tuple[str, Paper], _Entry] = OrderedDict()  # by fingerprint
_lock = threading.Lock()
_VIEW, _PART, _CONCERT = "sheet view", "sheet part", "sheet concert {}"
_HERE = Path(__file__).parent


class Paper(NamedTuple):
    """What stands on the pages: the view, the player whose part it is ("" for all), and whether all is written as it sounds."""

    view: str = "score"
    part: str = ""
    concert: bool = True

    @property
    def ending(self) -> str:
        """What tells files of it from those of the score."""
        return "-".join(filter(None, ("" if self.view == "score" else slug(self.view), self.part and slug(self.part))))

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return f"part of {self.part}" if self.part else self.view


def sheet(piece: Piece, key: str, heard: str = "") -> None:
    """Shows the engraved piece, with switches between its views, parts and pages; says so while the worker still engraves it.

    Args:
        piece: what to engrave.
        key: the same for the same place on the page.
        heard: fingerprint of the piece in the player that its cursor follows; by default the piece's own.
    """
    paper = _paper_controls(piece)
    entry = _entry(piece, paper)
    _advance(entry, piece, paper)
    if entry.pages is None and not entry.problem:
        st.fragment(_wait, run_every=POLL_S)(entry, piece, paper)
    elif entry.problem:
        show_error(entry.problem)
    else:
        with st.container(key=key, horizontal_alignment="center", gap="small"):
            _component()(
                key=f"{key} pages",
                data={
                    "pages": entry.pages.pages,
                    "sheet": entry.pages.plain(),
                    "of": f"{piece.fingerprint} {paper}",
                    "heard": heard or piece.fingerprint,
                    "width": PAGE_WIDTH,
                },
            )


def chosen_paper(piece: Piece) -> Paper:
    """Returns what the visitor chose to see on the pages, of what makes sense for the piece."""
    view = _chosen(piece, _VIEW, "score", views(piece))
    part = _chosen(piece, _PART, "", ("", *parts(piece))) if view == "score" else ""
    concert = song_controls().get(_CONCERT.format("part" if part else "score"), not part)
    return Paper(view, part, concert is True if reads_otherwise(piece, part) else not part)


def _chosen(piece: Piece, name: str, otherwise: str, offered: Sequence[str]) -> str:
    wish = widget_value(_key(piece, name))
    wish = song_controls().get(name, otherwise) if wish is None else wish
    return wish if wish in offered else otherwise


def _key(piece: Piece, name: str) -> str:
    # Each take has a control of its own: while a take is written there is none, and the browser would answer for the
    # one that it knew before with the value that it had then.
    return f"{name} {len(song().takes)} {piece.fingerprint[:12]}"


def _paper_controls(piece: Piece) -> Paper:
    """Shows the choices of view, part and pitch where there are any; returns what is chosen."""
    offered, players = views(piece), parts(piece)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="sheet choices"):
        view = "score" if len(offered) == 1 else _view_control(piece, offered)
        part = _part_control(piece, players) if view == "score" and players else ""
        if view == "score" and reads_otherwise(piece, part):
            _concert_control(piece, "part" if part else "score")
    return chosen_paper(piece)


def _view_control(piece: Piece, offered: Sequence[str]) -> str:
    key = _key(piece, _VIEW)
    begin_with(key, _chosen(piece, _VIEW, "score", offered))
    return keep(
        _VIEW,
        st.segmented_control(
            "View",
            offered,
            key=key,
            format_func=str.capitalize,
            required=True,
            label_visibility="collapsed",
            help="The score has every part; a lead sheet the melody and the chords; a closed score four voices on two "
            "staves.",
        ),
    )


def _part_control(piece: Piece, players: Sequence[str]) -> str:
    key = _key(piece, _PART)
    begin_with(key, _chosen(piece, _PART, "", ("", *players)))
    return keep(
        _PART,
        st.selectbox(
            "Part",
            ["", *players],
            key=key,
            format_func=lambda name: name or "All players",
            width=240,
            help="One player's part alone, as it stands on the stand: bars of rest counted, in the key that the instrument reads.",
        ),
    )


def _concert_control(piece: Piece, what: str) -> None:
    name = _CONCERT.format(what)
    key = _key(piece, name)
    begin_with(key, song_controls().get(name, what == "score") is True)
    keep(
        name,
        st.toggle(
            "Concert pitch",
            key=key,
            help="On: all notes as they sound. Off: clarinets, saxophones, trumpets, horns, guitars and basses as they read.",
        ),
    )


def _wait(entry: _Entry, piece: Piece, paper: Paper) -> None:
    _advance(entry, piece, paper)
    if entry.pages is not None or entry.problem:
        st.rerun()
    st.caption("Engraving the sheet music…")
    st.skeleton(height=320)


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_sheet",
        html=(_HERE / "sheet.html").read_text("utf-8"),
        css=(_HERE / "sheet.css").read_text("utf-8"),
        js="\n".join(path.read_text("utf-8") for path in (CURSOR, _HERE / "sheet.js")),
    )


def _entry(piece: Piece, paper: Paper) -> _Entry:
    with _lock:
        entry = _entries.setdefault((piece.fingerprint, paper), _Entry())
        _entries.move_to_end((piece.fingerprint, paper))
        while len(_entries) > CAPACITY:
            _entries.popitem(last=False)
        return entry


def _advance(entry: _Entry, piece: Piece, paper: Paper) -> None:
    """Takes the pages once the worker has made them; asks for them if nobody has."""
    with _lock:
        if entry.pages is not None or entry.problem:
            return
        job = registry().poll(entry.job_id, entry.owner)
        if job is None or job.state == "stopped":  # it was dropped while no page was looking
            with contextlib.suppress(StudioError):  # the queue is full: the next question tries again
                entry.job_id = registry().submit("sheet", piece, "svg", *paper, owner=entry.owner, visitor=visitor()).id
        elif not job.live:
            entry.pages, entry.problem = job.result, job.error or ""
            registry().forget(job.id, entry.owner)
