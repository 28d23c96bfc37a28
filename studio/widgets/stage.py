"""The right side of a page: the current take with its versions, player, files and sheet; or what leads to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from studio.session import Song, name_of
from studio.widgets import takes
from studio.widgets.downloads import downloads
from studio.widgets.player import NamedPiece, player
from studio.widgets.sheet import sheet
from studio.widgets.writing import progress

ICON = Path(__file__).parents[1] / "icon.svg"


def stage(
    song: Song,
    welcome: Callable[[], None],
    next_step: Callable[[Song], None],
    *,
    selection: Mapping[str, Any] | None = None,
    on_select: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Shows the take that is being written, or the current one, or what to do first.

    Args:
        song: the visitor's.
        welcome: shows what to do first.
        next_step: shows the page's buttons for going on from the current take.
        selection: as ``player`` takes it.
        on_select: as ``player`` takes it.
    """
    if song.notice:
        st.error(song.notice)
    if song.writing is not None:
        progress(song)
    elif song.piece is not None:
        _result(song, next_step, selection, on_select)
    else:
        welcome()


def invitation(title: str, text: str, buttons: Callable[[], None]) -> None:
    """Shows what to do first: a title, a sentence, and buttons to begin with."""
    with st.container(border=True, horizontal_alignment="center", gap="medium", key="welcome"):
        st.image(ICON, width=64)
        st.markdown(f"### {title}", text_alignment="center")
        st.markdown(text, text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            buttons()


def _result(song: Song, next_step: Callable[[Song], None], selection: Any, on_select: Any) -> None:
    name = name_of(song.take, song.place.variant)
    takes.take_bar(song)
    takes.versions(song)
    here, there = takes.marked(song.take, song.piece, song.other and song.other[1])
    others = [NamedPiece(*song.other, there)] if song.other else []
    player(
        [*others, NamedPiece(name, song.piece, here)],
        key="player",
        highlight_after_seconds=takes.new_from(song.take),
        selection=selection,
        on_select=on_select,
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        next_step(song)
        takes.compare_control(song)
    downloads(song, song.piece, name)
    shown = st.expander("Sheet music", icon=":material/queue_music:", on_change="rerun", key="sheet shown")
    if shown.open:
        with shown:
            sheet(song.piece, key="sheet")
