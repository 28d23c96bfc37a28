"""Which sections of a song are locked, so that re-rolls leave them as they are; kept with the song."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from music.piece import Piece
from pipelines.rearrange import Form
from pipelines.rearrange_options import RearrangeOptions
from studio.controls import keep, song_controls

_LOCKED = "locked sections"


def locked_sections(piece: Piece) -> list[int]:
    """Returns the numbers of the sections of a piece that are locked, counted from 0."""
    names = [part.name for part in Form(piece.score).sections]
    return sorted({number for number, name in _noted() if number < len(names) and names[number] == name})


def lock_section(piece: Piece, number: int, locked: bool) -> None:
    """Locks a section of a piece, or unlocks it."""
    names = [part.name for part in Form(piece.score).sections]
    now = {*locked_sections(piece)} - {number} | ({number} if locked else set())
    keep(_LOCKED, [[each, names[each]] for each in sorted(now)])


def follow_sections(piece: Piece, options: RearrangeOptions) -> None:
    """Has the locks of a piece go where its sections go."""
    sections = Form(piece.score).sections
    locked = {sections[number].first for number in locked_sections(piece)}
    order: Sequence[Any] = [part for part in options.parts if part[0]]
    keep(_LOCKED, [[number, name] for number, (name, first, _) in enumerate(order) if first in locked])


def _noted() -> list[tuple[int, str]]:
    noted = song_controls().get(_LOCKED)
    return [
        (each[0], each[1])
        for each in (noted if isinstance(noted, list) else [])
        if isinstance(each, list)
        and len(each) == 2
        and type(each[0]) is int
        and each[0] >= 0
        and isinstance(each[1], str)
    ]
