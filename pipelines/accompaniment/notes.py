"""Notes of an accompaniment on their way from the model to the score."""

from __future__ import annotations

from typing import NamedTuple


class AccompanimentNote(NamedTuple):
    """A note that the model wrote.

    Attributes:
        role: the program id of its player.
        position: at which it begins, from the start of the piece.
        duration: in positions.
        pitch: MIDI pitch as it sounds, or a drum key.
        velocity_id: as the model writes it.
    """

    role: int
    position: int
    duration: int
    pitch: int
    velocity_id: int


class VoiceNote(NamedTuple):
    """A note of one voice of a chorale: positions from the start of the piece, and its MIDI pitch as it sounds."""

    start: int
    end: int
    pitch: int
