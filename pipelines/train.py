"""Train: a model learns from somebody's own music, in a process of its own; the result stands in every list of models.

    for step in train(TrainOptions("my-style"), Path("my music.zip")):
        print(step.status)

Here the process is started, watched and asked to stop; what it does stands in ``training/finetuning``, a room that this
one may not use. It has low priority, writes all that there is to know into its folder (``training_run``), ends with the
program that started it, and can be started again to go on where it stood.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePath

from filelock import FileLock, Timeout

from checkpoints.architectures import ARCHITECTURES
from checkpoints.store import RegistryEntry, check_name, entries, entry, known
from music.errors import StudioError
from music.files.atomic import reason
from music.files.collection import Collection
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.checks import Check, seed_check, settle
from pipelines.training_run import KEEP, STOP, Status, TrainingRun, from_json, training_runs, trainings_folder, wait_for

ROOT = Path(__file__).parents[1]
MAX_MINUTES = 24 * 60.0
UPLOAD = "upload.zip"
"""What was uploaded, in the folder of its training; gone once it was read."""

LONGEST_NAME = 1000
"""Letters of a file's name with its folders that are kept; of longer ones their end, which tells the kind."""

START_S = 20.0
"""A process that has not begun its work after so long never will; it takes a tenth of a second."""

SWITCH = "DEEPMUSIC_TRAINING"
"""Set to 0 in the environment, this switches training off, for a studio that many share."""


@dataclass(frozen=True)
class TrainOptions:
    """What to learn, from what, and for how long.

    Attributes:
        name: what the result will be called.
        base: name of the checkpoint that learns on.
        minutes: how long to learn; reading the files and the verdict come on top.
        steps: instead, how many steps to take, whatever time that needs; None goes by minutes.
        rate: factor on the rate of learning that suits the base.
        seed: of all random choices.
    """

    name: str
    base: str = "generate-small"
    minutes: float = 10.0
    steps: int | None = None
    rate: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        settle(self, _checks)
        check_name(self.name)


def _checks(o: TrainOptions) -> list[Check]:
    """Returns what may be wrong with options of Train."""
    return [
        (
            not 0 < o.minutes <= MAX_MINUTES,
            f"{o.minutes} minutes cannot be trained. Choose up to {MAX_MINUTES:.0f} minutes.",
        ),
        (o.steps is not None and o.steps < 1, f"{o.steps} steps cannot be trained. Choose at least 1."),
        (not 0 < o.rate <= 10, f"A rate of {o.rate} is out of range. Choose a factor up to 10; 1 is usual."),
        seed_check(o),
    ]


@dataclass(frozen=True)
class TrainStep(Step):
    """How far a training is.

    Attributes:
        status: in more words; ``pieces`` holds the latest sample, or nothing yet.
    """

    status: Status = field(default_factory=partial(Status, "starting"))


def bases() -> list[RegistryEntry]:
    """Returns the checkpoints here that can learn on, those that ship first."""
    found = [each for each in entries().values() if can_learn(each)]
    return sorted(found, key=lambda each: (not each.ships, each.name))


def can_learn(found: RegistryEntry) -> bool:
    """Returns whether a checkpoint can learn from somebody's notes: one that was trained here, of notes."""
    architecture = ARCHITECTURES.get(found.architecture)
    trained = architecture is not None and bool(architecture.learns) and architecture.reads == "octuples"
    return trained and found.is_here and "steps" in found.details


def switched_off() -> bool:
    """Returns whether this studio trains nothing."""
    return os.environ.get(SWITCH, "").strip() == "0"


def train(options: TrainOptions, music: Path, resume: bool = False) -> Iterator[TrainStep]:
    """Yields how far a training is, with its latest sample. Whoever closes this before its end stops it, to go on later.

    Args:
        options: what to learn.
        music: a folder or a zip of MIDI and MusicXML files.
        resume: go on with a training of this name that was stopped, with its own options and music.

    Raises:
        StudioError: it cannot begin, or failed.
    """
    run = TrainingRun(options.name)
    process = go_on(run) if resume else start(options, music)
    try:
        for status in wait_for(run, process):
            yield TrainStep((latest(run),), *_progress(status), status.unit or "steps", status=status)
    finally:
        if process.poll() is None:
            try:
                run.ask(STOP)
            except StudioError:  # the disk is full; what was saved last is all that stays
                process.kill()
            process.wait()
    if (status := run.status).phase == "failed":
        raise StudioError(status.message)


def latest(run: TrainingRun) -> Piece:
    """Returns the latest sample of a training; the empty piece before there is one."""
    samples = run.samples
    try:
        return run.piece(samples[-1].own) if samples else Piece.empty()
    except StudioError:  # it is being removed
        return Piece.empty()


def _progress(status: Status) -> tuple[float, float]:
    """Returns (done, total) as Steps count: equal at the end and nowhere else."""
    phases = ("starting", "reading", "training", "judging", "done")
    if status.phase == "done":
        return float(len(phases) - 1), float(len(phases) - 1)
    number = phases.index(status.phase) if status.phase in phases else 0
    return number + 0.999 * min(1.0, status.done / max(status.total, 1e-9)), float(len(phases) - 1)


