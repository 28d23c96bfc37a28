"""The sound of pieces for the player: made by the worker when a browser asks for it, served under addresses nobody can guess.

    address(piece, synthesis)           a relative address, at once; nothing is made yet
    GET sound/TOKEN                     starts the work, then says how far it is (JSON)
    GET sound/TOKEN/head.ogg            the first seconds, which are there before the mix
    GET sound/TOKEN/mix.ogg, 3.ogg      the mix, and the stem of track 3; `.wav` for browsers that play no OGG
    GET sound/TOKEN/picture.json        outline and mel bands of the mix of a colored piece, once it is there

The server of the studio carries ROUTES (``st.App(..., routes=media.ROUTES)``). So pages do not wait for sound, need no
rerun when it is there, and the browser can jump inside it (HTTP ranges).
"""

from __future__ import annotations

import functools
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from music.audio.encoding import MIME_TYPES, Audio, encode
from music.errors import StudioError
from music.files.atomic import reason, replace_file
from music.piece import Piece
from pipelines.recipes import coloring_recipe
from pipelines.worker.verbs import Head, Sound
from studio import jobs
from studio.addresses import Addresses, Wanted, status_route
from studio.scratch import Scratch

CAPACITY = 64
"""Pieces whose sound is kept, some MB each on the disk; the one that was heard longest ago goes first, to be made again when asked for."""

ADDRESSES = 1024
"""Pieces that have an address: every stage and take that any visitor's page shows, heard or not. Each is some 100 KB of notes."""

PICTURE = "picture.json"
_MIME_TYPES = {**MIME_TYPES, "json": "application/json"}
WATCH_S = 0.08  # shorter than the worker's pause between two updates, so that none is missed


@dataclass(eq=False)
class _Entry(Wanted):
    piece: Piece
    synthesis: str
    head: bool = False  # whether the first seconds lie in the folder
    mix: bool = False  # whether the mix does
    seconds: float = 0.0  # of the mix
    head_gain: float = 1.0
    stems: tuple[int, ...] | None = None  # the tracks whose stems do; None until all of them do
    reverbs: tuple[tuple[int, float], ...] = ()
    note: str = ""
    is_basic: bool = False


