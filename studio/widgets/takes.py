"""The takes of a song: undo and redo, their history, what to compare with, and the versions of one take."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import streamlit as st

from music.bars import bar_grid, ticks_to_seconds
from music.compare import changed_notes
from music.piece import Piece
from pipelines.descriptors.pipelines import descriptor_of
from pipelines.options.generate import GenerateOptions
from pipelines.options.remix import RemixOptions
from pipelines.song.plan import Plan
from studio.controls import showing, widget_value
from studio.projects.project import Place, Take
from studio.projects.song import Song, name_of
from studio.widgets.player.player import NamedPiece, small_roll
from studio.widgets.start import summary
from studio.wording import plain

SIDE_BY_SIDE = 4  # versions in a row: narrower rolls show nothing
_PITCHES_STAY = ("rhythm", "velocity", "instruments")  # what Remix may change besides them
Marks = list[np.ndarray] | None


def take_bar(song: Song) -> None:
    """Shows the name of the current take, undo and redo, and the lists of takes."""
    take = song.take
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="take bar"):
        st.markdown(f"#### {plain(name_of(take, song.place.variant))}", width="stretch")
        st.button(
            "Undo",
            icon=":material/undo:",
            on_click=song.undo,
            disabled=not song.can_undo,
            type="tertiary",
            help="Go back to what you had before. No take is lost.",
        )
        st.button(
            "Redo",
            icon=":material/redo:",
            on_click=song.redo,
            disabled=not song.can_redo,
            type="tertiary",
            help="Take the undo back.",
        )
        with st.popover(
            "Takes", icon=":material/history:", type="tertiary", help="All takes of this song, the newest first."
        ):
            for old in reversed(song.takes):
                _history_row(song, old)
    st.caption(_with_kind(take, summary(song.piece, _pitched_like(song))))


def _pitched_like(song: Song) -> Piece | None:
    """Returns the earliest piece that the current one has its pitches from, where all changes since left these alone."""
    take, found = song.take, None
    while take is not None and isinstance(take.options, RemixOptions) and take.options.change in _PITCHES_STAY:
        found = take.before
        take = next((each for each in song.takes if found in each.pieces), None)
    return found


def redo_button(song: Song) -> None:
    """Shows the way back to the takes for a visitor who has undone even the first one."""
    if song.piece is None and song.can_redo:
        st.button(
            "Redo",
            icon=":material/redo:",
            key="redo",
            on_click=song.redo,
            help="Take the undo back: no take is lost.",
        )


def _history_row(song: Song, take: Take) -> None:
    """Shows a take in the list of takes; a press makes it the current one."""
    here = song.place.take == take.number
    st.button(
        plain(take.label),
        key=f"take {take.number}",
        on_click=song.go,
        args=(Place(take.number),),
        disabled=here,
        width="stretch",
        type="secondary",
        icon=f":material/{_icon(take.options)}:",
    )
    st.caption(_with_kind(take, plain(take.detail)))


def _with_kind(take: Take, text: str) -> str:
    """Returns the style or genre in which Generate was asked to write a take, and a text."""
    asked = take.options if isinstance(take.options, GenerateOptions) else None
    kind = (asked.style or asked.genre or "") if asked else ""
    return " · ".join(filter(None, (kind.capitalize(), text)))


def _icon(options: Any) -> str:
    pipeline = descriptor_of(options)
    return pipeline.icon if pipeline else "upload_file"


def compare_control(song: Song) -> None:
    """Shows what the player's A/B switch compares the current take with."""
    places = [
        Place(take.number, n)
        for take in reversed(song.takes)
        for n in range(len(take.pieces))
        if Place(take.number, n) != song.place
    ]
    if not places:
        return
    sketch = "The sketch" if isinstance(song.take.options, Plan) else "The piece before it"
    first = sketch if song.take.before is not None else "Nothing"

    def name(place: Place | None) -> str:
        return first if place is None else name_of(song.find(place.take), place.variant)

    if song.partner not in places:
        song.partner = None
    key = showing("compare", song.partner)

    def chosen() -> None:  # before the page runs again, whose player stands above this field
        song.partner = widget_value(key)

    st.selectbox(
        "Compare with",
        [None, *places],
        key=key,
        on_change=chosen,
        format_func=name,
        width=240,
        help="The A/B switch of the player changes between the two.",
    )


def versions(song: Song) -> None:
    """Shows the versions of the current take as small rolls beside each other; the visitor picks one."""
    take = song.take
    if len(take.pieces) < 2:
        return
    for column, n, piece in _side_by_side(take.pieces):
        used = n == song.place.variant
        with column.container(border=True, gap="xsmall", key=f"version {n + 1}{' used' if used else ''}"):
            marks = marked(take, piece, take.before)[0]
            small_roll(NamedPiece(f"Version {n + 1}", piece, marks), key=f"roll {take.number} {n}")
            count = "" if marks is None else f", {sum(int(mask.sum()) for mask in marks)} changed"
            st.caption(f"Version {n + 1} · {piece.note_count} notes{count}")
            st.button(
                "In use" if used else "Use this",
                key=f"use {take.number} {n}",
                disabled=used,
                on_click=song.go,
                args=(Place(take.number, n),),
                width="stretch",
                icon=":material/check:" if used else None,
            )


def small_rolls(pieces: tuple[Piece, ...]) -> None:
    """Shows versions that are being written beside each other, if there are several."""
    if len(pieces) > 1:
        for column, n, piece in _side_by_side(pieces):
            with column.container(border=True, gap="xsmall"):
                small_roll(NamedPiece(f"Version {n + 1}", piece), key=f"live roll {n}")
                st.caption(f"Version {n + 1}")


def _side_by_side(pieces: tuple[Piece, ...]) -> Iterator[tuple[Any, int, Piece]]:
    for first in range(0, len(pieces), SIDE_BY_SIDE):
        columns = st.columns(min(SIDE_BY_SIDE, len(pieces)))
        for column, (n, piece) in zip(columns, list(enumerate(pieces))[first : first + SIDE_BY_SIDE], strict=False):
            yield column, n, piece


def rewrites(options: Any) -> bool:
    """Whether a take of these options is an older piece with some notes changed, rather than new music."""
    pipeline = descriptor_of(options)
    return pipeline is not None and pipeline.rewrites(options)


def grows(options: Any) -> bool:
    """Whether a take of these options becomes longer while it is written, rather than fuller or other."""
    pipeline = descriptor_of(options)
    return pipeline is not None and pipeline.grows


def marked(take: Take, piece: Piece, other: Piece | None) -> tuple[Marks, Marks]:
    """Returns which notes of a take's piece the other one does not have, and the reverse.

    None, None for new music, and where both have the same notes, as after locking some.
    """
    if not rewrites(take.options) or other is None or other.fingerprint == piece.fingerprint:
        return None, None
    return _changes(other, piece), _changes(piece, other)


@functools.lru_cache(maxsize=64)  # some 30 ms for 5,000 notes, and asked in each run of a page
def _changes(before: Piece, after: Piece) -> Marks:
    return changed_notes(before.score, after.score)


def new_from(take: Take) -> float | None:
    """Returns the second at which a take's new notes begin, or None if all of it is new or none of it."""
    if take.before is None or not grows(take.options):
        return None
    grid = bar_grid(take.before.score)
    bars = getattr(take.options, "keep_bars", None)  # which not all pipelines ask for
    kept = grid if bars is None else grid[:bars]
    return float(ticks_to_seconds(take.before.score, kept[-1].end)) if kept else None
