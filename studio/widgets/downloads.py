"""The files that a piece can be taken away as; each is made by the worker when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from music.errors import StudioError
from music.files.midi import midi_bytes
from music.notation.views import parts
from music.piece import Piece
from pipelines.song.plan import Plan
from pipelines.song.recipe import song_recipe
from studio.jobs import registry
from studio.projects.project import UNTITLED
from studio.projects.song import Song, name_of
from studio.widgets.sheet import chosen_paper
from studio.wording import slug

SONG_FOLDER = "Song folder (.zip)"


def titled(song: Song) -> Piece:
    """Returns the song's piece with the title that its pages of music have: the song's, where the piece has none."""
    title = song.title or song.piece.title.strip() or (song.name if song.name != UNTITLED else "")
    return song.piece.replace(title=title) if title != song.piece.title else song.piece


def file_stem(song: Song) -> str:
    """Returns what files of the current take are called: the song, and the take where there are several."""
    take = song.take
    own = name_of(take, song.place.variant)
    if take.options is None:
        own = own.removesuffix(Path(own).suffix)
    if song.name in (UNTITLED, own):
        return slug(own)
    is_only = len(song.takes) == len(take.pieces) == 1
    return slug(song.name) if is_only else f"{slug(song.name)}-{slug(own)}"


def downloads(song: Song, synthesis: str = "played") -> None:
    """Shows a button for each kind of file of the song's current piece, named after the song; its sound is made in this way."""
    piece, paper_piece, stem = song.piece, titled(song), file_stem(song)
    chosen = chosen_paper(paper_piece)
    paper = f"-{chosen.ending}" if chosen.ending else ""

    def made(verb: str, *arguments: object, of: Piece = piece) -> Callable[[], bytes]:
        return lambda: _ask(song, verb, of, *arguments)

    way = "" if synthesis == "played" else f"-{synthesis}"
    files = []
    plan, sketch = song.take.options, song.take.before
    if isinstance(plan, Plan):
        folder = made("song_zip", plan, sketch)
        text = "Everything in one: MIDI, MP3, WAV, a stem for each track, sheets, the recipe, and how it was made."
        files.append((SONG_FOLDER, ".zip", "application/zip", folder, text))
    files += [
        ("MIDI", ".mid", "audio/midi", lambda: midi_bytes(piece), "For any music program; holds the recipe too."),
        ("MP3", f"{way}.mp3", "audio/mpeg", made("encode", "mp3", synthesis), "For listening and sharing."),
        ("WAV", f"{way}.wav", "audio/wav", made("encode", "wav", synthesis), "Full quality, 16 bit, 44.1 kHz."),
        (
            "Listening page",
            f"{way}.html",
            "text/html",
            made("page", synthesis, of=paper_piece),
            "One file to send: player, roll, sheet and words, for any browser, without the studio.",
        ),
        ("Stems", "-stems.zip", "application/zip", made("stems_zip"), "One FLAC file for each track, for mixing."),
        (
            "MusicXML",
            f"{paper}.musicxml",
            "application/vnd.recordare.musicxml+xml",
            made("sheet", "musicxml", *chosen, of=paper_piece),
            f"The {chosen.words} for MuseScore, Sibelius, Dorico or Finale.",
        ),
        (
            "PDF",
            f"{paper}.pdf",
            "application/pdf",
            made("sheet", "pdf", *chosen, of=paper_piece),
            f"The {chosen.words} for printing.",
        ),
    ]
    if parts(piece):
        files.append(
            (
                "Parts",
                "-parts.zip",
                "application/zip",
                made("parts_zip", of=paper_piece),
                "The score and the part of each player for the stand, as PDF and MusicXML.",
            )
        )
    files = [file for file in files if file[0] != "Stems" or synthesis == "played"]  # the others have none
    if piece.history:
        recipe: str | bytes = json.dumps(piece.history[-1], indent=2, ensure_ascii=False) + "\n"
        if isinstance(plan, Plan):
            recipe = song_recipe(piece, plan, sketch)
        files.append(
            (
                "Recipe",
                ".recipe.json",
                "application/json",
                lambda: recipe,
                "How it was made, with the seed: the same recipe gives the same notes.",
            )
        )
    with st.container(horizontal=True, gap="xsmall", key="downloads"):
        for label, ending, mime, data, text in files:
            st.download_button(
                label,
                data,
                (slug(song.name) if label == SONG_FOLDER else stem) + ending,
                mime,
                key=f"download {label}",
                help=text,
                on_click="ignore",
                icon=f":material/{'folder_zip' if label == SONG_FOLDER else 'download'}:",
                type="primary" if label == SONG_FOLDER else "secondary",
            )


def _ask(song: Song, verb: str, *arguments: object) -> bytes:
    try:
        return registry().ask(verb, *arguments, owner=song.id)
    except StudioError as error:  # the button itself can only say that it failed
        song.notice = str(error)
        raise
