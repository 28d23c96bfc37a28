"""The sheet music of a piece, a page at a time."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import streamlit as st

from music.errors import StudioError
from music.piece import Piece
from studio.jobs import registry

POLL_S = 0.4
PAGE_WIDTH = 860
CAPACITY = 16
"""Pieces whose pages are kept: some 500 kB a page."""


@dataclass(eq=False)
class _Entry:
    owner: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    job_id: str | None = None
    pages: list[str] | None = None
    problem: str = ""


_entries: OrderedDict[str, _Entry] = OrderedDict()  # by fingerprint
_lock = threading.Lock()


def sheet(piece: Piece, key: str) -> None:
    """Shows the engraved piece, with a switch between its pages; says so while the worker still engraves it.

    Args:
        piece: what to engrave.
        key: the same for the same place on the page.
    """
    entry = _entry(piece)
    _advance(entry, piece)
    if entry.pages is None and not entry.problem:
        st.fragment(_wait, run_every=POLL_S)(entry, piece)
    elif entry.problem:
        st.error(entry.problem)
    else:
        with st.container(key=key, horizontal_alignment="center", gap="small"):
            _pages(entry.pages, f"{key} page {piece.fingerprint[:12]}")


def _wait(entry: _Entry, piece: Piece) -> None:
    _advance(entry, piece)
    if entry.pages is not None or entry.problem:
        st.rerun()
    st.caption("Engraving the sheet music…")
    st.skeleton(height=320)


def _pages(pages: list[str], key: str) -> None:
    number = st.pagination(len(pages), key=key) if len(pages) > 1 else 1
    # the pages are white in themselves, so that they can be read in the dark theme too
    with st.container(width=PAGE_WIDTH, gap=None):
        st.image(pages[number - 1], width="stretch", alt=f"Sheet music, page {number} of {len(pages)}")


def _entry(piece: Piece) -> _Entry:
    with _lock:
        entry = _entries.setdefault(piece.fingerprint, _Entry())
        _entries.move_to_end(piece.fingerprint)
        while len(_entries) > CAPACITY:
            _entries.popitem(last=False)
        return entry


def _advance(entry: _Entry, piece: Piece) -> None:
    """Takes the pages once the worker has made them; asks for them if nobody has."""
    with _lock:
        if entry.pages is not None or entry.problem:
            return
        job = registry().poll(entry.job_id, entry.owner)
        if job is None or job.state == "stopped":  # it was dropped while no page was looking
            try:
                entry.job_id = registry().submit("sheet", piece, "svg", owner=entry.owner).id
            except StudioError as error:  # the queue is full
                entry.problem = str(error)
        elif not job.live:
            entry.pages, entry.problem = job.result, job.error or ""
            registry().forget(job.id, entry.owner)
