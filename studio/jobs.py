"""The process-wide job registry: who waits for what, how far it is, and who still wants it.

    job = registry().submit("generate", piece, options, owner=song.id)
    job = registry().poll(job.id, song.id)   # from a page, again and again: this also says that the page is there
    registry().stop(job.id, song.id)         # ends it; what there is so far is its result

The work itself is done by the worker process; one thread a lane here hands it over. Nothing in this file touches torch, and
of pages a Registry knows no more than the function it is given, which says whether one is open.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from music.errors import StudioError
from pipelines.worker.client import BUG, LANES, Worker
from studio import visitors

MAX_WAITING = {
    "model": 8,
    "media": 32,
    "download": 8,
}  # a place behind eight jobs of minutes is no help; media take seconds
MAX_OWN = {"model": 2, "media": 6, "download": 2}  # so that one visitor with many windows does not fill the queue
ABSENT_S = 30.0  # a job that no page has asked about for so long has lost its page; pages ask several times a second
KEEP_S = 600.0  # how long a finished job waits to be fetched: a laptop may have been shut meanwhile
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One piece of work. Pages read it; only the registry writes it.

    Attributes:
        id: not to be guessed.
        owner: who asked; nobody else can see the job.
        verb: what the worker does.
        state: "waiting", "running", "done", "stopped" or "failed".
        update: the latest Step, or the latest fraction done, that the worker told of.
        result: what the verb returned; for a stopped pipeline the last Step, or None if there was none yet.
        error: two sentences for the user, if it failed.
    """

    id: str
    owner: str
    verb: str
    arguments: tuple[Any, ...]
    state: str = "waiting"
    update: Any = None
    result: Any = None
    error: str | None = None
    seen: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def live(self) -> bool:
        """Whether it still waits or runs."""
        return not self.over.is_set()


class Registry:
    """All jobs of all visitors.

    Args:
        worker: who does the work.
        is_present: whether this owner's page is open even though it has not polled for a while, as browsers slow the
            clocks of hidden tabs.
    """

    def __init__(self, worker: Worker, is_present: Callable[[str], bool] = lambda owner: False) -> None:
        self._worker = worker
        self._is_present = is_present
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, deque[Job]] = {lane: deque() for lane in LANES}
        self._change = threading.Condition()
        self._warm = False
        for lane in LANES:  # daemons: the server must not wait for a job when it is told to end
            threading.Thread(target=self._feed, args=(lane,), name=f"{lane} jobs", daemon=True).start()

    def submit(self, verb: str, *arguments: Any, owner: str) -> Job:
        """Returns a new job at the end of its lane's queue.

        Raises:
            StudioError: the queue is full, or this owner has too many jobs under way.
        """
        lane = self._worker.lane(verb)
        with self._change:
            self._sweep(lane)
            own = [job for job in self._jobs.values() if job.live and job.owner == owner and self._lane(job) == lane]
            if len(own) >= MAX_OWN[lane]:
                raise StudioError(f"You have {len(own)} jobs under way already. Wait for one to end, or stop it.")
            if len(self._waiting[lane]) >= MAX_WAITING[lane]:
                raise StudioError(
                    f"{MAX_WAITING[lane]} jobs are waiting already, so the queue is full. Try again in a minute."
                )
            job = Job(secrets.token_urlsafe(12), owner, verb, arguments)
            self._jobs[job.id] = job
            self._waiting[lane].append(job)
            self._change.notify_all()
        return job

    def poll(self, job_id: str | None, owner: str) -> Job | None:
        """Returns the owner's job, or None; and notes that the owner still wants it."""
        with self._change:
            job = self._jobs.get(job_id or "")
            if job is None or job.owner != owner:
                return None
            job.seen = time.monotonic()
            return job

    def position(self, job: Job) -> int:
        """Returns how many jobs come before this one; 0 when it runs or has ended."""
        with self._change:
            waiting = self._waiting[self._lane(job)]
            return waiting.index(job) + 1 if job in waiting else 0

    def stop(self, job_id: str | None, owner: str) -> None:
        """Ends the owner's job soon; its result is what there is by then."""
        job = self.poll(job_id, owner)
        if job is not None:
            with self._change:
                self._drop(job)

    def forget(self, job_id: str | None, owner: str) -> None:
        """Removes the owner's job, ended or not."""
        self.stop(job_id, owner)
        with self._change:
            job = self._jobs.get(job_id or "")
            if job is not None and job.owner == owner:
                del self._jobs[job.id]

    def ask(self, verb: str, *arguments: Any, owner: str) -> Any:
        """Returns what the verb returns, once it has; for work of seconds that a page or a download waits for.

        Raises:
            StudioError: as ``submit``, or the job failed.
        """
        job = self.submit(verb, *arguments, owner=owner)
        try:
            while not job.over.wait(ABSENT_S / 4):
                self.poll(job.id, owner)
        finally:
            self.forget(job.id, owner)
        if job.error is not None:
            raise StudioError(job.error)
        return job.result

    def warm_up(self) -> None:
        """Starts the worker process in the background, the first time."""
        if not self._warm:
            self._warm = True
            threading.Thread(target=self._warm_up, daemon=True).start()

    def _warm_up(self) -> None:
        try:
            self._worker.start()
        except StudioError as error:  # the next job says so to its visitor
            _log.error("%s", error)

    def _lane(self, job: Job) -> str:
        return self._worker.lane(job.verb)

    def _feed(self, lane: str) -> None:
        """Hands a lane's jobs to the worker one after another, and never returns."""
        while True:
            with self._change:
                while not self._waiting[lane]:
                    self._change.wait()
                self._sweep(lane)
                if not self._waiting[lane]:
                    continue
                job = self._waiting[lane].popleft()
                job.state = "running"
            try:
                job.result = self._worker.ask(
                    job.verb, job.arguments, functools.partial(_note, job), functools.partial(self._unwanted, job)
                )
                state = "stopped" if job.stop.is_set() else "done"
            except StudioError as error:
                if job.stop.is_set():  # a refusal because it was stopped is no failure
                    state = "stopped"
                else:
                    job.error, state = str(error), "failed"
            except Exception:
                _log.exception("%s failed", job.verb)
                job.error = BUG
                state = "failed"
            with self._change:
                self._end(job, state)

    def _unwanted(self, job: Job) -> bool:
        with self._change:
            self._sweep(self._lane(job))
        return job.stop.is_set()

    def _sweep(self, lane: str) -> None:
        """Drops the jobs of closed pages, and forgets what nobody fetched."""
        now = time.monotonic()
        for job in list(self._jobs.values()):
            if not job.live and now - job.ended > KEEP_S:
                del self._jobs[job.id]
            elif job.live and not job.stop.is_set() and self._lane(job) == lane and now - job.seen > ABSENT_S:
                if self._is_present(job.owner):
                    job.seen = now
                else:
                    self._drop(job)

    def _drop(self, job: Job) -> None:
        job.stop.set()
        waiting = self._waiting[self._lane(job)]
        if job in waiting:
            waiting.remove(job)
            self._end(job, "stopped")

    def _end(self, job: Job, state: str) -> None:
        job.state, job.arguments, job.ended = state, (), time.monotonic()
        job.over.set()


def _note(job: Job, update: Any) -> None:
    job.update = update


@functools.cache
def registry() -> Registry:
    """Returns the registry of this server."""
    return Registry(Worker(), visitors.is_present)
