"""The two sides of a page: controls, and the current take with its versions, player, files and sheet or what leads to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from music.piece import Piece
from studio import media, session
from studio.controls import bound, keep, set_controls
from studio.jobs import registry
from studio.projects.song import Song, name_of
from studio.widgets import chord_changes, edits, section_changes, takes
from studio.widgets.downloads import downloads, titled
from studio.widgets.job_progress import progress
from studio.widgets.player.player import NamedPiece, player
from studio.widgets.recording import heard_waves, mending_hint
from studio.widgets.sharing import share
from studio.widgets.sheet import sheet
from studio.widgets.start import example_buttons
from studio.wording import plain, show_error

ICON = Path(__file__).parents[1] / "icon.svg"
_SHEET = "sheet shown"


def workspace(
    controls: Callable[[Song], None],
    welcome: Callable[[Song], None],
    next_step: Callable[[Song], None],
    *,
    selection: Callable[[Piece], Mapping[str, Any] | None] = lambda piece: None,
    on_select: Callable[[Mapping[str, Any]], None] | None = None,
    show: Callable[[Song], None] | None = None,
) -> None:
    """Shows a whole page: its controls; beside them the take that is being written, or the current one, or what to do first.

    Args:
        controls: shows the left side.
        welcome: shows what to do first.
        next_step: shows the page's buttons for going on from the current take.
        selection: returns for the current piece, if it has notes, what ``player`` takes as its selection.
        on_select: as ``player`` takes it.
        show: shows the current take in another way than ``result`` does.
    """
    registry().warm_up()
    song = session.song()
    left, right = st.columns([4, 7], gap="large")
    with left:
        controls(song)
    with right:
        _current_take(song, welcome, show or _usual(next_step, selection, on_select))


def _usual(next_step: Any, selection: Any, on_select: Any) -> Callable[[Song], None]:
    def show(song: Song) -> None:
        chosen = selection(song.piece) if song.piece.note_count else None
        result(song, next_step, selection=chosen, on_select=on_select)

    return show


def _current_take(song: Song, welcome: Callable[[Song], None], show: Callable[[Song], None]) -> None:
    if song.notice:
        show_error(song.notice)
    if song.writing is not None:
        progress(song)
    elif song.piece is not None:
        remarks(song)
        show(song)
    else:
        takes.redo_button(song)
        welcome(song)


def remarks(song: Song) -> None:
    """Shows what the visitor should know of how the current take was written, if it is the newest."""
    for remark in song.remarks if song.take is song.takes[-1] else ():
        st.info(plain(remark))


def invitation(title: str, text: str, examples: Iterable[str], use: Callable[[str], None]) -> None:
    """Shows what to do first: a title, a sentence, and worked examples to begin with; a press calls ``use`` with one."""
    with st.container(border=True, horizontal_alignment="center", gap="medium", key="welcome"):
        st.image(ICON, width=64)
        st.markdown(f"### {title}", text_alignment="center")
        st.markdown(text, text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            example_buttons(examples, "welcome", use)


def generate_button(label: str) -> None:
    """Shows the button that leads to the Generate page, to continue the current take there."""
    if st.button(label, icon=":material/arrow_forward:", key="continue", help="Write on after it."):
        set_controls({"start": "song"})
        st.switch_page("studio/pages/generate.py")


def result(
    song: Song,
    next_step: Callable[[Song], None],
    *,
    selection: Mapping[str, Any] | None = None,
    on_select: Callable[[Mapping[str, Any]], None] | None = None,
    heard: NamedPiece | None = None,
    synthesis: Callable[[], str] = lambda: "played",
    below: Callable[[], None] = lambda: None,
) -> None:
    """Shows the current take: its name and versions, the player, what can follow, its files and its sheet music.

    Args:
        song: has a current take.
        next_step: shows the page's buttons for going on from it.
        selection: as ``player`` takes it.
        on_select: as ``player`` takes it.
        heard: a piece to put in the player before the take's own, which its switch goes back to.
        synthesis: shows above the player how its sound can be made, and returns what is chosen.
        below: shows something below the player.
    """
    name = name_of(song.take, song.place.variant)
    takes.take_bar(song)
    takes.versions(song)
    here, there = takes.marked(song.take, song.piece, song.other and song.other[1])
    others = [NamedPiece(*song.other, there)] if song.other else []
    shown = NamedPiece(name, song.piece, here)
    pieces, how = [shown, heard] if heard else [*others, shown], synthesis()
    waves = heard_waves(each.piece for each in pieces)
    mending_hint(waves)
    player(
        pieces,
        key="player",
        audio={each.piece.fingerprint: media.address(each.piece, how) for each in pieces if each.piece.note_count},
        highlight_after_seconds=None if heard else takes.new_from(song.take),
        selection=selection,
        on_select=on_select,
        edit=edits.on_the_roll(song.piece),
        on_edit=edits.keep_edits,
        waves=waves,
        chords=chord_changes.on_the_lane(song.piece),
        on_chord=chord_changes.take_over,
        sections=section_changes.on_the_bar(song),
        on_section=section_changes.take_over,
    )
    below()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        next_step(song)
        takes.compare_control(song)
        share(song, how)
    downloads(song, how)
    shown = st.expander("Sheet music", icon=":material/queue_music:", on_change="rerun", key=bound(_SHEET, False))
    if keep(_SHEET, shown.open):
        with shown:
            sheet(titled(song), key="sheet", heard=song.piece.fingerprint)
