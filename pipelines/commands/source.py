"""The file that a verb of the command line begins from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from music.errors import StudioError
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


def read_text(path: Path, most: int) -> str:
    """Returns the text of a file, of one that is longer than ``most`` characters so much that it shows.

    Raises:
        StudioError: it cannot be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(4 * most + 1)  # more letters than options take; they say so
        return data.decode("utf-8-sig")
    except OSError as error:
        raise StudioError(f"'{path}' cannot be opened. Check the name.") from error
    except UnicodeDecodeError as error:
        raise StudioError(f"'{path}' is no text in UTF-8. Save it as plain text.") from error
