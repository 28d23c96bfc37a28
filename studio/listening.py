"""The listening pages of songs that are shared: served under addresses that nobody can guess, beside the pages.

    GET listen/TOKEN     the page; 404 for a token that is unknown or was withdrawn

The server of the studio carries ROUTES. Who has the address hears this one song and reaches nothing else: the page stands in
a box of its own, without the studio's cookies, and may load nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from studio import visitors
from studio.projects.shares import Shares

_POLICY = re.compile(rb'http-equiv="Content-Security-Policy" content="([^"]*)"')
_BOX = "; frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-modals"  # a modal is what prints
_HEADERS = {
    "Cache-Control": "private, no-store",  # a link that is withdrawn plays no more
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), midi=()",
}


def routes(shares: Callable[[], Shares]) -> list[Route]:
    """Returns the address under which a server answers for these pages."""

    async def listen(request: Request) -> Response:
        try:
            path, head = await run_in_threadpool(_found, shares(), request.path_params["token"])
        except FileNotFoundError:  # unknown, or withdrawn just now
            gone = "There is no page at this address. The link is not whole, or it was withdrawn."
            return PlainTextResponse(gone, 404, {**_HEADERS, "Content-Security-Policy": "default-src 'none'"})
        own = _POLICY.search(head)
        policy = (own[1].decode() if own else "default-src 'none'") + _BOX
        headers = {**_HEADERS, "Content-Security-Policy": policy}
        return FileResponse(path, headers=headers, media_type="text/html", stat_result=path.stat())

    return [Route("/listen/{token}", listen)]


def _found(shares: Shares, token: str) -> tuple[Path, bytes]:
    """Returns the file of a page and its beginning, in which its policy stands.

    Raises:
        FileNotFoundError: there is none.
    """
    path = shares.page(token)
    if path is None:
        raise FileNotFoundError(token)
    with path.open("rb") as file:
        return path, file.read(4096)


ROUTES = routes(visitors.shares)
"""For the studio's server."""
