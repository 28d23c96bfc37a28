"""The Generate page: controls on the left, what they make on the right."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from music.errors import StudioError
from studio import session
from studio.jobs import Job, registry
from studio.session import Song, Writing, name_of
from studio.widgets import takes
from studio.widgets.controls import checked, generate_controls, preset_buttons
from studio.widgets.downloads import downloads
from studio.widgets.player import NamedPiece, player
from studio.widgets.sheet import sheet
from studio.widgets.start import start_control, summary

POLL_S = 0.4
ICON = Path(__file__).parents[1] / "icon.svg"


def controls(song: Song) -> None:
    """Shows the controls and starts to write when asked to."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="heading"):
        st.markdown("#### Generate")
        with st.popover("Examples", icon=":material/lightbulb:", type="tertiary", help="Settings to begin with."):
            preset_buttons("example")
    piece, keep_bars = start_control(song)
    values = generate_controls(has_input=piece.note_count > 0)
    if st.button(
        "Generate",
        type="primary",
        icon=":material/music_note:",
        width="stretch",
        key="generate",
        disabled=song.writing is not None,
    ):
        try:
            options = checked(values, keep_bars)
            job = registry().submit("generate", piece, options, owner=song.id)
        except StudioError as error:
            st.error(str(error))
            return
        song.writing = Writing(job.id, piece if piece.note_count else None, options)
        song.notice = None
        st.rerun()


@st.fragment(run_every=POLL_S)
def progress(song: Song) -> None:
    """Shows the take that is being written, and takes it over once it is finished."""
    job = registry().poll(song.writing.job_id, song.id) if song.writing else None
    if job is None or not job.live:
        finish(song, job)
        st.rerun()
    ahead, step = registry().position(job), job.update
    if ahead:
        text, share = (
            ("You are next." if ahead == 1 else f"{ahead - 1} before you.") + " Others are writing at the moment.",
            0.0,
        )
    elif step is None:
        text, share = "Warming up …", 0.0
    else:
        text, share = (
            f"Writing {step.unit.removesuffix('s')} {min(int(step.done) + 1, step.total):.0f} of {step.total:.0f}",
            step.done / step.total,
        )
    with st.container(horizontal=True, vertical_alignment="center", key="writing"):
        st.progress(min(1.0, share), text)
        label = "Stop and keep" if step else "Cancel"
        if st.button(
            label,
            icon=":material/stop_circle:",
            key="stop",
            disabled=job.stop.is_set(),
            help="Ends the writing; what is there so far is kept.",
        ):
            registry().stop(job.id, song.id)
    if step is not None:
        player([NamedPiece("Now", step.piece)], key="live", live=True)
        takes.small_rolls(step.pieces)


def finish(song: Song, job: Job | None) -> None:
    """Makes a take of what a finished job wrote, or notes what went wrong."""
    done, song.writing = song.writing, None
    if job is None:
        song.notice = "The studio has lost track of this job. Press Generate again."
        return
    registry().forget(job.id, song.id)
    if job.error:
        song.notice = job.error
    elif job.result is not None and job.result.piece.note_count:
        song.add(job.result.pieces, detail=summary(job.result.piece), before=done.before, options=done.options)


def result(song: Song) -> None:
    """Shows the current take: versions, player, downloads and sheet."""
    name = name_of(song.take, song.place.variant)
    takes.take_bar(song)
    takes.versions(song)
    others = [NamedPiece(*song.other)] if song.other else []
    player([*others, NamedPiece(name, song.piece)], key="player", highlight_after_seconds=takes.new_from(song.take))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        takes.continue_button(song)
        takes.compare_control(song)
    downloads(song, song.piece, name)
    shown = st.expander("Sheet music", icon=":material/queue_music:", on_change="rerun", key="sheet shown")
    if shown.open:
        with shown:
            sheet(song.piece, key="sheet")


def welcome() -> None:
    """Shows what to do first."""
    with st.container(border=True, horizontal_alignment="center", gap="medium", key="welcome"):
        st.image(ICON, width=64)
        st.markdown("### What shall we write?", text_alignment="center")
        st.markdown(
            "Choose what you like and press **Generate**, continue a MIDI file of yours, or begin with one of these:",
            text_alignment="center",
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            preset_buttons("welcome")


registry().warm_up()
visitor = session.song()
left, right = st.columns([4, 7], gap="large")
with left:
    controls(visitor)
with right:
    if visitor.notice:
        st.error(visitor.notice)
    if visitor.writing is not None:
        progress(visitor)
    elif visitor.piece is not None:
        result(visitor)
    else:
        welcome()
