"""The history of the song in progress, take by take in words; each step can be gone to, branched from and replayed."""

from __future__ import annotations

import streamlit as st

from music.errors import StudioError
from pipelines.recipes import CheckpointAway
from studio.projects.history import Chapter, Event, again, history, with_checkpoints_here
from studio.projects.project import Place, Take
from studio.projects.song import Song
from studio.widgets.job_progress import write
from studio.wording import plain, show_error


def song_history(song: Song) -> None:
    """Shows the takes, the newest first, each with the steps that led to it."""
    st.markdown("#### History")
    st.caption(
        "What was done, from the recipes inside the music. **Replay** does a step again: the same settings, the same seed, "
        "the same notes. **Branch** goes on from an earlier step."
    )
    for chapter in reversed(history(song.takes)):
        with st.container(border=True, gap="xsmall", key=f"history {chapter.take.number}"):
            _chapter(song, chapter)


def _chapter(song: Song, chapter: Chapter) -> None:
    """Shows a take and the steps that led to it."""
    take = chapter.take
    here = song.place is not None and song.place.take == take.number
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(take.label)}**", width="stretch")
        st.button(
            "You are here" if here else "Go to it",
            key=f"go {take.number}",
            type="tertiary",
            icon=":material/place:" if here else ":material/arrow_forward:",
            on_click=song.go,
            args=(Place(take.number),),
            disabled=here or song.writing is not None,
            help="Makes this take the current one.",
        )
    if chapter.origin and (not chapter.events or chapter.events[-1].is_take):
        st.markdown(plain(chapter.origin))
    for number, event in enumerate(chapter.events):
        _event(song, take, event, f"{take.number} {number}")


def _event(song: Song, take: Take, event: Event, key: str) -> None:
    """Shows a step: what was done, what can be done with it, and whether it repeated an earlier one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"step {key}"):
        st.markdown(plain(event.words), width="stretch")
        if event.pieces and not event.is_take:
            st.button(
                "Branch",
                key=f"branch {key}",
                type="tertiary",
                icon=":material/call_split:",
                on_click=_branch,
                args=(song, take, event),
                disabled=song.writing is not None,
                help="Makes the music as it was after this step a take of its own, to go on from.",
            )
        _replay_button(song, take, event, key)
    if event.verdict:
        same = event.verdict.startswith("the same")
        st.caption(f":material/{'verified' if same else 'difference'}: {plain(event.verdict)}")


def _replay_button(song: Song, take: Take, event: Event, key: str) -> None:
    """Shows the button that does a step again, and starts that when it is pressed."""
    try:
        order, problem = again(event, take), ""
    except StudioError as error:
        order, problem = None, str(error)
    pressed = st.button(
        "Replay",
        key=f"replay {key}",
        type="tertiary",
        icon=":material/replay:",
        disabled=order is None or song.writing is not None,
        help=plain(problem) or "Does this step again as a new take, and compares the notes.",
    )
    if pressed and order is not None:
        try:
            order = again(with_checkpoints_here(event), take)
            write(
                song,
                order.verb,
                order.piece,
                order.options,
                f"Replay of {take.label}: {event.words}",
                stages=order.stages,
            )
        except StudioError as error:
            show_error(str(error))
            if isinstance(error, CheckpointAway):
                st.page_link("studio/pages/checkpoints.py", label="Checkpoints", icon=":material/inventory_2:")


def _branch(song: Song, take: Take, event: Event) -> None:
    song.add(event.pieces[:1], label=f"A step of {take.label}", detail=event.words)
