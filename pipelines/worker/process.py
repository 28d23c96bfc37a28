"""The worker's process: ``python -m pipelines.worker.process ADDRESS VERBS`` serves the table of verbs of the module VERBS.

Each lane of the table has a thread and a connection of its own, so a song is rendered while another is being written.
Every verb hears Stop: one that asks ``tell`` ends by itself and may keep what it has; one that does not is ended where it
stands, and the work in the other lanes goes on. The process ends when its parent goes.
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import queue
import sys
import threading
import time
from multiprocessing.connection import Client, Connection
from typing import Any

from music.errors import StudioError
from pipelines.contract import Step
from pipelines.worker.client import BUG, KEY, LANES, Verb

LISTEN_S = 0.1  # how often a lane that was told to stop is looked after
STOPPED = "The work was stopped. Start again to have all of it."
UPDATE_S = 0.2  # a page cannot show more than some five pictures a second
_log = logging.getLogger(__name__)


class _Stop(BaseException):
    """Ends a verb that does not listen; no handler of errors may swallow it."""


class _Lane:
    """One lane: a thread that works and one that listens, so that a stop is heard whatever the work is doing.

    Args:
        connection: to the asker.
        verbs: the table to serve.
    """

    def __init__(self, connection: Connection, verbs: dict[str, Verb]) -> None:
        self._connection = connection
        self._verbs = verbs
        self._requests: queue.SimpleQueue[tuple[str, tuple[Any, ...]]] = queue.SimpleQueue()
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
            verb, arguments = self._requests.get()
            self._patience_s = self._verbs[verb].patience_s
            reply: tuple[str, Any] | None = None
            while True:
                try:
                    reply = reply or self._reply(verb, arguments)
                    with self._guard:
                        self._worker = None
                        _raise_in(threading.get_ident(), None)
                    break
                except _Stop:  # wherever it came
                    reply = reply or ("error", STOPPED)
            self._is_busy = False
            self._connection.send(reply)

    def _reply(self, verb: str, arguments: tuple[Any, ...]) -> tuple[str, Any]:
        self._worker = threading.get_ident()
        try:
            return "done", self._verbs[verb].run(self._tell, *arguments)
        except StudioError as error:
            return "error", str(error)
        except Exception:
            _log.exception("%s failed", verb)
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
    """Serves a table of verbs until the parent goes."""
    address, module = arguments
    logging.basicConfig(level=logging.INFO, format="worker: %(levelname)s %(name)s: %(message)s")
    if hasattr(os, "nice"):
        os.nice(5)  # pages come first
    served = importlib.import_module(module)
    host, _, port = address.rpartition(":")
    where = (host, int(port)) if sys.platform == "win32" else address

    def work(lane: _Lane) -> None:
        try:
            lane.work()
        except (EOFError, OSError):
            os._exit(0)

    def run(lane: str) -> None:
        try:
            with Client(where, authkey=os.environ[KEY].encode()) as connection:
                connection.send(lane)
                served_lane = _Lane(connection, served.VERBS)
                threading.Thread(target=work, args=(served_lane,), name=lane, daemon=True).start()
                served_lane.listen()
        except (EOFError, OSError):
            os._exit(0)  # the parent went: at once, whatever the other lanes are doing

    threads = [threading.Thread(target=run, args=(lane,), name=f"{lane} ears", daemon=True) for lane in LANES]
    for thread in threads:
        thread.start()
    if hasattr(served, "warm_up"):
        served.warm_up()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
