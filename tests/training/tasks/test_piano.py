"""Training the LSTMs: they learn, keep the best weights, and become checkpoints that are judged and write."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints import loading
from checkpoints.self_test import check
from checkpoints.store import entry
from music.files.midi import midi_bytes
from music.piece import Piece
from music.tokens.columns import FIRST, StepField
from music.tokens.piano import PIANO
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from tests.loaded import nothing_loaded
from tests.training.conftest import SCALE, score_of
from training.__main__ import main
from training.data.shards import Shards, example
from training.tasks.piano import PianoView, Task, piano_windows
from training.train import task_of

ROOT = Path(__file__).resolve().parents[3]
RECIPE = """
name = "tiny-{kind}"
task = "generate"
architecture = "lstm"
seed = 1
keep_best = true

[model]
{model}

[[stages]]
until = 1.0
batch = 4
segment = 16
window = 64

[weights]
pianos = 1.0

[optimizer]
learning_rate = 1e-2
embedding_speed = 1.0
weight_decay = 0.0
warmup_steps = 5
steps = 100
clip = 1.0
"""
MODELS = {
    "notes": "layers = 1\nwidth = 24\nhidden = 16",
    "chords": "layers = 2\nwidth = 24\nhidden = 0\nchords = 120\nchord_notes = 4",
}


def piano_song(number: int) -> Piece:
    """Returns a tune with a chord on each bar, both on pianos."""
    tonic, bars = number % 12, 4 + number % 3
    tune = [(beat, 1, 60 + tonic + SCALE[(beat + number) % 8]) for beat in range(4 * bars)]
    chords = [(4 * bar, 4, 48 + tonic + pitch) for bar in range(bars) for pitch in (0, 4, 7)]
    return Piece(score_of((0, tune), (1, chords), qpm=80.0 + 5 * number))


@pytest.fixture(scope="module")
def piano_shards(tmp_path_factory) -> Path:
    """Shards of songs for pianos, and one with a flute."""
    folder = tmp_path_factory.mktemp("piano") / "pianos"
    folder.mkdir()
    for number in range(16):
        (folder / f"song{number}.mid").write_bytes(midi_bytes(piano_song(number)))
    flute = score_of((73, [(beat, 1, 72 + SCALE[beat % 8]) for beat in range(32)]))
    (folder / "flute.mid").write_bytes(midi_bytes(Piece(flute)))
    out = folder.parent / "shards"
    assert main(["prepare", str(folder), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module", params=MODELS)
def run(request, piano_shards) -> Path:
    """A run from its beginning to its end."""
    folder = piano_shards.parent / f"run-{request.param}"
    recipe = piano_shards.parent / f"{request.param}.toml"
    recipe.write_text(RECIPE.format(kind=request.param, model=MODELS[request.param]))
    arguments = [str(recipe), "--shards", str(piano_shards), "--run", str(folder)]
    assert main(["train", *arguments, "--valid-every", "50", "--save-every", "50"]) == 0
    return folder


def test_only_windows_of_pianos_are_read(piano_shards):
    shards = Shards.load(piano_shards)
    names = [shards.index["pieces"][piece][0] for piece in piano_windows(shards, {}).windows[:, 2]]
    assert len(names) == 16 and not any("flute" in name for name in names)


def test_it_learns_and_keeps_the_weights_of_the_best_validation(run):
    rows = [row for row in csv.DictReader((run / "curve.csv").open()) if row["valid"]]
    valid = {int(row["step"]): float(row["valid"]) for row in rows}
    assert sorted(valid) == [50, 100] and valid[100] < 12  # nats; 8 fields at random have 38
    best = torch.load(run / "best.pt", weights_only=True)
    assert valid[best["step"]] == min(valid.values())


def test_it_becomes_a_checkpoint_that_is_judged_and_writes(run, piano_shards, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    assert main(["export", str(run)]) == 0
    name = run.name.replace("run", "tiny")
    assert "notes that it should" in check(entry(name))
    assert main(["evaluate", name, "--shards", str(piano_shards)]) == 0
    said = capsys.readouterr().out
    assert ("vocabulary has" in said) == ("chords" in name) and f"{name} " in said
    saved = torch.load(run / "best.pt", weights_only=True)["model"]
    for key, tensor in loading.load(name).model.state_dict().items():
        assert torch.allclose(tensor.double(), saved[key].double(), atol=2e-3, rtol=2e-3)  # half precision
    options = GenerateOptions(bars=None, seconds=5.0, tempo_bpm=100.0, checkpoint=name, seed=1)
    *_, step = generate(Piece.empty(), options)
    assert step.piece.seconds == pytest.approx(5.0, abs=0.02)


def test_whole_windows_are_judged_as_if_read_alone(run, piano_shards):
    """Reading side by side and in segments changes nothing: what is told of a set is the sum over its windows."""
    from models.lstm import NoteLSTM, NoteLSTMConfig
    from training.tasks.piano import window_losses

    shards = piano_windows(Shards.load(piano_shards), {})
    recipe = tomllib.loads(RECIPE.format(kind="x", model=MODELS[run.name.removeprefix("run-")]))
    task = task_of(recipe, Shards.load(piano_shards), torch.device("cpu"))
    assert isinstance(task, Task)
    model: NoteLSTM = task.build().eval()
    assert isinstance(model.config, NoteLSTMConfig)
    view, picked = PianoView.of(model), np.arange(3)
    with torch.no_grad():
        together, rows = window_losses(model, view, shards, picked, 16)
        alone = [window_losses(model, view, shards, picked[n : n + 1], 1000) for n in range(3)]
    assert rows == sum(count for _, count in alone)
    assert np.allclose(together, sum(losses for losses, _ in alone), rtol=1e-4)


def test_a_view_has_marks_around_the_rows_and_only_a_piano(piano_shards):
    shards = piano_windows(Shards.load(piano_shards), {})
    sequence = PianoView(None).read(example(shards, 0, None)[0])
    assert (sequence[1:-1, StepField.PROGRAM] == PIANO).all()
    assert (sequence[0, :8] == 1).all() and sequence[-1, 0] == 2 and sequence[1, 0] == FIRST


def test_the_recipes_that_ship_stay_within_eight_megabytes():
    for kind in MODELS:
        recipe = tomllib.loads((ROOT / f"training/recipes/lstm-{kind}.toml").read_text())
        assert recipe["keep_best"] and recipe["architecture"] == "lstm"
    assert all(entry(f"lstm-{kind}").path.stat().st_size <= 8_000_000 for kind in MODELS)
