"""Recipes: what a result was made with. Written beside each result, read back to make the same music again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict

from checkpoints import store
from music.audio.encoding import Audio
from music.errors import StudioError
from music.piece import Piece
from pipelines.options.text import typed_values
from pipelines.options.values import fits, to_mapping

DECIDES = ("pipeline", "options", "input", "checkpoint")
"""Parts of a recipe that decide what it makes."""

MAX_BYTES = 8 * 2**20
"""Of a recipe's file: far more than that of a song with a chord for each beat takes."""


class Recipe(TypedDict):
    """What every recipe holds; ``version`` and more may stand beside."""

    pipeline: str
    options: dict[str, Any]
    input: str
    checkpoint: dict[str, Any]


def recipe_of(
    pipeline: str, version: str, options: Any, source: Piece | Audio, model: store.RegistryEntry | None = None
) -> dict[str, Any]:
    """Returns the recipe that a pipeline leaves in the history of its result.

    Args:
        pipeline: its name.
        version: of its rules; others may give other notes.
        options: that it was given.
        source: what it began from.
        model: its checkpoint, if it has one.
    """
    return {
        "pipeline": pipeline,
        "version": version,
        "options": to_mapping(options),
        "input": source.fingerprint,
        "checkpoint": {"name": model.name, "sha256": model.sha256} if model else {},
    }


def harmonized(piece: Piece | None) -> Mapping[str, Any] | None:
    """Returns the recipe of a piece that is a harmonization as it was written, save that chords were changed; None for any other."""
    steps = piece.history if piece is not None else ()
    while steps and isinstance(steps[-1], Mapping) and steps[-1].get("pipeline") == "reharmonize":
        steps = steps[:-1]
    return last_recipe(piece.replace(history=steps), "harmonize") if piece is not None and steps else None


def last_recipe(piece: Piece | None, pipeline: str) -> Mapping[str, Any] | None:
    """Returns the recipe of a piece that is as this pipeline wrote it; None for any other."""
    recipe = piece.history[-1] if piece is not None and piece.history else {}
    known = isinstance(recipe, Mapping) and recipe.get("pipeline") == pipeline  # a file may say anything
    return recipe if known and isinstance(recipe.get("options"), dict) else None


def coloring_recipe(piece: Piece | None) -> Mapping[str, Any] | None:
    """Returns the recipe of the audio pipeline by which a piece sounds, which edits by hand leave; None for any other piece."""
    if piece is None:
        return None
    written = (each for each in piece.history if not (isinstance(each, Mapping) and each.get("pipeline") == "edit"))
    return last_recipe(piece.replace(history=tuple(written)), "audio")


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
        if path.stat().st_size > MAX_BYTES:
            raise StudioError(f"'{path}' is too large for a recipe. Choose an OUT.recipe.json that {pipeline} wrote.")
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
    if not fits(Recipe, recipe):
        raise StudioError(f"The recipe '{path}' is not complete. Choose one that was not edited.")
    return recipe


def with_typed_options(recipe: Mapping[str, Any], beats_per_bar: int = 4) -> Mapping[str, Any]:
    """Returns a recipe with its options as this version writes them, so that it can be compared with others.

    Options that cannot be read stay as they are.

    Args:
        recipe: of any version.
        beats_per_bar: as in ``typed_values``.
    """
    options = recipe.get("options")
    try:
        return {**recipe, "options": typed_values(options, beats_per_bar)} if isinstance(options, Mapping) else recipe
    except StudioError:
        return recipe


class CheckpointAway(StudioError):
    """A recipe needs a checkpoint that can be had, but is not on this machine yet."""


def with_checkpoint_here(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a recipe that calls its checkpoint what it is called here now, so that it makes the same notes again.

    Another checkpoint may have come under the name since, hence it is found by its sum. A recipe that says nothing of
    a checkpoint stays as it is.

    Raises:
        CheckpointAway: the checkpoint is listed, but not on this machine.
        StudioError: no registry lists it.
    """
    was, options = recipe.get("checkpoint"), recipe.get("options")
    if not isinstance(was, Mapping) or not isinstance(options, Mapping):
        return recipe
    if not all(isinstance(was.get(part), str) for part in ("name", "sha256")):
        return recipe
    name = name_here(was["name"], was["sha256"])
    if name == was["name"]:
        return recipe
    return {**recipe, "options": {**options, "checkpoint": name}, "checkpoint": {**was, "name": name}}


def name_here(name: str, sha256: str) -> str:
    """Returns what a checkpoint is called here that a recipe names.

    Args:
        name: that the recipe gives it.
        sha256: of its file, hex.

    Raises:
        CheckpointAway, StudioError: as ``with_checkpoint_here``.
    """
    found = store.with_sum(sha256, name)
    if found is None:
        raise StudioError(
            f"This recipe was made with a checkpoint '{name}' whose SHA-256 begins with {sha256[:8]}, and none here is listed "
            "with that. Add the registry that lists it, or take the version of the studio that it came with."
        )
    if not found.is_here:
        which = f"an earlier {name}" if found.name != name else f"{name}, which is not on this machine"
        raise CheckpointAway(f"This recipe was made with {which}. {found.remedy}")
    return found.name


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
    same = [piece for piece in pieces if all(piece.history[-1].get(name) == recipe[name] for name in DECIDES)]
    same = [piece for piece in same if piece.history[-1].get("variant") == recipe.get("variant")] or same
    if not same:
        raise StudioError("The recipe was made with another model. Install the checkpoint that it names.")
    return tuple(same)
