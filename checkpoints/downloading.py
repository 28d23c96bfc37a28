"""The downloader: a file of known size and SHA-256 comes in from outside, whole or not at all."""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from checkpoints.connection import Answer, SourceError, Stream, refusal
from checkpoints.git_history import open_blob
from checkpoints.partial_files import PartialFile
from checkpoints.sources import Source, offline, with_mirrors
from music.errors import StudioError
from music.files.atomic import reason

# Patience, chosen by judgment and not measured: long enough for a slow line, short enough that a person waits for it.
ANSWER_SECONDS = 15.0
STALL_SECONDS = 20.0  # over so long a server must bring SLOWEST_BYTES_PER_SECOND; a modem brings five times that
SLOWEST_BYTES_PER_SECOND = 1000
END_SECONDS = 2.0  # for a server to close after the last byte
POLL_SECONDS = 0.1  # how soon a wish to stop is noticed
REPORT_SECONDS = 0.1
SPEED_SECONDS = 5.0  # the speed shown is the mean of so long
TRIES = 4  # in a row without GAIN_BYTES
PAUSE_SECONDS = 0.5  # after the first failure, and twice as long after each further one
LONGEST_PAUSE_SECONDS = 30.0
GAIN_BYTES = 2**20
"""What a try must bring to be no failure: without it, a server that breaks off after each byte would keep us forever."""
COPY_BYTES = 2**20


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is; ``seconds_left`` is None while the speed is not known, ``source`` says where it is from."""

    received: int
    total: int
    bytes_per_second: float
    seconds_left: float | None
    source: str


class DownloadStopped(StudioError):
    """A download was stopped on request; what had come is kept."""


class _CannotResume(SourceError):
    """A server cannot go on where a part ends, or would go on with another file."""


def fetch(
    sources: Sequence[str | Source],
    target: Path,
    *,
    bytes: int,
    sha256: str,
    progress: Callable[[DownloadProgress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Returns ``target`` once the file of exactly this size and SHA-256 stands there; at once where it already does.

    What has come is kept beside it as NAME.SHA8.part and resumed by the next call, in this process or another one.
    Two that want the same file do not load it twice: the second waits for the first.

    Args:
        sources: places to try in order (see ``Source.parse``), but what is near and DEEPMUSIC_MIRRORS come first.
        target: where the file is to stand. Its folder is made if need be; another file of that name is replaced.
        bytes: size of the file.
        sha256: of the file, hex.
        progress: is called some ten times a second.
        stop: is asked ten times a second or more often; True ends the download.

    Raises:
        DownloadStopped: ``stop`` said so.
        StudioError: no source gave the file (the message says why each did not), the network is switched off by
            DEEPMUSIC_OFFLINE or HF_HUB_OFFLINE, there is no room, or the folder cannot be written.
    """
    part = PartialFile(Path(target), bytes, sha256.lower())
    with part.on_disk():
        if not part.arrived():
            places = with_mirrors(sources, part.target.name)
            part.target.parent.mkdir(parents=True, exist_ok=True)
            reporter = _Reporter(part.bytes, progress)
            with _exclusive(part, reporter, stop):
                if not part.arrived():
                    part.check_disk_space()
                    _fetch_from_any(part, places, reporter, stop)
    return part.target


class _Reporter:
    """Reports progress, not more often than it can be seen."""

    def __init__(self, total: int, progress: Callable[[DownloadProgress], object]) -> None:
        self.total = total
        self.progress = progress
        self.last = -1.0
        self.seen: deque[tuple[float, int]] = deque()

    def start(self, received: int, source: Source) -> None:
        """Reports where a try begins; the speed is measured from here."""
        self.seen.clear()
        self.report(received, source, now=True)

    def report(self, received: int, source: object, now: bool = False) -> None:
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
        self.progress(DownloadProgress(received, self.total, speed, left / speed if speed > 0 else None, str(source)))


