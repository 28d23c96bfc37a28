"""The one door: a file of known size and SHA-256 comes in from outside, whole or not at all."""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from checkpoints.connection import Answer, Stream, Trouble, refusal
from checkpoints.parts import Part
from checkpoints.sources import Source, offline, with_mirrors
from music.errors import StudioError
from music.files.atomic import reason

ANSWER_SECONDS = 15.0
STALL_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 1000
END_SECONDS = 2.0
POLL_SECONDS = 0.1
REPORT_SECONDS = 0.1
SPEED_SECONDS = 5.0
TRIES = 4
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
GAIN_BYTES = 2**20
"""What a try must bring to be no failure: without it, a server that breaks off after each byte would keep us forever."""
COPY_BYTES = 2**20


@dataclass(frozen=True)
class Progress:
    """How far a download is; ``seconds_left`` is None while the speed is not known, ``source`` says where it is from."""

    received: int
    total: int
    bytes_per_second: float
    seconds_left: float | None
    source: str


class Stopped(StudioError):
    """A download was stopped on request; what had come is kept."""


class _NoResume(Trouble):
    """A server cannot go on where a part ends, or would go on with another file."""


def fetch(
    sources: Sequence[str | Source],
    target: Path,
    *,
    bytes: int,
    sha256: str,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Returns ``target`` once the file of exactly this size and SHA-256 stands there; at once where it already does.

    What has come is kept beside it as NAME.SHA8.part and resumed by the next call, in this process or another one.
    Two that want the same file do not load it twice: the second waits for the first.

    Args:
        sources: places to try in order (see ``Source.parse``), but local files and DEEPMUSIC_MIRRORS come first.
        target: where the file is to stand. Its folder is made if need be; another file of that name is replaced.
        bytes: size of the file.
        sha256: of the file, hex.
        progress: is called some ten times a second.
        stop: is asked ten times a second or more often; True ends the download.

    Raises:
        Stopped: ``stop`` said so.
        StudioError: no source gave the file (the message says why each did not), the network is switched off by
            DEEPMUSIC_OFFLINE or HF_HUB_OFFLINE, there is no room, or the folder cannot be written.
    """
    part = Part(Path(target), bytes, sha256.lower())
    with part.on_disk():
        if not part.arrived():
            places = with_mirrors(sources, part.target.name)
            part.target.parent.mkdir(parents=True, exist_ok=True)
            teller = _Teller(part.bytes, progress)
            with _alone(part, teller, stop):
                if not part.arrived():
                    part.check_room()
                    _take_from_any(part, places, teller, stop)
    return part.target


class _Teller:
    """Reports progress, not more often than it can be seen."""

    def __init__(self, total: int, progress: Callable[[Progress], None]):
        self.total = total
        self.progress = progress
        self.last = -1.0
        self.seen: deque[tuple[float, int]] = deque()

    def start(self, received: int, source: Source) -> None:
        """Reports where a try begins; the speed is measured from here."""
        self.seen.clear()
        self.tell(received, source, now=True)

    def tell(self, received: int, source: object, now: bool = False) -> None:
        """Reports what there is; ``now`` if it must not be left out."""
        clock = time.monotonic()
        if clock - self.last < REPORT_SECONDS and not now:
            return
        self.last = clock
        self.seen.append((clock, received))
        while clock - self.seen[0][0] > SPEED_SECONDS and len(self.seen) > 2:
            self.seen.popleft()
        (since, before), left = self.seen[0], self.total - received
        speed = (received - before) / (clock - since) if clock > since else 0.0
        self.progress(Progress(received, self.total, speed, left / speed if speed > 0 else None, str(source)))


@contextlib.contextmanager
def _alone(part: Part, teller: _Teller, stop: Callable[[], bool]) -> Iterator[None]:
    """Lets one at a time do what follows for the same file, in all threads and processes."""
    from filelock import FileLock, Timeout

    lock = FileLock(part.target.with_name(f".{part.target.name}.lock"))
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            teller.tell(part.have(), "another download of this file")
            _pause(POLL_SECONDS, stop)
    try:
        yield
    finally:
        lock.release()


def _pause(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        _heed(stop)
        time.sleep(min(left, POLL_SECONDS))


def _heed(stop: Callable[[], bool]) -> None:
    if stop():
        raise Stopped("The download was stopped. Start it again to go on where it ended.")


def _take_from_any(part: Part, places: Sequence[Source], teller: _Teller, stop: Callable[[], bool]) -> None:
    """Puts the file in its place from the first source that gives it.

    Raises:
        StudioError: none does.
    """
    reasons = []
    for source in places:
        try:
            return _take(part, source, teller, stop)
        except Trouble as trouble:
            reasons.append(f"'{source}' {trouble}")
    why, name = "; ".join(dict.fromkeys(reasons)) or "no place is known to get it from", part.target.name
    if switch := offline():
        raise StudioError(
            f"'{name}' is not here, and {switch} keeps the studio offline ({why}). Unset {switch}, or import the file."
        )
    raise StudioError(f"'{name}' could not be downloaded: {why}. Check the connection and try again.")


def _take(part: Part, source: Source, teller: _Teller, stop: Callable[[], bool]) -> None:
    """Puts the file from one source in its place.

    Raises:
        Trouble: the source does not give it.
    """
    if near := source.local():
        try:
            right, missing = near.is_file() and part.matches(near), not near.exists()
        except OSError as error:
            raise Trouble(f"cannot be read ({reason(error)})") from error
        if right:
            return _copy(part, near, source, teller, stop)
        if source.kind == "file":
            raise Trouble("does not exist" if missing else "is another file, or a damaged one")
    if offline():
        raise Trouble("was not asked")
    try:
        source.request()
    except StudioError as error:
        raise Trouble(f"was not asked: {error}") from error
    return _download(part, source, teller, stop)


def _copy(part: Part, near: Path, source: Source, teller: _Teller, stop: Callable[[], bool]) -> None:
    """Puts a file of this computer in its place."""
    with near.open("rb") as before, part.path.open("wb") as after:
        teller.start(0, source)
        while piece := before.read(COPY_BYTES):
            after.write(piece)
            teller.tell(after.tell(), source)
            _heed(stop)
    if not part.finish():
        raise Trouble("changed while it was read")
    teller.tell(part.bytes, source, now=True)


def _download(part: Part, source: Source, teller: _Teller, stop: Callable[[], bool]) -> None:
    """Puts the file from a server in its place, in as many goes as it takes and makes sense.

    Raises:
        Trouble: it does not make sense any more.
    """
    tries, best, resume, wrong = 0, part.have(), True, 0
    while True:
        in_one_go = False
        if part.have() < part.bytes:
            try:
                in_one_go = _try(part, source, resume, teller, stop)
            except Trouble as trouble:
                resume = resume and not isinstance(trouble, _NoResume)
                tries = 0 if part.have() >= best + GAIN_BYTES else tries + 1
                best = max(best, part.have())
                if trouble.lasting or tries == TRIES:
                    raise
                pause = PAUSE_SECONDS * 2 ** max(tries - 1, 0) if trouble.seconds is None else trouble.seconds
                _pause(min(pause, LONGEST_PAUSE_SECONDS), stop)
                continue
        if part.finish():
            return teller.tell(part.bytes, source, now=True)
        wrong += 1
        if in_one_go or wrong == 2:  # of what was pieced together, a part from elsewhere may be to blame
            raise Trouble("sends another file, or a damaged one: its SHA-256 is wrong")


def _try(part: Part, source: Source, resume: bool, teller: _Teller, stop: Callable[[], bool]) -> bool:
    """Asks a server once for all that is missing; returns whether the whole file came at once.

    Raises:
        Trouble: it did not come, or not all of it.
    """
    offset = part.have() if resume else 0
    etag = part.etag(source) if offset else None
    address, headers = source.request()
    headers = {"User-Agent": "deepmusic-studio", **headers, "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    if etag:
        headers["If-Range"] = etag
    teller.start(offset, source)
    stream = Stream(address, headers)
    try:
        answer = _answer(stream, stop)
        start = _start(answer, offset, etag, part.bytes)
        with part.path.open("r+b" if start else "wb") as file:
            if not start:
                part.keep_etag(source, answer.headers.get("ETag") or "")
            file.seek(start)
            teller.start(start, source)
            received = _pour(stream, file, part, source, teller, stop)
    finally:
        stream.close()
    if received > part.bytes:
        part.drop()
        raise Trouble(f"sends more than the {part.bytes} bytes of the file", lasting=True)
    if received < part.bytes:
        raise Trouble(f"broke off after {received} of {part.bytes} bytes")
    return start == 0


def _answer(stream: Stream, stop: Callable[[], bool]) -> Answer:
    """Returns what the server says to begin with.

    Raises:
        Trouble: it says nothing in time.
    """
    end = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < end:
        _heed(stop)
        answer = stream.next(POLL_SECONDS)
        if isinstance(answer, Answer):
            return answer
    raise Trouble("does not answer")


def _start(answer: Answer, offset: int, etag: str | None, total: int) -> int:
    """Returns the place in the file, in bytes, at which the body of an answer begins.

    Raises:
        Trouble: the answer brings nothing that can be used.
    """
    headers = answer.headers
    if answer.status == 200:
        length = headers.get("Content-Length", str(total)).strip()
        if length != str(total):
            raise Trouble(f"offers a file of another size ({length[:20]} bytes, not {total})", lasting=True)
        return 0
    if answer.status == 206 and offset:
        found = re.fullmatch(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)", headers.get("Content-Range", "").strip()[:99])
        if not found or int(found[1]) != offset or int(found[2]) >= total or found[3] not in ("*", str(total)):
            raise _NoResume("sends another part of the file than was asked for")
        if etag and headers.get("ETag", etag) != etag:
            raise _NoResume("has changed the file")
        return offset
    if offset and answer.status in (400, 405, 416, 501):
        raise _NoResume(f"refuses to go on in the middle of the file ({answer.status})")
    raise refusal(answer)


def _pour(stream: Stream, file: BinaryIO, part: Part, source: Source, teller: _Teller, stop: Callable[[], bool]) -> int:
    """Writes the body of an answer to the part, where the file stands; returns how far into the file it led, in bytes.

    Raises:
        Trouble: it is cut off, or comes too slowly.
    """
    received = before = file.tell()
    since, end = time.monotonic(), None
    while True:
        _heed(stop)
        clock = time.monotonic()
        if received == part.bytes and end is None:
            end = clock + END_SECONDS  # whoever has more to say is heard, but not for long
        try:
            piece = stream.next(POLL_SECONDS)
        except Trouble:
            if end is None:
                raise
            return received
        if piece == b"" or (end is not None and clock >= end):
            return received
        if piece:
            received += len(piece)
            if received > part.bytes:
                return received
            file.write(piece)
            file.flush()  # what has come outlives this process
        teller.tell(received, source)
        if clock - since >= STALL_SECONDS:
            if received - before < SLOWEST_BYTES_PER_SECOND * STALL_SECONDS and end is None:
                raise Trouble("sends next to nothing")
            since, before = clock, received
