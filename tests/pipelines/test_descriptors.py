"""What the studio knows of each pipeline is whole, and is all that the other rooms need."""

from __future__ import annotations

import importlib
import inspect
import json

import pytest

from pipelines.__main__ import main
from pipelines.contract import Step
from pipelines.descriptors.kinds import Descriptor
from pipelines.descriptors.pipelines import PIPELINES, STEPS, descriptor_of
from pipelines.descriptors.stages import STAGES
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.reharmonize import ReharmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.song.brief import Brief
from pipelines.song.plan import STAGES as STAGE_OPTIONS
from pipelines.song.plan import Plan, Stage
from pipelines.story import describe_recipe
from pipelines.worker.verbs import LANES, VERBS
from studio.projects.plain_values import options_from_plain, to_plain

EVERY = {**PIPELINES, **STAGES}
HEARS = "transcribe"
"""Begins with sound."""

CERTAIN = (HEARS, "edit", "rearrange", "arrangement", "kept")
"""Leave nothing to chance."""

PLAN = Plan(Brief(text="a waltz"), tuple(Stage(name, stage.options()) for name, stage in STAGES.items()))


def usual(descriptor: Descriptor):
    return PLAN if descriptor.options is Plan else descriptor.options()


@pytest.mark.parametrize("name", EVERY)
def test_what_runs_it_is_a_generator_of_a_piece_and_options(name):
    run = EVERY[name].load()
    assert inspect.isgeneratorfunction(run)
    assert list(inspect.signature(run).parameters)[:1] == ["sound" if name == HEARS else "piece"]


@pytest.mark.parametrize("name", EVERY)
def test_its_options_survive_json(name):
    options = usual(EVERY[name])
    assert EVERY[name].from_mapping(json.loads(json.dumps(EVERY[name].to_mapping(options)))) == options


@pytest.mark.parametrize("name", EVERY)
def test_it_can_be_told_in_words(name):
    descriptor = EVERY[name]
    assert all(isinstance(part, str) for part in descriptor.describe(usual(descriptor))) and descriptor.did
    assert descriptor.about.endswith(".")
    assert descriptor.progress(usual(descriptor), 0.0, 4.0) != descriptor.progress(usual(descriptor), 3.0, 4.0)


@pytest.mark.parametrize("name", STEPS)
def test_its_recipe_is_told_in_the_history(name):
    descriptor = STEPS[name]
    words = describe_recipe({"pipeline": name, "options": descriptor.to_mapping(usual(descriptor))})
    assert words.startswith(next(filter(None, descriptor.describe(usual(descriptor))))) and words.endswith(
        "seed 0"
    ) == (name not in CERTAIN)
    assert describe_recipe({"pipeline": name, "options": {"colour": "red"}}).startswith(descriptor.did)


@pytest.mark.parametrize("name", PIPELINES)
def test_a_take_of_it_is_kept_in_a_project(name):
    options = usual(PIPELINES[name])
    assert descriptor_of(options) is PIPELINES[name]
    assert options_from_plain(json.loads(json.dumps(to_plain(options)))) == options


@pytest.mark.parametrize("name", PIPELINES)
def test_it_is_a_verb_of_the_worker_and_of_the_command_line(name, capsys):
    assert VERBS[name].lane == PIPELINES[name].lane in LANES and VERBS[name].limit_s == PIPELINES[name].limit_s
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0 and ("--seed" in capsys.readouterr().out) == (name not in CERTAIN)


def test_the_worker_runs_a_pipeline_to_its_last_step(monkeypatch):
    from music.piece import Piece

    steps = [Step((Piece.empty(),), done, 2.0, "bars") for done in (1.0, 2.0)]
    monkeypatch.setattr(importlib.import_module("pipelines.generate"), "generate", lambda piece, options: iter(steps))
    told = []
    assert VERBS["generate"].run(lambda step: told.append(step), Piece.empty(), GenerateOptions()) is steps[1]
    assert told == steps


def test_the_stages_are_those_of_a_plan():
    assert {name: stage.options for name, stage in STAGES.items()} == STAGE_OPTIONS


def test_which_takes_are_older_pieces_changed():
    rewritten = [RemixOptions(), HarmonizeOptions(bars=(4, 5)), ReharmonizeOptions()]
    assert all(descriptor_of(options).rewrites(options) for options in rewritten)
    assert not any(
        descriptor_of(options).rewrites(options) for options in (GenerateOptions(), HarmonizeOptions(), PLAN)
    )
    assert descriptor_of(None) is None and descriptor_of(Brief()) is None


def test_progress_says_which_bar_or_stage():
    assert PIPELINES["generate"].progress(GenerateOptions(), 2.4, 8.0) == "Writing bar 3 of 8"
    assert PIPELINES["generate"].progress(GenerateOptions(), 8.0, 8.0) == "Writing bar 8 of 8"
    assert PIPELINES["compose"].progress(PLAN, 1.5, 6.0) == f"Sections: stage 2 of {len(PLAN.stages)}"
    assert PIPELINES["harmonize"].progress(HarmonizeOptions(), 1.0, 4.0) == "Harmonizing … 25%"
    assert PIPELINES["harmonize"].progress(HarmonizeOptions(bars=(4, 5)), 1.0, 4.0) == "Rewriting … 25%"
