"""The Generate page: controls on the left, what they make on the right."""

from __future__ import annotations

import streamlit as st

from music.errors import StudioError
from studio.controls import set_controls
from studio.projects.song import Song
from studio.widgets.compose.locked_sections import held_notes
from studio.widgets.generate.controls import PRESETS, checked, generate_controls, use_example
from studio.widgets.job_progress import write
from studio.widgets.start import heading, start_control
from studio.widgets.workspace import invitation, workspace
from studio.wording import show_error


def controls(song: Song) -> None:
    """Shows the controls and starts to write when asked to."""
    heading("Generate", PRESETS, use_example)
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
            write(song, "generate", piece, checked(values | {"lock_notes": held_notes(piece)}, keep_bars))
        except StudioError as error:
            show_error(str(error))


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    st.button(
        "Continue from this one",
        icon=":material/arrow_forward:",
        on_click=set_controls,
        args=({"start": "song"},),
        key="continue",
        help="The next press of Generate goes on from here.",
    )
    st.page_link(
        "studio/pages/remix.py", label="Remix it", icon=":material/auto_fix_high:", help="Rewrite parts of it."
    )
    st.page_link(
        "studio/pages/harmonize.py", label="Harmonize it", icon=":material/piano:", help="Accompany its melody anew."
    )


def welcome(song: Song) -> None:
    """Shows what to do first."""
    invitation(
        "What shall we write?",
        "Choose what you like and press **Generate**, continue a MIDI file of yours, or begin with one of these:",
        PRESETS,
        use_example,
    )


workspace(controls, welcome, next_step)
