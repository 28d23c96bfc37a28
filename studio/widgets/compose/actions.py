"""What can be done with a song: begin it from words and a sketch, write a stage again, finish it, branch off, hear a stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from music.errors import StudioError
from music.piece import Piece
from pipelines.descriptors.stages import STAGES
from pipelines.song.brief import Brief
from pipelines.song.kept_options import kept_section
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song, texture_stage
from pipelines.song.replanning import replanned, with_changes_by_hand
from pipelines.song.room_for_words import USUAL_QUARTERS, quarters_of, words_stage
from studio import session, visitors
from studio.controls import keep
from studio.projects.project import Take
from studio.projects.song import Song
from studio.widgets import sampling
from studio.widgets.compose.brief_chips import plain_wishes
from studio.widgets.compose.locked_sections import carry_sections, locked_sections
from studio.widgets.compose.stage_options import describe_changes
from studio.widgets.compose.wish_table import COURSE, WISHES
from studio.widgets.compose.words import SKETCH, another_song, is_said, is_same_text
from studio.widgets.job_progress import write
from studio.widgets.player.player import NamedPiece, small_roll
from studio.widgets.recording import just_written_down, tune_input, written_again
from studio.widgets.start import has_music, repairs_note, summary
from studio.wording import plain

_SHOWN = "compose shown stage"


def is_composed(take: Take | None) -> bool:
    """Whether a take came out of the Compose page, stage by stage."""
    return take is not None and isinstance(take.options, Plan)


def begin(song: Song, brief: Brief, sketch: Piece) -> None:
    """Starts to write a song: a take of this one, or another song where the words are others.

    Raises:
        StudioError: the brief does not fit the sketch, or the studio is too busy.
    """
    plan = plan_song(brief, sketch)
    same = is_said(song, brief.text)
    gets = song if same else another_song(song, (_sketch(song)[0], sketch) if sketch.note_count else None)
    try:
        write(gets, "compose", sketch, plan, brief.text, stages=())
    except StudioError:
        if not same:
            session.enter(song)
            visitors.forget(gets.id)
        raise


def write_again(
    song: Song, take: Take, number: int, changes: Mapping[str, Any] | None, brief: Brief | None = None
) -> None:
    """Starts to write one stage of a take again, and those after it; those before it are kept.

    Args:
        song: gets the new take.
        take: a composed one.
        number: of the stage.
        changes: of its options; None for another seed. Sections that are locked come back as they are.
        brief: what the words and chips say now: with another seed, what is new in it and concerns the stage or those
            after it is heeded too. None for nothing.

    Raises:
        StudioError: the options do not go together or with the song, or the studio is too busy.
    """
    title = STAGES[take.options.stages[number].pipeline].title
    detail = f"{title} re-rolled" if changes is None else f"{title}: {describe_changes(changes)}"
    if changes and "form" in changes:
        _check_themes(changes["form"], take.options)
    plan = take.options
    if changes is None and brief is not None and is_same_text(brief.text, plan.brief.text):
        plan = replanned(plan, brief, number, take.before)
        detail = f"{title} re-rolled{_new_wishes(take.options.brief, plan.brief)}"
    plan = plan.with_options(number, **({"seed": sampling.drawn_seed()} if changes is None else changes))
    kept = [kept_section(take.pieces[0], each) for each in locked_sections(take)]
    plan, whole = with_changes_by_hand(plan, take.options, number, kept)
    detail += "".join(f", {each.words}" for each in kept) + ("" if whole else ", without what was changed by hand")
    carry_sections(take, plan)
    write(song, "compose", take.before or Piece.empty(), plan, detail, stages=take.stages[:number])


def _new_wishes(was: Brief, now: Brief) -> str:
    """Returns which wishes are new in a brief, in words: ", key: A minor"."""
    before, after = plain_wishes(was), plain_wishes(now)
    told = [(wish, after[name]) for name, wish in (WISHES | COURSE).items() if after[name] != before[name]]
    return "".join(f", {wish.title.lower()}: {wish.say(value) if value else 'open'}" for wish, value in told)


def _check_themes(form: Sequence[str], plan: Plan) -> None:
    known = [name for stage in plan.stages for name in getattr(stage.options, "sections", ())]
    missing = list(dict.fromkeys(name for name in form if name.rstrip("'") not in known))
    if missing:
        raise StudioError(
            f"This song has no theme {', '.join(missing)}. Use {' and '.join(known)}, "
            "or set the form above and compose a new song."
        )


def finish(song: Song, take: Take, number: int) -> None:
    """Starts to write a stopped take's stages from this one on.

    Raises:
        StudioError: the studio is too busy.
    """
    detail = f"{take.label}, finished"
    write(song, "compose", take.before or Piece.empty(), take.options, detail, stages=take.stages[:number])


def add_texture(song: Song, take: Take) -> None:
    """Starts to lay a texture under a finished song; all that is there is kept.

    Raises:
        StudioError: all who could play it are excluded, or the studio is too busy.
    """
    brief = dataclasses.replace(take.options.brief, texture="pad")
    plan = Plan(brief, (*take.options.stages, texture_stage(brief)))
    write(song, "compose", take.before or Piece.empty(), plan, f"{take.label} with a texture", stages=take.stages)


def add_words(song: Song, take: Take, about: str, lyrics: str) -> None:
    """Starts to set words to the melody of a finished song; all else that is there is kept.

    Args:
        song: gets the new take.
        take: a composed one.
        about: what the words are about that the studio writes.
        lyrics: those that the visitor typed.

    Raises:
        StudioError: there are no words, or too many, or the studio is too busy.
    """
    brief = dataclasses.replace(take.options.brief, words=about.strip() or None, lyrics=lyrics.strip() or None)
    themes = (stage.options for stage in take.options.stages if stage.pipeline == "theme")
    quarters = next((theme.bars * quarters_of(theme.time_signature) for theme in themes), USUAL_QUARTERS)
    if (words := words_stage(brief, quarters)) is None:
        raise StudioError("There are no words to sing. Type some lyrics, or say what they are about.")
    plan = Plan(brief, (*take.options.stages, words))
    write(song, "compose", take.before or Piece.empty(), plan, f"{take.label} with words", stages=take.stages)


def branch(song: Song, take: Take, number: int) -> None:
    """Makes what a stage made a take of its own."""
    title, piece = STAGES[take.options.stages[number].pipeline].title, take.stages[number]
    song.add((piece,), label=f"{title} of {take.label}", detail=summary(piece))


def show_stage(take: Take, number: int | None) -> None:
    """Puts a stage's piece in the player, or None for the song; for callbacks."""
    keep(_SHOWN, None if number is None else [take.number, number])


