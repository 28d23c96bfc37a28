"""The sheet music of a piece, a page at a time."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

from music.errors import StudioError
from music.notation.views import views
from music.piece import Piece
from studio.controls import begin_with, keep, song_controls, widget_value
from studio.jobs import registry
from studio.session import song, visitor
from studio.wording import show_error

POLL_S = 0.4  # engraving takes seconds
PAGE_WIDTH = 860  # pixels: a page of paper at a size at which notes can be read
CAPACITY = 16
"""Pieces whose pages are kept: some 500 kB a page."""


@dataclass(eq=False)
class _Entry:
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    job_id: str | None = None
    pages: list[str] | None = None
    problem: str = ""


_entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()  # by fingerprint and view
_lock = threading.Lock()
_VIEW = "sheet view"


def sheet(piece: Piece, key: str) -> None:
    """Shows the engraved piece, with switches between its views and pages; says so while the worker still engraves it.

    Args:
        piece: what to engrave.
        key: the same for the same place on the page.
    """
    view = _view_control(piece)
    entry = _entry(piece, view)
    _advance(entry, piece, view)
    if entry.pages is None and not entry.problem:
        st.fragment(_wait, run_every=POLL_S)(entry, piece, view)
    elif entry.problem:
        show_error(entry.problem)
    else:
        with st.container(key=key, horizontal_alignment="center", gap="small"):
            _pages(entry.pages, f"{key} page {piece.fingerprint[:12]} {view}")


def chosen_view(piece: Piece) -> str:
    """Returns the view of the sheet that the visitor chose, of those that make sense for the piece."""
    wish = widget_value(_key(piece)) or song_controls().get(_VIEW, "score")
    return wish if wish in views(piece) else "score"


def _key(piece: Piece) -> str:
    # Each take has a control of its own: while a take is written there is none, and the browser would answer for the
    # one that it knew before with the value that it had then.
    return f"{_VIEW} {len(song().takes)} {piece.fingerprint[:12]}"


def _view_control(piece: Piece) -> str:
    """Shows the choice of views where there are several; returns the chosen one."""
    offered = views(piece)
    if len(offered) == 1:
        return offered[0]
    key = _key(piece)
    begin_with(key, chosen_view(piece))
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


def _wait(entry: _Entry, piece: Piece, view: str) -> None:
    _advance(entry, piece, view)
    if entry.pages is not None or entry.problem:
        st.rerun()
    st.caption("Engraving the sheet music…")
    st.skeleton(height=320)


def _pages(pages: list[str], key: str) -> None:
    number = st.pagination(len(pages), key=key) if len(pages) > 1 else 1
    # the pages are white in themselves, so that they can be read in the dark theme too
    with st.container(width=PAGE_WIDTH, gap=None):
        st.image(pages[number - 1], width="stretch", alt=f"Sheet music, page {number} of {len(pages)}")


def _entry(piece: Piece, view: str) -> _Entry:
    with _lock:
        entry = _entries.setdefault((piece.fingerprint, view), _Entry())
        _entries.move_to_end((piece.fingerprint, view))
        while len(_entries) > CAPACITY:
            _entries.popitem(last=False)
        return entry


def _advance(entry: _Entry, piece: Piece, view: str) -> None:
    """Takes the pages once the worker has made them; asks for them if nobody has."""
    with _lock:
        if entry.pages is not None or entry.problem:
            return
        job = registry().poll(entry.job_id, entry.owner)
        if job is None or job.state == "stopped":  # it was dropped while no page was looking
            try:
                entry.job_id = registry().submit("sheet", piece, "svg", view, owner=entry.owner, visitor=visitor()).id
            except StudioError as error:  # the queue is full
                entry.problem = str(error)
        elif not job.live:
            entry.pages, entry.problem = job.result, job.error or ""
            registry().forget(job.id, entry.owner)
