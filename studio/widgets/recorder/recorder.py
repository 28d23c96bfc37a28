"""A recorder with a count-in and a level meter, which Streamlit's own has not."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from pipelines.options.checks import TEMPO_RANGE_BPM
from studio import session
from studio.controls import component_value
from studio.projects.library import new_id
from studio.widgets.audio.sound import RECORDING_HZ

MAX_BYTES = 32 * 2**20
"""Of a recording: five minutes, at whatever rate a browser insists on, and some more."""

_HERE = Path(__file__).parent
_ANSWERED = "recordings answered "


class Recording(NamedTuple):
    """What was recorded, in the manner of a file that was uploaded.

    Attributes:
        file_id: tells it from others of this visit.
        wav: the bytes of a WAV file, or of anything else that a browser sent.
        tempo_bpm: that was counted in; None without a count-in.
    """

    file_id: str
    wav: bytes
    tempo_bpm: float | None

    def getvalue(self) -> bytes:
        """Returns the bytes."""
        return self.wav


def recorder(label: str, key: str, owner: str) -> Recording | None:
    """Shows the recorder; returns what was recorded last, until it is forgotten; None for nothing.

    Args:
        label: what its button says.
        key: the same for the same place on the page.
        owner: whose recording it is, such as a song's id.
    """
    low, high = TEMPO_RANGE_BPM
    answered = session.read_note(_ANSWERED + key)
    data = {"label": label, "rate": RECORDING_HZ, "slowest": low, "fastest": high, "answered": answered or 0}

    def recorded() -> None:
        message = component_value(key, "recording")
        if message is not None:
            _take(key, owner, message)

    _component()(key=key, data=data, on_recording_change=recorded)
    return session.read_note(_given(key, owner))


def forget(key: str, owner: str) -> None:
    """Lets go of what was recorded last, which may be large."""
    session.take_note(_given(key, owner))


def _take(key: str, owner: str, message: Any) -> None:
    """Keeps a recording for this run of the page and later ones; of a message that is none it has no bytes."""
    values = message if isinstance(message, Mapping) else {}
    serial, text, tempo = values.get("serial"), values.get("wav"), values.get("tempo")
    low, high = TEMPO_RANGE_BPM
    try:
        fits = isinstance(text, str) and len(text) <= MAX_BYTES * 4 // 3
        wav = base64.b64decode(text, validate=True) if fits else b""
    except ValueError:
        wav = b""
    is_tempo = type(tempo) in (int, float) and low <= tempo <= high
    session.leave_note(_ANSWERED + key, serial if isinstance(serial, int) else 0)
    session.leave_note(_given(key, owner), Recording(new_id(), wav, float(tempo) if is_tempo else None))


def _given(key: str, owner: str) -> str:
    return f"recording {key} {owner}"


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_recorder",
        html=(_HERE / "recorder.html").read_text("utf-8"),
        css=(_HERE / "recorder.css").read_text("utf-8"),
        js=(_HERE / "recorder.js").read_text("utf-8"),
    )
