"""A process of the worker: ``python -m pipelines.worker.process ADDRESS VERBS LANE`` serves the table of the module VERBS.

It does one thing at a time. Every verb hears Stop: one that asks ``tell`` ends by itself and may keep what it has; one that
does not is ended where it stands, and the process, with the models that it has loaded, goes on. It ends when its parent goes.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from typing import Any

from music.errors import StudioError
from pipelines.contract import Step
from pipelines.worker.verbs import BUG, Verb

KEY = "DEEPMUSIC_WORKER_KEY"
NICE = {"model": 5, "media": 2, "download": 5}
"""Of 19, by lane: pages come first, with three parts of four of a core that both want, and sound that somebody waits to hear comes
before songs that take a while anyway. With 10 work starves beside other programs."""
LISTEN_S = 0.1  # how often work that was told to stop is looked after
STOPPED = "The work was stopped. Start again to have all of it."
UPDATE_S = 0.2  # a page cannot show more than some five pictures a second
_log = logging.getLogger(__name__)


class _Stop(BaseException):
    """Ends a verb that does not listen; no handler of errors may swallow it."""


class _Lane:
    """What a process does: a thread that works and one that listens, so that a stop is heard whatever the work is doing.

    Args:
        connection: to the asker.
        verbs: the table to serve.
    """

    def __init__(self, connection: Connection, verbs: dict[str, Verb]) -> None:
        self._connection = connection
        self._verbs = verbs
        self._requests: queue.SimpleQueue[tuple[str, tuple[Any, ...], str]] = queue.SimpleQueue()
        self._is_busy = False  # from a request until its reply
        self._stop = threading.Event()
        self._patience_s = 0.0
        self._told = self._heard = 0.0  # when the verb last sent something, and when it could last hear of a stop
        self._worker: int | None = None  # the thread in which a verb runs that may be ended
        self._guard = threading.Lock()

    def listen(self) -> None:
        """Takes requests and stops until nobody is left to ask, and ends verbs that do not hear a stop.

        Raises:
            EOFError: the asker went. So does OSError.
        """
        while True:
            if self._connection.poll(LISTEN_S if self._stop.is_set() else None):
                request = self._connection.recv()
                if request != "stop":
                    self._stop.clear()
                    self._is_busy = True
                    self._requests.put(request)
                elif self._is_busy:  # else it came after the work was done
                    self._heard = time.monotonic()
                    self._stop.set()
            if self._stop.is_set():
                self._end_if_deaf()

    def work(self) -> None:
        """Answers the requests one after another."""
        while True:
            verb, arguments, job = self._requests.get()
            self._patience_s = self._verbs[verb].patience_s
            reply: tuple[str, Any] | None = None
            while True:
                try:
                    reply = reply or self._reply(verb, arguments, job)
                    with self._guard:
                        self._worker = None
                        _raise_in(threading.get_ident(), None)
                    break
                except _Stop:  # wherever it came
                    reply = reply or ("error", STOPPED)
            self._is_busy = False
            self._connection.send(reply)
            del arguments, reply  # a large piece would stay until the next request

    def _reply(self, verb: str, arguments: tuple[Any, ...], job: str) -> tuple[str, Any]:
        self._worker = threading.get_ident()
        try:
            return "done", self._verbs[verb].run(self._tell, *arguments)
        except StudioError as error:
            return "error", str(error)
        except Exception:
            _log.exception("job=%s verb=%s failed", job, verb)
            return "error", BUG

    def _tell(self, update: Any) -> bool:
        with self._guard:  # it must not be ended in the middle of a message
            now = self._heard = time.monotonic()
            urgent = not isinstance(update, (Step, float))
            if update is not None and (urgent or now - self._told >= UPDATE_S):
                self._connection.send(("update", update))
                self._told = now
        return self._stop.is_set()

    def _end_if_deaf(self) -> None:
        with self._guard:
            if self._worker is not None and time.monotonic() - self._heard > self._patience_s:
                _raise_in(self._worker, _Stop)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Has an error raised in a thread as soon as it runs Python code again; None takes back one that was not raised yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error) if error else None)


def main(arguments: list[str]) -> None:
    """Serves the verbs of a table that belong to a lane until the parent goes."""
    address, module, name = arguments
    logging.basicConfig(level=logging.INFO, format="worker: %(levelname)s %(name)s: %(message)s")
    for asked_to_end in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # the whole group gets them: the parent says what becomes of the work
        signal.signal(asked_to_end, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICE[name])
    served = importlib.import_module(module)
    host, _, port = address.rpartition(":")
    where = (host, int(port)) if sys.platform == "win32" else address
    with Client(where, authkey=os.environ[KEY].encode()) as connection:
        connection.send(os.getpid())
        lane = _Lane(connection, served.VERBS)
        ears = threading.Thread(target=_until_parent_goes, args=(lane.listen,), name=f"{name} ears", daemon=True)
        work = threading.Thread(target=_until_parent_goes, args=(lane.work,), name=name, daemon=True)
        ears.start()
        work.start()
        if hasattr(served, "warm_up"):
            served.warm_up(name)
        ears.join()


def _until_parent_goes(act: Callable[[], None]) -> None:
    try:
        act()
    except (EOFError, OSError):
        os._exit(0)  # at once, whatever else is being done


if __name__ == "__main__":
    main(sys.argv[1:])
