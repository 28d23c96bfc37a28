"""Listening pages that a link leads to. They lie beside the songs, each under a token that nobody can guess, until they are withdrawn.

A page is one file, "SONG.TOKEN.FINGERPRINT.html": while it is there the link works, after the studio was ended too. It is a
picture of the song as it was when it was shared, so that whoever has the link reaches nothing else.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from music.errors import StudioError
from music.files.atomic import reason, replace_file
from studio.projects.room import PAGES, check_room

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_SONG = re.compile(r"[A-Za-z0-9_-]{16}")
_SHORT = 16  # letters of a fingerprint: enough to tell takes apart


@dataclass(frozen=True)
class Share:
    """A song's page: its token, and the beginning of the fingerprint of what it plays."""

    token: str
    fingerprint: str

    def plays(self, fingerprint: str) -> bool:
        """Whether it plays the piece of this fingerprint."""
        return self.fingerprint == fingerprint[:_SHORT]


class Shares:
    """The pages that are shared of the songs in a folder.

    Args:
        folder: of the songs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, song_id: str) -> Share | None:
        """Returns what is shared of a song."""
        path = next(iter(self._paths(song_id)), None)
        return None if path is None else Share(*path.name.split(".")[1:3])

    def page(self, token: str) -> Path | None:
        """Returns where the page of a token lies; None for one that is unknown, or was withdrawn."""
        if not _TOKEN.fullmatch(token):
            return None
        return next((self.folder / PAGES).glob(f"*.{token}.*.html"), None)

    def put(self, song_id: str, fingerprint: str, page: bytes) -> Share:
        """Returns what is shared of a song from now on; its link stays the same where it had one.

        Raises:
            StudioError: the folder cannot be written to, or has no room.
        """
        old = self._paths(song_id)
        known = self.of(song_id)
        share = Share(known.token if known else secrets.token_urlsafe(24), fingerprint[:_SHORT])
        path = self.folder / PAGES / f"{song_id}.{share.token}.{share.fingerprint}.html"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_room(self.folder, old, len(page))
            replace_file(path, page, private=True)
            for earlier in old:
                if earlier != path:
                    earlier.unlink(missing_ok=True)
        except OSError as error:
            raise StudioError(
                f"The page cannot be kept in '{path.parent}': {reason(error)}. Make room there."
            ) from error
        return share

    def withdraw(self, song_id: str) -> None:
        """Takes a song's page away, so that its link leads nowhere."""
        for path in self._paths(song_id):
            path.unlink(missing_ok=True)

    def _paths(self, song_id: str) -> list[Path]:
        return sorted((self.folder / PAGES).glob(f"{song_id}.*.html")) if _SONG.fullmatch(song_id) else []
