"""A folder or a zip of somebody's music, file by file: names and bytes, within limits, nothing unpacked to the disk.

An archive is text from a stranger: what it says of sizes is not believed, its names never become paths, and what it
would unpack to is counted while it is read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from music.errors import StudioError
from music.files.atomic import reason
from music.files.kinds import MUSIC
from music.files.smf import MAX_BYTES

ENDINGS = frozenset({*MUSIC, ".xml"})
"""How names of files of music end."""

MAX_FILES = 5000
MAX_UNPACKED = 512 * 2**20
"""Of all files of music in an archive together: some fifty thousand pages of piano music as MIDI."""

MAX_LISTED = 64 * 2**20
"""Bytes of an archive's list of its files, half a million of them: whoever opens it has the list in memory ten times over."""

LONGEST_NAME = 120
"""Letters of a name that are told; the end counts most."""

SIMPLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Kinds of packing that can be unpacked bit by bit; others make gigabytes of a few bytes before anybody can count them."""

_TOO_LARGE = f"it is larger than {MAX_BYTES // 2**20} MB"


@dataclass(frozen=True)
class Member:
    """One file of a collection.

    Attributes:
        name: as its owner knows it, such as "etudes/op10no3.mid", fit to be shown: in one line, without control codes.
        data: its bytes; empty where there is a problem.
        problem: why it cannot be read, in a few words; empty if it can.
    """

    name: str
    data: bytes = b""
    problem: str = ""


class Collection:
    """The files of music in a folder or a zip.

    Args:
        path: of the folder or of the zip.

    Raises:
        StudioError: it is neither, or cannot be opened, holds no music, or more than a collection may.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        try:
            if self.path.is_dir():
                self.names = sorted(str(found.relative_to(self.path)) for found in _files_in(self.path))
            else:
                with _archive(self.path) as archive:
                    self.names = sorted(entry.filename for entry in _music_in(archive))
        except OSError as error:
            raise StudioError(f"'{self.path.name}' cannot be opened: {reason(error)}. Check the path.") from error
        if not self.names:
            raise StudioError(
                f"There is no music in '{self.path.name}'. Choose a folder or a zip that holds MIDI or MusicXML files."
            )
        if len(self.names) > MAX_FILES:
            raise StudioError(
                f"'{self.path.name}' holds {len(self.names):,} files of music. Choose at most {MAX_FILES:,} of them."
            )

    def __iter__(self) -> Iterator[Member]:
        """Yields the files in the order of ``names``.

        Raises:
            StudioError: an archive unpacks to more than it may.
        """
        if self.path.is_dir():
            for name in self.names:
                yield _read_file(self.path / name, name)
            return
        left = MAX_UNPACKED
        with _archive(self.path) as archive:
            for entry in sorted(_music_in(archive), key=lambda entry: entry.filename):
                member = _read_entry(archive, entry)
                left -= len(member.data)
                if left < 0:
                    raise StudioError(_bomb(self.path))
                yield member


def _files_in(folder: Path) -> Iterator[Path]:
    """Yields the files of music under a folder. Links to folders are not followed; what is hidden is left out."""
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS and not hidden and path.is_file():
            yield path


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Gives an open archive.

    Raises:
        StudioError: it is none, or a damaged one.
    """
    try:
        _check_list(path)
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise StudioError(f"'{path.name}' was not found. Choose a folder or a zip of MIDI or MusicXML files.") from None
    except zipfile.BadZipFile:
        what = "a damaged zip file" if path.suffix.lower() == ".zip" else "neither a folder nor a zip file"
        raise StudioError(f"'{path.name}' is {what}. Choose a folder or a zip of MIDI or MusicXML files.") from None
    except (NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise StudioError(f"'{path.name}' is packed in a way that cannot be read. Pack it as a plain zip.") from error


def _check_list(path: Path) -> None:
    """Makes sure that the list of files that an archive ends with can be read into memory.

    Raises:
        StudioError: it cannot.
        OSError: the file cannot be read.
    """
    if not path.is_file() and path.exists():
        raise StudioError(f"'{path.name}' is neither a folder nor a file. Choose a folder or a zip of music.")
    with path.open("rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # as ZipFile itself finds it, zip64 or not
    if end and end[5] > MAX_LISTED:  # the size of the list
        raise StudioError(f"'{path.name}' holds far too many files. Choose at most {MAX_FILES:,} of them.")


def told_name(name: str) -> str:
    """Returns a file's name as it may be shown and written down: in one line, whole letters, not too many."""
    whole = name.encode("utf-8", "replace").decode()
    clean = "".join(letter if letter.isprintable() else "?" for letter in whole)
    return clean if len(clean) <= LONGEST_NAME else f"…{clean[-LONGEST_NAME + 1 :]}"


def _music_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Returns the entries of an archive whose names are those of music.

    Raises:
        StudioError: they say that they unpack to more than they may.
    """
    found = [
        entry
        for entry in archive.infolist()
        if PurePosixPath(entry.filename).suffix.lower() in ENDINGS
        and not entry.is_dir()
        and not any(part.startswith((".", "__MACOSX")) and part != ".." for part in PurePosixPath(entry.filename).parts)
    ]
    if sum(entry.file_size for entry in found) > MAX_UNPACKED:
        raise StudioError(_bomb(Path(archive.filename or "The archive")))
    return found


def _bomb(path: Path) -> str:
    return f"'{path.name}' unpacks to more than {MAX_UNPACKED // 2**20} MB. Choose fewer or smaller files."


def _read_file(path: Path, name: str) -> Member:
    told = told_name(name)
    try:
        with path.open("rb") as file:
            data = _limited(file)
    except OSError as error:
        return Member(told, problem=f"it cannot be opened: {reason(error)}")
    return Member(told, data) if len(data) <= MAX_BYTES else Member(told, problem=_TOO_LARGE)


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Member:
    """Returns one file of an archive; what it unpacks to is cut off where it is too much."""
    path, told = PurePosixPath(entry.filename), told_name(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
        return Member(told, problem="its name leads out of the archive")
    if entry.flag_bits & 1:
        return Member(told, problem="it is locked with a password")
    if entry.compress_type not in SIMPLE:
        return Member(told, problem="it is packed in a way that is not read here; pack it as a plain zip")
    try:
        with archive.open(entry) as file:
            data = _limited(file)
    except Exception:  # zip files fail in as many ways as bytes can be wrong
        return Member(told, problem="it is damaged in the archive")
    return Member(told, data) if len(data) <= MAX_BYTES else Member(told, problem=_TOO_LARGE)


def _limited(file: IO[bytes]) -> bytes:
    """Returns what a file unpacks to, up to a byte more than a file of music may have."""
    return file.read(MAX_BYTES + 1)
