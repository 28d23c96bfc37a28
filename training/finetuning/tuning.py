"""Learning from somebody's own music, from the first file to the verdict; it can be stopped anywhere and goes on there."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from checkpoints.architectures import ARCHITECTURES
from checkpoints.importing import AUTHORS
from checkpoints.store import RegistryEntry, entry, known, user_registry
from music.cache import cache_folder
from music.errors import StudioError
from pipelines.train import TrainOptions, options_of
from pipelines.training_run import KEEP, STOP, Sample, Status, TrainingRun, Verdict
from training.export import write_checkpoint
from training.finetuning.learner import Learner
from training.finetuning.preparation import SET, prepare_files, share_known
from training.finetuning.samples import scores_of, write_samples
from training.train import cut_curve, log_row

WARMUP_STEPS = 10
CHECKS = 20
"""How often it is checked on what was kept back, over the whole time."""

LEAST_CHECK_S, SAVE_S, TELL_S = 15.0, 60.0, 1.0
PATIENCE = 6
"""After so many checks in a row without a gain it ends early: nearly a third of the whole time."""

SAMPLES = 3
"""How often samples are written on the way, and how many at the end."""

JUDGING_S = 40.0
"""About how long samples and verdict take at the end; on two cores, 16 to 60 s by model."""

MUCH_COPIED = 0.10
"""From this share of known 12-note windows on, the verdict warns. Real pieces share 6 to 13 % with others (docs/figures.md)."""

SELF_TEST_SEEDS = 12
"""A quarter of what those that ship have: the widest gap of so many is wide enough for a model that never leaves home."""

HARDLY = 0.005
"""A gain below half a percent is called none."""


@dataclass
class _Progress:
    """Where a training stands; saved with the weights."""

    step: int = 0
    notes: int = 0
    seconds: float = 0.0
    before: float = math.nan
    best: float = math.inf
    best_step: int = 0
    idle_checks: int = 0
    checked_at: float = 0.0
    sampled_at: float = 0.0
    losses: list[float] = field(default_factory=list)


def tune(run: TrainingRun) -> None:
    """Trains as the request of a run says, from where it stands, and says in its folder what becomes of it.

    Raises:
        StudioError: it cannot be done.
    """
    options = options_of(run)
    base = entry(options.base)
    if run.found is None and not _read_files(run, base):
        run.tell(Status("stopped", message="Stopped while the files were read. Going on reads them again."))
        return
    learner = Learner(base, run.folder / "shards", options.rate, options.seed)
    training = _Training(run, options, learner)
    if run.asked() != KEEP and not training.is_over:
        training.go_on()
    if run.asked() == STOP:
        run.tell(training.status("stopped"))
        return
    _finish(run, learner, training)


def _read_files(run: TrainingRun, base: RegistryEntry) -> bool:
    """Reads the user's files, unless it is asked to stop; returns whether they were read."""
    told_at = 0.0

    def told(done: int, total: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > TELL_S / 4 or done == total:
            run.tell(Status("reading", done, total, "files"))
            told_at = time.monotonic()

    learns = ARCHITECTURES[base.architecture].learns
    path, shards = Path(run.request["music"]), run.folder / "shards"
    found = prepare_files(path, learns, shards, told, lambda: run.asked() == STOP)
    if not found:
        return False
    run.write("found.json", found)
    if path.parent == run.folder:  # it was uploaded, and what is needed of it stands in the shards now
        path.unlink()
    return True


class _Training:
    """A learner on its way, with what is written about it.

    Args:
        run: its folder.
        options: what was asked for.
        learner: what learns.
    """

    def __init__(self, run: TrainingRun, options: TrainOptions, learner: Learner):
        self.run, self.options, self.learner = run, options, learner
        self.progress = _Progress()
        self.base_weights = learner.weights()
        self._per_second = 0.0
        self._resume()

    @property
    def budget_s(self) -> float:
        """How long it may learn, in seconds; infinite where steps are counted."""
        return math.inf if self.options.steps is not None else self.options.minutes * 60

    @property
    def share(self) -> float:
        """How much of the learning is done, 0 to 1."""
        if self.options.steps is not None:
            return min(1.0, self.progress.step / self.options.steps)
        return min(1.0, self.progress.seconds / self.budget_s)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to learn: the time is over, or nothing was gained for long."""
        return self.share >= 1 or self.progress.idle_checks >= PATIENCE

    @property
    def best(self) -> dict[str, torch.Tensor]:
        """The weights that were best on what was kept back."""
        path = self.run.folder / "best.pt"
        return torch.load(path, weights_only=True) if path.exists() else self.base_weights

    def status(self, phase: str) -> Status:
        """Returns how far it is."""
        progress, steps = self.progress, self.options.steps
        done, total = (progress.step, steps) if steps else (progress.seconds / 60, self.options.minutes)
        left = (1 - self.share) * (progress.seconds / self.share if self.share > 0.02 else self.options.minutes * 60)
        return Status(
            phase, round(done, 2), total, "steps" if steps else "minutes", left + JUDGING_S, round(self._per_second, 1)
        )

    def go_on(self) -> None:
        """Learns until it is over, or until it is asked for something else."""
        progress, learner = self.progress, self.learner
        if math.isnan(progress.before):
            self.check()  # what the base knows already
        learner.begin(progress.step)
        saved_at = told_at = last = time.monotonic()
        read_since, since = 0, last
        while not self.is_over and not self.run.asked():
            loss, notes = learner.learn(min(1.0, (progress.step + 1) / WARMUP_STEPS) * (1 - self.share))
            progress.step, progress.notes, read_since = progress.step + 1, progress.notes + notes, read_since + notes
            progress.losses.append(loss)
            progress.seconds, last = progress.seconds + time.monotonic() - last, time.monotonic()
            if self._is_time_to_check():
                self.check()
            if self.share < 1 and self.share - progress.sampled_at >= 1 / (SAMPLES + 1):
                progress.sampled_at = self.share
                self.keep_samples(write_samples(self.run, *self.lent(), minute=progress.seconds / 60))
            if time.monotonic() - saved_at > SAVE_S:
                self._save()
                saved_at = time.monotonic()
            if time.monotonic() - told_at > TELL_S:
                self._per_second = read_since / (time.monotonic() - since)
                self.run.tell(self.status("training"))
                told_at = time.monotonic()
            progress.seconds, last = progress.seconds + time.monotonic() - last, time.monotonic()
        if progress.losses:
            self.check()
        self._save()

    def lent(self) -> tuple[Any, Any]:
        """Returns the base and the model as it is best, for the pipelines to write with."""
        return self.learner.lent(f"{self.options.base} before", self.base_weights), self.learner.lent(
            f"{self.run.name} in training", self.best
        )

    def keep_samples(self, samples: Sequence[Sample]) -> None:
        self.run.write("samples.json", [asdict(each) for each in (*self.run.samples, *samples)])

    def _is_time_to_check(self) -> bool:
        progress, steps = self.progress, self.options.steps
        if steps is not None:
            return progress.step - progress.checked_at >= max(1, steps / CHECKS)
        return progress.seconds - progress.checked_at >= max(LEAST_CHECK_S, self.budget_s / CHECKS)

    def check(self) -> None:
        """Checks what it knows of what was kept back, and keeps the weights where they are the best so far."""
        progress = self.progress
        nats = self.learner.judge()
        if math.isnan(progress.before):
            progress.before = progress.best = nats
        elif nats < progress.best:
            progress.best, progress.best_step, progress.idle_checks = nats, progress.step, 0
            _replace(self.learner.weights(), self.run.folder / "best.pt")
        else:
            progress.idle_checks += 1
        progress.checked_at = progress.step if self.options.steps is not None else progress.seconds
        row = {
            "step": progress.step,
            "notes": progress.notes,
            "seconds": round(progress.seconds),
            "learning_rate": f"{self.learner.rate * (1 - self.share):.2e}",
            "train": f"{np.mean(progress.losses):.4f}" if progress.losses else "",
            "valid": f"{nats:.4f}",
        }
        progress.losses.clear()
        log_row(self.run.folder / "curve.csv", row)
        self.run.tell(self.status("training"))

    def _save(self) -> None:
        """Writes where it stands, whole or not at all."""
        state = {
            "model": self.learner.model.state_dict(),
            "optimizer": self.learner.optimizer.state_dict(),
            "progress": asdict(self.progress),
            "base": self.learner.base.sha256,
        }
        _replace(state, self.run.folder / "state.pt")

    def _resume(self) -> None:
        """Takes up what was saved, if there is anything.

        Raises:
            StudioError: it is damaged, or not of this base.
        """
        path, curve = self.run.folder / "state.pt", self.run.folder / "curve.csv"
        if not path.exists():
            for stale in (curve, self.run.folder / "best.pt", self.run.folder / "samples.json"):
                stale.unlink(missing_ok=True)
            return
        try:
            state = torch.load(path, weights_only=True)
            if state["base"] != self.learner.base.sha256:
                raise StudioError(
                    f"'{self.options.base}' is another model than when this training began. Remove it, and start it again."
                )
            self.learner.model.load_state_dict(state["model"])
            self.learner.optimizer.load_state_dict(state["optimizer"])
            self.progress = _Progress(**state["progress"])
            cut_curve(curve, self.progress.step)
            self.learner.lent(self.run.name, self.best)  # the weights that were best can be read
        except (StudioError, OSError, MemoryError):
            raise
        except Exception as error:  # damaged bytes fail in as many ways as there are bytes
            raise StudioError(
                "What was saved of this training cannot be read any more. Remove it, and start it again."
            ) from error


def _replace(values: Any, path: Path) -> None:
    """Writes a file of torch, whole or not at all."""
    part = path.with_suffix(".part")
    try:
        torch.save(values, part)
        os.replace(part, path)
    except RuntimeError as error:  # so torch calls a full disk
        raise OSError(f"{path.name} cannot be written: the disk may be full") from error
    finally:
        part.unlink(missing_ok=True)


def _finish(run: TrainingRun, learner: Learner, training: _Training) -> None:
    """Judges what was made, registers it where it is better than its base, and says so."""
    run.tell(Status("judging", 0, 1, "", JUDGING_S))
    progress, options = training.progress, training.options
    if math.isnan(progress.before):
        training.check()
    windows = np.load(run.folder / "shards" / "known.npy")
    gained = progress.best_step > 0
    minute = progress.seconds / 60
    samples = write_samples(run, *training.lent(), minute=minute, count=SAMPLES) if gained else []
    training.keep_samples(samples)
    copied = share_known(scores_of(run, samples, "own"), windows)
    copied_base = share_known(scores_of(run, samples, "base"), windows)
    found = run.found
    real = found.shared if found else 0.0
    checkpoint = ""
    if gained:
        _register(run, learner, training)
        checkpoint = run.name
    verdict = Verdict(
        before=progress.before,
        after=progress.best,
        unit=learner.unit,
        minutes=round(minute, 1),
        steps=progress.step,
        best_step=progress.best_step,
        copied=copied,
        copied_base=copied_base,
        copied_real=real,
        checkpoint=checkpoint,
        sentences=_sentences(progress, options.base, learner.unit, (copied, copied_base, real), training.is_over),
    )
    run.write("verdict.json", asdict(verdict))
    run.tell(Status("done", 1, 1, "", 0.0))  # first: without it and them, going on would begin anew
    for file in ("state.pt", "best.pt"):  # all that counts of them is in the checkpoint now
        (run.folder / file).unlink(missing_ok=True)


def _sentences(
    progress: _Progress, base: str, unit: str, shares: tuple[float, float, float], is_over: bool
) -> tuple[str, ...]:
    """Returns the verdict in words; ``shares`` of known windows are those of its samples, of the base's, of real music."""
    copied, copied_base, real = shares
    if not progress.best_step:
        return (
            f"It learned nothing that helps with the pieces that were kept back: {base} knows them as well "
            f"({progress.before:.2f} nats a {unit}). Nothing was registered.",
            "Add more music of the same kind, or train for longer.",
        )
    gain = 1 - progress.best / progress.before
    words = "hardly better than" if gain < HARDLY else "better than"
    nats = f"{progress.best:.2f} nats a {unit} instead of {progress.before:.2f}"
    found = [f"On the pieces that were kept back it is {words} {base}: {nats}, {gain:.1%} fewer."]
    if progress.idle_checks >= PATIENCE and is_over:
        found.append(
            f"It ended early, as nothing was gained any more after step {progress.best_step}: "
            "more music would help, more time would not."
        )
    elif progress.best_step < 0.7 * progress.step:
        found.append(f"It was best at step {progress.best_step} of {progress.step}, and that is what is kept.")
    found.append(
        f"{copied:.0%} of the 12-note windows of its samples stand in the files it learned from; "
        f"of those of {base}, which never saw them, {copied_base:.0%}; of the pieces that were kept back, {real:.0%}."
    )
    if copied >= MUCH_COPIED and copied > 2 * max(copied_base, real):
        found.append(
            "That is much: it repeats your music more than it writes its own. Train for less time, or on more music."
        )
    return tuple(found)


def _register(run: TrainingRun, learner: Learner, training: _Training) -> None:
    """Registers what was made, with its card and curve, for this user."""
    progress, base = training.progress, learner.base
    other = known().get(run.name)
    if other and (other.ships or other.details.get("base") != base.name):  # it came while this one learned
        raise StudioError(f"There is another checkpoint '{run.name}' by now. Remove that one, and go on.")
    sets = {SET: learner.index["sets"][SET]}
    config = {
        "recipe": learner.recipe | {"name": run.name},
        "model": learner.config,
        "index": {"tokenizer": learner.index["tokenizer"], "sets": sets},
    }
    state = {"step": progress.best_step, "notes": progress.notes, "seconds": progress.seconds}
    counts = sets[SET]
    write_checkpoint(
        run.name,
        training.best,
        config,
        state,
        run.folder / "curve.csv",
        user_registry(),
        cache_folder(),
        cache_folder(),
        base=base.name,
        licence=AUTHORS,
        seeds=SELF_TEST_SEEDS,
        metrics=[
            f"{progress.best:.2f} nats a {learner.unit} on {counts['valid']} pieces that were kept back; "
            f"{base.name}: {progress.before:.2f}"
        ],
        remarks=f"Tuned from {base.name} on {counts['train']} files of your own. They decide what you may do with it: "
        "ask whoever holds their rights before you publish it.",
    )
