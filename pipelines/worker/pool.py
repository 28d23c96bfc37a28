"""The handle on the processes that own models and heavy audio; they stream Steps to whoever asked.

    worker = Worker()
    step = worker.ask("generate", (piece, options), on_update=show, should_stop=lambda: False)

Each lane has processes of its own, and each of these does one thing at a time: what crashes or is stuck takes nobody else's
work along, and sound never waits for a song that is being written. DEEPMUSIC_WORKERS says how many write music at once, or
which Ray cluster has the processes (``cluster``).
"""

from __future__ import annotations

import importlib
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from pipelines.worker.member import LocalMember, Member, Question
from pipelines.worker.memory import default_workers
from pipelines.worker.settings import is_cluster, number
from pipelines.worker.verbs import LANES, Verb

WORKERS = "DEEPMUSIC_WORKERS"
MINUTES = "DEEPMUSIC_JOB_MINUTES"
WRITERS_A_PLAYER = 2  # by the load test's mix of jobs, which keeps a player busy for half of the time that a writer is


class Worker:
    """All processes of the worker, each started when first needed and started anew after a crash.

    Args:
        verbs: name of the module whose ``VERBS`` they serve; its ``warm_up(lane)``, if it has one, runs beside.
        workers: how many write music at once; by default what DEEPMUSIC_WORKERS says, else what cores and memory allow.

    Raises:
        StudioError: DEEPMUSIC_WORKERS is neither a number nor a cluster that is there.
    """

    def __init__(self, verbs: str = "pipelines.worker.verbs", workers: int | None = None) -> None:
        self._verbs: dict[str, Verb] = importlib.import_module(verbs).VERBS
        self._most_s = 60 * number(MINUTES, 24 * 60)
        self._members = _members(verbs, workers)
        self._free: dict[str, queue.LifoQueue[Member]] = {lane: queue.LifoQueue() for lane in LANES}
        for lane, members in self._members.items():
            for member in reversed(members):  # the first is taken first, so that few are busy where few suffice
                self._free[lane].put(member)
        self._closed = threading.Event()

    def lane(self, verb: str) -> str:
        """Returns the lane in which this verb runs."""
        return self._verbs[verb].lane

    def slots(self, lane: str) -> int:
        """Returns how many verbs of a lane run at once."""
        return len(self._members[lane])

    def ask(
        self,
        verb: str,
        arguments: tuple[Any, ...],
        on_update: Callable[[Any], None] = lambda update: None,
        should_stop: Callable[[], bool] = lambda: False,
        job: str = "",
    ) -> Any:
        """Returns what the verb returns; waits for the first free process of its lane, then for its end.

        Args:
            verb: one of the table.
            arguments: what it takes.
            on_update: is given what there is so far, again and again.
            should_stop: is asked several times a second; once it says so, the work ends soon.
            job: stands in the log's lines about this work.

        Raises:
            StudioError: the verb refused, failed (the traceback is in the log), took too long, or its process died.
        """
        free = self._free[self.lane(verb)]
        member = free.get()
        try:
            limit_s = min(self._verbs[verb].limit_s, self._most_s)
            return member.ask(Question(verb, arguments, limit_s, on_update, should_stop, job))
        finally:
            free.put(member)

    def start(self) -> None:
        """Starts the processes, so that visitors need not wait for them: one that writes and one that plays, then the others.

        Raises:
            StudioError: they do not start.
        """
        first, *others = (member for lane in ("model", "media") for member in self._members[lane][:1])
        for member in (first, *others, *self._members["model"][1:], *self._members["media"][1:]):
            if self._closed.is_set():
                return
            member.start()

    def close(self) -> None:
        """Ends the processes."""
        self._closed.set()
        for members in self._members.values():
            for member in members:
                member.close()

    def alive(self) -> dict[str, int]:
        """Returns how many processes of each lane run."""
        return {lane: sum(member.is_alive() for member in members) for lane, members in self._members.items()}

    def memory_bytes(self) -> dict[str, list[int]]:
        """Returns what each process that runs holds in memory, by lane; 0 where that cannot be known."""
        return {
            lane: [member.memory_bytes() for member in members if member.is_alive()]
            for lane, members in self._members.items()
        }


def cluster_address() -> str:
    """Returns the address of the cluster that DEEPMUSIC_WORKERS names; "" where it names none."""
    text = os.environ.get(WORKERS, "").strip()
    return text if is_cluster(text) else ""


def _members(verbs: str, workers: int | None) -> dict[str, list[Member]]:
    """Returns the members of each lane, not yet started."""
    address = cluster_address()
    if address:
        from pipelines.worker.cluster import ClusterMember, writers

        count = workers or writers(address)
        return _lanes(count, lambda lane: ClusterMember(verbs, lane, address))
    count = workers or int(number(WORKERS, 0)) or default_workers()
    return _lanes(count, lambda lane: LocalMember(verbs, lane))


def _lanes(writers: int, new: Callable[[str], Member]) -> dict[str, list[Member]]:
    counts = {"model": writers, "media": -(-writers // WRITERS_A_PLAYER), "download": 1}
    return {lane: [new(lane) for _ in range(counts[lane])] for lane in LANES}
