"""The Harmonize page: a melody and how to accompany it on the left, what comes of it on the right."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from music.errors import StudioError
from pipelines.recipes import harmonized
from studio.projects.song import Song
from studio.widgets.compose.locked_sections import held_notes
from studio.widgets.harmonize.controls import (
    PRESETS,
    checked,
    describe_request,
    harmonize_controls,
    selectable,
    source,
    take_over_bars,
    use_example,
)
from studio.widgets.job_progress import write
from studio.widgets.recording import tune_control
from studio.widgets.selection import are_there
from studio.widgets.start import heading
from studio.widgets.workspace import generate_button, invitation, workspace
from studio.wording import show_error


def controls(song: Song) -> None:
    """Shows the controls and starts to harmonize when asked to."""
    heading("Harmonize", PRESETS, partial(use_example, song))
    if not tune_control(song, "A MIDI or MusicXML file with a melody, or its sound"):
        return
    values = harmonize_controls(song)
    known, busy = are_there(values["bars"], song.piece), song.writing is not None
    edited = ", ".join(str(bar + 1) for bar in values["edited"])
    with st.container(horizontal=True):
        pressed = st.button(
            f"Harmonize {_named(values['bars'])} again" if values["bars"] and known else "Harmonize",
            type="primary",
            icon=":material/piano:",
            width="stretch",
            key="harmonize",
            disabled=busy or not known,
        )
        few = 0 < len(values["edited"]) <= 8 and edited != values["bars"]
        rerun = few and st.button(
            f"Only {_named(edited)}",
            icon=":material/refresh:",
            key="only edited",
            disabled=busy,
            help="Harmonizes again only the bars whose chords you changed; all else stays, note for note.",
        )
    if pressed or rerun:
        try:
            harmonize(song, values | {"bars": edited} if rerun else values)
        except StudioError as error:
            show_error(str(error))


def _named(bars: str) -> str:
    return f"bar {bars}" if bars.strip().isdecimal() else f"bars {bars}"


def harmonize(song: Song, values: dict) -> None:
    """Starts to harmonize: the melody anew, or some bars of the harmonization that is shown.

    Raises:
        StudioError: the values do not go together, or the studio is too busy.
    """
    options, piece = checked(values), source(song)
    if options.bars:
        piece, style = song.piece, harmonized(song.piece)["options"].get("style")
        if style != options.style:
            raise StudioError(
                f"This accompaniment was written in the style {style}. Choose that one, or clear the bars to write "
                "all of it anew."
            )
        options = replace(options, melody=0)  # where a harmonization has it
    options = replace(options, lock_notes=held_notes(piece))
    write(song, "harmonize", piece, options, describe_request(options))


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    generate_button("Continue in Generate")
    if st.button("Remix it", icon=":material/auto_fix_high:", key="remix it", help="Rewrite parts of it."):
        st.switch_page("studio/pages/remix.py")


def welcome(song: Song) -> None:
    """Shows what to do first."""
    invitation(
        "Which melody shall we accompany?",
        "Give a MIDI, MusicXML or sound file, hum a melody, write a tune on the **Generate** page, or try one of these "
        "on *Greensleeves*:",
        PRESETS,
        partial(use_example, song),
    )


workspace(controls, welcome, next_step, selection=selectable, on_select=take_over_bars)
