"""Files that visitors take away: made by the worker when a browser asks for them, which hears meanwhile how far they are.

    address(file)                a relative address, at once; nothing is made yet
    GET file/TOKEN               starts the work, then says how far it is (JSON)
    GET file/TOKEN/NAME          the file, once it is there

The server of the studio carries ROUTES, as it does those of ``studio.media``. So a page does not wait for files, and what was
made once is there at once the next time.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from music.errors import StudioError
from music.files.atomic import reason, replace_file
from music.piece import Piece
from pipelines.descriptors.pipelines import descriptor_of
from studio import jobs
from studio.addresses import Addresses, Wanted, status_route
from studio.scratch import Scratch

CAPACITY = 200
"""Files that are kept, a few MB each on the disk; the one that was asked for longest ago goes first, to be made again when asked for."""

ADDRESSES = 8192
"""Files that can be asked for: some ten of each piece that any visitor's page shows, which share its notes."""


@dataclass(frozen=True)
class File:
    """A file that can be taken away.

    Attributes:
        name: that it has on the visitor's disk.
        mime: its type.
        content: gives its bytes; or the verb of the worker that makes it, and what that takes.
        is_fresh: whether it is made anew each time it is asked for, because what it holds changes.
    """

    name: str
    mime: str
    content: Callable[[], bytes] | tuple[Any, ...]
    is_fresh: bool = False


@dataclass(eq=False)
class _Entry(Wanted):
    file: File
    is_there: bool = False


class FileCache:
    """The files that were asked for last, in a folder that goes with the process.

    Args:
        registry: gives the job registry that does the work.
        capacity: how many files to keep.
    """

    def __init__(self, registry: Callable[[], jobs.Registry], capacity: int = CAPACITY) -> None:
        self._registry = registry
        self._folder = Scratch("deepmusic-files-")
        self._addresses = Addresses[_Entry](ADDRESSES, capacity, self._put_away)

    def address(self, file: File, of: Piece | str) -> str:
        """Returns where a file can be asked for, relative to the server's root.

        Args:
            file: what is asked for.
            of: the piece that it is made of, or the id of a song.
        """
        key = _key(file, of)
        entry = self._addresses.of(key, lambda token: _Entry(token, key, file))
        return f"file/{entry.token}"

    def status(self, token: str, visitor: str = "") -> dict[str, Any] | None:
        """Returns how far a file is, as plain values, and starts or restarts the work; None for an unknown token.

        Args:
            token: of the file.
            visitor: who asks, see ``visitors.browser_of``.
        """
        entry = self._addresses.ask(token)
        if entry is None:
            return None
        with entry.lock:
            if entry.file.is_fresh:
                entry.problem = ""  # what was wrong the last time may be well by now
            is_done = entry.is_there and not entry.file.is_fresh
            job = None if is_done or entry.problem else self._advance(entry, visitor)
        ahead = self._registry().position(job) - 1 if job else 0
        return {
            "state": "failed" if entry.problem else "ready" if entry.is_there else "making",
            "message": entry.problem or (f"waits for its turn: {ahead} before it" if ahead > 0 else ""),
            "progress": job.update if job and isinstance(job.update, float) else None,
        }

    def path(self, token: str, name: str) -> tuple[Path, File] | None:
        """Returns where the file of this name lies, or None if it does not."""
        entry = self._addresses.get(token)
        if entry is None or entry.file.name != name or not self._path(entry).exists():
            return None
        return self._path(entry), entry.file

    def _advance(self, entry: _Entry, visitor: str) -> jobs.Job | None:
        """Takes what the entry's job has made, or returns the job, a new one if there is none; None while the queue is full."""
        try:
            if callable(entry.file.content):
                return self._store(entry, entry.file.content())
            registry = self._registry()
            job = registry.poll(entry.job_id, entry.token)
            if job is None or job.state == "stopped":  # it was dropped while no page was asking
                entry.job_id = None
                job = registry.submit(*entry.file.content, owner=entry.token, visitor=visitor)
                entry.job_id = job.id
            if job.live:
                return job
            registry.forget(job.id, entry.token)
            if job.error:
                entry.problem = job.error
                return None
            return self._store(entry, job.result)
        except StudioError as error:
            if entry.job_id is not None or callable(
                entry.file.content
            ):  # else the queue is full: asked again, it tries again
                entry.problem = str(error)
        except OSError as error:
            entry.problem = (
                f"The file could not be stored: {reason(error)}. Make room on the studio's disk and try again."
            )
        return None

    def _store(self, entry: _Entry, data: bytes) -> None:
        if self._addresses.keeps(entry):  # it may have been put away meanwhile
            replace_file(self._path(entry), data)
            entry.is_there = True
        if not self._addresses.keeps(entry):  # or just now
            self._put_away(entry)

    def _path(self, entry: _Entry) -> Path:
        return Path(self._folder.path, entry.token)

    def _put_away(self, entry: _Entry) -> None:
        entry.is_there = False
        self._path(entry).unlink(missing_ok=True)


def _key(file: File, of: Piece | str) -> str:
    """Returns what tells files with other content, or of another name, apart."""
    if isinstance(of, str):
        return hashlib.sha256(f"{file.name} {of}".encode()).hexdigest()
    digest = hashlib.sha256(f"{file.name} {of.fingerprint}".encode())
    digest.update(json.dumps([dict(step) for step in of.history], sort_keys=True, default=str).encode())
    for part in () if callable(file.content) else file.content:
        pipeline = descriptor_of(part)
        plain = part.fingerprint if isinstance(part, Piece) else pipeline.to_mapping(part) if pipeline else part
        digest.update(json.dumps(plain, sort_keys=True, default=str).encode() + b"|")
    return digest.hexdigest()


def routes(cache: Callable[[], FileCache]) -> list[Route]:
    """Returns the addresses under which a server answers for this cache of files."""

    async def content(request: Request) -> Response:
        found = await run_in_threadpool(cache().path, request.path_params["token"], request.path_params["name"])
        if found is None:
            return Response(status_code=404)
        path, file = found
        return FileResponse(
            path, media_type=file.mime, filename=file.name, headers={"Cache-Control": "private, no-store"}
        )

    return [
        status_route("/file/{token}", lambda *asked: cache().status(*asked)),
        Route("/file/{token}/{name}", content),
    ]


@functools.cache
def _cache() -> FileCache:
    return FileCache(jobs.registry)


def address(file: File, of: Piece | str) -> str:
    """Returns where a browser asks for a file of this piece, or of the song of this id, relative to the server's root."""
    return _cache().address(file, of)


ROUTES = routes(_cache)
"""For the studio's server."""
