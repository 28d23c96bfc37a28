"""The process of a training of one's own music: ``python -m training finetune NAME``, as ``pipelines.train`` starts it.

It reads the files, learns until the time is over, it is asked to stop or nothing is gained any more, and then judges and
registers what it made. All that it does stands in the run's folder (``pipelines.training_run``).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from music.errors import StudioError
from music.files.atomic import reason
from pipelines.training_run import STOP, Status, TrainingRun

LOCK_S = 5.0  # others hold the lock for a moment, to see whether it is free
LOOK_S = 1.0
NICENESS = 10
"""Of 19: whatever else the machine does gets ten times as much of a core. DEEPMUSIC_TRAINING_NICENESS says another."""

MOST_THREADS = 4
"""Beyond these a model so small gains nothing; half of the cores are left to others in any case."""


def main(argv: list[str]) -> None:
    """Runs ``python -m training finetune``."""
    parser = argparse.ArgumentParser(prog="python -m training finetune", description=__doc__.splitlines()[0])
    parser.add_argument("name", help="of a training that `python -m pipelines train` or the Train page prepared")
    parser.add_argument("--parent", type=int, help="end, with all saved, when this process is gone")
    args = parser.parse_args(argv)
    run = TrainingRun(args.name)
    if not run.exists:
        raise StudioError(f"There is no training '{args.name}'. Start it with `python -m pipelines train`.")
    with run.lock().acquire(timeout=LOCK_S):
        run.write("process.json", {"id": os.getpid()})
        with _in_the_background(), _told(run):
            _listen(run, args.parent)
            import torch

            from training.finetuning.tuning import tune

            torch.set_num_threads(max(1, min(MOST_THREADS, (os.cpu_count() or 1) // 2)))
            torch.set_flush_denormal(True)
            tune(run)


@contextlib.contextmanager
def _in_the_background() -> Iterator[None]:
    """Gives way to all other work of the machine."""
    asked = os.environ.get("DEEPMUSIC_TRAINING_NICENESS", "")
    niceness = int(asked) if asked.isdecimal() and int(asked) < 20 else NICENESS
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
        with contextlib.suppress(OSError):  # Linux weighs sessions first, and a process's niceness within its own alone
            Path("/proc/self/autogroup").write_text(str(niceness))
    yield


@contextlib.contextmanager
def _told(run: TrainingRun) -> Iterator[None]:
    """Writes down why a training failed, if it does."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, StudioError):
            message = str(error)
        elif isinstance(error, OSError):
            message = (
                f"The training cannot go on: {reason(error)}. Make room or see to the rights of the folder, and go on."
            )
        elif isinstance(error, MemoryError):
            message = "The machine has not enough memory for this. Close other programs, and go on."
        else:
            message = "The training broke off by a mistake of the studio. Its log.txt tells developers more."
            traceback.print_exc()
        with contextlib.suppress(OSError):
            run.tell(Status("failed", message=message))
        sys.exit(2)


def _listen(run: TrainingRun, parent: int | None) -> None:
    """Asks for a stop on SIGTERM and Ctrl-C, and when the parent is gone."""

    def stop(*_: object) -> None:
        run.ask(STOP)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        stop()

    if parent is not None and hasattr(os, "getppid"):
        threading.Thread(target=watch, name="parent", daemon=True).start()
