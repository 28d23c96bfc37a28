"""A training of one's own music on the disk: what was asked for, how far it is, and what it has made so far.

The process that trains writes here; whoever wants to know reads here: the command line, and a page that was reloaded
meanwhile. Imports no model.

    request.json   the options, and where the music is
    status.json    the phase, how much of it is done, since when
    found.json     what was found in the files
    curve.csv      loss in training and on what was kept back
    samples.json   what it wrote on the way, and the MIDI files of the samples
    verdict.json   what came of it
    state.pt       where it stands, to go on from; best.pt: the weights that were best on what was kept back
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from checkpoints.store import check_name
from music.cache import cache_folder
from music.errors import StudioError
from music.files.atomic import reason, replace_file
from music.files.midi import read_midi
from music.piece import Piece

WORKING = ("starting", "reading", "training", "judging")
"""Phases in which a process is at work; the others are "stopped", "failed" and "done"."""

PHASES = (*WORKING, "stopped", "failed", "done")

STOP, KEEP = "stop", "keep"
"""What can be asked of a process at work: to stop where it is, or to make what it can of what it has learned."""


@dataclass(frozen=True)
class Status:
    """How far a training is.

    Attributes:
        phase: one of WORKING, or "stopped", "failed" or "done".
        done: how much of the phase is done, of ``total``, in ``unit``.
        seconds_left: of all that is still to be done, as it looks now; None where nobody knows.
        notes_per_second: how many notes it reads in a second of training; 0 before.
        message: what there is to say to the user; empty if nothing is.
    """

    phase: str
    done: float = 0.0
    total: float = 1.0
    unit: str = ""
    seconds_left: float | None = None
    notes_per_second: float = 0.0
    message: str = ""

    @property
    def is_working(self) -> bool:
        """Whether a process is at work."""
        return self.phase in WORKING


@dataclass(frozen=True)
class Sample:
    """What was written with a model while it learned, or at the end.

    Attributes:
        minute: of training, when it was written.
        number: which of several at the same time.
        own: the file that the model in training made.
        base: the file that its base made of the same seed and beginning.
    """

    minute: float
    number: int
    own: str
    base: str


@dataclass(frozen=True)
class Verdict:
    """What came of a training.

    Attributes:
        before, after: nats a unit on what was kept back, of the base and of the result; the lower, the better.
        unit: what is counted, such as "note".
        minutes: of training.
        steps: of training; ``best_step`` is the one whose weights were kept.
        best_step: as said.
        copied: share of 12-note windows of its samples that stand in the files it learned from.
        copied_base: the same share of the base's samples, which never saw these files.
        copied_real: the same share of the pieces that were kept back: how much real music of that kind shares.
        checkpoint: name under which it is registered; empty where it was not.
        sentences: the verdict in words.
    """

    before: float
    after: float
    unit: str
    minutes: float
    steps: int
    best_step: int
    copied: float
    copied_base: float
    copied_real: float
    checkpoint: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What was found in the files.

    Attributes:
        used: of each file its name, notes, split ("learned" or "kept back") and a remark.
        skipped: of each file its name and why.
        copies: groups of names that are the same music.
        shared: share of the 12-note windows of what was kept back that stand in what is learned from.
    """

    used: tuple[dict[str, Any], ...]
    skipped: tuple[dict[str, str], ...]
    copies: tuple[tuple[str, ...], ...]
    shared: float


def trainings_folder() -> Path:
    """Returns where the trainings of this user lie."""
    return cache_folder() / "trainings"


def training_runs() -> list[TrainingRun]:
    """Returns all trainings, the latest first; a folder whose name no training can have is none."""
    try:
        paths = [path for path in trainings_folder().iterdir() if (path / "request.json").is_file()]
    except OSError:
        return []
    found = []
    for path in paths:
        with suppress(StudioError):
            found.append(TrainingRun(path.name))
    return sorted(found, key=lambda run: (-run.began, run.name))


T = TypeVar("T")


def from_json(kind: type[T], values: Any) -> T | None:
    """Returns the dataclass whose fields a JSON file gives; None where it gives others, or something else for them.

    Numbers have to be finite. Known to this are the types of fields that the trainings' files have.
    """
    if not isinstance(values, dict):
        return None
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    needed = {name for name, each in known.items() if each.default is MISSING}
    if not needed <= set(values) <= set(known):
        return None
    read = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return kind(**read) if all(_is_a(value, str(known[name].type)) for name, value in read.items()) else None


def _is_a(value: Any, kind: str) -> bool:
    """Returns whether a value from JSON is of a type, named as an annotation names it."""
    if kind.endswith(" | None"):
        return value is None or _is_a(value, kind.removesuffix(" | None"))
    if kind == "tuple[str, ...]":
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    if kind == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return type(value) is {"str": str, "int": int}[kind]


def curve_rows(path: Path) -> list[dict[str, float]]:
    """Returns the rows of a curve.csv, of a training or of a card; none where it is not there or just being written."""
    try:
        with path.open(encoding="utf-8") as file:
            read = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error):
        return []
    rows = ({name: value for name, value in row.items() if math.isfinite(value)} for row in read)
    return [row for row in rows if {"step", "seconds"} <= set(row)]


