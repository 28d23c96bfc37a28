"""The file that a verb of the command line begins from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from music.files.midi import read_with_repairs
from music.piece import Piece


def read_source(path: str | Path, say: Callable[[str], None]) -> Piece:
    """Returns the piece in a file; what was mended or left out when it was read is said, a line each.

    Raises:
        StudioError: as ``music.files.midi.read_midi``.
    """
    reading = read_with_repairs(path)
    for repair in reading.repairs:
        say(f"{Path(path).name}: {repair}")
    return reading.piece
