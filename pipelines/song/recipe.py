"""The recipe of a song: a plan with the recipes of its stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.values import fits, to_mapping
from pipelines.recipes import DECIDES, Recipe, name_here, read_recipe, with_checkpoint_here, with_typed_options
from pipelines.song.plan import Plan, plan_from_mapping, plan_to_mapping

RECIPE, SKETCH, WORDS = "recipe.json", "sketch.mid", "lyrics.txt"
"""Files of a song folder: what makes the song again, what it began from, and what is sung."""

_SONG_VERSION = "1"
_LONGEST_TITLE = 60


class _SongValues(TypedDict):
    title: str
    stages: list[Recipe]
    checkpoint: dict[str, str]


@dataclass(frozen=True)
class SongRecipe:
    """How a song came to be.

    Attributes:
        plan: the stages and their options.
        title: of the song.
        stages: the recipes that the stages left in the song's history, as many as were done.
        values: the whole recipe, as it stands in the file.
    """

    plan: Plan
    title: str
    stages: tuple[Mapping[str, Any], ...]
    values: Mapping[str, Any]


def song_title(song: Piece, plan: Plan) -> str:
    """Returns the title of a song: its own, else the words that it was asked for with, else its key."""
    if song.title.strip():
        return song.title.strip()
    words = " ".join(plan.brief.text.split()).rstrip(" .,;:!?")
    if len(words) > _LONGEST_TITLE:
        words = words[:_LONGEST_TITLE].rpartition(" ")[0].rstrip(" .,;:!?") or words[:_LONGEST_TITLE]
    if words:
        return words[0].upper() + words[1:]
    key = plan.brief.key or next((s.options.key for s in plan.stages if hasattr(s.options, "key")), None)
    return f"Song in {key}" if key else "Song"


def stages_done(song: Piece, plan: Plan, sketch: Piece | None = None) -> tuple[Mapping[str, Any], ...]:
    """Returns the recipes that the plan's stages left in a song's history, as far as the song has come.

    Args:
        song: what the stages have made.
        plan: what was run.
        sketch: what the song began from; None for nothing.
    """
    found: list[Mapping[str, Any]] = []
    for stage, recipe in zip(plan.stages, song.history[len(sketch.history) if sketch else 0 :]):
        typed = with_typed_options(recipe, plan.beats_per_bar)
        if (typed.get("pipeline"), typed.get("options")) != (stage.pipeline, to_mapping(stage.options)):
            break
        found.append(typed)
    return tuple(found)


def song_recipe(song: Piece, plan: Plan, sketch: Piece | None = None) -> bytes:
    """Returns the recipe of a song as a file. Args are those of ``stages_done``."""
    stages = stages_done(song, plan, sketch)
    whole = len(stages) == len(plan.stages)
    models = [stage["checkpoint"] for stage in stages if stage.get("checkpoint")]
    recipe = {
        "pipeline": "compose",
        "version": _SONG_VERSION,
        "title": song.title,
        "options": plan_to_mapping(plan),
        "input": (sketch or Piece.empty()).fingerprint,
        "checkpoint": {model["name"]: model["sha256"] for model in models},
        "stages": [dict(stage) for stage in stages],
        "result": song.fingerprint if whole else None,
    }
    return (json.dumps(recipe, indent=2, ensure_ascii=False) + "\n").encode()


def read_song_recipe(path: Path) -> SongRecipe:
    """Returns the recipe of a song whose checkpoints are here, each called what it is called here now.

    Stages that were not done keep the names that the plan gives.

    Raises:
        StudioError: the file cannot be read, is no such recipe, or names checkpoints that are not here.
    """
    values = read_recipe(path, "compose")
    plan, stages, models = plan_from_mapping(values["options"]), values.get("stages", ()), values["checkpoint"]
    if (
        not fits(_SongValues, values)
        or len(stages) > len(plan.stages)
        or (values.get("result") is not None and len(stages) < len(plan.stages))
    ):
        raise StudioError(f"The recipe '{path}' is not complete. Choose one that was not edited.")
    for name, sha256 in models.items():
        name_here(name, sha256)
    found = tuple(with_checkpoint_here(with_typed_options(stage, plan.beats_per_bar)) for stage in stages)
    for number, (stage, was) in enumerate(zip(found, stages)):
        if stage["checkpoint"] != was["checkpoint"] and hasattr(plan.stages[number].options, "checkpoint"):
            plan = plan.with_options(number, checkpoint=stage["checkpoint"]["name"])
    return SongRecipe(plan, values["title"], found, values)


def check_stage(recipe: SongRecipe, number: int, piece: Piece) -> None:
    """Makes sure that a stage that was run again, counted from 0, did what the recipe says.

    Raises:
        StudioError: it began with other notes, or used another model.
    """
    if number >= len(recipe.stages):
        return
    was, now = recipe.stages[number], piece.history[-1]
    if any(now.get(name) != was[name] for name in DECIDES):
        earlier = recipe.stages[max(0, number - 1)]["pipeline"]
        raise _other_notes(earlier)


def check_song(recipe: SongRecipe, song: Piece) -> None:
    """Makes sure that a song that was made again, with its title, is the one of the recipe.

    Raises:
        StudioError: its notes are others.
    """
    if recipe.values.get("result") not in (None, song.fingerprint):
        raise _other_notes(recipe.stages[-1]["pipeline"])


def _other_notes(stage: str) -> StudioError:
    return StudioError(
        f"The stage '{stage}' gives other notes here: the recipe is of another version of the studio or another kind of "
        "machine. The song.mid beside it has the notes."
    )
