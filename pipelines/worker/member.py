"""One process of the worker, as seen from the process that asks: its start, a question, its end."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from music.errors import StudioError
from pipelines.contract import Step
from pipelines.worker.memory import own_bytes
from pipelines.worker.process import KEY

PATIENCE_S = 60.0  # a verb that has not stopped this long after being asked to is stuck, and goes with its process
START_S = 180.0  # only a process that hangs takes so long, however busy the machine is
ENDED = "The music engine stopped unexpectedly. Try again: it starts anew by itself."
TOO_LONG = "That took too long and was stopped. Try a shorter piece."
_ROOT = Path(__file__).resolve().parents[2]
_log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What a member is asked to do, see ``pool.Worker.ask``; it is stopped after ``limit_s`` seconds."""

    verb: str
    arguments: tuple[Any, ...]
    limit_s: float
    on_update: Callable[[Any], None]
    should_stop: Callable[[], bool]
    job: str


class Member(Protocol):
    """Who does one job at a time: a process of this machine, or one of a cluster."""

    def start(self) -> None:
        """Starts it if it does not run.

        Raises:
            StudioError: it does not start.
        """

    def ask(self, question: Question) -> Any:
        """Returns what the verb returns; starts it if it does not run. Must not be called while it works.

        Raises:
            StudioError: the verb refused, failed (the traceback is in the log), took too long, or its process or machine went.
        """

    def close(self) -> None:
        """Ends it."""

    def is_alive(self) -> bool:
        """Whether it runs."""

    def memory_bytes(self) -> int:
        """Returns the memory that it holds now; 0 where that cannot be known."""


class LocalMember:
    """A process of this machine, which is started when it is first asked and started anew after a crash.

    Args:
        module: whose ``VERBS`` it serves.
        lane: which of them.
    """

    def __init__(self, module: str, lane: str) -> None:
        self._module = module
        self._lane = lane
        self._process: subprocess.Popen | None = None
        self._connection: Connection | None = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Starts the process if it does not run.

        Raises:
            StudioError: it does not start.
        """
        self._started()

    def ask(self, question: Question) -> Any:
        """Returns what the verb returns, as ``Member`` says."""
        process, connection = self._started()
        verb, arguments, job = question.verb, question.arguments, question.job
        deadline = time.monotonic() + question.limit_s
        stop_sent = overdue = False
        try:
            connection.send((verb, arguments, job))
            while True:
                late = time.monotonic() > deadline
                if not stop_sent and (late or question.should_stop()):
                    connection.send("stop")
                    stop_sent, overdue, deadline = True, late, time.monotonic() + PATIENCE_S
                elif stop_sent and late:
                    process.kill()
                if not connection.poll(0.05):
                    continue
                kind, value = connection.recv()
                if kind == "update":
                    question.on_update(value)
                elif overdue and not isinstance(value, Step):
                    raise StudioError(TOO_LONG)
                elif kind == "done":
                    return value
                else:
                    raise StudioError(value)
        except (EOFError, OSError):
            process.kill()
            _log.error("job=%s verb=%s a worker ended with code %s", job, verb, process.wait())
            raise StudioError(TOO_LONG if overdue else ENDED) from None

    def close(self) -> None:
        """Ends the process."""
        with self._starting:
            if self._connection is not None:
                self._connection.close()
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._process = self._connection = None

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def memory_bytes(self) -> int:
        """Returns what the process holds in memory now."""
        process = self._process
        return 0 if process is None else own_bytes(process.pid)

    def _started(self) -> tuple[subprocess.Popen, Connection]:
        with self._starting:
            if self._process is None or self._connection is None or self._process.poll() is not None:
                self._process, self._connection = _start(self._module, self._lane)
            return self._process, self._connection


def _start(module: str, lane: str) -> tuple[subprocess.Popen, Connection]:
    """Returns a new process and the connection to it, once it listens."""
    key = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="deepmusic-") as folder:
        unix = sys.platform != "win32"
        with Listener(f"{folder}/worker" if unix else ("localhost", 0), authkey=key.encode()) as listener:
            address = listener.address if unix else f"localhost:{listener.address[1]}"
            # A process of its own, not a fork or a spawn of this one: those would run the page again in the child.
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.worker.process", address, module, lane],
                env={
                    **_frugal(),
                    **os.environ,
                    KEY: key,
                    "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)]),
                },
                stdin=subprocess.DEVNULL,
            )
            accepted: list[Connection] = []
            accepting = threading.Thread(target=_accept, args=(listener, accepted), daemon=True)
            accepting.start()
            deadline = time.monotonic() + START_S
            while accepting.is_alive() and process.poll() is None and time.monotonic() < deadline:
                accepting.join(0.1)
            if not accepted:
                process.kill()
                process.wait()
                raise StudioError("The music engine does not start. The server's log says why.")
    return process, accepted[0]


def _frugal() -> dict[str, str]:
    """Returns what is set for a worker's process unless the user has set it otherwise."""
    # On a machine with few or busy cores a second thread makes decoding slower, up to 18 times. These must stand
    # before torch is imported.
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    # glibc keeps what was freed: with these it gives large pieces back at once, 30 MB less a process, in the same time.
    memory = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "2097152", "MALLOC_TRIM_THRESHOLD_": "8388608"}
    return {**threads, **memory}


def _accept(listener: Listener, accepted: list[Connection]) -> None:
    connection = listener.accept()
    connection.recv()  # its process id: it has imported its table and listens
    accepted.append(connection)
