"""The parts of a score as files for the stand: for each player a page to print and a file for notation programs."""

from __future__ import annotations

from collections.abc import Callable

from music.errors import StudioError
from music.notation.engrave import musicxml, pdf
from music.notation.views import parts
from music.piece import Piece
from pipelines.song.folder import file_name

Progress = Callable[[float], object]
Stop = Callable[[], bool]


def part_files(
    piece: Piece, concert: bool = False, progress: Progress | None = None, stop: Stop | None = None
) -> dict[str, bytes]:
    """Returns the score and the part of each player, as PDF and MusicXML, by the names of their files.

    Args:
        piece: with several players.
        concert: whether all parts are written as they sound, rather than as each instrument reads them.
        progress: called with the share that is done, rising to 1.
        stop: asked after each part; what there is by then is returned.

    Raises:
        StudioError: one player has it all.
    """
    names = parts(piece)
    if not names:
        raise StudioError("One player has it all, so there are no parts. Take the score itself.")
    files = {}
    for number, name in enumerate(("", *names)):
        stem = f"{number:02d} {file_name(name or 'Score', 'Part')}"
        files[f"{stem}.pdf"] = pdf(piece, part=name, concert=concert)
        files[f"{stem}.musicxml"] = musicxml(piece, part=name, concert=concert)
        if progress:
            progress((number + 1) / (len(names) + 1))
        if stop and stop():
            break
    return files
