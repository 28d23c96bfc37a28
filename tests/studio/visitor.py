"""What a visitor does on a page of the studio, through Streamlit's AppTest."""

from __future__ import annotations

import re
from pathlib import Path

import symusic

from music.files.midi import midi_bytes
from music.piece import Piece
from studio import visitors
from tests.waiting import until_shown

ROOT = Path(__file__).resolve().parents[2]
GENERATE = "studio/pages/generate.py"


def song_of(page):
    """Returns the visitor's song."""
    return visitors.live(page.session_state["song"])


def press(page, label):
    """Returns the page after a press of this button."""
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def control(page, name):
    """Returns the widget of this control."""
    return next(
        w
        for kind in (
            "number_input",
            "selectbox",
            "multiselect",
            "slider",
            "toggle",
            "button_group",
            "text_input",
            "text_area",
            "select_slider",
        )
        for w in page.get(kind)
        if re.fullmatch(rf"control {re.escape(name)}( \d+)?", w.key or "")
    )


def until_written(page):
    """Returns the page once the take is there."""
    until_shown(page, lambda page: song_of(page).writing is None, "the take")
    return page


def until_under_way(page):
    """Returns the page once some of the take is there and it can be stopped."""
    until_shown(page, lambda page: any(b.label == "Stop and keep" for b in page.button), "the first Step")
    return page


def small_midi() -> bytes:
    """Returns two bars of a waltz for the flute."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 90.0))
    score.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    score.tracks.append(symusic.Track("Lead", 73, False))
    score.tracks[0].notes.extend(
        symusic.Note(n * 480, 480, pitch, 80) for n, pitch in enumerate((60, 64, 67, 72, 67, 64))
    )
    return midi_bytes(Piece(score))
