"""Training the hinted Transformer-XL: it learns, goes on after a kill, falls to rest, and becomes a checkpoint."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import tomllib
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints import loading
from checkpoints.self_test import check
from checkpoints.store import entry
from models.hints.layout import FIELDS
from music.errors import StudioError
from music.piece import Piece
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from tests.loaded import nothing_loaded
from tests.waiting import PATIENCE_S, until
from training.data.lanes import passage, streamed_passages, tables_of, training_passages
from training.export import export
from training.likelihood.hint_baseline import HintFloor
from training.likelihood.next_note import Floors, sequence_of
from training.likelihood.report import evaluate
from training.masters import Masters, Optimizers
from training.muon import orthogonalized
from training.tasks.hinted_next_note import build, learning_share, train
from training.train import changed

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
name = "tiny-hinted"
task = "generate"
architecture = "hinted_transformer_xl"
seed = 1
bfloat16 = true

[model]
layers = 1
width = 32
heads = 2
hidden = 48
head_hidden = 16

[lanes]
batch = 4
segment = 16
memory = 16
window = 64

[weights]
songs = 1.0

[optimizer]
learning_rate = 5e-3
matrix_rate = 0.02
weight_decay = 0.0
warmup_steps = 4
average = 0.5
decay = 0.25
steps = 60
clip = 1.0
"""


