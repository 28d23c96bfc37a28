from __future__ import annotations

import json
import tomllib

import pytest
import torch

from checkpoints import loading, store
from music.errors import StudioError
from music.piece import Piece
from music.tokens import octuple as tokens
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from tests.loaded import nothing_loaded
from tests.training.conftest import song
from training.__main__ import main
from training.export import export, loss_unit


@pytest.fixture(scope="module")
def run(recipe, shards_folder, tmp_path_factory):
    """A short run."""
    folder = tmp_path_factory.mktemp("export") / "tiny"
    arguments = [str(recipe), "--shards", str(shards_folder), "--run", str(folder), "--steps", "8"]
    assert main(["train", *arguments]) == 0
    return folder


def test_what_was_trained_can_be_exported_loaded_and_played(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    assert main(["export", str(run)]) == 0
    assert "tiny.safetensors" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "registry.toml", "tiny.safetensors", "tiny.csv", "tiny.png", "tiny.sets.json", "tiny.md",
    }  # fmt: skip
    checkpoint = loading.load("tiny")
    assert checkpoint.entry.tokenizer == tokens.digest()
    assert checkpoint.entry.details["steps"] == 8
    saved = torch.load(run / "state.pt", weights_only=True)["model"]
    for name, tensor in checkpoint.model.state_dict().items():
        assert torch.allclose(tensor, saved[name], atol=2e-3, rtol=2e-3)  # half precision
    piece = list(generate(Piece.empty(), GenerateOptions(bars=1, checkpoint="tiny", instruments=("flute",))))[-1].piece
    assert piece.note_count > 0
    assert piece.history[-1]["checkpoint"] == {"name": "tiny", "sha256": checkpoint.entry.sha256}


def test_the_card_and_the_header_say_where_it_comes_from(run, tmp_path):
    path = export(run, tmp_path / "registry.toml", tmp_path, tmp_path)
    card = (tmp_path / "tiny.md").read_text()
    entry = tomllib.loads((tmp_path / "registry.toml").read_text())["tiny"]
    for words in (
        "# tiny",
        "models/transformer_xl.py",
        "8 steps",
        entry["sha256"],
        "| songs |",
        "![loss curve](tiny.png)",
    ):
        assert words in card
    assert (tmp_path / "tiny.png").read_bytes().startswith(b"\x89PNG")
    length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]
    assert header["tokenizer"] == tokens.digest()
    assert json.loads(header["recipe"])["seed"] == 1
    assert json.loads(header["config"])["width"] == 32
    assert path.stat().st_size == entry["bytes"]
    assert store.file_sha256(path) == entry["sha256"]


def test_what_learned_to_find_hidden_fields_is_loaded_with_its_dialect(filling_run, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    nothing_loaded(monkeypatch)
    assert main(["export", str(filling_run)]) == 0
    checkpoint = loading.load("tiny-remix")
    assert (checkpoint.entry.task, checkpoint.entry.architecture) == ("remix", "musicbert")
    assert checkpoint.dialect.name == "studio"
    assert checkpoint.entry.tokenizer == checkpoint.dialect.digest == tokens.digest()
    assert checkpoint.model.config.vocabulary == checkpoint.dialect.vocabulary
    saved = torch.load(filling_run / "state.pt", weights_only=True)["model"]
    rows = tokens.encode(song(1).score).rows[:40]
    found = torch.from_numpy(checkpoint.dialect.token_ids(rows))[None]
    assert checkpoint.model(found).shape == (1, 42, 8, checkpoint.dialect.vocabulary)
    for name, tensor in checkpoint.model.state_dict().items():
        assert torch.allclose(tensor, saved[name], atol=2e-3, rtol=2e-3)  # half precision
    card = (tmp_path / "tiny-remix.md").read_text()
    assert "models/musicbert.py" in card
    assert "pipelines/remix.py" in card


def test_a_curve_says_what_its_loss_is_counted_in():
    assert loss_unit({"architecture": "transformer_xl"}) == "nats a note"
    assert loss_unit({"architecture": "musicbert"}) == "nats a hidden field"


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    with pytest.raises(StudioError, match="There is no run"):
        export(tmp_path, tmp_path / "r.toml", tmp_path, tmp_path)
    assert main(["export", str(tmp_path)]) == 2
    assert "Train one first" in capsys.readouterr().err
