"""Many files, some hundred at a time: each lot becomes a part on the disk, in as many processes as are wanted.

What was made stays: a run that was ended goes on where it was, and what is held in memory does not grow with the number of files.
A file that takes too long, or that takes its process along, costs nothing but itself.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
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
    sources: Sequence[T], make: Make[T], lost: Make[T], key: Callable[[T], str], folder: Path, jobs: int = 1
) -> Iterator[tuple[Path, int]]:
    """Yields the file of each part and how many sources are in it, in order; makes those that are not there yet.

    Args:
        sources: what is read.
        make: returns the arrays of a part; with several jobs it is called in other processes, so it must stand in a module.
        lost: returns the arrays of a part for sources whose process was lost.
        key: changes when what is made of a source would.
        folder: holds the parts.
        jobs: how many processes; 1 for this one alone.
    """
    lots = [list(sources[first : first + LOT]) for first in range(0, len(sources), LOT)]
    paths = [folder / f"{_digest(map(key, lot))}.npz" for lot in lots]
    folder.mkdir(parents=True, exist_ok=True)
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    if jobs == 1 or len(missing) < 2:
        for path, lot in zip(paths, lots):
            if not path.exists():
                _save(path, make(lot))
            yield path, len(lot)
        return
    with _Pool(jobs) as pool:
        waiting: dict[int, Future] = {}
        for number, (path, lot) in enumerate(zip(paths, lots)):
            try:
                if not path.exists():
                    if number not in waiting:
                        later = [each for each in missing if each >= number and not paths[each].exists()]
                        waiting = {each: pool.submit(_made, make, lots[each], paths[each]) for each in later}
                    waiting.pop(number).result()
            except BrokenProcessPool:
                pool.renew()
                waiting = {}
                _save(path, _one_by_one(lot, make, lost))
            yield path, len(lot)


class _Pool:
    """Processes that can be had anew."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._open()

    def _open(self) -> None:
        # spawn: a fork of a process that has threads may hang
        self._executor = ProcessPoolExecutor(self._jobs, multiprocessing.get_context("spawn"))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future:
        return self._executor.submit(function, *arguments)

    def renew(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._open()

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


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


def _one_by_one(lot: list[T], make: Make[T], lost: Make[T]) -> dict[str, np.ndarray]:
    """Returns the part of sources one of which took its process along: each is tried in a process of its own."""
    made = []
    for source in lot:
        with _Pool(1) as pool:
            try:
                made.append(pool.submit(make, [source]).result())
            except BrokenProcessPool:
                made.append(lost([source]))
    return joined(made)


def _made(make: Make[T], lot: list[T], path: Path) -> None:
    _save(path, make(lot))


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    part = path.with_suffix(f".{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)


def _digest(keys: Iterator[str]) -> str:
    return hashlib.sha1("\n".join(keys).encode()).hexdigest()
