"""Members of the worker on the machines of a Ray cluster (``requirements-cluster.txt``): the same processes, elsewhere.

DEEPMUSIC_WORKERS=ray starts a cluster of one's own on this machine, ray://HOST:10001 asks that one, auto the one that this
machine belongs to. Each member is a Ray actor that starts the very process that a pool of this machine has, and passes on what it
tells; so verbs, limits, stop and recovery are the same code. The cluster gets the code and the checkpoints that ship from
here; with DEEPMUSIC_CLUSTER_CODE they lie there already, in a folder that all machines see under this name.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import threading
import time
from pathlib import Path
from typing import Any

from music.errors import StudioError
from pipelines.worker.member import ENDED, PATIENCE_S, LocalMember, Question
from pipelines.worker.verbs import BUG

CODE = "DEEPMUSIC_CLUSTER_CODE"
LOOK_S = 0.2  # how long a member waits for news before it says that there are none
LOST_S = 60.0  # a member that says nothing for so long is lost: its machine is, or the way there
FIND_S = 15.0  # in which a core that Ray says is free must be had
START_S = 300.0  # the first member of a machine waits for the code to come
_ROOT = Path(__file__).resolve().parents[2]
_NOT_SENT = [
    ".git",
    ".venv*",
    "**/__pycache__",
    "docs",
    "notebooks",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    "/data",
    "/runs",
]
_CARRIED = ("DEEPMUSIC_CACHE", "DEEPMUSIC_JOB_MINUTES", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_log = logging.getLogger(__name__)
_connecting = threading.Lock()


class Seat:
    """What runs on a machine of the cluster as an actor: a process of the worker, and what it has told since it was asked.

    Args:
        module: whose ``VERBS`` it serves.
        lane: which of them.
    """

    def __init__(self, module: str, lane: str) -> None:
        self._member = LocalMember(module, lane)
        self._change = threading.Condition()
        self._news: list[Any] = []
        self._end: tuple[str, Any] | None = None
        self._stop = threading.Event()

    def call(self, name: str, packed: bytes) -> bytes:
        """Returns what a method gives, both as bytes: what Ray has on the way cannot read music."""
        return pickle.dumps(getattr(self, name)(*pickle.loads(packed)))

    def start(self) -> None:
        """Starts the process."""
        self._member.start()

    def begin(self, verb: str, arguments: tuple[Any, ...], limit_s: float, job: str) -> None:
        """Begins to do something; ``news`` tells of it."""
        self._news, self._end = [], None
        self._stop.clear()
        threading.Thread(target=self._do, args=(verb, arguments, limit_s, job), daemon=True).start()

    def news(self) -> tuple[list[Any], tuple[str, Any] | None]:
        """Returns what was told since the last question, and "done" or "error" with its result once it has ended."""
        with self._change:
            self._change.wait_for(lambda: self._news or self._end, LOOK_S)
            news, self._news = self._news, []
            return news, self._end

    def stop(self) -> None:
        """Ends the work soon."""
        self._stop.set()

    def memory_bytes(self) -> int:
        """Returns what the process holds in memory."""
        return self._member.memory_bytes()

    def _do(self, verb: str, arguments: tuple[Any, ...], limit_s: float, job: str) -> None:
        try:
            question = Question(verb, arguments, limit_s, self._tell, self._stop.is_set, job)
            end = "done", self._member.ask(question)
        except StudioError as error:
            end = "error", str(error)
        except Exception:
            _log.exception("job=%s verb=%s failed", job, verb)
            end = "error", BUG
        with self._change:
            self._end = end
            self._change.notify_all()

    def _tell(self, update: Any) -> None:
        with self._change:
            self._news.append(update)
            self._change.notify_all()


class ClusterMember:
    """An actor of the cluster, which is started when it is first asked and started anew, elsewhere, where its machine is lost.

    Args:
        module: whose ``VERBS`` it serves.
        lane: which of them.
        address: of the cluster, as in DEEPMUSIC_WORKERS.
    """

    def __init__(self, module: str, lane: str, address: str) -> None:
        self._module, self._lane, self._address = module, lane, address
        self._actor: Any = None
        self._starting = threading.Lock()

    def start(self) -> None:
        """Starts it if it does not run.

        Raises:
            StudioError: the cluster is not there, or does not take it.
        """
        self._started()

    def ask(self, question: Question) -> Any:
        """Returns what the verb returns, as ``Member`` says."""
        ray, actor = self._started()
        stop_sent = False
        deadline = time.monotonic() + question.limit_s + PATIENCE_S + LOST_S  # the member itself keeps the limit
        try:
            _ask(ray, actor, "begin", question.verb, question.arguments, question.limit_s, question.job)
            while time.monotonic() < deadline:
                if not stop_sent and question.should_stop():
                    _ask(ray, actor, "stop")
                    stop_sent = True
                news, end = _ask(ray, actor, "news")
                for update in news:
                    question.on_update(update)
                if end is not None:
                    kind, value = end
                    if kind == "done":
                        return value
                    raise StudioError(value)
        except (ray.exceptions.RayError, ConnectionError) as error:
            _log.error(
                "job=%s verb=%s a member of the cluster is lost: %s", question.job, question.verb, type(error).__name__
            )
        self.close()
        raise StudioError(ENDED)

    def close(self) -> None:
        """Ends it."""
        with self._starting:
            actor, self._actor = self._actor, None
        if actor is not None:
            ray = importlib.import_module("ray")
            try:
                ray.kill(actor)
            except (ray.exceptions.RayError, ConnectionError, ValueError):  # it is gone, or the cluster is
                _log.info("a member of the cluster had gone already")

    def is_alive(self) -> bool:
        """Whether it was started and nothing is known of its end."""
        return self._actor is not None

    def memory_bytes(self) -> int:
        """Returns what its process holds in memory now; 0 where it does not answer."""
        actor = self._actor
        if actor is None:
            return 0
        ray = importlib.import_module("ray")
        try:
            return _ask(ray, actor, "memory_bytes", patience_s=1.0)
        except (ray.exceptions.RayError, ConnectionError):
            return 0

    def _started(self) -> tuple[Any, Any]:
        ray = connect(self._address)
        with self._starting:
            if self._actor is None:
                self._actor = _seated(ray, self._module, self._lane)
            return ray, self._actor


def writers(address: str) -> int:
    """Returns how many may write at once in a cluster: one a core, a core left for the pages."""
    return max(1, int(connect(address).cluster_resources().get("CPU", 1)) - 1)


def connect(address: str) -> Any:
    """Returns Ray, connected to a cluster.

    Raises:
        StudioError: Ray is not installed, or there is no cluster at this address.
    """
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise StudioError(
            "Ray is not installed. Install it with: pip install -r requirements-cluster.txt, or leave DEEPMUSIC_WORKERS out."
        ) from None
    with _connecting:
        if not ray.is_initialized():
            place: dict[str, Any] = {} if address == "ray" else {"address": address}
            try:
                ray.init(**place, runtime_env=_environment(), log_to_driver=False, logging_level=logging.WARNING)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                _log.error("no cluster at %s: %s", address, error)
                raise StudioError(
                    f"There is no Ray cluster at '{address}'. Start one with: ray start --head, or check DEEPMUSIC_WORKERS."
                ) from error
    return ray


def _environment() -> dict[str, Any]:
    """Returns what the cluster's machines need: the code and the settings of this one."""
    carried = {name: os.environ[name] for name in _CARRIED if name in os.environ}
    shared = os.environ.get(CODE, "")
    if shared:
        return {"env_vars": {**carried, "PYTHONPATH": shared}}
    return {"env_vars": carried, "working_dir": str(_ROOT), "excludes": _NOT_SENT}


