"""Which sections of a song are locked, so that re-rolls leave them as they are; kept with the song, for each take of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import zip_longest

from music.piece import Piece
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.values import fits
from pipelines.rearrange import Form
from pipelines.song.plan import Plan
from studio.controls import keep, song_controls
from studio.projects.project import Take

_LOCKED = "locked sections"
_MOST = 128  # pieces of which it is kept; a song has 50 takes

_Sections = list[tuple[int, str]]  # numbers, counted from 0, and names


def locked_sections(take: Take) -> list[int]:
    """Returns the numbers of the sections of a composed song that are locked, counted from 0.

    They are those that somebody locked in this take, else in the one that it was made of, or that it was to keep.
    """
    names = [part.name for part in Form(take.pieces[0].score).sections]
    return sorted({number for number, name in _found(take) if 0 <= number < len(names) and names[number] == name})


def lock_section(take: Take, number: int, locked: bool) -> None:
    """Locks a section of a composed song, or unlocks it."""
    _note(take.pieces[0], {*locked_sections(take)} - {number} | ({number} if locked else set()))


def follow_sections(take: Take, piece: Piece, options: RearrangeOptions) -> None:
    """Has the locks of a take go where its sections go, in the piece that comes of it."""
    before = locked_sections(take)
    sections = Form(take.pieces[0].score).sections
    firsts = {sections[number].first for number in before}
    order = [part for part in options.parts if part[0]]
    _note(take.pieces[0], before)
    _note(piece, [number for number, (_, first, _) in enumerate(order) if first in firsts])


def _note(piece: Piece, numbers: Collection[int]) -> None:
    names = [part.name for part in Form(piece.score).sections]
    others = {key: value for key, value in _noted().items() if key != piece.fingerprint}
    mine = {piece.fingerprint: [(number, names[number]) for number in sorted(numbers)]}
    keep(_LOCKED, dict([*others.items(), *mine.items()][-_MOST:]))


def _found(take: Take) -> _Sections:
    if not isinstance(take.options, Plan):
        return []
    noted, kept = _noted(), _Sections()
    if take.pieces[0].fingerprint in noted:
        return noted[take.pieces[0].fingerprint]
    for stage, piece in reversed(
        list(zip_longest(take.options.stages, take.stages))
    ):  # a stopped song has not all results
        if piece is not None and piece.fingerprint in noted:
            return [*kept, *noted[piece.fingerprint]]
        if stage.pipeline == "kept":
            kept.append((stage.options.section, stage.options.name))
        elif kept or stage.pipeline == "arrangement":  # what was locked before stands elsewhere, or is kept already
            break
    return kept


def _noted() -> dict[str, _Sections]:
    """Returns the locked sections by the fingerprint of their piece."""
    noted = song_controls().get(_LOCKED)
    return dict(noted) if isinstance(noted, Mapping) and fits(dict[str, _Sections], noted) else {}
