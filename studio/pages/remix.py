"""The Remix page: what to rewrite and how on the left, the music with its selection on the right."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.remix import RemixOptions
from studio.projects.song import Song
from studio.widgets.compose.locked_sections import held_notes, open_bars
from studio.widgets.job_progress import write
from studio.widgets.remix.controls import PRESETS, checked, describe_request, remix_controls, use_example
from studio.widgets.selection import are_there, on_the_roll, take_over
from studio.widgets.start import heading, music_control
from studio.widgets.workspace import generate_button, invitation, workspace
from studio.wording import show_error


def controls(song: Song) -> None:
    """Shows the controls and starts to rewrite when asked to."""
    heading("Remix", PRESETS, partial(use_example, song))
    if not music_control(song, "A MIDI or MusicXML file of yours"):
        return
    values = remix_controls(song.piece)
    blocked = song.writing is not None or not are_there(values["bars"], song.piece)
    with st.container(horizontal=True):
        pressed = st.button(
            "Remix",
            type="primary",
            icon=":material/auto_fix_high:",
            width="stretch",
            key="remix",
            disabled=blocked,
        )
        again = isinstance(song.take.options, RemixOptions) and st.button(
            "Try again",
            icon=":material/refresh:",
            key="try again",
            disabled=blocked,
            help="Rewrites the music before this take once more, with the settings above, instead of this take.",
        )
    if pressed or again:
        try:
            rewrite(song, song.take.before if again else song.piece, values)
        except StudioError as error:
            show_error(str(error))


def rewrite(song: Song, piece: Piece, values: dict) -> None:
    """Starts to rewrite a piece.

    Raises:
        StudioError: the values do not go together, or the studio is too busy.
    """
    options = checked(values)
    count = len(piece.score.tracks)  # an older piece may lack the last tracks
    options = replace(
        options,
        bars=open_bars(piece, options.bars),
        tracks=tuple(index for index in options.tracks if index < count),
        lock=tuple(index for index in options.lock if index < count),
        instruments=tuple((track, name) for track, name in options.instruments if track < count),
        lock_notes=held_notes(piece),
    )
    write(song, "remix", piece, options, describe_request(options, piece))


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    generate_button("Continue in Generate")
    if st.button("Harmonize it", icon=":material/piano:", key="harmonize it", help="Accompany its melody anew."):
        st.switch_page("studio/pages/harmonize.py")


def welcome(song: Song) -> None:
    """Shows what to do first."""
    invitation(
        "What shall we rewrite?",
        "Give a MIDI or MusicXML file of yours, write something on the **Generate** page, or try one of these on "
        "*Greensleeves*:",
        PRESETS,
        partial(use_example, song),
    )


workspace(controls, welcome, next_step, selection=on_the_roll, on_select=take_over)
