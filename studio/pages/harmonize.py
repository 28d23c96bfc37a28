"""The Harmonize page: a melody and how to accompany it on the left, what comes of it on the right."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from music.errors import StudioError
from studio import session
from studio.jobs import registry
from studio.session import Song, set_controls
from studio.widgets.harmonize_controls import (
    check_bars,
    checked,
    example_buttons,
    harmonize_controls,
    harmonized,
    in_words,
    selectable,
    source,
    take_over_bars,
)
from studio.widgets.remix_controls import has_music
from studio.widgets.stage import invitation, stage
from studio.widgets.start import heading, upload
from studio.widgets.writing import write


def controls(song: Song) -> None:
    """Shows the controls and starts to harmonize when asked to."""
    heading("Harmonize", lambda: example_buttons(song, "example"))
    if not has_music(song):
        st.caption("A MIDI or MusicXML file with a melody")
        upload(song)
        return
    with st.expander("Another file", icon=":material/upload_file:"):
        upload(song)
    values = harmonize_controls(song)
    edited = ", ".join(str(bar + 1) for bar in values["edited"])
    with st.container(horizontal=True):
        pressed = st.button(
            f"Harmonize {_named(values['bars'])} again" if values["bars"] else "Harmonize",
            type="primary",
            icon=":material/piano:",
            width="stretch",
            key="harmonize",
            disabled=song.writing is not None,
        )
        few = 0 < len(values["edited"]) <= 8 and edited != values["bars"]
        rerun = few and st.button(
            f"Only {_named(edited)}",
            icon=":material/refresh:",
            key="only edited",
            disabled=song.writing is not None,
            help="Harmonizes again only the bars whose chords you changed; all else stays, note for note.",
        )
    if pressed or rerun:
        try:
            harmonize(song, values | {"bars": edited} if rerun else values)
        except StudioError as error:
            st.error(str(error))


def _named(bars: str) -> str:
    return f"bar {bars}" if bars.strip().isdecimal() else f"bars {bars}"


def harmonize(song: Song, values: dict) -> None:
    """Starts to harmonize: the melody anew, or some bars of the harmonization that is shown.

    Raises:
        StudioError: the values do not go together, or the studio is too busy.
    """
    check_bars(values["bars"], song.piece)
    options, piece = checked(values), source(song)
    if options.bars:
        piece, style = song.piece, harmonized(song.piece)["options"].get("style")
        if style != options.style:
            raise StudioError(
                f"This accompaniment was written in the style {style}. Choose that one, or clear the bars to write "
                "all of it anew."
            )
        options = replace(options, melody=0)  # where a harmonization has it
    write(song, "harmonize", piece, options, in_words(options))


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    if st.button("Continue in Generate", icon=":material/arrow_forward:", key="continue", help="Write on after it."):
        set_controls({"start": "song"})
        st.switch_page("studio/pages/generate.py")
    if st.button("Remix it", icon=":material/auto_fix_high:", key="remix it", help="Rewrite parts of it."):
        st.switch_page("studio/pages/remix.py")


def welcome() -> None:
    """Shows what to do first."""
    invitation(
        "Which melody shall we accompany?",
        "Give a MIDI or MusicXML file of yours, write a tune on the **Generate** page, or try one of these on "
        "*Greensleeves*:",
        lambda: example_buttons(visitor, "welcome"),
    )


registry().warm_up()
visitor = session.song()
left, right = st.columns([4, 7], gap="large")
with left:
    controls(visitor)
with right:
    stage(visitor, welcome, next_step, selection=selectable(visitor.piece), on_select=take_over_bars)
