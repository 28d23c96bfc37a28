"""A song's project: its takes with all that they remember, undo and redo, the settings of the pages; and the file of it.

A ``.deepmusic`` file is a zip of ``project.json`` and of each distinct piece once (``studio.projects.packing``).
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.values import fits
from pipelines.song.plan import Plan
from pipelines.song.recipe import song_title
from studio.projects.packing import (
    MAX_JSON_MEMORY,
    MAX_UNPACKED,
    Packed,
    header_memory,
    inflated,
    json_memory,
    packed,
    strict_json,
    unpack,
)
from studio.projects.plain_values import controls_from_plain, controls_to_plain, options_from_plain, to_plain

ENDING = ".deepmusic"
UNTITLED = "Untitled song"
VERSION = 1
MAX_TAKES = 50  # of a song; older ones make room, so that neither its file nor its memory grows without an end
MAX_BYTES = (
    128 * 2**20
)  # of a file. This limit and the next four are far above any song's: they stop files made to do harm
_MAX_ALL_UNPACKED = 512 * 2**20
_MAX_ALL_HEADERS = 256 * 2**20  # in memory, of all pieces together
_MAX_JSON = 8 * 2**20
_MAX_PIECES = 2_000
_FORMAT = "deepmusic project"
_NO_PROJECT = "The file is no project of the studio, or it is damaged. Choose another copy of it."
_OUTGROWN = "The song has become too large to be kept as one file. Go on from a take in a new song."
_TOO_LARGE = "The project is too large to be opened. Take single songs out of it as MIDI files."


_PlaceValues = tuple[int, int] | None


class _TakeValues(TypedDict):
    number: int
    label: str
    detail: str
    pieces: list[str]
    before: str | None
    options: Any
    stages: list[str]


class _ProjectValues(TypedDict):
    name: str
    title: str
    takes: list[_TakeValues]
    place: _PlaceValues
    partner: _PlaceValues
    upload: list[Any] | None
    past: list[_PlaceValues]
    future: list[_PlaceValues]
    controls: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Take:
    """One result: what came out of one press of a button.

    Attributes:
        number: counts from 1 in each song.
        label: such as "Take 3"; for an upload the file's name.
        detail: what was asked for, in a few words.
        pieces: the variants, at least one.
        before: the piece that it continues or rewrites, or None.
        options: what was asked for; None for an upload.
        stages: the results of the stages of a composed song, first to last; empty for other takes.
    """

    number: int
    label: str
    detail: str
    pieces: tuple[Piece, ...]
    before: Piece | None = None
    options: Any = None
    stages: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Place:
    """A take and one of its variants."""

    take: int
    variant: int = 0


@dataclass(frozen=True, eq=False)
class Upload:
    """What became of the file in the uploader: a take and its health report, or a problem in two sentences.

    ``repairs`` are what reading the file had to mend or leave out, a sentence each.
    """

    file_id: str
    take: Take | None = None
    report: str = ""
    problem: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """All of a song that outlives the server.

    Attributes:
        title: what the visitor called it; may be empty.
        takes: all takes, oldest first.
        place: the take and variant that is shown and continued; None at the start.
        partner: what the A/B switch compares with.
        upload: the file that was given last, if it became a take.
        past: the places that undo goes back to, the next one last.
        future: the places that redo goes on to, the next one first.
        controls: values of the pages' controls by name.
    """

    title: str = ""
    takes: tuple[Take, ...] = ()
    place: Place | None = None
    partner: Place | None = None
    upload: Upload | None = None
    past: tuple[Place | None, ...] = ()
    future: tuple[Place | None, ...] = ()
    controls: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the song is called: its title, else that of its music or what it was asked for with, else its file's name."""
        title = self.title or (self.piece.title.strip() if self.piece is not None else "")
        last = self.place.take if self.place else 0
        composed = [take for take in self.takes if isinstance(take.options, Plan) and take.number <= last]
        if not title and composed:  # what was made of it on other pages goes by its name too
            title = song_title(composed[-1].pieces[0], composed[-1].options)
        files = [take.label for take in self.takes[:1] if take.options is None]
        return title or (files[0].rpartition(".")[0] or files[0] if files else UNTITLED)

    @property
    def piece(self) -> Piece | None:
        """The piece that is shown."""
        take = next((take for take in self.takes if self.place and take.number == self.place.take), None)
        return take and take.pieces[self.place.variant]


@dataclass(frozen=True)
class Overview:
    """A project in brief: what the song is called, how many takes it has, and the piece that it shows."""

    name: str
    takes: int
    piece: Piece | None


def project_bytes(project: Project) -> bytes:
    """Returns the project as a file.

    Raises:
        StudioError: it is too large to be opened again.
    """
    packs: dict[str, Packed] = {}

    def name(piece: Piece | None) -> str | None:
        if piece is None:
            return None
        made = packed(piece)
        packs[made.name] = made
        return made.name

    upload = project.upload if project.upload and project.upload.take in project.takes else None
    values = {
        "format": _FORMAT,
        "version": VERSION,
        "title": project.title,
        "name": project.name,
        "takes": [
            {
                "number": take.number,
                "label": take.label,
                "detail": take.detail,
                "pieces": [name(piece) for piece in take.pieces],
                "before": name(take.before),
                "options": to_plain(take.options),
                "stages": [name(piece) for piece in take.stages],
            }
            for take in project.takes
        ],
        "place": _place(project.place),
        "partner": _place(project.partner),
        "upload": upload and [upload.take.number, upload.report, *upload.repairs],
        "past": [_place(place) for place in project.past],
        "future": [_place(place) for place in project.future],
        "controls": controls_to_plain(project.controls),
    }
    top = json.dumps(values, allow_nan=False).encode()
    _check_opens(top, packs.values())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:  # pieces are compressed already, once and for all
        file.writestr("project.json", top, zipfile.ZIP_DEFLATED)
        for key, made in packs.items():
            file.writestr(f"pieces/{key}", made.data)
    if out.tell() > MAX_BYTES:
        raise StudioError(_OUTGROWN)
    return out.getvalue()