class SoundCache:
    """The sound of the pieces that were heard last, in a folder that goes with the process.

    Args:
        registry: gives the job registry that does the work.
        capacity: of how many pieces to keep the sound.
    """

    def __init__(self, registry: Callable[[], jobs.Registry], capacity: int = CAPACITY) -> None:
        self._registry = registry
        self._folder = Scratch("deepmusic-sound-")
        self._addresses = Addresses[_Entry](ADDRESSES, capacity, self._put_away)

    def address(self, piece: Piece, synthesis: str = "played") -> str:
        """Returns where the sound of this piece can be asked for, relative to the server's root.

        Args:
            piece: what is heard.
            synthesis: one of ``pipelines.sound.SYNTHESES``.
        """
        key = (piece.fingerprint, json.dumps(coloring_recipe(piece), sort_keys=True, default=str), synthesis)
        entry = self._addresses.of(key, lambda token: _Entry(token, key, piece, synthesis))
        return f"sound/{entry.token}"

    def status(self, token: str, visitor: str = "") -> dict[str, Any] | None:
        """Returns how far the sound is, as plain values, and starts or restarts the work; None for an unknown token.

        Args:
            token: of the sound.
            visitor: who asks, see ``visitors.browser_of``.
        """
        entry = self._addresses.ask(token)
        if entry is None:
            return None
        with entry.lock:
            job = None if entry.stems is not None or entry.problem else self._job(entry, visitor)
        ahead = self._registry().position(job) - 1 if job else 0
        return {
            "state": "failed" if entry.problem else "preparing" if entry.stems is None else "ready",
            "message": entry.problem
            or entry.note
            or (f"The sound waits for its turn: {ahead} before it." if ahead > 0 else ""),
            "progress": job.update if job and isinstance(job.update, float) else None,
            "head": "head" if entry.head else None,
            "head_gain": entry.head_gain,
            "mix": "mix" if entry.mix else None,
            "seconds": entry.seconds,
            "stems": [[track, str(track)] for track in entry.stems or ()],
            "reverbs": entry.reverbs,
            "advice": _advice() if entry.is_basic else "",
        }

    def file(self, token: str, name: str) -> Path | None:
        """Returns the file of this name, such as ``mix.ogg``, ``3.wav`` or PICTURE, or None if there is none."""
        entry = self._addresses.get(token)
        stem, _, form = name.rpartition(".")
        if entry is not None and name == PICTURE:
            path = self._path(entry, name)
            return path if path.exists() else None
        if entry is None or form not in ("ogg", "wav") or not (stem in ("head", "mix") or stem.isdecimal()):
            return None
        path = self._path(entry, name)
        source = path.with_suffix(".ogg")
        if form == "wav" and not path.exists() and source.exists():
            with entry.lock:
                _write(path, _wav(source))
        return path if path.exists() else None

    def _job(self, entry: _Entry, visitor: str) -> jobs.Job | None:
        """Returns the entry's job, a new one if there is none; None while the queue is full."""
        registry = self._registry()
        job = registry.poll(entry.job_id, entry.token)
        if job is None:
            try:
                job = registry.submit("render", entry.piece, entry.synthesis, owner=entry.token, visitor=visitor)
            except StudioError:  # the next question tries again
                return None
            entry.job_id = job.id
            threading.Thread(target=self._watch, args=(entry, job), daemon=True).start()
        return job

    def _watch(self, entry: _Entry, job: jobs.Job) -> None:
        """Takes what the job makes: the first seconds and the mix as soon as they are told of, then the stems."""
        try:
            over = False
            while not over:
                over = job.over.wait(WATCH_S)
                if isinstance(
                    job.update, Sound
                ):  # looked at once more at the end: it may have come and ended meanwhile
                    self._take(entry, job.update)
                elif isinstance(job.update, Head) and not entry.head and self._addresses.keeps(entry):
                    _write(self._path(entry, "head.ogg"), job.update.data)
                    entry.head = True
            if job.state == "done":
                self._take(entry, job.result)
                if entry.mix:  # else it was put away meanwhile
                    entry.reverbs = job.result.reverbs
                    entry.stems = tuple(track for _, track, _ in job.result.stems)
            elif job.error and entry.mix:  # only the stems failed: the mix still plays
                entry.stems, entry.note = (), job.error
            elif job.error:
                entry.problem = job.error
        except OSError as error:
            entry.problem = (
                f"The sound could not be stored: {reason(error)}. Make room on the studio's disk and reload the page."
            )
        finally:  # a job that was dropped while no page was looking is asked for anew
            self._registry().forget(job.id, entry.token)

    def _take(self, entry: _Entry, sound: Sound) -> None:
        if not self._addresses.keeps(entry):  # it was put away meanwhile
            return
        if not entry.mix:
            if sound.picture is not None:
                _write(self._path(entry, PICTURE), json.dumps(sound.picture).encode())
            _write(self._path(entry, "mix.ogg"), sound.mix)
            entry.seconds, entry.head_gain, entry.is_basic = sound.seconds, sound.head_gain, sound.is_basic
            entry.mix = True
        for _, track, data in sound.stems:
            _write(self._path(entry, f"{track}.ogg"), data)

    def _path(self, entry: _Entry, name: str) -> Path:
        return Path(self._folder.path, entry.token, name)

    def _put_away(self, entry: _Entry) -> None:
        entry.head = entry.mix = False
        entry.stems = None
        folder = Path(self._folder.path, entry.token)
        for path in folder.glob("*"):
            path.unlink(missing_ok=True)
        if folder.exists():
            folder.rmdir()


def routes(cache: Callable[[], SoundCache]) -> list[Route]:
    """Returns the addresses under which a server answers for this cache of sounds."""

    async def file(request: Request) -> Response:
        path = await run_in_threadpool(cache().file, request.path_params["token"], request.path_params["name"])
        if path is None:
            return Response(status_code=404)
        return FileResponse(
            path,
            media_type=_MIME_TYPES[path.suffix[1:]],
            headers={"Cache-Control": "private, max-age=86400, immutable"},
        )

    return [status_route("/sound/{token}", lambda *asked: cache().status(*asked)), Route("/sound/{token}/{name}", file)]


@functools.cache
def _cache() -> SoundCache:
    return SoundCache(jobs.registry)


def address(piece: Piece, synthesis: str = "played") -> str:
    """Returns where a browser asks for the sound of this piece, relative to the server's root."""
    return _cache().address(piece, synthesis)


ROUTES = routes(_cache)
"""For the studio's server."""


def _advice() -> str:
    from music.audio.render import engine

    return engine().advice


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    replace_file(path, data)


def _wav(source: Path) -> bytes:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(source.read_bytes()), dtype="float32", always_2d=True)
    return encode(Audio(samples, rate), "wav")
