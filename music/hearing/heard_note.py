"""A note as it was heard in sound, before any bar or beat is known."""

from __future__ import annotations

from typing import NamedTuple


class HeardNote(NamedTuple):
    """One note.

    Attributes:
        start_s: when it begins, in seconds of the recording.
        end_s: when it ends.
        pitch: MIDI pitch.
        strength: how loud or how sure, above 0, up to 1.
    """

    start_s: float
    end_s: float
    pitch: int
    strength: float