def _seated(ray: Any, module: str, lane: str) -> Any:
    """Returns a new actor: on a core of its own if one is free, else beside others, where machines were lost.

    Raises:
        StudioError: the cluster does not take it.
    """
    is_free = lane == "model" and ray.available_resources().get("CPU", 0) >= 1
    tries = [(1, FIND_S), (0, START_S)] if is_free else [(0, START_S)]
    for cores, patience_s in tries:
        seat = _seat(ray).options(num_cpus=cores, max_concurrency=4, scheduling_strategy="SPREAD")
        actor = seat.remote(module, lane)
        try:
            _ask(ray, actor, "start", patience_s=patience_s)
            return actor
        except (ray.exceptions.RayError, ConnectionError) as error:
            _log.error("a member of the cluster does not start: %s", type(error).__name__)
            ray.kill(actor)
    raise StudioError("The cluster does not start the music engine. The server's log says why.")


def _seat(ray: Any) -> Any:
    """Returns the class of actors; it is local so that Ray carries it whole, for what stands between has none of our modules."""

    class Carried:
        def __init__(self, module: str, lane: str) -> None:
            from pipelines.worker.cluster import Seat

            self._seat = Seat(module, lane)

        def call(self, name: str, packed: bytes) -> bytes:
            return self._seat.call(name, packed)

    return ray.remote(Carried)


def _ask(ray: Any, actor: Any, name: str, *arguments: Any, patience_s: float = LOST_S) -> Any:
    """Returns what a method of a seat gives; Ray's errors and ConnectionError where it is lost."""
    return pickle.loads(ray.get(actor.call.remote(name, pickle.dumps(arguments)), timeout=patience_s))