def shown_stage(song: Song) -> int | None:
    """Returns which stage of the current take is in the player, or None if the song is."""
    shown = song.controls.get(_SHOWN)
    if not is_composed(song.take) or not shown or shown[0] != song.take.number:
        return None
    return shown[1] if shown[1] < len(song.take.stages) else None


def sketch_control(song: Song) -> Piece:
    """Shows what the song starts from, and lets the visitor give it; returns that piece, empty for nothing."""
    if (take := just_written_down(song)) is not None:
        keep(SKETCH, [take.number, 0])
    name, piece = _sketch(song)
    if piece is None:
        st.caption("Or begin with a melody or a sketch of yours: hum a theme, or give a MIDI, MusicXML or sound file.")
        tune_input(song, "Hum a theme", on_read=lambda take: keep(SKETCH, [take.number, 0]))
        if has_music(song):
            st.button(
                "Use the current song as the sketch",
                icon=":material/draw:",
                key="use as sketch",
                type="tertiary",
                on_click=use_as_sketch,
                args=(song,),
                help="Its melody becomes the theme of the new song.",
            )
        written_again(song, None)
        return Piece.empty()
    with st.container(border=True, gap="xsmall", key="sketch"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f":material/draw: **Sketch:** {plain(name)}", width="content")
            st.button(
                "Remove", icon=":material/close:", key="no sketch", type="tertiary", on_click=keep, args=(SKETCH, None)
            )
        small_roll(NamedPiece(f"Sketch: {name}", piece), key="sketch roll", height=52)
        st.caption(plain(summary(piece)))
    if song.upload is not None and song.upload.take is not None and song.upload.take.pieces[0] is piece:
        repairs_note(song.upload, song.upload.take)
    written_again(song, piece)
    return piece


def use_as_sketch(song: Song) -> None:
    """Has the current take be what the next song starts from."""
    keep(SKETCH, [song.place.take, song.place.variant])


def _sketch(song: Song) -> tuple[str, Piece | None]:
    place = song.controls.get(SKETCH)
    take = next((take for take in song.takes if place and take.number == place[0]), None)
    return ("", None) if take is None else (take.label, take.pieces[min(place[1], len(take.pieces) - 1)])
