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


def reason(error: OSError) -> str:
    """Returns why a system refused, in its own words, for the middle of a sentence."""
    return (error.strerror or "the system refuses").lower()