def start(options: TrainOptions, music: Path | Sequence[tuple[str, bytes]], asker: str = "") -> subprocess.Popen[bytes]:
    """Returns the process of a new training, once it is at work.

    Args:
        options: what to learn.
        music: a folder or a zip; or names and bytes of files, a zip alone or several files of music.
        asker: who asked, where several people share a studio.

    Raises:
        StudioError: it cannot be: the base cannot learn, the name is taken, another training is under way ...
    """
    _check_allowed()
    base = entry(options.base)
    if not can_learn(base):
        names = ", ".join(each.name for each in bases())
        raise StudioError(f"'{options.base}' cannot learn from notes. Choose one of {names}.")
    run = TrainingRun(options.name)
    if options.name in known():
        raise StudioError(f"There is a checkpoint '{options.name}' already. Choose another name.")
    with _alone():
        if not (run.exists and run.was_read):  # what is left of one whose files were never read to the end
            run.remove()
        if run.exists:
            raise StudioError(
                f"There is a training '{options.name}' already. Go on with it, remove it, or choose another name."
            )
        try:
            run.folder.mkdir(parents=True)
            path = music if isinstance(music, Path) else _kept(music, run.folder)
            Collection(path)  # what is wrong with it as a whole is said at once
            request = {"options": asdict(options), "music": str(path.resolve()), "asker": asker, "began": time.time()}
            run.write("request.json", request)
            return _spawn(run)
        except BaseException as error:
            with suppress(StudioError):
                run.remove()
            if isinstance(error, OSError):
                raise _unwritable(run.folder, error) from error
            raise


def _kept(files: Sequence[tuple[str, bytes]], folder: Path) -> Path:
    """Returns the zip of files that were uploaded, in the folder of a training.

    Raises:
        StudioError: a zip came along with other files.
        OSError: there is no room.
    """
    path = folder / UPLOAD
    zips = [data for name, data in files if name.lower().endswith(".zip")]
    if zips and len(files) > 1:
        raise StudioError("A zip came along with other files. Give one zip alone, or files of music alone.")
    if zips:
        path.write_bytes(zips[0])
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, data) in enumerate(files):
            parts = (part for part in PurePath(name).parts if part not in ("..", "/", "\\"))
            safe = "/".join(parts).encode("utf-8", "replace").decode()[-LONGEST_NAME:]
            archive.writestr(safe if safe not in archive.NameToInfo else f"{number}/{safe}", data)
    return path


def go_on(run: TrainingRun, keep: bool = False) -> subprocess.Popen[bytes]:
    """Returns the process of a training that goes on where it stood.

    Args:
        run: it.
        keep: learn no more, but make what can be made of what was learned.

    Raises:
        StudioError: there is none, it is at work or done, has nothing to keep, or another one is under way.
    """
    _check_allowed()
    if not run.exists:
        raise StudioError(f"There is no training '{run.name}' to go on with. Start it first.")
    options_of(run)
    with _alone():
        if run.status.phase == "done":
            raise StudioError(f"The training '{run.name}' is done. Start another one, with '{run.name}' as its base.")
        if keep and not run.is_saved:
            raise StudioError(f"Nothing that '{run.name}' learned was saved yet. Go on with it, and keep that.")
        try:
            return _spawn(run, KEEP if keep else "")
        except OSError as error:
            raise _unwritable(run.folder, error) from error


def options_of(run: TrainingRun) -> TrainOptions:
    """Returns what a training was asked for.

    Raises:
        StudioError: that cannot be read.
    """
    options = from_json(TrainOptions, run.request.get("options"))
    if options is None or not isinstance(run.request.get("music"), str):
        raise StudioError(
            f"What the training '{run.name}' was asked for cannot be read. Remove it, and start it again."
        )
    return options


def _check_allowed() -> None:
    """Makes sure that training is not switched off.

    Raises:
        StudioError: it is.
    """
    if switched_off():
        raise StudioError("Training is switched off in this studio. Whoever runs it can switch it on.")


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one training at a time begin, and none while another one is at work.

    Raises:
        StudioError: another one is at work or about to begin, or the folder of trainings cannot be written.
    """
    lock = FileLock(trainings_folder() / "start.lock")
    try:
        lock.acquire(timeout=START_S)
    except Timeout as error:
        raise StudioError("Another training is just being started. Try again in a moment.") from error
    except OSError as error:
        raise _unwritable(trainings_folder(), error) from error
    try:
        _check_alone()
        yield
    finally:
        lock.release()


def _unwritable(folder: Path, error: OSError) -> StudioError:
    return StudioError(f"'{folder}' cannot be written: {reason(error)}. Make room or see to its rights.")


def _spawn(run: TrainingRun, ask: str = "") -> subprocess.Popen[bytes]:
    """Returns the process of a training, once it is at work.

    Raises:
        OSError: there is no room.
    """
    run.forget_ask()
    if ask:
        run.ask(ask)
    run.tell(Status("starting"))
    process = _process(run)
    end = time.monotonic() + START_S
    while process.poll() is None and not run.is_at_work and time.monotonic() < end:
        time.sleep(0.02)
    return process


def _check_alone() -> None:
    """Makes sure that nothing is being trained.

    Raises:
        StudioError: something is.
    """
    for other in training_runs():
        if other.is_at_work:
            left = other.status.seconds_left
            when = f" It needs about {max(1, round(left / 60))} minutes more." if left is not None else ""
            raise StudioError(
                f"'{other.name}' is being trained, and one training at a time is what a machine can do well.{when} "
                "Wait for it, or stop it."
            )


def _process(run: TrainingRun) -> subprocess.Popen[bytes]:
    """Returns the process that trains, in the background of the machine and of its terminal."""
    command = [sys.executable, "-m", "training", "finetune", run.name, "--parent", str(os.getpid())]
    paths = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    with (run.folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
