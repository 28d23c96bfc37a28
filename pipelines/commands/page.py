"""The verb ``page``: a piece as one HTML file to listen to and to share."""

from __future__ import annotations

import argparse
from pathlib import Path

from music.clock import clock
from pipelines.commands.flags import Verbs, add_synthesis, file_verb
from pipelines.commands.running import Show
from pipelines.commands.source import read_source
from pipelines.sound import check_synthesis


def add_page(verbs: Verbs) -> None:
    """Adds the verb that makes a listening page."""
    parser = file_verb(
        verbs,
        "page",
        _page,
        "the music to share",
        ("OUT.html", "the page", (".html", ".htm")),
        help="make a page to listen to and to share, as one HTML file",
        description="Makes one HTML file of a MIDI or MusicXML file: sound, piano roll, sheet music with a cursor, words, chords and "
        "how it was made. It plays in any browser without the studio and without a network.",
    )
    parser.add_argument(
        "--title", metavar="TEXT", help="what stands over it; by default what the file is called inside"
    )
    add_synthesis(parser)


def _page(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Returns the page of a piece."""
    check_synthesis(asked.synthesis)
    piece = read_source(asked.source, show.say)
    from pipelines.listening.page import listening_page

    if asked.title is not None:
        piece = piece.replace(title=asked.title)
    page = listening_page(
        piece, asked.synthesis, asked.soundfont, progress=lambda share: show(round(share * 100), 100, "%")
    )
    show.say(f"{asked.out.name}: {len(page) / 1e6:.1f} MB for {clock(piece.seconds)}")
    return {asked.out: page}
