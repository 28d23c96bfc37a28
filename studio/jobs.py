"""The process-wide job registry: who waits for what, how far it is, and who still wants it.

    job = registry().submit("generate", piece, options, owner=song.id)
    job = registry().poll(job.id, song.id)   # from a page, again and again: this also says that the page is there
    registry().stop(job.id, song.id)         # ends it; what there is so far is its result

The work itself is done by the worker's processes; one thread for each hands it over. Nothing in this file touches torch, and
of pages a Registry knows no more than the functions it is given: whether one is open, and whose it is.
"""

from __future__ import annotations

import functools
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from music.errors import StudioError
from pipelines.worker.pool import Worker
from pipelines.worker.verbs import BUG, LANES
from studio import limits, measures, visitors
from studio.estimates import Estimates, wait_s
from studio.fair_queue import in_turns

MAX_WAITING = {
    "model": 64,
    "media": 128,
    "download": 8,
}  # pieces of some 100 kB each; who comes last is told how long it will be, and may decide
MAX_OWN = {"media": 6, "download": 2}  # of a visitor, in however many windows; of the lane "model" see limits
ABSENT_S = 30.0  # a job that no page has asked about for so long has lost its page; pages ask several times a second
KEEP_S = 600.0  # how long a finished job waits to be fetched: a laptop may have been shut meanwhile
MAX_REMEMBERED = 1000  # visitors whose last turn is known
STOP_S = 3.0  # a pipeline hears a stop within a step, well under a second
CLOSED = "The studio is being closed. Come back in a minute."
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One piece of work. Pages read it; only the registry writes it.

    Attributes:
        id: not to be guessed.
        owner: who asked; nobody else can see the job.
        visitor: whose it is; one visitor may be several owners, such as songs in several windows.
        verb: what the worker does.
        state: "waiting", "running", "done", "stopped" or "failed".
        update: the latest Step, or the latest fraction done, that the worker told of.
        result: what the verb returned; for a stopped pipeline the last Step, or None if there was none yet.
        error: two sentences for the user, if it failed.
        asked, began, ended: when it was asked for, began to run and ended, in seconds of the monotonic clock; 0.0 before.
    """

    id: str
    owner: str
    visitor: str
    verb: str
    arguments: tuple[Any, ...]
    state: str = "waiting"
    update: Any = None
    result: Any = None
    error: str | None = None
    asked: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)
    began: float = 0.0
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
        visitor_of: whose an owner is; by default each is a visitor.
    """

    def __init__(
        self,
        worker: Worker,
        is_present: Callable[[str], bool] = lambda owner: False,
        visitor_of: Callable[[str], str] = lambda owner: owner,
    ) -> None:
        self._worker = worker
        self._is_present = is_present
        self._visitor_of = visitor_of
        self._jobs: dict[str, Job] = {}
        self._waiting: dict[str, list[Job]] = {lane: [] for lane in LANES}
        self._running: dict[str, list[Job]] = {lane: [] for lane in LANES}
        self._served: dict[str, dict[str, int]] = {lane: {} for lane in LANES}  # visitors, by when their last job began
        self._turn = 0
        self._estimates = Estimates()
        self._change = threading.Condition()
        self._warm = self._closed = False
        self.problem = ""  # why the worker's processes did not start, if they did not
        for lane in LANES:  # daemons: the server must not wait for a job when it is told to end
            for number in range(worker.slots(lane)):
                threading.Thread(target=self._feed, args=(lane,), name=f"{lane} jobs {number}", daemon=True).start()

    def submit(self, verb: str, *arguments: Any, owner: str, visitor: str = "") -> Job:
        """Returns a new job; it waits for the turn of its visitor.

        Args:
            verb: what the worker does.
            arguments: what the verb takes.
            owner: who alone may ask for the job.
            visitor: whose it is, where the owner does not tell.

        Raises:
            StudioError: the queue is full, this visitor has too many jobs under way, or the studio is being closed.
        """
        lane, visitor = self._worker.lane(verb), visitor or self._visitor_of(owner)
        with self._change:
            if self._closed:
                raise StudioError(CLOSED)
            self._sweep(lane)
            own = [job for job in (*self._waiting[lane], *self._running[lane]) if job.visitor == visitor]
            if len(own) >= MAX_OWN.get(lane, limits.jobs_a_visitor()):
                raise StudioError(f"You have {len(own)} jobs under way already. Wait for one to end, or stop it.")
            if len(self._waiting[lane]) >= MAX_WAITING[lane]:
                raise StudioError(
                    f"{MAX_WAITING[lane]} jobs are waiting already, so the queue is full. Try again in a minute."
                )
            job = Job(secrets.token_urlsafe(12), owner, visitor, verb, arguments)
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
        """Returns the job's place among those that wait, 1 for the next to start; 0 when it runs or has ended."""
        with self._change:
            turns = self._turns(self._lane(job))
            return turns.index(job) + 1 if job in turns else 0

    def wait_s(self, job: Job) -> float | None:
        """Returns in how many seconds a job that waits will start, by what the last jobs took; None where nobody can say."""
        lane, now = self._lane(job), time.monotonic()
        with self._change:
            turns = self._turns(lane)
            if job not in turns:
                return None
            ahead = [each.verb for each in turns[: turns.index(job)]]
            running = [(each.verb, now - each.began, each.update) for each in self._running[lane]]
        rests = [self._estimates.rest(*each) for each in running]
        return wait_s(rests, [self._estimates.typical(verb) for verb in ahead], self._worker.slots(lane))

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
        """Starts the worker's processes in the background, the first time."""
        if not self._warm:
            self._warm = True
            threading.Thread(target=self._warm_up, daemon=True).start()

    def close(self, patience_s: float) -> None:
        """Takes no more jobs, and returns once none is left: those that wait are refused, those that run may end.

        Args:
            patience_s: how long these have; what they have by then is their result.
        """
        with self._change:
            self._closed = True
            for lane in LANES:
                for job in self._waiting[lane]:
                    job.error = "The studio was closed before this began. Start it again."
                    self._end(job, "failed")
                self._waiting[lane].clear()
            running = [job for lane in LANES for job in self._running[lane]]
        deadline = time.monotonic() + patience_s
        for job in running:
            job.over.wait(max(0.0, deadline - time.monotonic()))
            job.stop.set()
        for job in running:
            job.over.wait(max(STOP_S, deadline - time.monotonic()))
        self._worker.close()

    def now(self) -> dict[str, dict[str, int]]:
        """Returns how many jobs of each lane wait and run."""
        with self._change:
            return {lane: {"waiting": len(self._waiting[lane]), "running": len(self._running[lane])} for lane in LANES}

    @property
    def worker(self) -> Worker:
        """Who does the work."""
        return self._worker

    def _warm_up(self) -> None:
        try:
            self._worker.start()
        except StudioError as error:  # the next job says so to its visitor
            self.problem = str(error)
            _log.error("%s", error)

    def _lane(self, job: Job) -> str:
        return self._worker.lane(job.verb)

    def _turns(self, lane: str) -> list[Job]:
        return in_turns(self._waiting[lane], self._running[lane], self._served[lane])

    def _next(self, lane: str) -> Job:
        """Returns the job whose turn it is, which runs from now on; waits for one."""
        with self._change:
            while True:
                self._sweep(lane)
                turns = self._turns(lane)
                if turns:
                    break
                self._change.wait()
            job = turns[0]
            self._waiting[lane].remove(job)
            self._running[lane].append(job)
            self._turn += 1
            served = self._served[lane]
            served.pop(job.visitor, None)
            served[job.visitor] = self._turn
            if len(served) > MAX_REMEMBERED:
                del served[next(iter(served))]  # who was served longest ago is now first, as a new visitor is
            job.state, job.began = "running", time.monotonic()
        _log.info("job=%s verb=%s state=running waited_s=%.1f", job.id, job.verb, job.began - job.asked)
        return job

    def _feed(self, lane: str) -> None:
        """Hands a lane's jobs to the worker one after another, and never returns."""
        while True:
            job = self._next(lane)
            try:
                job.result = self._worker.ask(
                    job.verb,
                    job.arguments,
                    functools.partial(_note, job),
                    functools.partial(self._unwanted, job),
                    job.id,
                )
                state = "stopped" if job.stop.is_set() else "done"
            except StudioError as error:
                if job.stop.is_set():  # a refusal because it was stopped is no failure
                    state = "stopped"
                else:
                    job.error, state = str(error), "failed"
            except Exception:
                _log.exception("job=%s verb=%s failed", job.id, job.verb)
                job.error = BUG
                state = "failed"
            with self._change:
                self._running[lane].remove(job)
                self._end(job, state)
            del job  # its result would stay until the next one comes

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
        seconds = job.ended - job.began if job.began else 0.0
        if state == "done":
            self._estimates.note(job.verb, seconds)
        measures.note(job.verb, state, seconds, (job.began or job.ended) - job.asked)
        _log.info("job=%s verb=%s state=%s seconds=%.1f error=%r", job.id, job.verb, state, seconds, job.error or "")
        job.over.set()


def _note(job: Job, update: Any) -> None:
    job.update = update


@functools.cache
def registry() -> Registry:
    """Returns the registry of this server."""
    return Registry(Worker(), visitors.is_present, visitors.visitor_of)