class TrainingRun:
    """One training.

    Args:
        name: of the checkpoint that it makes.

    Raises:
        StudioError: that cannot be the name of one.
    """

    def __init__(self, name: str):
        check_name(name)
        self.name = name
        self.folder = trainings_folder() / name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TrainingRun) and other.folder == self.folder

    def __hash__(self) -> int:
        return hash(self.folder)

    @property
    def exists(self) -> bool:
        """Whether there is such a training."""
        return (self.folder / "request.json").is_file()

    @property
    def began(self) -> float:
        """When it was asked for, in seconds since 1970."""
        began = self.request.get("began")
        return float(began) if isinstance(began, int | float) else 0.0

    @property
    def request(self) -> dict[str, Any]:
        """What was asked for: the options, the path of the music, who asked and when; empty where it cannot be read."""
        values = self._read("request.json")
        return values if isinstance(values, dict) else {}

    @property
    def status(self) -> Status:
        """How far it is; "stopped" where its process is gone without a word."""
        status = self._told()
        if status.is_working and not self.is_at_work:
            status = self._told()  # it may have ended meanwhile
            if status.is_working:
                return Status("stopped", message="It was interrupted. It can go on from where it was saved last.")
        return status

    def _told(self) -> Status:
        """Returns what its process said last; "starting" where that cannot be read."""
        status = from_json(Status, self._read("status.json"))
        return status if status and status.phase in PHASES else Status("starting")

    @property
    def was_read(self) -> bool:
        """Whether its files were read to the end."""
        return (self.folder / "found.json").is_file()

    @property
    def is_saved(self) -> bool:
        """Whether something of what it learned was saved, to go on from."""
        return (self.folder / "state.pt").is_file()

    @property
    def is_at_work(self) -> bool:
        """Whether its process lives."""
        if not self.folder.is_dir():
            return False
        lock = self.lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # it is being removed
            return False
        lock.release()
        return False

    @property
    def found(self) -> Found | None:
        """What was found in the files; None before they were read."""
        values = self._read("found.json")
        try:
            used = tuple({key: each[key] for key in ("name", "notes", "split", "remark")} for each in values["used"])
            skipped = tuple({key: str(each[key]) for key in ("name", "why")} for each in values["skipped"])
            copies = tuple(tuple(map(str, names)) for names in values["copies"])
            found = Found(used, skipped, copies, float(values["shared"]))
        except (KeyError, TypeError, ValueError):  # there is none yet, or it was damaged
            return None
        return found if all(_is_a(each[key], "str") for each in used for key in ("name", "split", "remark")) else None

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What it has written so far, the earliest first."""
        values = self._read("samples.json")
        found = (from_json(Sample, each) for each in (values if isinstance(values, list) else ()))
        return tuple(sample for sample in found if sample)

    @property
    def verdict(self) -> Verdict | None:
        """What came of it; None before its end."""
        return from_json(Verdict, self._read("verdict.json"))

    def curve(self) -> list[dict[str, float]]:
        """Returns the rows of its curve: step, notes, seconds, and the losses that were measured then; what is no number is not."""
        return curve_rows(self.folder / "curve.csv")

    def piece(self, file: str) -> Piece:
        """Returns what a sample holds.

        Raises:
            StudioError: it is gone.
        """
        return read_midi(self.folder / Path(file).name)

    def lock(self) -> FileLock:
        """Returns the lock that its process holds while it lives."""
        return FileLock(self.folder / "lock")

    def write(self, file: str, values: Any) -> None:
        """Writes one of its JSON files, whole or not at all.

        Raises:
            OSError: there is no room.
        """
        replace_file(self.folder / file, json.dumps(values).encode())

    def tell(self, status: Status) -> None:
        """Writes how far it is.

        Raises:
            OSError: there is no room.
        """
        self.write("status.json", asdict(status))

    def ask(self, what: str) -> None:
        """Asks its process to stop (STOP), or to make what it can of what it has learned (KEEP).

        Raises:
            StudioError: there is no room, or no right to.
        """
        if self.folder.is_dir():
            try:
                (self.folder / "ask").write_text(what)
            except OSError as error:
                raise StudioError(
                    f"'{self.folder}' cannot be written: {reason(error)}. Make room or see to its rights."
                ) from error

    def asked(self) -> str:
        """Returns what was asked of its process; empty if nothing was."""
        try:
            return (self.folder / "ask").read_text(errors="replace")
        except OSError:
            return ""

    def forget_ask(self) -> None:
        """Forgets what was asked of its process, before another one is started."""
        (self.folder / "ask").unlink(missing_ok=True)

    def kill(self) -> None:
        """Ends its process at once, if it lives; what it learned since it was saved last is lost."""
        values = self._read("process.json")
        process = values.get("id") if isinstance(values, dict) else None
        if type(process) is int and process > 1 and self.is_at_work:
            os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))

    def remove(self) -> None:
        """Deletes its folder; the checkpoint that it made stays.

        Raises:
            StudioError: it is at work, or cannot be deleted.
        """
        if self.is_at_work:
            raise StudioError(f"'{self.name}' is being trained. Stop it first.")
        try:
            shutil.rmtree(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise StudioError(f"'{self.folder}' cannot be deleted: {reason(error)}. See to its rights.") from error

    def _read(self, file: str) -> Any:
        try:
            return json.loads((self.folder / file).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None


def wait_for(run: TrainingRun, process: Any) -> Iterator[Status]:
    """Yields the status of a training as it changes, until its process has ended; the last one is the end."""
    seen: Status | None = None
    while True:
        ended = process.poll() is not None
        status = run.status
        if status != seen:
            yield status
            seen = status
        if ended:
            return
        time.sleep(0.25)
