"""Edits by hand on the player's roll: what comes of them is a take of the song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from music.piece import Piece
from pipelines.edit import edit, options_of
from studio import session
from studio.controls import keep
from studio.projects.song import Song
from studio.widgets.compose.words import SKETCH
from studio.widgets.player.editing import editable
from studio.widgets.player.exchange import answer_to, asked_piece, deal_with

_KIND = "edits"


def on_the_roll(piece: Piece) -> dict[str, Any]:
    """Returns what the player needs so that a piece can be edited on its roll."""
    return editable(piece, answer_to(_KIND).serial)


def keep_edits(message: Any) -> None:
    """Makes a take of what was edited on the roll, or notes what is wrong with it; for the player's callback.

    Args:
        message: ``piece``, the fingerprint of what was edited; ``edits``, as ``pipelines.edit.options_of`` takes them; and
            ``serial``, its number. A browser may say anything.
    """
    problem, song = deal_with(_KIND, message, _keep), session.current()
    if problem and song is not None:
        song.notice = problem


def _keep(song: Song, message: Mapping[str, Any]) -> None:
    before, place = asked_piece(song, message), [song.place.take, song.place.variant]
    options = options_of(before, message.get("edits"))
    (*_, step) = edit(before, options)
    song.notice, song.remarks = None, ()
    take = song.add(step.pieces, detail=options.words, before=before, options=options)
    if song.controls.get(SKETCH) == place:  # what the next song begins from was mended
        keep(SKETCH, [take.number, 0])
