"""Files that are there whole or not at all, and the words for what a system refuses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from music.errors import StudioError


def write_bytes(data: bytes, path: Path) -> None:
    """Writes a file whole or not at all, as ``write_files``."""
    write_files({Path(path): data})


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes files that belong together: each whole, and none at all where one of them finds no room.

    Raises:
        StudioError: a file cannot be written.
    """
    written: dict[Path, str] = {}
    try:
        for path, data in files.items():
            handle, written[path] = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(written[path], 0o644)
        for path in files:
            os.replace(written[path], path)
            del written[path]
    except OSError as error:
        raise StudioError(f"'{path}' cannot be written: {reason(error)}. Choose another place.") from error
    finally:
        for temporary in written.values():
            Path(temporary).unlink(missing_ok=True)


def replace_file(path: Path, data: bytes, private: bool = False) -> None:
    """Writes one file whole or not at all, for callers who have a sentence of their own where that fails.

    Args:
        path: of the file; until it is whole, its bytes lie beside it under ``.{stem}.*.part``.
        data: what it is to hold.
        private: what a user made and nobody can make again: readable by its owner alone, and safe from a power cut.

    Raises:
        OSError: it cannot be written.
    """
    part = ""
    try:
        handle, part = tempfile.mkstemp(".part", f".{path.stem[:40]}.", path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if private:
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave an empty file under the name
        if not private:
            os.chmod(part, 0o644)
        os.replace(part, path)
        part = ""
    finally:
        if part:
            Path(part).unlink(missing_ok=True)


def reason(error: OSError) -> str:
    """Returns why a system refused, in its own words, for the middle of a sentence."""
    return (error.strerror or str(error) or "the system refuses").lower()
