"""How much disk all songs and the pages that links lead to may take together."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from music.errors import StudioError
from studio.limits import songs_bytes
from studio.projects.project import ENDING

PAGES = "shared"
"""The folder in that of the songs in which listening pages lie."""


def check_room(folder: Path, replaced: Collection[Path], size: int) -> None:
    """Refuses a file for which all together would take more than DEEPMUSIC_SONGS_MB; one may always shrink.

    Args:
        folder: of the songs.
        replaced: files that go when it is written.
        size: in bytes, of what is to be written.

    Raises:
        StudioError: there is no room.
    """
    most = songs_bytes()
    if most is None:
        return
    sizes = {each: each.stat().st_size for each in (*folder.glob(f"*{ENDING}"), *(folder / PAGES).glob("*.html"))}
    before = sum(sizes.pop(path, 0) for path in replaced)
    if size > before and sum(sizes.values()) + size > most:
        raise StudioError(
            f"The studio's disk for songs is full: together they may take {most / 2**20:.0f} MB. "
            "Delete songs that you need no more, or download this one as a file."
        )
