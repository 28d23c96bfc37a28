from __future__ import annotations

import contextlib
import csv
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from models.octuple import field_losses
from tests.training.conftest import RECIPE
from tests.waiting import PATIENCE_S, until
from training.__main__ import main
from training.data.shards import Shards
from training.train import read_curve, stage_at, task_of

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def state_of(run: Path) -> dict:
    return torch.load(run / "state.pt", weights_only=True)


def started(recipe: Path, shards: Path, run: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "training", "train", str(recipe), "--shards", str(shards), "--run", str(run)]
    return subprocess.Popen([*command, "--save-every", "4"], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def killed(recipe, shards_folder, tmp_path_factory) -> tuple[Path, int]:
    """A run that was killed in the middle, and the step that it had saved."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    process = started(recipe, shards_folder, run)
    try:
        until(lambda: (run / "state.pt").exists() or process.poll() is not None, "its first state", every_s=0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return run, state_of(run)["step"]


@pytest.fixture(scope="module")
def finished(killed, recipe, shards_folder) -> Path:
    """The same run, started again until its end."""
    run, _ = killed
    arguments = [str(recipe), "--shards", str(shards_folder), "--run", str(run), "--save-every", "50"]
    assert main(["train", *arguments]) == 0
    return run


def test_a_killed_run_goes_on_where_it_had_saved(killed, finished):
    run, saved = killed
    assert 0 < saved < 120
    assert state_of(finished)["step"] == 120
    assert run == finished
    steps = [row["step"] for row in read_curve(finished / "curve.csv")]
    assert steps == [50, 100, 120]
    assert sorted(path.name for path in finished.iterdir() if path.suffix != ".part") == [
        "config.json", "curve.csv", "state.pt",
    ]  # fmt: skip


def test_the_loss_falls(finished, shards):
    rows = list(read_curve(finished / "curve.csv"))
    losses = [row["train"] for row in rows]
    assert losses == sorted(losses, reverse=True)
    recipe = _recipe()
    torch.manual_seed(0)
    task, stage = task_of(recipe, shards, torch.device("cpu")), recipe["stages"][-1]
    model = task.build()
    with torch.no_grad():
        fresh = task.validate(model, stage)
        model.load_state_dict(state_of(finished)["model"])
        trained = task.validate(model, stage)
    assert trained == pytest.approx(rows[-1]["valid"], abs=0.01)
    assert trained < fresh - 5  # nats a note


def test_a_finished_run_has_nothing_left_to_do(finished, recipe, shards_folder):
    before = (finished / "state.pt").read_bytes()
    assert main(["train", str(recipe), "--shards", str(shards_folder), "--run", str(finished)]) == 0
    assert (finished / "state.pt").read_bytes() == before


RANK = """
import os, sys, torch, training.train
from training.__main__ import main
task_of, models = training.train.task_of, []
def watched(*given):
    task = task_of(*given)
    build = task.build
    task.build = lambda: models.append(build()) or models[-1]
    return task
training.train.task_of = watched
code = main(sys.argv[2:])
torch.save(models[0].state_dict(), os.path.join(sys.argv[1], f"rank{os.environ['RANK']}.pt"))
sys.exit(code)
"""


def test_two_processes_train_one_model(finished, recipe, shards_folder, tmp_path):
    """torchrun with the same loop: it resumes a run, both ranks end with the same weights, one of them writes."""
    run, script = tmp_path / "run", tmp_path / "rank.py"
    shutil.copytree(finished, run)
    script.write_text(RANK)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    arguments = ["train", str(recipe), "--shards", str(shards_folder), "--run", str(run), "--steps", "126"]
    with (tmp_path / "log").open("w+") as log:
        launched = subprocess.Popen(
            [*command, "--", str(script), str(tmp_path), *arguments],
            cwd=ROOT, env=ENVIRONMENT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            assert launched.wait(timeout=PATIENCE_S) == 0, (tmp_path / "log").read_text()[-2000:]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(launched.pid, signal.SIGKILL)  # no rank may outlive the test
    one, other = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(one[name], other[name]) for name in one)
    before, after = state_of(finished), state_of(run)
    assert after["step"] == 126
    assert all(torch.equal(after["model"][name], one[name]) for name in one)
    assert any(not torch.equal(after["model"][name], before["model"][name]) for name in one)
    assert after["notes"] > before["notes"]
    steps = [row["step"] for row in read_curve(run / "curve.csv")]
    assert steps == [50, 100, 120, 126]


def test_stages_follow_each_other_by_their_share_of_all_steps():
    recipe = _recipe()
    assert [stage_at(recipe, step)["segment"] for step in (0, 71, 72, 119, 500)] == [16, 16, 24, 24, 24]


def test_forgotten_conditions_do_not_hide_those_that_are_left(shards):
    """In a batch each row may lack others: the instruments at the end must still be read."""
    torch.manual_seed(0)
    model = _task(shards).build().eval()
    start, (program, _) = 1, shards.index["prefix_blocks"]["program"]
    prefix = torch.tensor([[start, 0, 0, 0, 0, 0, program, 0], [start, 0, 0, 0, 0, 0, program + 33, 0]])
    notes = torch.full((2, 1, 9), 5)
    output, _ = model(notes, prefix, model.new_memory(2), 4)
    assert (output[0] - output[1]).abs().max() > 1e-4


def test_validation_works_without_validation_music(shards):
    """A handful of files may leave nothing to validate on."""
    windows = shards.windows.copy()
    windows[:, 1] = 0
    task = _task(Shards(shards.rows, windows, shards.prefixes, shards.index))
    assert task.validate(task.build(), _recipe()["stages"][0]) is None


def test_losses_are_those_of_the_notes_that_are_there(shards):
    model = _task(shards).build()
    target = torch.zeros(1, 3, 8, dtype=torch.long)
    target[0, 0] = 5
    target[0, 1, 0] = 2  # the end
    logits = [torch.zeros(1, 3, size) for size in model.config.sizes]
    losses, count = field_losses(logits, target)
    assert count == 2
    sizes = torch.tensor(model.config.sizes).float().log()
    assert losses[1:].tolist() == pytest.approx(sizes[1:].tolist(), rel=1e-4)
    assert losses[0].item() == pytest.approx(2 * sizes[0].item(), rel=1e-4)


def test_the_help_names_every_verb(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(verb in said for verb in ("prepare", "train", "evaluate", "quality", "export"))
    assert main(["nothing"]) == 2


def test_curves_are_plain_tables(finished):
    with (finished / "curve.csv").open() as file:
        assert list(next(csv.DictReader(file))) == ["step", "notes", "seconds", "learning_rate", "train", "valid"]


def _recipe() -> dict:
    return tomllib.loads(RECIPE)


def _task(shards: Shards):
    return task_of(_recipe(), shards, torch.device("cpu"))
