"""Files of music to a Piece and back. Reading never crashes and never lies: what it mends, it reports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import symusic

from music.errors import StudioError
from music.files.atomic import reason, write_files
from music.files.health import HealthReport, inspect, silent_tracks
from music.files.kinds import music_in
from music.files.midi_reader import parse
from music.files.midi_writer import to_bytes
from music.files.musicxml_reader import is_sheet, parse_sheet
from music.files.smf import MAX_BYTES, MAX_EVENTS, MAX_NOTES, MAX_TRACKS
from music.piece import Piece
from music.words.events import lines_of, plain_text, read_words

__all__ = [
    "MAX_BYTES", "MAX_EVENTS", "MAX_NOTES", "MAX_SECONDS", "MAX_TRACKS", "HealthReport", "Reading",
    "inspect", "midi_bytes", "read_midi", "read_with_repairs", "write_midi",
]  # fmt: skip

MAX_SECONDS = 3 * 3600.0
_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Reading:
    """A piece, and what had to be mended or left out when its file was read, or cannot be heard of it, a sentence each."""

    piece: Piece
    repairs: tuple[str, ...]


def read_midi(source: bytes | str | Path, name: str = "") -> Piece:
    """Returns the piece in a MIDI (.mid, .midi, .kar, .rmi) or MusicXML (.musicxml, .xml, .mxl) file, packed or not.

    The kind of file is told from its bytes. A piece that ``write_midi`` wrote comes back with its history.

    Args:
        source: the bytes of the file, or its path.
        name: the file's name where the bytes come without one; only its ending matters, for .kar.

    Raises:
        StudioError: the file cannot be opened, is neither MIDI nor MusicXML, is damaged beyond use, or exceeds a limit.
    """
    return read_with_repairs(source, name).piece


def read_with_repairs(source: bytes | str | Path, name: str = "") -> Reading:
    """Returns the piece in a file as ``read_midi``, with what had to be mended or left out."""
    if isinstance(source, (str, Path)):
        name = str(source)
        source = _file_bytes(Path(source))
    if not source:
        raise StudioError("The file is empty. Export it again, or try another copy.")
    source, unwrapped = music_in(source)
    try:
        parsed = parse_sheet(source) if is_sheet(source) else parse(source, name.lower().endswith(".kar"))
    except StudioError as error:
        raise StudioError(f"{'. '.join(unwrapped)}. {error}") if unwrapped else error from None
    cleaned = _clean_texts(parsed.score)
    piece = Piece(parsed.score, _plain(parsed.title).strip())
    cleaned += piece.title != parsed.title
    if piece.note_count > MAX_NOTES:
        raise StudioError(f"The file has more than {MAX_NOTES:,} notes. Split it and try again.")
    if piece.seconds > MAX_SECONDS:
        raise StudioError(f"The music lasts longer than {MAX_SECONDS / 3600:.0f} hours. Split it and try again.")
    remarks = [f"Names and words with control codes, cleaned: {cleaned}"] if cleaned else []
    if silent := silent_tracks(parsed.score):
        names = ", ".join(silent[:4]) + (f" and {len(silent) - 4} more" if len(silent) > 4 else "")
        remarks.append(f"Too soft to be heard, by velocity, volume or expression: {names}")
    saved = parsed.studio
    lines = saved.get("lyrics") if saved else _lines(parsed.score)
    return Reading(
        piece.replace(
            lyrics=_strings(lines), history=tuple(h for h in saved.get("history", ()) if isinstance(h, dict))
        ),
        (*unwrapped, *parsed.repairs, *remarks),
    )


def midi_bytes(piece: Piece) -> bytes:
    """Returns the piece as a MIDI file of format 1, with its lyrics and its history inside.

    Each track has a channel of its own where 16 channels suffice. Notes that overlap on one key end in the
    order in which they began, since MIDI cannot say otherwise.
    """
    studio: dict[str, Any] = {}
    silent = any(not len(track.notes) for track in piece.score.tracks)
    if piece.history or piece.lyrics or silent or any(len(track.lyrics) for track in piece.score.tracks):
        studio = {"history": [dict(step) for step in piece.history], "lyrics": list(piece.lyrics)}
    return to_bytes(piece.score, piece.title, studio)


def write_midi(piece: Piece, path: Path) -> None:
    """Writes the piece as a MIDI file; the file is there whole or not at all.

    Raises:
        StudioError: the file cannot be written.
    """
    write_files({Path(path): midi_bytes(piece)})


def _file_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StudioError(f"'{path.name}' is larger than {MAX_BYTES // 2**20} MB. Split it and try again.")
        return path.read_bytes()
    except OSError as error:
        raise StudioError(f"'{path}' cannot be opened: {reason(error)}. Check the name.") from error


def _clean_texts(score: symusic.Score) -> int:
    """Takes control codes out of all names and words, which would reach terminals and pages; returns how many had any."""
    cleaned = 0
    for track in score.tracks:
        name = _plain(track.name)
        if name != track.name:
            track.name, cleaned = name.strip(), cleaned + 1
    for texts, keeps_lines in ((score.markers, False), *((track.lyrics, True) for track in score.tracks)):
        for event in texts:
            text = _plain(event.text, keeps_lines)
            if text != event.text:
                event.text, cleaned = text, cleaned + 1
    return cleaned


def _plain(text: str, keeps_lines: bool = False) -> str:
    """Returns a text without control codes and the escape sequences of terminals; breaks become spaces, or stay in words to sing."""
    if text.isprintable():
        return text
    text = _ESCAPES.sub("", text)
    text = text if keeps_lines else _BREAKS.sub(" ", text)
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cc" or letter in "\r\n")


def _strings(values: Any) -> tuple[str, ...]:
    return tuple(_plain(str(value)) for value in values) if isinstance(values, (list, tuple)) else ()


def _lines(score: symusic.Score) -> Sequence[str]:
    """Returns the words that are sung, put together from syllables, a line each."""
    track = max(score.tracks, key=lambda track: len(track.lyrics), default=None)
    lines = lines_of(read_words(track.lyrics)) if track is not None else []
    return [text for line in lines if (text := plain_text(line))]
