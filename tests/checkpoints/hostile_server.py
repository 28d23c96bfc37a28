"""A server on this computer that misbehaves in every way that a test asks for, and counts what it sends."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STEP = 8192


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    headers: dict[str, str]


class HostileServer:
    """Serves ``files`` by path; ``script`` holds the answers to the next requests of a path, after which it is good.

    Attributes:
        files: content by path.
        script: answers (see below) by path, used up from the front; ``always`` is one that stays.
        seen: all requests.
        sent: bytes of bodies sent, by path.
    """

    def __init__(self, tls: ssl.SSLContext | None = None):
        self.files: dict[str, bytes] = {}
        self.script: dict[str, list[Callable]] = defaultdict(list)
        self.always: dict[str, Callable] = {}
        self.seen: list[Seen] = []
        self.sent: dict[str, int] = defaultdict(int)
        self.over = threading.Event()
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = re.sub(r"^http://[^/]+", "", self.path)  # as a proxy is asked
                hostile.seen.append(Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                waiting = hostile.script[path]
                answer = waiting.pop(0) if waiting else hostile.always.get(path, serve())
                self.close_connection = True
                with contextlib.suppress(OSError):
                    answer(self, hostile, path)

            do_CONNECT = do_HEAD = do_GET

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.base = f"{scheme}://localhost:{self.server.server_address[1]}"

    def __enter__(self) -> HostileServer:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, path: str) -> list[Seen]:
        """Returns the requests for one path."""
        return [seen for seen in self.seen if seen.path == path]


def serve(
    *,
    ranges: bool = True,
    refuse_range: int = 0,
    shift: int = 0,
    cut: int | None = None,
    stall: int | None = None,
    pace: float = 0.0,
    step: int = STEP,
    flip: int | None = None,
    claim: int | None = None,
    extra: bytes = b"",
    length: bool = True,
    chunked: bool = False,
    etag: str | None = None,
    reset: bool = False,
) -> Callable:
    """Returns an answer that gives the file, with the faults that are named.

    Args:
        ranges: heed Range.
        refuse_range: answer requests with Range with this status.
        shift: name, in Content-Range, a place so many bytes away from what is sent.
        cut: break off after so many bytes of body, by a reset where ``reset`` is set.
        stall: fall silent after so many bytes of body.
        pace: seconds between two steps of the body.
        step: bytes at a time.
        flip: place in the file of a byte that is changed.
        claim: Content-Length that is told.
        extra: sent after the file.
        length: tell Content-Length.
        chunked: send in chunks.
        etag: ETag; If-Range is heeded.
    """

    def answer(handler: BaseHTTPRequestHandler, server: HostileServer, path: str) -> None:
        if path not in server.files:
            return status(404)(handler, server, path)
        data = server.files[path]
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if asked and refuse_range:
            return status(refuse_range, **{"Content-Range": f"bytes */{len(data)}"})(handler, server, path)
        changed = etag is not None and handler.headers.get("If-Range", etag) != etag
        start = int(asked[1]) if asked and ranges and not changed else 0
        if flip is not None:
            data = data[:flip] + bytes([data[flip] ^ 1]) + data[flip + 1 :]
        body = data[start:] + extra
        if start or (asked and ranges and not changed):
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start + shift}-{len(data) - 1}/{len(data)}")
        else:
            handler.send_response(200)
        if etag:
            handler.send_header("ETag", etag)
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif length:
            handler.send_header("Content-Length", str(len(body) if claim is None else claim))
        handler.send_header("Connection", "close")
        handler.end_headers()
        for at in range(0, len(body), step):
            piece = body[at : at + step]
            for limit in (cut, stall):
                if limit is not None:
                    piece = piece[: max(0, limit - at)]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked and piece else piece)
            handler.wfile.flush()
            server.sent[path] += len(piece)
            if stall is not None and at + step >= stall:
                server.over.wait(20)
                return None
            if cut is not None and at + step >= cut:
                if reset:
                    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    handler.connection.close()
                return None
            if pace:
                server.over.wait(pace)
        if chunked:
            handler.wfile.write(b"0\r\n\r\n")
        return None

    return answer


def status(code: int, body: bytes = b"no", **headers: str) -> Callable:
    """Returns an answer that has no file in it; ``_`` in the names of headers stands for "-"."""

    def answer(handler: BaseHTTPRequestHandler, server: HostileServer, path: str) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(to: str, code: int = 302) -> Callable:
    """Returns an answer that sends on to another place."""
    return status(code, Location=to)


def raw(data: bytes) -> Callable:
    """Returns an answer of these very bytes, b"" for none at all."""

    def answer(handler: BaseHTTPRequestHandler, server: HostileServer, path: str) -> None:
        handler.wfile.write(data)

    return answer


def silent(seconds: float = 20.0) -> Callable:
    """Returns an answer that does not come."""

    def answer(handler: BaseHTTPRequestHandler, server: HostileServer, path: str) -> None:
        server.over.wait(seconds)

    return answer


def slow_header(pause: float = 0.05) -> Callable:
    """Returns an answer whose header comes a byte at a time and has no end."""

    def answer(handler: BaseHTTPRequestHandler, server: HostileServer, path: str) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not server.over.wait(pause):
            handler.wfile.write(b"x")

    return answer
