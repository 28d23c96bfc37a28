"""One request over HTTP, read by a thread of its own.

Looking up a name cannot be given a time limit, and a server that sends its header a byte at a time is never late by the
clock of a socket. So whoever asks does not wait for the network but for a queue, as long as he likes.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import queue
import re
import socket
import ssl
import string
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urljoin, urlsplit

from checkpoints.sources import check_address
from music.errors import StudioError
from music.files.atomic import reason

SOCKET_SECONDS = 30.0  # longer than anybody waits here (downloading.ANSWER_SECONDS): it only ends threads left behind
MAX_REDIRECTS = 5  # the hub sends on once, to where its large files lie
CHUNK_BYTES = 64 * 1024
CHUNKS_AHEAD = 16  # with them at most 1 MiB of a download waits in memory
REDIRECT_STATUSES = (301, 302, 303, 307, 308)
RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)
STATUS_ERRORS = {
    401: "wants a password",
    403: "denies access",
    404: "does not have the file",
    407: "is behind a proxy that wants a password",
    410: "does not have the file any more",
}
HUB_ERRORS = {
    "RepoNotFound": "does not have that repository, or shows it to its members only",
    "RevisionNotFound": "does not have that revision",
    "GatedRepo": "wants its terms accepted first; do so on its page, then set HF_TOKEN",
}
"""By the hub's own header X-Error-Code."""


class SourceError(Exception):
    """Why a source did not give a file, in words that follow on "it" ("does not have the file").

    Attributes:
        permanent: asking again would be of no use.
        retry_after: how many seconds the server asks to be left alone, None where it does not say.
        remedy: what helps, in a sentence; empty where that is the usual: to try again.
    """

    def __init__(
        self, words: str, *, permanent: bool = False, retry_after: float | None = None, remedy: str = ""
    ) -> None:
        super().__init__(words)
        self.permanent = permanent
        self.retry_after = retry_after
        self.remedy = remedy


@dataclass(frozen=True)
class Answer:
    """What a server says before the body: the status and the header."""

    status: int
    headers: Mapping[str, str]


class Stream:
    """A request on its way: first its Answer, then the chunks of the body."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        self._received: queue.Queue[Answer | bytes | Exception] = queue.Queue(CHUNKS_AHEAD)
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        threading.Thread(target=self._read, args=(address, dict(headers)), name="download", daemon=True).start()

    def next(self, seconds: float) -> Answer | bytes | None:
        """Returns the answer, then each chunk of the body, b"" at its end; None if nothing came in so many seconds.

        Raises:
            SourceError: the network or the server failed.
        """
        try:
            found = self._received.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(found, Exception):
            raise as_source_error(found) from found
        return found

    def close(self) -> None:
        """Gives the request up; its thread, which may be waiting for the server, ends soon."""
        self._closed.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # of an encrypted one, too, as it stands

    def _read(self, address: str, headers: dict[str, str]) -> None:
        """Reads the answer chunk by chunk into the queue, until it ends or nobody listens."""
        try:
            with self._open(address, headers) as response:
                # HTTPMessage has what is asked of a Mapping here, though it is not declared as one.
                self._put(Answer(response.status, cast(Mapping[str, str], response.headers)))
                while response.status in (200, 206) and not self._closed.is_set():
                    chunk = response.read1(CHUNK_BYTES)
                    self._put(chunk)
                    if not chunk:
                        break
        except Exception as error:  # carried over to the thread that asked, which sorts them
            self._put(error)

    def _put(self, item: Answer | bytes | Exception) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._received.put(item, timeout=0.1)
                return

    def _open(self, address: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Returns the response at the end of all redirects, whatever its status."""
        opener = urllib.request.OpenerDirector()  # neither follows redirects nor reads bodies by itself
        opener.add_handler(urllib.request.ProxyHandler())
        opener.add_handler(_Handler(self._connect))
        for _ in range(MAX_REDIRECTS + 1):
            request = urllib.request.Request(address, headers=headers)
            response = opener.open(request, timeout=SOCKET_SECONDS)
            place = response.headers.get("Location")
            if response.status not in REDIRECT_STATUSES or not place:
                return response
            response.close()
            there = urljoin(address, quote(place, safe=string.punctuation))
            try:
                check_address(there)
            except StudioError as error:
                raise SourceError("sends on to a place that is not safe", permanent=True) from error
            here, beyond = urlsplit(address), urlsplit(there)
            if here.scheme == "https" and beyond.scheme != "https":
                raise SourceError("sends on to a place that is not encrypted", permanent=True)
            if (here.scheme, here.netloc) != (beyond.scheme, beyond.netloc):
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            address = there
        raise SourceError("sends on from place to place without end", permanent=True)

    def _connect(self, kind: type[http.client.HTTPConnection], host: str, **options: Any) -> http.client.HTTPConnection:
        """Returns a connection that remembers its socket here once it is open, so that ``close`` can shut it down."""
        connection = kind(host, **options)

        def connect() -> None:
            kind.connect(connection)
            self._socket = connection.sock

        connection.connect = connect  # type: ignore[method-assign]
        return connection


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens http and https by a function that makes the connection."""

    def __init__(self, connect: Callable[..., http.client.HTTPConnection]) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(lambda host, **options: self._connect(http.client.HTTPConnection, host, **options), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        context = ssl.create_default_context()
        return self.do_open(
            lambda host, **options: self._connect(http.client.HTTPSConnection, host, context=context, **options),
            request,
        )

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_


def as_source_error(error: Exception) -> SourceError:
    """Returns what went wrong in plain words; what no network is to blame for is raised again as the bug that it is."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    kinds = (
        (socket.gaierror, "cannot be found (is there a connection?)", False),
        (ssl.SSLCertVerificationError, "has a certificate that cannot be trusted", True),
        (ssl.SSLError, "does not manage a secure connection", False),
        (TimeoutError, "does not answer", False),
        (ConnectionRefusedError, "refuses connections", False),
        ((ConnectionError, http.client.IncompleteRead), "broke the connection off", False),
        ((http.client.HTTPException, ValueError), "does not speak HTTP as it should", False),
    )
    for kind, words, permanent in kinds:
        if isinstance(error, kind):
            return SourceError(words, permanent=permanent)
    if isinstance(error, OSError):
        return SourceError(f"cannot be reached ({reason(error)[:100]})")
    raise error


def refusal(answer: Answer) -> SourceError:
    """Returns what an answer without a file means, in plain words."""
    status, headers = answer.status, answer.headers
    if status in RETRY_STATUSES:
        words = "is asked too often" if status == 429 else "is out of order"
        return SourceError(f"{words} ({status})", retry_after=_retry_after(headers.get("Retry-After", "").strip()))
    words = HUB_ERRORS.get(headers.get("X-Error-Code", "")) or STATUS_ERRORS.get(
        status, "gives an answer that is of no use"
    )
    return SourceError(f"{words} ({status})", permanent=True)


def _retry_after(text: str) -> float | None:
    """Returns how many seconds a server asks to be left alone, None where it does not say."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
