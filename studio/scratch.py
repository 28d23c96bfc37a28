"""Folders of private files that go with the process: at its end, or where it was killed, at the start of the next one."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK = ".lock"


class Scratch:
    """A folder that no other process has.

    Args:
        prefix: what its name begins with; folders of this name whose process is gone are removed.

    Attributes:
        path: where it lies.
    """

    def __init__(self, prefix: str) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
            _remove_left(left)
        self._folder = tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        self.path = Path(self._folder.name)
        self._lock = FileLock(self.path / _LOCK, thread_local=False)
        self._lock.acquire(blocking=False)


def _remove_left(folder: Path) -> None:
    """Removes a folder if no process holds it: a system frees the lock of one that was killed."""
    if not (folder / _LOCK).is_file():  # just being made, or not ours
        return
    lock = FileLock(folder / _LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError, NotImplementedError):
        return
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
