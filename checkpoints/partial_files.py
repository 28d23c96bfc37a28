"""A file that is wanted, and the part of it that is here: NAME.SHA8.part in the same folder until it is whole."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checkpoints.sources import Source
from checkpoints.store import file_sha256
from music.errors import StudioError
from music.files.atomic import reason

SPARE_BYTES = 16 * 2**20
"""What a download leaves free on a disk, for logs and registries; chosen by judgment."""
DISK_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


@dataclass(frozen=True)
class PartialFile:
    """A file that is wanted and what there is of it; whoever changes it holds the lock.

    Attributes:
        target: where the file is to stand.
        bytes: its size.
        sha256: of it, hex, in small letters.

    Raises:
        StudioError: no file has such a size or SHA-256.
    """

    target: Path
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if self.bytes < 1 or not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise StudioError(f"Size or SHA-256 of '{self.target.name}' cannot be right. Mend its registry entry.")

    @property
    def path(self) -> Path:
        return self.target.with_name(f"{self.target.name}.{self.sha256[:8]}.part")

    @property
    def etag_path(self) -> Path:
        """The file beside the part that says which version of which source it is from."""
        return self.path.with_name(self.path.name + ".etag")

    def arrived(self) -> bool:
        """Returns whether the file stands under its name.

        Raises:
            StudioError: a folder stands there.
        """
        if self.target.is_dir():
            raise StudioError(f"'{self.target}' is a folder, and a file is to stand there. Remove the folder.")
        return self.target.exists() and self.matches(self.target)

    def matches(self, path: Path) -> bool:
        """Returns whether a file is the wanted one."""
        return path.stat().st_size == self.bytes and file_sha256(path) == self.sha256

    def received(self) -> int:
        """Returns how many bytes there are of the part."""
        return self.path.stat().st_size if self.path.exists() else 0

    def drop(self) -> None:
        """Throws away what there is."""
        self.path.unlink(missing_ok=True)
        self.etag_path.unlink(missing_ok=True)

    def etag(self, source: Source) -> str | None:
        """Returns the ETag with which a source gave the beginning of the part, None where it is not known."""
        known = (
            self.etag_path.read_text(encoding="utf-8", errors="replace").splitlines() if self.etag_path.exists() else []
        )
        return known[0] if len(known) == 2 and known[1] == str(source) else None

    def keep_etag(self, source: Source, etag: str) -> None:
        """Remembers the ETag with which a source begins to give the file."""
        if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', etag):  # a weak one (W/"…") says nothing about bytes
            self.etag_path.write_text(f"{etag}\n{source}\n", encoding="utf-8")
        else:
            self.etag_path.unlink(missing_ok=True)

    def check_disk_space(self) -> None:
        """Checks that the disk has room for what is missing.

        Raises:
            StudioError: it has not.
        """
        free, needed = shutil.disk_usage(self.target.parent).free, self.bytes - self.received()
        if free < needed + SPARE_BYTES:
            raise self._disk_full(f"{needed / 1e6:.0f} MB are missing and {free / 1e6:.0f} MB are free")

    def finish(self) -> bool:
        """Gives the part its name for good and returns True, or throws it away where it is not the wanted file."""
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())
        if not self.matches(self.path):
            self.drop()
            return False
        os.replace(self.path, self.target)
        if os.name == "posix":
            folder = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        # What earlier versions of the file left, too.
        for rest in self.target.parent.glob(f"{glob.escape(self.target.name)}.{'[0-9a-f]' * 8}.part*"):
            rest.unlink(missing_ok=True)
        return True

    @contextlib.contextmanager
    def on_disk(self) -> Iterator[None]:
        """Turns what the file system refuses into words.

        Raises:
            StudioError: in place of OSError.
        """
        try:
            yield
        except BrokenPipeError:  # of whoever is told of the progress
            raise
        except OSError as error:
            if error.errno in DISK_FULL:
                raise self._disk_full("the disk has filled up") from error
            raise StudioError(
                f"'{self.target}' cannot be written: {reason(error)}. Check the folder and its permissions."
            ) from error

    def _disk_full(self, why: str) -> StudioError:
        return StudioError(f"There is no room for '{self.target.name}': {why}. Make room on the disk and try again.")
