"""Many files, some hundred at a time: each lot becomes a part on the disk, in as many processes as are wanted, here or on a cluster.

What was made stays: a run that was ended goes on where it was, and what is held in memory does not grow with the number of files.
A file that takes too long costs nothing but itself, nor does one that takes its process along where that is not this one.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

LOT = 200
"""Files of a part: a part of typical songs is some MB, and ten thousand of them are still few files."""

FILE_S = 60.0  # far more than honest files take: those of 140,000 notes need some seconds
T = TypeVar("T")
Make = Callable[[list[T]], dict[str, np.ndarray]]


def parts(
    sources: Sequence[T], make: Make[T], lost: Make[T], key: Callable[[T], str], folder: Path, jobs: int | str = 1
) -> Iterator[tuple[Path, int]]:
    """Yields the file of each part and how many sources are in it, in order; makes those that are not there yet.

    Args:
        sources: what is read.
        make: returns the arrays of a part; with several jobs it is called in other processes, so it must stand in a module.
        lost: returns the arrays of a part for sources whose process was lost.
        key: changes when what is made of a source would.
        folder: holds the parts.
        jobs: how many processes, 1 for this one alone; or the address of a Ray cluster whose machines all see the files under
            the same names, as in DEEPMUSIC_WORKERS.

    Raises:
        StudioError: there is no such cluster.
    """
    lots = [list(sources[first : first + LOT]) for first in range(0, len(sources), LOT)]
    paths = [folder / f"{_digest(map(key, lot))}.npz" for lot in lots]
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if jobs == 1 or not missing:
        for path, lot in zip(paths, lots):
            if not path.exists():
                _save(path, make(lot))
            yield path, len(lot)
        return
    with _Cluster(jobs) if isinstance(jobs, str) else _Pool(jobs) as pool:
        waiting: dict[int, Any] = {}
        for number, (path, lot) in enumerate(zip(paths, lots)):
            if not path.exists():
                for each in missing:  # some lots ahead, so that what is made and not yet written stays little
                    if each >= number and each not in waiting and len(waiting) < pool.ahead:
                        waiting[each] = pool.submit(make, lots[each])
                try:
                    made = pool.result(waiting.pop(number))
                except BrokenProcessPool:
                    pool.renew()
                    waiting = {}
                    made = _one_by_one(lot, make, lost, pool)
                _save(path, made)
            yield path, len(lot)


class _Pool:
    """Processes of this machine that can be had anew."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.ahead = 2 * jobs
        self._open()

    def _open(self) -> None:
        # spawn: a fork of a process that has threads may hang
        self._executor = ProcessPoolExecutor(self._jobs, multiprocessing.get_context("spawn"))

    def submit(self, make: Make[T], lot: list[T]) -> Future:
        return self._executor.submit(make, lot)

    def result(self, future: Future) -> dict[str, np.ndarray]:
        """Returns what was made; BrokenProcessPool where a process was lost."""
        return future.result()

    def renew(self) -> None:
        """Starts anew after a process was lost; what was submitted is forgotten."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._open()

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


class _Cluster:
    """The cores of a Ray cluster, in the place of processes of this machine."""

    def __init__(self, address: str) -> None:
        from pipelines.worker.cluster import connect

        self._ray = connect(address)
        self.ahead = 2 * max(1, int(self._ray.cluster_resources().get("CPU", 1)))

        def carried(packed: bytes) -> bytes:  # local, and bytes: what Ray has on the way has none of our modules
            make, lot = pickle.loads(packed)
            return pickle.dumps(make(lot))

        self._task = self._ray.remote(max_retries=0, num_cpus=1)(carried)

    def submit(self, make: Make[T], lot: list[T]) -> Any:
        return self._task.remote(pickle.dumps((make, lot)))

    def result(self, reference: Any) -> dict[str, np.ndarray]:
        """Returns what was made; BrokenProcessPool where a process or its machine was lost."""
        errors = self._ray.exceptions
        try:
            return pickle.loads(self._ray.get(reference))
        except (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        ) as error:
            raise BrokenProcessPool(str(error)) from error

    def renew(self) -> None:
        """Nothing is to be done: Ray has new processes."""

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *error: object) -> None:
        """The cluster stays; what runs for nobody ends by itself."""


def joined(pieces: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Returns parts as one."""
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


@contextmanager
def within(seconds: float = FILE_S) -> Iterator[None]:
    """Ends what takes longer, where the system can: on Windows, and outside of the main thread, it goes on.

    Raises:
        TimeoutError: it took longer.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _one_by_one(lot: list[T], make: Make[T], lost: Make[T], pool: _Pool | _Cluster) -> dict[str, np.ndarray]:
    """Returns the part of sources one of which took its process along: each is tried by itself."""
    made = []
    for source in lot:
        try:
            made.append(pool.result(pool.submit(make, [source])))
        except BrokenProcessPool:
            pool.renew()
            made.append(lost([source]))
    return joined(made)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    part = path.with_suffix(f".{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)


def _digest(keys: Iterator[str]) -> str:
    return hashlib.sha1("\n".join(keys).encode()).hexdigest()
