"""Recipes whose checkpoint has another name here now: found by its sum, or refused before any work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checkpoints.store import entry, register
from music.files.midi import read_midi, write_midi
from music.piece import Piece
from pipelines import compose as chain
from pipelines.song.brief import Brief
from pipelines.song.folder import song_files
from pipelines.song.recipe import read_song_recipe, song_recipe
from tests.pipelines.commands.command_line import refused, run, song, stand_in
from tests.pipelines.song.toy_stages import STAGES, plan_of, sung

OLD = "01d" * 21 + "0"
USUAL = {"generate": "generate-small", "remix": "remix-small", "harmonize": "harmonize-small"}


@pytest.fixture(autouse=True)
def old(tmp_path, monkeypatch) -> Path:
    """The file of a checkpoint that is called "first" here; recipes were made with it under the name that others have now."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    write_midi(song(), Path("in.mid"))
    values = {"file": "first.safetensors", "bytes": 3, "sha256": OLD, "sources": ["https://example.org/first"]}
    register(tmp_path / "cache" / "registry.toml", "first", values)
    file = entry("first").path
    file.write_bytes(b"old")
    return file


def as_of_then(recipe: Path, name: str) -> None:
    """Has a recipe call its checkpoint what it was called when the recipe was made."""
    recipe.write_text(recipe.read_text().replace('"first"', f'"{name}"'))


@pytest.fixture(params=list(USUAL))
def made(request, monkeypatch, capsys) -> tuple[Any, str]:
    """What stands in for a pipeline that wrote out.mid with the old checkpoint, and the pipeline's name."""
    writer = stand_in(monkeypatch, request.param)
    assert run(request.param, "in.mid", "--out", "out.mid", "--seed", "4", "--checkpoint", "first") == 0
    as_of_then(Path("out.recipe.json"), USUAL[request.param])
    capsys.readouterr()
    return writer, request.param


def test_the_same_notes_come_again_with_the_checkpoint_of_that_time(made):
    writer, verb = made
    assert run(verb, "in.mid", "--recipe", "out.recipe.json", "--out", "again.mid") == 0
    assert writer.options.checkpoint == "first"
    assert read_midi("again.mid").fingerprint == read_midi("out.mid").fingerprint
    recipe = json.loads(Path("again.recipe.json").read_text())
    assert recipe["checkpoint"] == {"name": "first", "sha256": OLD} and recipe["options"]["checkpoint"] == "first"


def test_a_checkpoint_that_is_not_here_is_asked_for_before_any_work(made, old, capsys):
    writer, verb = made
    old.unlink()
    said = refused(capsys, verb, "in.mid", "--recipe", "out.recipe.json", "--out", "x.mid")
    assert said.startswith(f"This recipe was made with an earlier {USUAL[verb]}. Get it with ")
    assert "`python -m checkpoints pull first` or on the Checkpoints page." in said and writer.calls == 1
    as_of_now = json.loads(Path("out.recipe.json").read_text())
    as_of_now["checkpoint"]["name"] = as_of_now["options"]["checkpoint"] = "first"
    Path("out.recipe.json").write_text(json.dumps(as_of_now))
    said = refused(capsys, verb, "in.mid", "--recipe", "out.recipe.json", "--out", "x.mid")
    assert "made with first, which is not on this machine. Get it with" in said and writer.calls == 1


def test_a_checkpoint_that_nobody_lists_is_named_with_its_sum_before_any_work(made, capsys):
    writer, verb = made
    recipe = Path("out.recipe.json")
    recipe.write_text(recipe.read_text().replace(OLD, "beef" * 16))
    said = refused(capsys, verb, "in.mid", "--recipe", "out.recipe.json", "--out", "x.mid")
    assert f"'{USUAL[verb]}' whose SHA-256 begins with beefbeef, " in said and writer.calls == 1
    assert said.count(". ") == 1


# ---- songs


@pytest.fixture
def composed(monkeypatch) -> Piece:
    """A song whose themes the old checkpoint wrote, with song.json as it was written then; stages that need no model."""
    monkeypatch.setattr(chain, "RUN", dict(STAGES))
    plan = plan_of(Brief(seed=3)).with_options(0, checkpoint="first")
    made = sung(plan)
    Path("song.json").write_bytes(song_recipe(made, plan))
    as_of_then(Path("song.json"), "generate-small")
    return made


def test_a_song_comes_again_with_the_checkpoints_of_its_stages(composed):
    recipe = read_song_recipe(Path("song.json"))
    used = [getattr(stage.options, "checkpoint", None) for stage in recipe.plan.stages]
    assert used == ["first", "remix-small", "harmonize-small", None]
    assert run("compose", "--recipe", "song.json", "--out", "again") == 0
    assert read_midi("again/song.mid").fingerprint == composed.fingerprint
    again = json.loads(Path("again/recipe.json").read_text())
    assert again["checkpoint"] == {
        "first": OLD, **{name: entry(name).sha256 for name in ("remix-small", "harmonize-small")},
    }  # fmt: skip


def test_a_song_whose_checkpoint_is_not_here_or_not_listed_is_refused_before_its_first_stage(
    composed, old, capsys, monkeypatch
):
    monkeypatch.setattr(chain, "RUN", {})  # a stage that began would fail
    again = ["compose", "--recipe", "song.json", "--out", "again"]
    old.unlink()
    said = refused(capsys, *again)
    assert said.startswith(
        "This recipe was made with an earlier generate-small. Get it with `python -m checkpoints pull"
    )
    text = Path("song.json").read_text()
    Path("song.json").write_text(text.replace(OLD, "beef" * 16))
    assert "'generate-small' whose SHA-256 begins with beefbeef" in refused(capsys, *again)
    only_stage = json.loads(text)
    only_stage["checkpoint"].pop("generate-small")
    Path("song.json").write_text(json.dumps(only_stage))
    assert "pull first" in refused(capsys, *again)


def test_what_an_old_checkpoint_learned_from_stays_in_the_readme_of_a_song(composed):
    plan = plan_of(Brief(seed=3))
    sum_of = entry("generate-small").sha256
    theme, *others = sung(plan).history
    made = sung(plan).replace(history=({**theme, "checkpoint": {"name": "writer-small", "sha256": sum_of}}, *others))
    words = song_files(made, plan)["README.txt"].decode()
    paragraph = words.partition("writer-small\n")[2].partition("\n\n")[0]
    assert "called generate-small since" in paragraph and "license of the weights: MIT" in paragraph
    assert "pop909" in paragraph and sum_of in paragraph


@pytest.mark.parametrize("change", [{"checkpoint": {"generate-small": 5}}, {"checkpoint": {"generate-small": None}}])
def test_sums_that_are_none_are_refused(composed, capsys, change):
    Path("song.json").write_text(json.dumps(json.loads(Path("song.json").read_text()) | change))
    assert "is not complete" in refused(capsys, "compose", "--recipe", "song.json", "--out", "again")
