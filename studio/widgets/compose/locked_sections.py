"""Which sections of a song are locked, so that no model changes them; kept with the song, for each take of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import streamlit as st

from music.bars import bar_grid
from music.errors import StudioError
from music.piece import Piece
from pipelines.locks import NotePlace, locked_notes
from pipelines.options.rearrange import RearrangeOptions
from pipelines.options.values import fits
from pipelines.rearrange import Form
from pipelines.song.plan import Plan, Stage
from studio import session
from studio.controls import keep, song_controls
from studio.projects.project import Take
from studio.wording import plain

_LOCKED = "locked sections"
_MOST = 128  # pieces of which it is kept; a song has 50 takes

_Sections = list[tuple[int, str]]  # numbers, counted from 0, and names


def locked_sections(take: Take) -> list[int]:
    """Returns the numbers of the sections of a composed song that are locked, counted from 0.

    They are those that somebody locked in this take, else in the one that it was made of, or that it was to keep.
    """
    if not isinstance(take.options, Plan):
        return []
    names = [part.name for part in Form(take.pieces[0].score).sections]
    return sorted({number for number, name in _found(take) if 0 <= number < len(names) and names[number] == name})


def held_notes(piece: Piece) -> tuple[NotePlace, ...]:
    """Returns the notes of a piece that no model is to change: those that are locked, or begin in a locked section."""
    numbers, found = _locked_in(piece), set(locked_notes(piece))
    if numbers:
        bars, sections = bar_grid(piece.score), Form(piece.score).sections
        spans = [(bars[sections[n].first].start, bars[sections[n].last - 1].end) for n in numbers]
        found |= {
            (number, place)
            for number, track in enumerate(piece.score.tracks)
            for place, note in enumerate(track.notes)
            if any(start <= note.time < stop for start, stop in spans)
        }
    return tuple(sorted(found))


def open_bars(piece: Piece, bars: Sequence[int]) -> tuple[int, ...]:
    """Returns those of some bars, counted from 0, in which a model may also write new notes.

    Args:
        piece: what they are of.
        bars: counted from 0; none for all.

    Raises:
        StudioError: all of them are in locked sections.
    """
    sections = Form(piece.score).sections
    shut = {bar for number in _locked_in(piece) for bar in range(sections[number].first, sections[number].last)}
    if not shut:
        return tuple(bars)
    found = tuple(bar for bar in bars or range(len(bar_grid(piece.score))) if bar not in shut)
    if not found:
        raise StudioError("All of these bars are locked. Unlock their section, or select other bars.")
    return found


def show_held(piece: Piece) -> None:
    """Says which sections and how many notes of a piece no model is to change, if there are any."""
    names = [Form(piece.score).name(number) for number in _locked_in(piece)]
    if names:
        st.caption(
            f":material/lock: {plain(', '.join(names))} stays as it is. Unlock it over the piano roll."
            if len(names) == 1
            else f":material/lock: {plain(', '.join(names))} stay as they are. Unlock them over the piano roll."
        )
    if notes := len(locked_notes(piece)):
        st.caption(
            f":material/lock: {notes} locked note{'s stay' if notes > 1 else ' stays'} too. Edit the piano roll to unlock with L."
        )


def _locked_in(piece: Piece) -> list[int]:
    """Returns the locked sections of a piece of the song at hand."""
    song = session.current()
    takes = [take for take in song.takes if take.pieces[0].fingerprint == piece.fingerprint] if song else []
    return locked_sections(takes[-1]) if takes else []


def check_section(take: Take, bar: int) -> None:
    """Makes sure that a bar, counted from 0, is in no locked section of a take.

    Raises:
        StudioError: it is.
    """
    locked, sections = locked_sections(take), Form(take.pieces[0].score).sections
    if any(sections[number].first <= bar < sections[number].last for number in locked):
        raise StudioError("This section is locked. Unlock it first.")


def lock_section(take: Take, number: int, locked: bool) -> None:
    """Locks a section of a composed song, or unlocks it."""
    _note_of(take.pieces[0], {*locked_sections(take)} - {number} | ({number} if locked else set()))


def carry_sections(take: Take, plan: Plan) -> None:
    """Has what will be made by a plan of the sections of a take know which of them are locked now, and that no others are."""
    names = [part.name for part in Form(take.pieces[0].score).sections]
    _note(_made_by(plan.stages), [(number, names[number]) for number in locked_sections(take)])


def follow_sections(take: Take, piece: Piece, options: RearrangeOptions) -> None:
    """Has the locks of a take go where its sections go, in the piece that comes of it."""
    before = locked_sections(take)
    sections = Form(take.pieces[0].score).sections
    firsts = {sections[number].first for number in before}
    order = [part for part in options.parts if part[0]]
    _note_of(take.pieces[0], before)
    _note_of(piece, [number for number, (_, first, _) in enumerate(order) if first in firsts])


def _note_of(piece: Piece, numbers: Collection[int]) -> None:
    names = [part.name for part in Form(piece.score).sections]
    _note(piece.fingerprint, [(number, names[number]) for number in sorted(numbers)])


def _note(name: str, sections: _Sections) -> None:
    others = {key: value for key, value in _noted().items() if key != name}
    keep(_LOCKED, dict([*others.items(), (name, sections)][-_MOST:]))


def _made_by(stages: Sequence[Stage]) -> str:
    """Returns under which name stands what is locked in what these stages make, of which no piece is there yet."""
    return f"stages {hashlib.sha256(repr(stages).encode()).hexdigest()[:16]}"


def _found(take: Take) -> _Sections:
    noted, kept, stages = _noted(), _Sections(), take.options.stages
    known = [take.pieces[0].fingerprint]
    for number in reversed(range(len(stages))):
        stage, names = stages[number], [*known, _made_by(stages[: number + 1])]
        known = (
            [take.stages[number - 1].fingerprint] if 0 < number <= len(take.stages) else []
        )  # a stopped song lacks some
        if (name := next((each for each in names if each in noted), None)) is not None:
            return [*kept, *noted[name]]
        if stage.pipeline == "kept":
            kept.append((stage.options.section, stage.options.name))
        elif kept or stage.pipeline == "arrangement":  # what was locked before stands elsewhere, or is kept already
            break
    return kept


def _noted() -> dict[str, _Sections]:
    """Returns the locked sections by the fingerprint of their piece, or the name of what makes it."""
    noted = song_controls().get(_LOCKED)
    return dict(noted) if isinstance(noted, Mapping) and fits(dict[str, _Sections], noted) else {}