@contextlib.contextmanager
def _exclusive(part: PartialFile, reporter: _Reporter, stop: Callable[[], bool]) -> Iterator[None]:
    """Lets one at a time do what follows for the same file, in all threads and processes."""
    from filelock import FileLock, Timeout

    lock = FileLock(part.target.with_name(f".{part.target.name}.lock"))
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            reporter.report(part.received(), "another download of this file")
            _pause(POLL_SECONDS, stop)
    try:
        yield
    finally:
        lock.release()


def _pause(seconds: float, stop: Callable[[], bool]) -> None:
    """Waits so long, or until ``stop`` says so."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        _check_cancelled(stop)
        time.sleep(min(left, POLL_SECONDS))


def _check_cancelled(stop: Callable[[], bool]) -> None:
    """Raises DownloadStopped where ``stop`` says so."""
    if stop():
        raise DownloadStopped("The download was stopped. Start it again to go on where it ended.")


def _fetch_from_any(part: PartialFile, places: Sequence[Source], reporter: _Reporter, stop: Callable[[], bool]) -> None:
    """Puts the file in its place from the first source that gives it.

    Raises:
        StudioError: none does.
    """
    reasons, remedies = [], []
    for source in places:
        try:
            return _fetch_from(part, source, reporter, stop)
        except SourceError as error:
            reasons.append(f"'{source}' {error}")
            remedies.append(error.remedy)
    why, name = "; ".join(dict.fromkeys(reasons)) or "no place is known to get it from", part.target.name
    if remedy := next(filter(None, remedies), ""):
        raise StudioError(f"'{name}' could not be had: {why}. {remedy}")
    if (switch := offline()) and not all(place.is_near for place in places):
        raise StudioError(
            f"'{name}' is not here, and {switch} keeps the studio offline ({why}). Unset {switch}, or import the file."
        )
    raise StudioError(f"'{name}' could not be downloaded: {why}. Check the connection and try again.")


def _fetch_from(part: PartialFile, source: Source, reporter: _Reporter, stop: Callable[[], bool]) -> None:
    """Puts the file from one source in its place.

    Raises:
        SourceError: the source does not give it.
    """
    if source.kind == "history":
        with open_blob(source.blob) as before:
            return _copy(part, before, source, reporter, stop)
    if near := source.local():
        try:
            right, missing = near.is_file() and part.matches(near), not near.exists()
        except OSError as error:
            raise SourceError(f"cannot be read ({reason(error)})") from error
        if right:
            with near.open("rb") as before:
                return _copy(part, before, source, reporter, stop)
        if source.kind == "file":
            raise SourceError("does not exist" if missing else "is another file, or a damaged one")
    if offline():
        raise SourceError("was not asked")
    try:
        source.request()
    except StudioError as error:
        raise SourceError(f"was not asked: {error}") from error
    return _download(part, source, reporter, stop)


def _copy(part: PartialFile, before: IO[bytes], source: Source, reporter: _Reporter, stop: Callable[[], bool]) -> None:
    """Puts what lies on this computer in its place.

    Raises:
        SourceError: it is not what is wanted.
    """
    with part.path.open("wb") as after:
        reporter.start(0, source)
        while chunk := before.read(COPY_BYTES):
            after.write(chunk)
            reporter.report(after.tell(), source)
            _check_cancelled(stop)
    if not part.finish():
        raise SourceError("is another file, or a damaged one")
    reporter.report(part.bytes, source, now=True)


def _download(part: PartialFile, source: Source, reporter: _Reporter, stop: Callable[[], bool]) -> None:
    """Puts the file from a server in its place, in as many goes as it takes and makes sense.

    Raises:
        SourceError: it does not make sense any more.
    """
    tries, best, resume, wrong = 0, part.received(), True, 0
    while True:
        in_one_go = False
        if part.received() < part.bytes:
            try:
                in_one_go = _try(part, source, resume, reporter, stop)
            except SourceError as error:
                resume = resume and not isinstance(error, _CannotResume)
                tries = 0 if part.received() >= best + GAIN_BYTES else tries + 1
                best = max(best, part.received())
                if error.permanent or tries == TRIES:
                    raise
                pause = PAUSE_SECONDS * 2 ** max(tries - 1, 0) if error.retry_after is None else error.retry_after
                _pause(min(pause, LONGEST_PAUSE_SECONDS), stop)
                continue
        if part.finish():
            return reporter.report(part.bytes, source, now=True)
        wrong += 1
        if in_one_go or wrong == 2:  # of what was pieced together, a part from elsewhere may be to blame
            raise SourceError("sends another file, or a damaged one: its SHA-256 is wrong")


def _try(part: PartialFile, source: Source, resume: bool, reporter: _Reporter, stop: Callable[[], bool]) -> bool:
    """Asks a server once for all that is missing; returns whether the whole file came at once.

    Raises:
        SourceError: it did not come, or not all of it.
    """
    offset = part.received() if resume else 0
    etag = part.etag(source) if offset else None
    address, headers = source.request()
    headers = {"User-Agent": "deepmusic-studio", **headers, "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    if etag:
        headers["If-Range"] = etag
    reporter.start(offset, source)
    stream = Stream(address, headers)
    try:
        answer = _answer(stream, stop)
        start = _start(answer, offset, etag, part.bytes)
        with part.path.open("r+b" if start else "wb") as file:
            if not start:
                part.keep_etag(source, answer.headers.get("ETag") or "")
            file.seek(start)
            reporter.start(start, source)
            received = _stream_to(stream, file, part, source, reporter, stop)
    finally:
        stream.close()
    if received > part.bytes:
        part.drop()
        raise SourceError(f"sends more than the {part.bytes} bytes of the file", permanent=True)
    if received < part.bytes:
        raise SourceError(f"broke off after {received} of {part.bytes} bytes")
    return start == 0


def _answer(stream: Stream, stop: Callable[[], bool]) -> Answer:
    """Returns what the server says to begin with.

    Raises:
        SourceError: it says nothing in time.
    """
    end = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < end:
        _check_cancelled(stop)
        answer = stream.next(POLL_SECONDS)
        if isinstance(answer, Answer):
            return answer
    raise SourceError("does not answer")


def _start(answer: Answer, offset: int, etag: str | None, total: int) -> int:
    """Returns the place in the file, in bytes, at which the body of an answer begins.

    Raises:
        SourceError: the answer brings nothing that can be used.
    """
    headers = answer.headers
    if answer.status == 200:
        length = headers.get("Content-Length", str(total)).strip()
        if length != str(total):
            raise SourceError(f"offers a file of another size ({length[:20]} bytes, not {total})", permanent=True)
        return 0
    if answer.status == 206 and offset:
        found = re.fullmatch(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)", headers.get("Content-Range", "").strip()[:99])
        if not found or int(found[1]) != offset or int(found[2]) >= total or found[3] not in ("*", str(total)):
            raise _CannotResume("sends another part of the file than was asked for")
        if etag and headers.get("ETag", etag) != etag:
            raise _CannotResume("has changed the file")
        return offset
    if offset and answer.status in (400, 405, 416, 501):
        raise _CannotResume(f"refuses to go on in the middle of the file ({answer.status})")
    raise refusal(answer)


def _stream_to(
    stream: Stream, file: BinaryIO, part: PartialFile, source: Source, reporter: _Reporter, stop: Callable[[], bool]
) -> int:
    """Writes the body of an answer to the part, where the file stands; returns how far into the file it led, in bytes.

    Raises:
        SourceError: it is cut off, or comes too slowly.
    """
    received = before = file.tell()
    since, end = time.monotonic(), None
    while True:
        _check_cancelled(stop)
        clock = time.monotonic()
        if received == part.bytes and end is None:
            end = clock + END_SECONDS  # whoever has more to say is heard, but not for long
        try:
            chunk = stream.next(POLL_SECONDS)
        except SourceError:
            if end is None:
                raise
            return received
        if chunk == b"" or (end is not None and clock >= end):
            return received
        if isinstance(chunk, bytes) and chunk:
            received += len(chunk)
            if received > part.bytes:
                return received
            file.write(chunk)
            file.flush()  # what has come outlives this process
        reporter.report(received, source)
        if clock - since >= STALL_SECONDS:
            if received - before < SLOWEST_BYTES_PER_SECOND * STALL_SECONDS and end is None:
                raise SourceError("sends next to nothing")
            since, before = clock, received
