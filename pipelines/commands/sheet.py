"""The verb ``sheet``: a piece as sheet music, whole, as the part of one player, or as all parts."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.errors import StudioError
from music.piece import Piece
from pipelines.commands.flags import Verbs, file_verb
from pipelines.commands.running import Show
from pipelines.commands.source import read_source
from pipelines.recipes import recipe_beside


def add_sheet(verbs: Verbs) -> None:
    """Adds the verb that writes a file down as sheet music."""
    parser = file_verb(
        verbs,
        "sheet",
        _sheet,
        "the music to write down",
        (
            "OUT.(musicxml|svg|pdf|zip)",
            "the sheet; further SVG pages become OUT-2.svg, OUT-3.svg, ...; a zip has the score and the part of each player",
            (".musicxml", ".svg", ".pdf", ".zip"),
        ),
        help="print a MIDI file as sheet music",
        description="Writes a MIDI or MusicXML file down as sheet music. The ending of OUT says which kind.",
    )
    parser.add_argument(
        "--view",
        metavar="VIEW",
        default="score",
        help="score: all that plays; 'lead sheet': the melody with its chord symbols; 'closed score': four voices on two staves",
    )
    parser.add_argument(
        "--part", metavar="NAME", default="", help="the part of one player alone, by name or number from 1"
    )
    pitch = parser.add_mutually_exclusive_group()
    pitch.add_argument(
        "--concert", action="store_true", default=None, help="all as it sounds: the rule for scores, not for parts"
    )
    pitch.add_argument(
        "--transposed",
        dest="concert",
        action="store_false",
        help="clarinets, saxophones, trumpets, horns, guitars, basses as they read: the rule for parts, not for scores",
    )


def _sheet(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the sheet of a piece; an SVG has a file for each page."""
    kind = asked.out.suffix.lower()
    piece = read_source(asked.source, show.say)
    from music.notation.engrave import musicxml, pdf, svg_pages

    if kind == ".zip":
        from pipelines.parts import part_files
        from pipelines.song.folder import packed

        if asked.part or asked.view != "score":
            raise StudioError("A zip has the score and all parts. Leave out --part and --view.")
        concert = bool(asked.concert)
        made = part_files(piece, concert, progress=lambda share: show(round(share * 100), 100, "%"))
        return {asked.out: packed(made)} | recipe_beside(asked.out, piece)
    part = _part(piece, asked.part)
    if kind == ".svg":
        first, *others = svg_pages(piece, asked.view, part, asked.concert)
        files = {asked.out: first.encode()}
        files |= {asked.out.with_stem(f"{asked.out.stem}-{n}"): page.encode() for n, page in enumerate(others, 2)}
    else:
        files = {asked.out: (musicxml if kind == ".musicxml" else pdf)(piece, asked.view, part, asked.concert)}
    return files | recipe_beside(asked.out, piece)


def _part(piece: Piece, asked: str) -> str:
    """Returns the name of the part that was asked for by its name, in whatever letters, or by its number."""
    from music.notation.views import parts

    names = parts(piece)
    if asked.isdecimal() and 1 <= int(asked) <= len(names):
        return names[int(asked) - 1]
    return next((name for name in names if name.lower() == asked.lower()), asked)
