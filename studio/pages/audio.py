"""The Audio page: a sound, words or both on the left, the music that comes of them on the right, as notes and as sound."""

from __future__ import annotations

import streamlit as st

from music.errors import StudioError
from music.piece import Piece
from studio.projects.song import Song
from studio.widgets.audio.controls import PRESETS, audio_controls, checked, use_example
from studio.widgets.audio.result import compared, is_audio, synthesis_control
from studio.widgets.audio.sound import sound_control
from studio.widgets.compose.actions import use_as_sketch
from studio.widgets.job_progress import write
from studio.widgets.start import heading
from studio.widgets.workspace import invitation, result, workspace
from studio.wording import show_error


def controls(song: Song) -> None:
    """Shows the controls and starts to write when asked to."""
    heading("Audio", PRESETS, use_example)
    sound = sound_control(song)
    values = audio_controls(sound)
    if st.button(
        "Make music",
        type="primary",
        icon=":material/graphic_eq:",
        width="stretch",
        key="make music",
        disabled=song.writing is not None,
    ):
        try:
            write(song, "audio", Piece.empty(), checked(values))
        except StudioError as error:
            show_error(str(error))


def show(song: Song) -> None:
    """Shows the current take; one that was written here with a choice of its sound, and beside the sound it follows."""
    if not is_audio(song) or not song.piece.note_count:
        result(song, next_step)
        return
    chosen: list[str] = []

    def synthesis() -> str:
        chosen.append(synthesis_control())
        return chosen[0]

    result(song, next_step, synthesis=synthesis, below=lambda: compared(song, chosen[0]))


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    if st.button(
        "Open in Compose",
        icon=":material/auto_awesome:",
        key="compose it",
        help="Its melody becomes the theme of a whole song.",
    ):
        use_as_sketch(song)
        st.switch_page("studio/pages/compose.py")
    if st.button("Open in Remix", icon=":material/auto_fix_high:", key="remix it", help="Rewrite parts of it."):
        st.switch_page("studio/pages/remix.py")
    if st.button("Open in Harmonize", icon=":material/piano:", key="harmonize it", help="Accompany its melody anew."):
        st.switch_page("studio/pages/harmonize.py")


def welcome(song: Song) -> None:
    """Shows what to do first."""
    invitation(
        "What shall it sound like?",
        "Record a sound or drop one, and the music follows its harmony, tempo and color; say in words what it should be "
        "like; or both. Press **Make music**, or begin with one of these:",
        PRESETS,
        use_example,
    )


workspace(controls, welcome, next_step, show=show)
