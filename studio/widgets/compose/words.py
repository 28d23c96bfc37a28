"""Whose words the field of the Compose page holds: those of the take that is shown, or those of another song to come."""

from __future__ import annotations

from types import NoneType
from typing import Any

import streamlit as st

from music.piece import Piece
from pipelines.descriptors.descriptions import listed
from pipelines.descriptors.stages import STAGES
from pipelines.options.edit import EditOptions
from pipelines.options.transcribe import TranscribeOptions
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from pipelines.song.replanning import changed_wishes
from studio import session, visitors
from studio.controls import keep, song_controls
from studio.projects.project import Take
from studio.projects.song import Song
from studio.widgets.compose.brief_chips import BY_HAND, by_hand_of
from studio.widgets.compose.prompt_field import SERIAL, TEXT, set_text
from studio.widgets.compose.wish_table import title_of
from studio.wording import plain

SKETCH = "compose sketch"
"""The control that holds what a song begins from: a take's number and a variant."""

_FOLLOWED, _PUT_AWAY = "take whose words were shown", "song put away"
_WORDS = (TEXT, SERIAL, BY_HAND, "compose seed")


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts are the same words, however they are spaced and capitalized."""
    return one.casefold().split() == other.casefold().split()


def is_said(song: Song, text: str) -> bool:
    """Whether a take of a song was composed from these words, or nothing of it was written yet but what was heard and mended."""
    given = (NoneType, TranscribeOptions, EditOptions)
    written = [take for take in song.takes if not isinstance(take.options, given)]
    said = [take.options.brief.text for take in written if isinstance(take.options, Plan)]
    return not written or any(is_same_text(text, each) for each in said)


def words_of(take: Take | None) -> dict[str, Any]:
    """Returns what the field and the chips say where they are those of a take; of one that was not composed, nothing."""
    brief = take.options.brief if take is not None and isinstance(take.options, Plan) else Brief()
    return {TEXT: brief.text, BY_HAND: by_hand_of(brief)}


def follow(song: Song) -> None:
    """Has the field and the chips say what the take that is shown was asked for, unless the visitor has changed them.

    Call it in each run of the page, before they are shown.
    """
    take = song.take
    if take is None or not isinstance(take.options, Plan):
        return
    song_id, number = session.read_note(_FOLLOWED) or ("", 0)
    if song_id == song.id and number != take.number:
        before = next((each for each in song.takes if each.number == number), None)
        if before is not None and _shown() == words_of(before) != words_of(take):
            use_words(take)
    session.leave_note(_FOLLOWED, (song.id, take.number))


def use_words(take: Take) -> None:
    """Puts the words of a take into the field, and its wishes on the chips; for callbacks, and before they are shown."""
    words = words_of(take)
    set_text(words[TEXT])
    keep(BY_HAND, words[BY_HAND])


def _shown() -> dict[str, Any]:
    return {TEXT: song_controls().get(TEXT, ""), BY_HAND: song_controls().get(BY_HAND, {})}


def whose_words(song: Song, brief: Brief) -> None:
    """Says what the words and chips are for where they are not those of the composed take that is shown."""
    take = song.take
    if take is None or not isinstance(take.options, Plan) or song.writing is not None:
        return
    if is_same_text(brief.text, take.options.brief.text):
        wishes = changed_wishes(take.options, brief, take.before)
        if pending := {name: stage for name, stage in wishes.items() if stage is not None}:
            stages = listed(
                [STAGES[take.options.stages[number].pipeline].title for number in sorted({*pending.values()})]
            )
            names = listed(list(dict.fromkeys(title_of(name) for name in pending)))
            st.caption(f"Not in {plain(take.label)} yet: {names}. Re-roll {stages}, or compose another take.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="other words"):
        if is_said(song, brief.text):
            st.caption(f"These are not the words of {plain(take.label)}.", width="content")
        else:
            st.caption("Other words, another song: the one below stays under Songs.", width="content")
        st.button(
            f"Use the words of {plain(take.label)}",
            icon=":material/undo:",
            key="use words",
            type="tertiary",
            on_click=use_words,
            args=(take,),
        )


def another_song(song: Song, sketch: tuple[str, Piece] | None) -> Song:
    """Returns a new song that begins with what the field and the chips say; this one goes back to the words of its take.

    Args:
        song: the visitor's; it stays under Songs.
        sketch: what the new song begins from, its name and the piece; None for nothing.
    """
    new = Song(controls={name: song.controls[name] for name in _WORDS if name in song.controls})
    if sketch is not None:
        new.controls[SKETCH] = [new.add((sketch[1],), label=sketch[0]).number, 0]
    song.controls |= words_of(song.take)
    visitors.note_change(song)
    session.leave_note(_PUT_AWAY, (new.id, song.name))
    return session.enter(new)


def put_away(song: Song) -> None:
    """Says where the song is that this one took the place of, until there are several takes."""
    new_id, name = session.read_note(_PUT_AWAY) or ("", "")
    if new_id == song.id and sum(isinstance(take.options, Plan) for take in song.takes) < 2:
        st.page_link("studio/pages/songs.py", label=f"{plain(name)} stays under Songs", icon=":material/library_music:")
