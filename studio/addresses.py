"""Addresses nobody can guess, of what a browser may ask for: many are known, and of those asked for last what was made is kept."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from studio.visitors import browser_of


@dataclass(eq=False)
class Wanted:
    """What can be asked for; subclasses say what it is.

    Attributes:
        token: the secret part of its address.
        key: what tells it from all others.
        job_id: of the work on it, if that was begun.
        problem: why it cannot be had; "" if it can.
        lock: for whoever works on it.
    """

    token: str
    key: Hashable
    job_id: str | None = field(default=None, init=False)
    problem: str = field(default="", init=False)
    lock: threading.Lock = field(default_factory=threading.Lock, init=False)


W = TypeVar("W", bound=Wanted)


class Addresses(Generic[W]):
    """What can be asked for, by key and by token.

    Args:
        known: how many have an address; of more, the one goes that was shown or asked for longest ago.
        kept: of how many what was made is kept, by when they were asked for.
        put_away: deletes what was made of one; it is made again if somebody asks.
    """

    def __init__(self, known: int, kept: int, put_away: Callable[[W], None]) -> None:
        self._most_known, self._most_kept, self._put_away = known, kept, put_away
        self._by_key: OrderedDict[Hashable, W] = OrderedDict()
        self._by_token: dict[str, W] = {}
        self._asked: OrderedDict[str, W] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Hashable, new: Callable[[str], W]) -> W:
        """Returns what has this key; ``new(token)`` where nothing has, or where it could not be had the last time."""
        with self._lock:
            found = self._by_key.get(key)
            if found is not None and found.problem:  # a page that comes again may hope again
                self._forget(found)
                found = None
            if found is None:
                found = new(secrets.token_urlsafe(18))
                self._by_key[key] = self._by_token[found.token] = found
            self._by_key.move_to_end(key)
            while len(self._by_key) > self._most_known:
                self._forget(next(iter(self._by_key.values())))
            return found

    def ask(self, token: str) -> W | None:
        """Returns what is at an address, whose turn to be put away now comes last; None where nothing is."""
        with self._lock:
            found = self._by_token.get(token)
            if found is not None:
                self._by_key.move_to_end(found.key)
                self._asked[token] = found
                self._asked.move_to_end(token)
                while len(self._asked) > self._most_kept:
                    self._put_away(self._asked.popitem(last=False)[1])
            return found

    def get(self, token: str) -> W | None:
        """Returns what is at an address; None where nothing is."""
        return self._by_token.get(token)

    def keeps(self, wanted: W) -> bool:
        """Whether what is made of it is to be kept: it has not been put away since it was asked for."""
        return wanted.token in self._asked

    def _forget(self, wanted: W) -> None:
        del self._by_key[wanted.key], self._by_token[wanted.token]
        self._asked.pop(wanted.token, None)
        self._put_away(wanted)


def status_route(path: str, status: Callable[[str, str], dict[str, Any] | None]) -> Route:
    """Returns the address under which a browser hears how far something is.

    Args:
        path: of the address, with a ``token`` in it.
        status: returns plain values for a token and who asks, see ``visitors.browser_of``; None where nothing is at the token.
    """

    async def answer(request: Request) -> Response:
        found = await run_in_threadpool(status, request.path_params["token"], browser_of(request.cookies))
        return (
            Response(status_code=404) if found is None else JSONResponse(found, headers={"Cache-Control": "no-store"})
        )

    return Route(path, answer)
