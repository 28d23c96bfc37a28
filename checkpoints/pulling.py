"""What a registry lists and is not here comes through the downloader, and is registered here from then on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from checkpoints.downloading import DownloadProgress, fetch
from checkpoints.sources import Source
from checkpoints.store import (
    REGISTRY,
    RegistryEntry,
    cards_folder,
    entry,
    read_registry,
    register,
    user_registry,
    values_of,
    verify,
)
from music.audio.soundfonts import check_soundfont
from music.clock import clock
from music.errors import StudioError


def pull(
    name: str,
    progress: Callable[[DownloadProgress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    *,
    file: Path | None = None,
) -> RegistryEntry:
    """Returns the entry of a checkpoint or sound bank once it is here and whole; what is here already is checked.

    Args:
        name: of the entry.
        progress, stop: as in ``fetch``.
        file: on this computer, which is tried first; None where nobody gave one.

    Raises:
        StudioError: there is none of this name, or it does not come; ``DownloadStopped`` if ``stop`` said so.
    """
    wanted = entry(name)
    if not wanted.sources:
        verify(wanted)
        return wanted
    places: list[str | Source] = [*([Source("file", path=file)] if file else []), *wanted.sources]
    for companion in wanted.companions:
        fetch(
            [companion.source],
            companion.path,
            bytes=companion.bytes,
            sha256=companion.sha256,
            progress=progress,
            stop=stop,
        )
    fetch(places, wanted.path, bytes=wanted.bytes, sha256=wanted.sha256, progress=progress, stop=stop)
    if wanted.kind == "soundfont":
        try:
            check_soundfont(wanted.path)
        except StudioError as error:
            wanted.path.unlink()
            raise StudioError(f"What '{name}' brings is no sound bank. Tell whoever published it.") from error
    if name not in read_registry(REGISTRY):
        register(user_registry(), name, values_of(wanted))
    for address, size, sha256 in wanted.details.get("beside", ()):
        target = cards_folder(wanted) / f"{name}{Path(address).suffix}"
        with contextlib.suppress(StudioError):  # a card is good to have, no more
            fetch([address], target, bytes=size, sha256=sha256, stop=stop)
    return entry(name)


def in_words(progress: DownloadProgress) -> str:
    """Returns how far a download is: percent, MB, MB/s and the time left."""
    words = [f"{progress.received / max(1, progress.total):.0%} of {progress.total / 1e6:.1f} MB"]
    if progress.bytes_per_second > 0:
        words.append(f"{progress.bytes_per_second / 1e6:.1f} MB/s")
    if progress.seconds_left is not None and progress.received < progress.total:
        words.append(f"{clock(progress.seconds_left)} left")
    return ", ".join(words)
