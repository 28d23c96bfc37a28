"""A recorder with a count-in and a level meter, which Streamlit's own has not."""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from pipelines.options import TEMPO_RANGE_BPM
from studio import session
from studio.controls import component_value

RATE_HZ = 22_050
"""As the networks hear it, so that a recording is no larger than it need be."""

MAX_BYTES = 32 * 2**20
"""Of a recording: five minutes, at whatever rate a browser insists on, and some more."""

_HERE = Path(__file__).parent
_GIVEN, _ANSWERED = "recording ", "recordings answered "


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


def recorder(label: str, key: str, busy: bool = False) -> Recording | None:
    """Shows the recorder; returns what was recorded last, None for nothing.

    Args:
        label: what its button says.
        key: the same for the same place on the page.
        busy: whether nothing can be recorded now.
    """
    low, high = TEMPO_RANGE_BPM

    def recorded() -> None:
        message = component_value(key, "recording")
        if message is not None:
            _take(key, message)

    data = {"label": label, "rate": RATE_HZ, "busy": busy, "slowest": low, "fastest": high}
    answered = session.read_note(_ANSWERED + key)
    _component()(key=key, data={**data, "answered": answered or 0}, on_recording_change=recorded)
    return session.read_note(_GIVEN + key)


def _take(key: str, message: Any) -> None:
    """Keeps a recording for this run of the page and later ones; what is none becomes one without a sound, which is told there."""
    values = message if isinstance(message, Mapping) else {}
    serial, text, tempo = values.get("serial"), values.get("wav"), values.get("tempo")
    low, high = TEMPO_RANGE_BPM
    try:
        wav = base64.b64decode(text, validate=True) if isinstance(text, str) and len(text) <= MAX_BYTES * 4 // 3 else b""
    except (ValueError, binascii.Error):
        wav = b""
    is_tempo = type(tempo) in (int, float) and low <= tempo <= high
    count = session.read_note(_ANSWERED + key + " count") or 0
    session.leave_note(_ANSWERED + key + " count", count + 1)
    session.leave_note(_ANSWERED + key, serial if isinstance(serial, int) else 0)
    session.leave_note(_GIVEN + key, Recording(f"{key} {count}", wav, float(tempo) if is_tempo else None))


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_recorder",
        html=(_HERE / "recorder.html").read_text("utf-8"),
        css=(_HERE / "recorder.css").read_text("utf-8"),
        js=(_HERE / "recorder.js").read_text("utf-8"),
    )