@pytest.fixture(scope="module")
def run(shards_folder, tmp_path_factory) -> Path:
    """A run that was killed after its beginning, and then went on to its end."""
    folder = tmp_path_factory.mktemp("hinted")
    (folder / "tiny.toml").write_text(RECIPE)
    arguments = ["train", str(folder / "tiny.toml"), "--shards", str(shards_folder), "--run", str(folder / "run")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLIBC_TUNABLES": "", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "training", *arguments, "--steps", "100000"], env=environment)
    until(lambda: (folder / "run" / "config.json").exists() or process.poll() is not None, "the run's beginning")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    kept = torch.load(folder / "run" / "state.pt", weights_only=True)
    (folder / "kept").write_text(str(kept["step"]))
    return folder / "run"


@pytest.fixture(scope="module")
def finished(run, shards) -> tuple[int, Path]:
    kept = int((run.parent / "kept").read_text())
    recipe = tomllib.loads(RECIPE)
    recipe["optimizer"]["steps"] = kept + 60
    train(recipe, shards, run, valid_every=40)
    return kept, run


def test_a_run_that_is_asked_to_end_keeps_its_work_and_goes_on(finished):
    kept, run = finished
    state = torch.load(run / "state.pt", weights_only=True)
    assert state["step"] == kept + 60
    steps = [int(row["step"]) for row in csv.DictReader((run / "curve.csv").open())]
    assert kept in steps
    assert steps[-1] == kept + 60
    assert steps == sorted(set(steps))


def test_it_learns(finished):
    _, run = finished
    rows = [json.loads(line) for line in (run / "validation.jsonl").open()]
    assert rows[-1]["weights"]["nats"] < 9
    assert rows[-1]["weights"]["sets"].keys() == {"songs"}
    assert sum(rows[-1]["average"]["fields"]) == pytest.approx(rows[-1]["average"]["nats"], abs=0.01)


def test_it_becomes_a_checkpoint_that_can_be_checked_and_evaluated(finished, shards, tmp_path, monkeypatch):
    _, run = finished
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    export(run, tmp_path / "registry.toml", tmp_path, tmp_path)
    assert "notes that it should" in check(entry("tiny-hinted"))
    *_, step = generate(Piece.empty(), GenerateOptions(checkpoint="tiny-hinted", bars=2, style="bossa nova"))
    assert step.piece.note_count
    report = evaluate("tiny-hinted", shards, 2)
    rows = {line[:16].strip(): line[16:].split() for line in report.splitlines()}
    assert {"unigram", "first order", "hints alone", "without memory", "with memory"} <= rows.keys()
    assert float(rows["hints alone"][0]) < float(rows["first order"][0])


def test_the_average_of_the_weights_can_be_exported(finished, tmp_path, monkeypatch):
    _, run = finished
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    export(run, tmp_path / "registry.toml", tmp_path, tmp_path, "averaged", average=True)
    average = torch.load(run / "state.pt", weights_only=True)["average"]
    found = loading.load("averaged").model.state_dict()
    for name, tensor in average.items():
        torch.testing.assert_close(found[name], tensor, atol=2e-3, rtol=2e-3)  # half precision


def test_a_checkpoint_with_other_hints_is_refused_in_two_sentences(finished, tmp_path, monkeypatch):
    _, run = finished
    other = tmp_path / "other"
    other.mkdir()
    config = json.loads((run / "config.json").read_text())
    config["model"]["hints"] = 99
    (other / "config.json").write_text(json.dumps(config))
    for name in ("state.pt", "curve.csv"):
        os.link(run / name, other / name)
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    with pytest.raises(StudioError, match="hints of layout 99"):
        export(other, tmp_path / "registry.toml", tmp_path, tmp_path)


def test_the_rate_warms_up_stays_and_falls_to_nothing():
    wanted = {"warmup_steps": 10, "steps": 100, "decay": 0.2}
    assert learning_share(0, wanted) == pytest.approx(0.1)
    assert learning_share(50, wanted) == 1
    assert learning_share(90, wanted) == pytest.approx(0.5)
    assert learning_share(100, wanted) == 0
    # Longer runs are the same up to the fall.
    assert learning_share(70, wanted | {"steps": 1000}) == learning_share(70, wanted)


def test_windows_can_be_prepared_by_other_processes(shards, shards_folder):
    found = list(islice(streamed_passages(2, shards_folder, {"songs": 1.0}, (), 64, 1), 4))
    alone = next(training_passages(shards, {"songs": 1.0}, (), 64, 1))
    assert any(len(one.notes) == len(alone.notes) and (one.hints == alone.hints).all() for one in found)
    assert not all(len(one.notes) == len(found[0].notes) and (one.notes == found[0].notes).all() for one in found[1:])


def test_a_value_of_the_recipe_can_be_changed_for_one_run():
    recipe = tomllib.loads(RECIPE)
    found = changed(recipe, ["lanes.batch=7", 'name="other"', "optimizer.decay = 0.5"])
    assert (found["lanes"]["batch"], found["name"], found["optimizer"]["decay"]) == (7, "other", 0.5)
    for wrong in ("lanes.bach=7", "lanes.batch=seven", "nothing.batch=7", "lanes"):
        with pytest.raises(StudioError):
            changed(recipe, [wrong])


def test_masters_keep_what_bfloat16_would_lose(shards):
    torch.manual_seed(0)
    model = build(tomllib.loads(RECIPE), shards.index)
    masters = Masters(model, bfloat16=True, average=0.5)
    weight, name = model.head.inner.weight, "head.inner.weight"
    assert weight.dtype == torch.bfloat16
    assert model.table.weight.dtype == torch.float32
    before, rounded = masters.named[name].clone(), weight.detach().clone()
    for _ in range(100):
        masters.named[name].add_(before.abs().max() * 1e-5)
        masters.give_weights()
    assert not torch.equal(weight, rounded)
    masters.follow(1000)
    torch.testing.assert_close(masters.average[name], (before + masters.named[name]) / 2)
    with masters.averaged():
        torch.testing.assert_close(weight.float(), masters.average[name], atol=1e-2, rtol=1e-2)
        assert not torch.equal(masters.named[name], before)
    torch.testing.assert_close(weight, masters.named[name].bfloat16())


def test_every_weight_has_one_optimizer(shards):
    model = build(tomllib.loads(RECIPE), shards.index)
    masters = Masters(model, bfloat16=False, average=0.5)
    wanted = tomllib.loads(RECIPE)["optimizer"]
    optimizers = Optimizers(model, masters, wanted)
    before = {name: master.detach().clone() for name, master in masters.named.items()}
    for master in masters.named.values():
        master.grad = torch.randn_like(master)
    optimizers.step(1.0)
    assert all(not torch.equal(before[name], master) for name, master in masters.named.items())


def test_muon_makes_moves_orthogonal():
    torch.manual_seed(0)
    for shape in ((2, 8, 8), (1, 24, 8), (1, 8, 24)):
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape)))
        assert values.min() > 0.5
        assert values.max() < 1.4


def test_copying_alone_is_fitted_field_by_field(shards):
    tables = tables_of(shards.index)
    passages = [passage(shards, window, 2**31, tables) for window in range(6)]
    sizes = shards.index["step_sizes"]
    floors = Floors.fit([[sequence_of(one) for one in passages]], sizes)
    copying = HintFloor.fit(floors.chances, tables.layout, [passages])
    _, first_order, count = floors.losses([sequence_of(one) for one in passages])
    found = copying.losses(passages) / count
    assert found.shape == (FIELDS,)
    assert (found <= first_order + 1e-3).all()  # votes of nothing would be the first-order model
    assert np.isfinite(found).all()
    assert found.sum() < 0.7 * first_order.sum()
