"""The files that a piece can be taken away as; each is made by the worker when it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from music.files.midi import midi_bytes
from music.notation.views import parts
from music.piece import Piece
from pipelines.song.plan import Plan
from pipelines.song.recipe import song_recipe
from studio.files import File, address
from studio.projects.project import UNTITLED
from studio.projects.song import Song, name_of
from studio.widgets.download_bar.download_bar import Offer, download_bar
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


def offers(song: Song, synthesis: str = "played") -> list[Offer]:
    """Returns the files of the song's current piece, named after song and take; its sound is made in this way."""
    piece, paper_piece, stem = song.piece, titled(song), file_stem(song)
    chosen = chosen_paper(paper_piece)
    paper = f"-{chosen.ending}" if chosen.ending else ""
    way = "" if synthesis == "played" else f"-{synthesis}"
    plan, sketch = song.take.options, song.take.before
    found = []

    def offer(label: str, ending: str, mime: str, content: Any, text: str, **more: bool) -> None:
        file = File(stem + ending, mime, content)
        found.append(Offer(label, text, file.name, address(file, piece), **more))

    if isinstance(plan, Plan):
        text = "Everything in one: MIDI, MP3, WAV, a stem for each track, sheets, the recipe, and how it was made."
        offer(SONG_FOLDER, ".zip", "application/zip", ("song_zip", piece, plan, sketch), text, is_first=True)
    offer("MIDI", ".mid", "audio/midi", lambda: midi_bytes(piece), "For any music program; holds the recipe too.")
    sounds = (
        ("mp3", "audio/mpeg", "For listening and sharing."),
        ("wav", "audio/wav", "Full quality, 16 bit, 44.1 kHz."),
    )
    for form, mime, text in sounds:
        offer(form.upper(), f"{way}.{form}", mime, ("encode", piece, form, synthesis), text)
    text = "One file to send: player, roll, sheet and words, for any browser, without the studio. A minute takes some 2 MB."
    offer("Listening page", f"{way}.html", "text/html", ("page", paper_piece, synthesis), text)
    if synthesis == "played":  # the others have none
        text = "One FLAC file for each track, for mixing."
        offer("Stems", "-stems.zip", "application/zip", ("stems_zip", piece), text)
    text = f"The {chosen.words} for MuseScore, Sibelius, Dorico or Finale."
    mime = "application/vnd.recordare.musicxml+xml"
    offer("MusicXML", f"{paper}.musicxml", mime, ("sheet", paper_piece, "musicxml", *chosen), text, ahead=True)
    text = f"The {chosen.words} for printing."
    offer("PDF", f"{paper}.pdf", "application/pdf", ("sheet", paper_piece, "pdf", *chosen), text, ahead=True)
    if parts(piece):
        text = "The score and the part of each player for the stand, as PDF and MusicXML."
        offer("Parts", "-parts.zip", "application/zip", ("parts_zip", paper_piece), text)
    if piece.history:
        text = "How it was made, with the seed: the same recipe gives the same notes."
        offer("Recipe", ".recipe.json", "application/json", lambda: _recipe(piece, plan, sketch), text)
    return found


def downloads(song: Song, synthesis: str = "played") -> None:
    """Shows a button for each kind of file of the song's current piece, named after the song; its sound is made in this way."""
    download_bar(offers(song, synthesis), key="downloads")


def _recipe(piece: Piece, plan: Any, sketch: Piece | None) -> bytes:
    if isinstance(plan, Plan):
        return song_recipe(piece, plan, sketch)
    return (json.dumps(piece.history[-1], indent=2, ensure_ascii=False) + "\n").encode()
