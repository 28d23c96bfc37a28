"""Files that were made for a download stay for two minutes at least, so that a browser finds them however many others have theirs made.

Streamlit deletes such a file once any two pages have run since; with twenty visitors that is before a slow line has asked for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from streamlit.runtime import memory_media_file_storage
from streamlit.runtime.media_file_storage import MediaFileKind, MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

KEPT_S = 120.0
"""Far more than a browser takes from the answer to the file, and few enough of them for memory."""


class KeptFiles(MemoryMediaFileStorage):
    """Streamlit's files in memory, of which downloads outlast their deletion for a while."""

    def __init__(self, media_endpoint: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(media_endpoint)
        self._clock = clock
        self._leaving: dict[str, float] = {}
        self._lock = threading.RLock()

    def load_and_get_id(
        self, path_or_data: str | bytes, mimetype: str, kind: MediaFileKind, filename: str | None = None
    ) -> str:
        """Adds a file; returns its id."""
        with self._lock:
            file_id = super().load_and_get_id(path_or_data, mimetype, kind, filename)
            self._leaving.pop(file_id, None)  # the same file again, and it is wanted
            self._tidy()
            return file_id

    def delete_file(self, file_id: str) -> None:
        """Deletes a file: at once what a page shows, later what was made for a download; and those whose time is up."""
        try:
            is_download = self.get_file(file_id).kind == MediaFileKind.DOWNLOADABLE
        except MediaFileStorageError:
            is_download = False
        with self._lock:
            if is_download:
                self._leaving[file_id] = self._clock()
            else:
                super().delete_file(file_id)
            self._tidy()

    def _tidy(self) -> None:
        """Deletes those whose time is up."""
        for each, since in list(self._leaving.items()):
            if self._clock() - since >= KEPT_S:
                del self._leaving[each]
                super().delete_file(each)


def install() -> None:
    """Has servers that are made from now on keep their files so: Streamlit has no setting for it."""
    memory_media_file_storage.MemoryMediaFileStorage = KeptFiles  # type: ignore[misc]
