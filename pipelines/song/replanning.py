"""A plan as other wishes would have it, from one of its stages on: the stages before it, and all that was set by hand, stay."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from music.errors import StudioError
from music.piece import Piece
from pipelines.song.brief import Brief
from pipelines.song.kept_options import KeptOptions
from pipelines.song.plan import BY_HAND, Plan, Stage
from pipelines.song.planning import plan_song

_NO_WISH = ("text", "seed", "mode")  # the words themselves, chance, and what the wish for a key says too


def changed_wishes(plan: Plan, brief: Brief, sketch: Piece | None = None) -> dict[str, int | None]:
    """Returns the wishes of a brief that are not those of a plan, and the first stage that each changes.

    Args:
        plan: as it is.
        brief: of the same words.
        sketch: what the song begins from; None for nothing.

    Returns:
        By field of Brief ("key" stands for ``mode`` too) the number of a stage, counted from 0; None where no stage becomes
        another one, as when a wish only adds one or leaves it out.
    """
    names = (field.name for field in dataclasses.fields(Brief) if field.name not in _NO_WISH)
    changed = [name for name in names if _wish(brief, name) != _wish(plan.brief, name)]
    return {name: _concerns(plan.brief, brief, name, sketch) for name in changed}


def replanned(plan: Plan, brief: Brief, first: int, sketch: Piece | None = None) -> Plan:
    """Returns a plan with those wishes of another brief that concern this stage, counted from 0, or those after it.

    Stages that they add come last.

    Args:
        plan: as it is.
        brief: of the same words.
        first: the stage that is to be written again. With the first one all wishes are taken.
        sketch: what the song begins from; None for nothing.

    Raises:
        StudioError: the wishes do not go together.
    """
    taken: dict[str, Any] = {}
    for name, concerned in changed_wishes(plan, brief, sketch).items():
        if first == 0 or concerned is None or concerned >= first:
            taken |= _wish(brief, name)
    if not taken:
        return plan
    asked = dataclasses.replace(plan.brief, **taken)
    was, now = _by_name(_planned(plan.brief, sketch)), _by_name(_planned(asked, sketch))
    stages = list(plan.stages)
    for number, stage in enumerate(plan.stages):
        if number >= first and stage.pipeline in was and stage.pipeline in now:
            changes = _differences(was[stage.pipeline], now[stage.pipeline])
            stages[number] = Stage(stage.pipeline, dataclasses.replace(stage.options, **changes))
    new = [now[name] for name in now if name not in _by_name(plan)]
    return Plan(asked, (*stages, *new))


def _by_name(plan: Plan) -> dict[str, Stage]:
    return {stage.pipeline: stage for stage in plan.stages}


def _concerns(was: Brief, asked: Brief, name: str, sketch: Piece | None) -> int | None:
    """Returns the first stage that one wish alone changes; the first of all where it does not go without the others."""
    try:
        alone = dataclasses.replace(was, **_wish(asked, name))
        before, after = _planned(was, sketch), _by_name(_planned(alone, sketch))
    except StudioError:
        return 0
    both = ((number, stage, after.get(stage.pipeline)) for number, stage in enumerate(before.stages))
    return next((number for number, stage, now in both if now is not None and _differences(stage, now)), None)


def _wish(brief: Brief, name: str) -> dict[str, Any]:
    return {each: getattr(brief, each) for each in ((name, "mode") if name == "key" else (name,))}


def _differences(before: Stage, after: Stage) -> dict[str, Any]:
    return {
        field.name: getattr(after.options, field.name)
        for field in dataclasses.fields(after.options)
        if getattr(after.options, field.name) != getattr(before.options, field.name)
    }


@functools.lru_cache(maxsize=32)  # 20 to 60 ms each, and a page asks in each of its runs
def _planned(brief: Brief, sketch: Piece | None) -> Plan:
    return plan_song(brief, sketch)


def with_changes_by_hand(plan: Plan, was: Plan, number: int, kept: Sequence[KeptOptions] = ()) -> tuple[Plan, bool]:
    """Returns a plan whose stages from one on are written again, with what was changed by hand after that, and its locked sections.

    Args:
        plan: as it is to be.
        was: as it was.
        number: the first stage that is written again, counted from 0.
        kept: the sections that are locked now; locks of earlier re-rolls go.

    Returns:
        The plan, and whether all changes by hand are in it: they are not where bars have come to stand elsewhere.
    """
    fits = _layout(plan) == _layout(was)
    stages, whole = list(plan.stages[: number + 1]), True
    for stage in plan.stages[number + 1 :]:
        if stage.pipeline == "kept" or (stage.pipeline in BY_HAND and not fits):
            whole = whole and stage.pipeline == "kept"
            continue
        stages.append(stage)
    return Plan(plan.brief, (*stages, *(Stage("kept", each) for each in kept))), whole


def _layout(plan: Plan) -> list[Any]:
    """Returns what decides where the bars of a song stand."""
    names = ("form", "intro_bars", "ending_bars", "bars", "time_signature")
    laid_out = [stage.options for stage in plan.stages if stage.pipeline in ("theme", "sections")]
    return [getattr(options, name, None) for options in laid_out for name in names]