def _check_opens(top: bytes, packs: Collection[Packed]) -> None:
    """Makes sure that what is about to be written is no larger than what reading takes.

    Args:
        top: project.json.
        packs: the pieces.
    """
    if (
        any(max(len(made.data), made.size) > MAX_UNPACKED or made.header_memory > MAX_JSON_MEMORY for made in packs)
        or len(top) > _MAX_JSON
        or json_memory(top) > MAX_JSON_MEMORY
        or len(packs) > _MAX_PIECES
        or sum(made.size for made in packs) > _MAX_ALL_UNPACKED
        or sum(made.header_memory for made in packs) > _MAX_ALL_HEADERS
    ):
        raise StudioError(_OUTGROWN)


def read_project(data: bytes | Path) -> Project:
    """Returns the project in a file, of its bytes or its path. Controls of a name or a kind that the studio does not know are left out.

    Raises:
        StudioError: the file is no project, is damaged or too large, or comes from a newer version of the studio.
        FileNotFoundError: there is no file at this path.
    """
    with _opened(data) as file:
        return _read(file)


def read_overview(data: bytes | Path) -> Overview:
    """Returns a project in brief, of its file or the path of that; much faster than all of it.

    Raises:
        StudioError: as ``read_project``.
    """
    with _opened(data) as file:
        values, shown = _values(file), None
        takes = values["takes"]
        if values["place"] is not None:
            number, variant = values["place"]
            key = next(take for take in takes if take["number"] == number)["pieces"][variant]
            shown = unpack(inflated(_member(file, f"pieces/{key}", MAX_UNPACKED)))
        return Overview(values["name"], len(takes), shown)


@contextmanager
def _opened(data: bytes | Path) -> Iterator[zipfile.ZipFile]:
    """Gives the zip; whatever is wrong with it, also while it is read, becomes a StudioError."""
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    if size > MAX_BYTES:
        raise StudioError(_TOO_LARGE)
    try:
        with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as file:
            yield file
    except FileNotFoundError:
        raise
    except (
        zipfile.BadZipFile, zlib.error, ValueError, LookupError, TypeError, AttributeError, EOFError, OverflowError, OSError,
        RuntimeError, StopIteration, struct.error,
    ) as error:  # fmt: skip
        raise StudioError(_NO_PROJECT) from error


def _values(file: zipfile.ZipFile) -> dict[str, Any]:
    values = strict_json(_member(file, "project.json", _MAX_JSON))
    if values["format"] != _FORMAT or type(values["version"]) is not int or values["version"] < 1:
        raise ValueError("another format")
    if values["version"] > VERSION:
        raise StudioError("The project comes from a newer version of the studio. Update the studio to open it.")
    if not fits(_ProjectValues, values):
        raise ValueError("values of another kind")
    return values


def _read(file: zipfile.ZipFile) -> Project:
    """Returns the project in an open zip; raises a StudioError or what ``_opened`` makes one of."""
    values = _values(file)
    pieces: dict[str, Piece] = {}
    room, header_room = _MAX_ALL_UNPACKED, _MAX_ALL_HEADERS

    def piece(key: str | None) -> Piece | None:
        nonlocal room, header_room
        if key is not None and key not in pieces:
            if len(pieces) == _MAX_PIECES:
                raise StudioError(_TOO_LARGE)
            plain = inflated(_member(file, f"pieces/{key}", MAX_UNPACKED), min(room, MAX_UNPACKED))
            room -= len(plain)
            header_room -= header_memory(plain)
            if header_room < 0:
                raise StudioError(_TOO_LARGE)
            pieces[key] = unpack(plain)
        return pieces.get(key)

    if len(values["takes"]) > MAX_TAKES:
        raise StudioError(_TOO_LARGE)

    def take(values: _TakeValues) -> Take:
        return Take(
            values["number"],
            values["label"],
            values["detail"],
            tuple(map(piece, values["pieces"])),
            piece(values["before"]),
            options_from_plain(values["options"]),
            tuple(map(piece, values["stages"])),
        )

    takes = tuple(take(each) for each in values["takes"])
    numbers = [each.number for each in takes]
    if numbers != sorted(set(numbers)) or not all(each.pieces for each in takes):
        raise ValueError
    variants = {each.number: len(each.pieces) for each in takes}

    def place(values: _PlaceValues) -> Place | None:
        if values is None:
            return None
        number, variant = values
        if not 0 <= variant < variants[number]:
            raise ValueError
        return Place(number, variant)

    upload = None
    if values["upload"] is not None:
        number, report, *repairs = values["upload"]
        if not fits(list[str], [report, *repairs]):
            raise ValueError
        upload = Upload("", takes[numbers.index(number)], report, repairs=tuple(repairs))
    return Project(
        values["title"],
        takes,
        place(values["place"]),
        place(values["partner"]),
        upload,
        tuple(map(place, values["past"])),
        tuple(map(place, values["future"])),
        controls_from_plain(values["controls"]),
    )


def _member(file: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Returns a file of a zip, whatever the zip says of its size; at most ``limit`` bytes."""
    entry = file.getinfo(name)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError
    with file.open(entry) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise StudioError(_TOO_LARGE)
    return data


def _place(place: Place | None) -> list[int] | None:
    return place and [place.take, place.variant]
