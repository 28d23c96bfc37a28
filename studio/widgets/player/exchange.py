"""Numbered messages from the player's script: each asks for a change of the song at hand, and hears that it was dealt with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from music.errors import StudioError
from music.piece import Piece
from studio import session
from studio.projects.song import Song

_ANSWERED = "answered "  # and what kind of change was asked for


class Answer(NamedTuple):
    """What was said last: to which message, and what was wrong with it."""

    serial: int = 0
    problem: str = ""


def answer_to(kind: str) -> Answer:
    """Returns what was said last to a message of this kind, as the script is told of it."""
    noted = session.read_note(_ANSWERED + kind)
    return noted if isinstance(noted, Answer) else Answer()


def deal_with(kind: str, message: Any, change: Callable[[Song, Mapping[str, Any]], None]) -> str:
    """Does to the current song what a message asks for; returns what is wrong with it, or nothing.

    Args:
        kind: of change.
        message: ``serial``, its number; ``piece``, the fingerprint of what was shown; and what ``change`` reads. A browser may
            say anything.
        change: does it, or raises a StudioError.
    """
    song = session.current()
    if song is None:
        return ""
    told = message if isinstance(message, Mapping) else {}
    serial, problem = told.get("serial"), ""
    try:
        change(song, told)
    except StudioError as error:
        problem = str(error)
    session.leave_note(_ANSWERED + kind, Answer(serial if type(serial) is int else 0, problem))
    return problem


def asked_piece(song: Song, message: Mapping[str, Any]) -> Piece:
    """Returns the piece that a message is about.

    Raises:
        StudioError: it is no longer what is shown, or another is being written.
    """
    if song.writing is not None:
        raise StudioError("Something is being written just now. Wait until it is there, or stop it.")
    if song.piece is None or message.get("piece") != song.piece.fingerprint:
        raise StudioError("Another piece is shown by now. Go back to the take that you changed, and try again there.")
    return song.piece
