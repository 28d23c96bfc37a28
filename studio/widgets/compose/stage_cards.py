"""The stages of a song as cards: what each is making, or made, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from music.errors import StudioError
from music.piece import Piece
from pipelines.descriptors.descriptions import listed
from pipelines.descriptors.stages import STAGES
from pipelines.options.lyrics import MOST_TEXT
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan
from studio.jobs import Job
from studio.projects.project import Take
from studio.projects.song import Song
from studio.widgets.compose.actions import add_texture, add_words, branch, finish, show_stage, shown_stage, write_again
from studio.widgets.compose.lyrics_field import lyrics_field
from studio.widgets.compose.stage_labels import came_out, finished, leaves_to_chance
from studio.widgets.compose.stage_options import options_form
from studio.widgets.player.player import NamedPiece, player, small_roll
from studio.widgets.workspace import result
from studio.wording import plain, show_error

ROLL_PX = 60  # four cards beside a player fit on a laptop's screen


def live_song(song: Song, job: Job) -> None:
    """Shows the song that is being written: the notes so far, and beside them a card for each stage."""
    plan, kept, step = song.writing.options, song.writing.stages, job.update
    made = kept if step is None else step.stages
    now = len(kept) + 0.0 if step is None else step.done
    with_roll, cards = st.columns([7, 4], gap="medium")
    with with_roll:
        player([NamedPiece("Now", made[-1] if made else Piece.empty())], key="live", live=True, grows=False)
    with cards, st.container(gap="small", key="stages"):
        for number in range(len(plan.stages)):
            piece = made[number] if number < len(made) else None
            share = None if number < len(kept) else max(0.0, min(1.0, now - number))
            _live_card(number, plan, piece, share, waits=step is None)


def _live_card(number: int, plan: Plan, piece: Piece | None, share: float | None, waits: bool) -> None:
    """Shows a stage of the song that is being written; ``share`` is how much of it is done, None for one that was kept."""
    stage = plan.stages[number]
    done = share is None or share >= 1.0
    writing = not done and not waits and share is not None and (share > 0 or piece is not None)
    state = "done" if done else "writing" if writing else "waiting"
    with st.container(border=True, gap="xsmall", key=f"stage {number} {state}"):  # always as many elements: none jumps
        word = {"done": "Kept" if share is None else "Done", "writing": f"{share or 0:.0%}", "waiting": "Waiting"}[
            state
        ]
        _head(number, stage, word, state)
        bar = st.empty()
        if state == "writing":
            bar.progress(share)
        small_roll(
            NamedPiece(STAGES[stage.pipeline].title, piece or Piece.empty()),
            key=f"live stage {number}",
            height=ROLL_PX if piece else 0,
        )
        st.caption(plain(came_out(stage, piece)) if done and piece is not None else STAGES[stage.pipeline].about)


def _head(number: int, stage: Any, word: str, state: str) -> None:
    icon = {"done": ":material/check_circle: ", "missing": ":material/pending: "}.get(state, "")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(f":material/{STAGES[stage.pipeline].icon}: **{STAGES[stage.pipeline].title}**", width="content")
        st.markdown(f":gray[{icon}{word}]" if state != "writing" else f":primary[{word}]", width="content")


def composed(song: Song, next_step: Callable[[Song], None], widths: Sequence[int], brief: Brief | None) -> None:
    """Shows the current, composed take; beside it a card for each of its stages.

    Args:
        song: its current take is composed.
        next_step: shows the page's buttons for going on from it.
        widths: of the two columns.
        brief: what the words and chips say now; None where that does not go together.
    """
    number = shown_stage(song)
    heard = None
    if number is not None:
        heard = NamedPiece(STAGES[song.take.options.stages[number].pipeline].title, song.take.stages[number])
    left, right = st.columns(widths, gap="medium")
    with left:
        result(song, next_step, heard=heard)
    with right:
        stage_cards(song, brief)


def welcome() -> None:
    """Shows what to do first, for a visitor who has nothing yet."""
    with st.container(key="hero", gap="xsmall"):
        st.markdown("## What shall we compose?")
        st.caption("Say it in your own words. What was understood appears below, and you can change it.")


def about_stages() -> None:
    """Shows what will happen, for a visitor who has nothing yet: what each stage does."""
    planned = [each for each in STAGES.values() if not each.by_hand]
    with st.container(key="about"):
        for column, (number, each) in zip(st.columns(len(planned)), enumerate(planned, 1), strict=True):
            with column.container(border=True, height="stretch", gap="xsmall"):
                st.markdown(f":primary[:material/{each.icon}:] **{number} · {each.title}**")
                st.caption(each.about)


def stage_cards(song: Song, brief: Brief | None) -> None:
    """Shows a card for each stage of the current, composed take; what a re-roll writes heeds the brief."""
    take = song.take
    count = finished(take.options, take.stages)
    with st.container(gap="small", key="stages"):
        st.caption("A stage stays as it is until you re-roll it; those after it then follow.")
        for number in range(len(take.options.stages)):
            _card(song, take, number, number < count, brief)
        if count < len(take.options.stages):
            _pressed(
                song,
                lambda: finish(song, take, count),
                "Write the rest",
                "play_arrow",
                "finish",
                "Goes on where the song was stopped.",
                type="primary",
                width="stretch",
            )
        else:
            _additions(song, take)


def _additions(song: Song, take: Take) -> None:
    """Shows what a finished song may still get: a texture, words."""
    has = {stage.pipeline for stage in take.options.stages}
    if "texture" not in has:
        _pressed(
            song,
            lambda: add_texture(song, take),
            "Add a texture",
            STAGES["texture"].icon,
            "add texture",
            "Lays long notes under the whole song, as a new take. All that is there stays as it is.",
            width="stretch",
        )
    if "words" not in has:
        with (
            st.popover("Add words", icon=f":material/{STAGES['words'].icon}:", width="stretch", key="add words"),
            st.form("words to add", border=False),
        ):
            about = st.text_input(
                "About", key="words to add about", placeholder="the last train home", max_chars=MOST_TEXT
            )
            lyrics = lyrics_field("", "lyrics to add", "Or type your own lyrics")
            if st.form_submit_button("Set them to the melody", type="primary", disabled=song.writing is not None):
                _try(lambda: add_words(song, take, about, lyrics))


def _card(song: Song, take: Take, number: int, is_done: bool, brief: Brief | None) -> None:
    """Shows a stage of a composed take: its roll, what came of it, and what can be done with it."""
    stage = take.options.stages[number]
    piece = take.stages[number] if number < len(take.stages) else None
    heard = shown_stage(song) == number
    key = f"{take.number} {number}"
    with st.container(
        border=True, gap="xsmall", key=f"stage {number} {'heard' if heard else 'kept' if is_done else 'cut'}"
    ):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
            st.markdown(f":material/{STAGES[stage.pipeline].icon}: **{STAGES[stage.pipeline].title}**", width="content")
            if piece is not None and piece.note_count:
                st.button(
                    "Back to the song" if heard else "Listen",
                    icon=":material/undo:" if heard else ":material/headphones:",
                    key=f"show {key}",
                    type="tertiary",
                    on_click=show_stage,
                    args=(take, None if heard else number),
                    help="Puts the whole song in the player again."
                    if heard
                    else "Puts what this stage made in the player, to hear it alone.",
                )
        if piece is not None and piece.note_count and not STAGES[stage.pipeline].by_hand:
            small_roll(NamedPiece(STAGES[stage.pipeline].title, piece), key=f"stage roll {number}", height=ROLL_PX)
        if not is_done:
            st.caption("Stopped before its end." if piece is not None else "Not written: the song was stopped.")
        else:
            st.caption(plain(came_out(stage, piece)))
            _actions(song, take, number, key, brief)


def _actions(song: Song, take: Take, number: int, key: str, brief: Brief | None) -> None:
    """Shows what can be done with a finished stage: re-roll, options, go on from here."""
    stage = take.options.stages[number]
    title = STAGES[stage.pipeline].title
    with st.container(horizontal=True, gap="xsmall"):
        if leaves_to_chance(stage):
            _pressed(
                song,
                lambda: write_again(song, take, number, None, brief),
                "Re-roll",
                "casino",
                f"re-roll {key}",
                _what_happens(take.options, number),
            )
        if STAGES[stage.pipeline].by_hand:
            return
        with st.popover(
            "Options", icon=":material/tune:", help=f"What the stage {title} may be told.", key=f"tune {key}"
        ):
            options_form(
                stage,
                f"options {key}",
                lambda changes: write_again(song, take, number, changes),
                take.options.beats_per_bar,
                take.stages[number].lyrics if stage.pipeline == "words" else (),
            )
        st.button(
            "Go on from here",
            icon=":material/call_split:",
            key=f"branch {key}",
            type="tertiary",
            on_click=branch,
            args=(song, take, number),
            help="Makes what this stage made a take of its own, for the pages Generate, Remix and Harmonize.",
        )


def _what_happens(plan: Plan, number: int) -> str:
    after = list(dict.fromkeys(STAGES[stage.pipeline].title for stage in plan.stages[number + 1 :]))
    again = f"Writes {STAGES[plan.stages[number].pipeline].title} anew with another seed and what you have set above, as a new take."
    follow = f" {listed(after)} follow{'s' * (len(after) == 1)}." if after else ""
    return again + follow + (" What came before is kept." if number else "")


def _pressed(song: Song, act: Any, label: str, icon: str, key: str, text: str, **look: Any) -> None:
    busy = song.writing is not None
    if st.button(label, icon=f":material/{icon}:", key=key, help=text, disabled=busy, **look):
        _try(act)


def _try(act: Any) -> None:
    try:
        act()
    except StudioError as error:
        show_error(str(error))
