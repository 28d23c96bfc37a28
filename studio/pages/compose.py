"""The Compose page: a sentence or a sketch on top, the song that comes of it below, stage by stage."""

from __future__ import annotations

import streamlit as st

from music.errors import StudioError
from pipelines.prompt.understand import understand
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from studio import session
from studio.jobs import registry
from studio.projects.song import Song
from studio.widgets.compose.actions import begin, is_composed, sketch_control
from studio.widgets.compose.brief_chips import brief_of, notes, wishes
from studio.widgets.compose.prompt_field import EXAMPLES, TEXT, sentence_field, use_example
from studio.widgets.compose.stage_cards import about_stages, composed, live_song, welcome
from studio.widgets.compose.words import follow, put_away, whose_words
from studio.widgets.job_progress import progress
from studio.widgets.sampling import drawn_seed
from studio.widgets.start import example_buttons, heading
from studio.widgets.takes import redo_button
from studio.widgets.workspace import generate_button, remarks, result
from studio.wording import show_error

WIDTHS = (7, 4)


def desk(song: Song) -> Brief | None:
    """Shows where one says what the song is to be, and starts it when asked to; returns what was said, None for nonsense."""
    words, start = st.columns(WIDTHS, gap="medium")
    with words:
        text = song.controls.get(TEXT, "")
        understood = understand(text)
        entered = sentence_field(understood, "A slow, dark waltz for strings and piano, one minute", song.id)
        if song.piece is None and song.writing is None:
            with st.container(horizontal=True, gap="xsmall", key="examples"):
                example_buttons(EXAMPLES, "try", use_example)
        values = wishes(understood)
        notes(understood)
        below = st.container()
    with start:
        busy = song.writing is not None
        pressed = st.button(
            "Compose", type="primary", icon=":material/auto_awesome:", width="stretch", key="compose", disabled=busy
        )
        sketch = sketch_control(song)
        brief = None
        try:
            seed = song.controls.get("compose seed")
            brief = brief_of(text, values, drawn_seed() if seed is None else seed)
            if (pressed or entered) and not busy:
                begin(song, brief, sketch)
        except StudioError as error:
            show_error(str(error))
    with below:
        put_away(song)
        if brief is not None:
            whose_words(song, brief)
    return brief


def next_step(song: Song) -> None:
    """Shows what can follow the current take."""
    generate_button("Continue in Generate")
    if st.button("Remix it", icon=":material/auto_fix_high:", key="remix it", help="Rewrite parts of it."):
        st.switch_page("studio/pages/remix.py")
    if st.button("Harmonize it", icon=":material/piano:", key="harmonize it", help="Accompany its melody anew."):
        st.switch_page("studio/pages/harmonize.py")


def page(song: Song) -> None:
    """Shows the whole page."""
    registry().warm_up()
    if song.piece is None and song.writing is None:
        welcome()
    else:
        heading("Compose", EXAMPLES, use_example)
    follow(song)
    brief = desk(song)
    if song.notice:
        show_error(song.notice)
    if song.writing is not None:
        progress(song, live_song if isinstance(song.writing.options, Plan) else None)
    elif is_composed(song.take):
        composed(song, next_step, WIDTHS, brief)
    elif song.piece is not None:
        remarks(song)
        result(song, next_step)
    else:
        redo_button(song)
        about_stages()


page(session.song())
