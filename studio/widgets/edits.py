"""Edits by hand on the player's roll: what comes of them is a take of the song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from music.errors import StudioError
from music.piece import Piece
from pipelines.edit import edit, options_of
from studio import session
from studio.controls import keep
from studio.projects.song import Song
from studio.widgets.compose.words import SKETCH
from studio.widgets.player.editing import editable

_ANSWERED = "edits answered"


def on_the_roll(piece: Piece) -> dict[str, Any]:
    """Returns what the player needs so that a piece can be edited on its roll."""
    answered = session.read_note(_ANSWERED)
    return editable(piece, answered if isinstance(answered, int) else 0)


def keep_edits(message: Any) -> None:
    """Makes a take of what was edited on the roll, or notes what is wrong with it; for the player's callback.

    Args:
        message: ``piece``, the fingerprint of what was edited; ``edits``, as ``pipelines.edit.options_of`` takes them; and
            ``serial``, its number. A browser may say anything.
    """
    song = session.current()
    if song is None:
        return
    serial = message.get("serial") if isinstance(message, Mapping) else None
    session.leave_note(_ANSWERED, serial)
    try:
        _keep(song, message)
    except StudioError as error:
        song.notice = str(error)


def _keep(song: Song, message: Any) -> None:
    if song.writing is not None:
        raise StudioError("Something is being written just now. Wait until it is there, or stop it.")
    if song.piece is None or not isinstance(message, Mapping) or message.get("piece") != song.piece.fingerprint:
        raise StudioError(
            "Another piece is shown by now. Go back to the take that you edited, and keep the changes there."
        )
    before, place = song.piece, [song.place.take, song.place.variant]
    options = options_of(before, message.get("edits"))
    (*_, step) = edit(before, options)
    song.notice, song.remarks = None, ()
    take = song.add(step.pieces, detail=options.words, before=before, options=options)
    if song.controls.get(SKETCH) == place:  # what the next song begins from was mended
        keep(SKETCH, [take.number, 0])
