"""What recipes tell in plain words: a sentence for each step that a piece went through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from music.errors import StudioError
from pipelines.descriptors.pipelines import STEPS
from pipelines.options.transcribe import TranscribeOptions


def describe_recipe(recipe: Mapping[str, Any]) -> str:
    """Returns what a recipe's pipeline did, such as "remixed bars 5-8, notes 60 %, seed 7"; never fails."""
    pipeline = pipeline_of(recipe)
    if pipeline not in STEPS:
        return f"went through {pipeline}" if pipeline else "a step that is not known here"
    try:
        options = STEPS[pipeline].from_mapping(recipe["options"])
        if isinstance(options, TranscribeOptions) and "heard_as" in recipe:  # it was left to be found out
            options = replace(options, mode=recipe["heard_as"])
        parts = STEPS[pipeline].describe(options)
        parts += [f"seed {options.seed}"] if hasattr(options, "seed") else []
        count, variant = getattr(options, "variants", 1), recipe.get("variant")
        if count > 1 and isinstance(variant, int):
            parts.append(f"version {variant + 1} of {count}")
        parts.append("stopped early" if "stopped" in recipe else "")
        return ", ".join(filter(None, parts))
    except (StudioError, TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError):
        return f"{STEPS[pipeline].did}, with settings that this version does not know"


def pipeline_of(recipe: Mapping[str, Any]) -> str:
    """Returns the name of the pipeline that a recipe is of, "" where it does not say."""
    name = recipe.get("pipeline")
    return name if isinstance(name, str) else ""
