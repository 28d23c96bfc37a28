"""The worker's process: ``python -m pipelines.worker.process ADDRESS VERBS`` serves the table of verbs of the module VERBS.

Each lane of the table has a thread and a connection of its own, so a song is rendered while another is being written.
The process ends when its parent goes.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import time
from multiprocessing.connection import Client, Connection
from typing import Any

from music.errors import StudioError
from pipelines.contract import Step
from pipelines.worker.client import BUG, KEY, LANES, Verb

UPDATE_S = 0.2  # a page cannot show more than some five pictures a second
_log = logging.getLogger(__name__)


def _serve(connection: Connection, verbs: dict[str, Verb]) -> None:
    """Answers the requests of one lane, one after another, until nobody is left to ask."""
    while True:
        request = connection.recv()
        if request == "stop":  # came after the work was done
            continue
        verb, arguments = request
        try:
            reply = ("done", verbs[verb].run(_Teller(connection), *arguments))
        except StudioError as error:
            reply = ("error", str(error))
        except EOFError:
            raise
        except Exception:
            _log.exception("%s failed", verb)
            reply = ("error", BUG)
        connection.send(reply)


class _Teller:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told = 0.0
        self._stop = False

    def __call__(self, update: Any) -> bool:
        while self._connection.poll():
            self._stop = self._connection.recv() == "stop" or self._stop  # EOFError: nobody is left to work for
        now = time.monotonic()
        urgent = not isinstance(update, (Step, float))
        if update is not None and (urgent or now - self._told >= UPDATE_S):
            self._connection.send(("update", update))
            self._told = now
        return self._stop


def main(arguments: list[str]) -> None:
    """Serves a table of verbs until the parent goes."""
    address, module = arguments
    logging.basicConfig(level=logging.INFO, format="worker: %(levelname)s %(name)s: %(message)s")
    if hasattr(os, "nice"):
        os.nice(5)  # pages come first
    served = importlib.import_module(module)
    host, _, port = address.rpartition(":")
    where = (host, int(port)) if sys.platform == "win32" else address

    def run(lane: str) -> None:
        try:
            with Client(where, authkey=os.environ[KEY].encode()) as connection:
                connection.send(lane)
                _serve(connection, served.VERBS)
        except (EOFError, OSError):
            os._exit(0)  # the parent went: at once, whatever the other lane is doing

    threads = [threading.Thread(target=run, args=(lane,), name=lane, daemon=True) for lane in LANES]
    for thread in threads:
        thread.start()
    if hasattr(served, "warm_up"):
        served.warm_up()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
