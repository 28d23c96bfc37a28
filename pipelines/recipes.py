"""Recipes: what a result was made with. Written beside each result, read back to make the same music again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkpoints import store
from music.errors import StudioError
from music.piece import Piece
from pipelines.options import to_mapping
from pipelines.plan import Plan, plan_from_mapping, plan_to_mapping

RECIPE, SKETCH = "recipe.json", "sketch.mid"
"""Files of a song folder: what makes the song again, and what it began from."""

_DECIDES = ("pipeline", "options", "input", "checkpoint")
_SONG_VERSION = "1"
_LONGEST_TITLE = 60


def recipe_of(
    pipeline: str, version: str, options: Any, piece: Piece, model: store.Entry | None = None
) -> dict[str, Any]:
    """Returns the recipe that a pipeline leaves in the history of its result.

    Args:
        pipeline: its name.
        version: of its rules; others may give other notes.
        options: that it was given.
        piece: what it began from.
        model: its checkpoint, if it has one.
    """
    return {
        "pipeline": pipeline,
        "version": version,
        "options": to_mapping(options),
        "input": piece.fingerprint,
        "checkpoint": {"name": model.name, "sha256": model.sha256} if model else {},
    }


def recipe_beside(path: Path, piece: Piece) -> dict[Path, bytes]:
    """Returns the file that says how a result came to be; none for music that no pipeline wrote."""
    if not piece.history:
        return {}
    text = json.dumps(piece.history[-1], indent=2, ensure_ascii=False) + "\n"
    return {path.with_name(f"{path.stem}.recipe.json"): text.encode()}


def read_recipe(path: Path, pipeline: str) -> Mapping[str, Any]:
    """Returns a recipe of this pipeline, checked for the parts that it must have.

    Raises:
        StudioError: the file cannot be read, or is no such recipe.
    """
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudioError(f"'{path}' cannot be opened. Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise StudioError(f"'{path}' is not a recipe. Choose an OUT.recipe.json that {pipeline} wrote.") from error
    if (
        not isinstance(recipe, dict)
        or recipe.get("pipeline") != pipeline
        or not isinstance(recipe.get("options"), dict)
    ):
        raise StudioError(f"'{path}' is not a recipe of {pipeline}. Choose an OUT.recipe.json that {pipeline} wrote.")
    if not all(name in recipe for name in _DECIDES):
        raise StudioError(f"The recipe '{path}' is not complete. Choose one that was not edited.")
    return recipe


def check_input(recipe: Mapping[str, Any], piece: Piece) -> None:
    """Makes sure that a recipe began with this piece.

    Raises:
        StudioError: it began with another one, or with none.
    """
    if recipe["input"] == piece.fingerprint:
        return
    if recipe["input"] == Piece.empty().fingerprint:
        raise StudioError("The recipe starts from nothing. Leave the input file out.")
    raise StudioError("The recipe was made from another input. Give the file that it was made from.")


def same_again(recipe: Mapping[str, Any], pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Returns those of a pipeline's results that a recipe stands for: one, where it says which variant it is.

    Raises:
        StudioError: they were made with another model.
    """
    same = [piece for piece in pieces if all(piece.history[-1].get(name) == recipe[name] for name in _DECIDES)]
    same = [piece for piece in same if piece.history[-1].get("variant") == recipe.get("variant")] or same
    if not same:
        raise StudioError("The recipe was made with another model. Install the checkpoint that it names.")
    return tuple(same)


# Songs, whose recipe is a plan with the recipes of its stages


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
        if (recipe.get("pipeline"), recipe.get("options")) != (stage.pipeline, to_mapping(stage.options)):
            break
        found.append(recipe)
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
    """Returns the recipe of a song, and sees that its checkpoints are here.

    Raises:
        StudioError: the file cannot be read, is no such recipe, or names checkpoints that are not here.
    """
    values = read_recipe(path, "compose")
    plan, stages, models = plan_from_mapping(values["options"]), values.get("stages"), values["checkpoint"]
    if (
        not isinstance(models, dict)
        or not isinstance(stages, list)
        or len(stages) > len(plan.stages)
        or not all(isinstance(stage, dict) and set(_DECIDES) <= set(stage) for stage in stages)
        or not isinstance(values.get("title"), str)
        or (values.get("result") is not None and len(stages) < len(plan.stages))
    ):
        raise StudioError(f"The recipe '{path}' is not complete. Choose one that was not edited.")
    for name, sha256 in models.items():
        if store.entry(name).sha256 != sha256:
            raise StudioError(f"The recipe was made with another '{name}'. Install the checkpoint that it names.")
    return SongRecipe(plan, values["title"], tuple(stages), values)


def check_stage(recipe: SongRecipe, number: int, piece: Piece) -> None:
    """Makes sure that a stage that was run again, counted from 0, did what the recipe says.

    Raises:
        StudioError: it began with other notes, or used another model.
    """
    if number >= len(recipe.stages):
        return
    was, now = recipe.stages[number], piece.history[-1]
    if any(now.get(name) != was[name] for name in _DECIDES):
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
