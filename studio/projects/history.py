"""How a song came to be, take by take in words, read from the recipes in its pieces; and how to do any step of it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from music.errors import StudioError
from music.piece import Piece
from pipelines.descriptors.pipelines import STEPS
from pipelines.descriptors.stages import STAGES
from pipelines.recipes import with_checkpoint_here
from pipelines.song.brief import Brief
from pipelines.song.plan import Plan, Stage
from pipelines.story import describe_recipe, pipeline_of
from studio.projects.project import Take

_DECIDES = ("pipeline", "options", "input", "stopped")


@dataclass(frozen=True, eq=False)
class Event:
    """One step of a song's history.

    Attributes:
        words: what was done.
        recipe: of the pipeline that did it.
        pieces: what came of it: all versions of a take, one piece of an earlier step; empty where the song lacks it.
        chain: for ``again``: the recipes up to this one that belong together, this one last; several for a composed song.
        made: what each of the chain made, this one's result left out; None where the song lacks it.
        start: what the first of the chain began with, or None where the song lacks it.
        is_take: whether it made the take itself, not a stage of it.
        verdict: if an earlier step had the same recipe, whether the notes are the same; else empty.
    """

    words: str
    recipe: Mapping[str, Any]
    pieces: tuple[Piece, ...]
    chain: tuple[Mapping[str, Any], ...]
    made: tuple[Piece | None, ...]
    start: Piece | None
    is_take: bool
    verdict: str = ""


@dataclass(frozen=True, eq=False)
class Chapter:
    """A take and the steps that led to it from what the song had before.

    Attributes:
        take: the take.
        events: its steps, oldest first; none for music that no pipeline wrote.
        origin: how the take came into the song where no step says so.
    """

    take: Take
    events: tuple[Event, ...]
    origin: str = ""


@dataclass(frozen=True)
class Order:
    """What to ask the worker for so that a step is done again: a verb, what it begins with, options, finished stages."""

    verb: str
    piece: Piece
    options: Any
    stages: tuple[Piece, ...] | None = None


def history(takes: Sequence[Take]) -> list[Chapter]:
    """Returns the takes, oldest first, each with the steps that are new in it."""
    pieces = _pieces(takes)
    told: dict[str, tuple[str, tuple[str, ...], Any]] = {}  # by recipe: where, the results, the checkpoint's sum
    shown: set[tuple[str, str]] = set()
    chapters = []
    for take in takes:
        recipes, events = take.pieces[0].history, []
        first = _shared(take.before, recipes)
        for number in range(first, len(recipes)):
            recipe, is_take = recipes[number], number == len(recipes) - 1
            results = take.pieces if is_take else _found(pieces, recipes[number + 1].get("input"))
            prints = tuple(piece.fingerprint for piece in results)
            key = _key(recipe)
            where, before, model = told.get(key, ("", (), None))
            if (key, prints[0] if prints else "") in shown and (not is_take or take.options is None):
                continue  # kept from an earlier take
            shown.update((key, each) for each in prints or ("",))
            verdict = ""
            if before and prints:
                same = set(prints) <= set(before) or set(before) <= set(prints)
                verdict = _verdict(where, same, model, recipe)
            elif prints:
                told[key] = take.label, prints, _sum(recipe)
            begin = _begin(recipes, number)
            made = [next(iter(_found(pieces, after.get("input"))), None) for after in recipes[begin + 1 : number + 1]]
            start = next(iter(_found(pieces, recipes[begin].get("input"))), None)
            chain = tuple(recipes[begin : number + 1])
            told_of = {**recipe, "variant": None} if len(results) > 1 else recipe
            events.append(Event(describe_recipe(told_of), recipe, results, chain, tuple(made), start, is_take, verdict))
        origin = ""
        if take.options is None:
            known = any(take.pieces[0] in (*one.pieces, *one.stages) for one in takes if one.number < take.number)
            origin = "went back to an earlier step" if known else f"opened {take.label}"
        chapters.append(Chapter(take, tuple(events), origin))
    return chapters


def again(event: Event, take: Take) -> Order:
    """Returns what to ask for so that this step of a take is done again, with the same notes on the same machine.

    Raises:
        StudioError: what it began with is not in the song, or its recipe is not one of this version.
    """
    verb = pipeline_of(event.recipe)
    if verb not in STEPS:
        raise StudioError("This version of the studio does not know this step. Update the studio.")
    try:
        options = [STEPS[recipe["pipeline"]].from_mapping(recipe["options"]) for recipe in event.chain]
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise StudioError("The recipe of this step is damaged. Choose another step.") from error
    if verb not in STAGES:
        if event.start is None:
            raise StudioError("What this step began with is not in this song. Choose a later step.")
        return Order(verb, event.start, options[-1])
    brief = take.options.brief if isinstance(take.options, Plan) else Brief()
    plan = Plan(brief, tuple(Stage(recipe["pipeline"], each) for recipe, each in zip(event.chain, options)))
    if event.made and all(event.made):
        return Order("compose", event.start or Piece.empty(), plan, tuple(event.made))
    if event.start is None:
        raise StudioError("What this step began with is not in this song. Choose a later step.")
    return Order("compose", event.start, plan, ())


def with_checkpoints_here(event: Event) -> Event:
    """Returns a step whose recipes call their checkpoints what these are called here now, so that ``again`` gives its notes.

    Recipes of stages that are kept are left alone.

    Raises:
        CheckpointAway, StudioError: as ``with_checkpoint_here``.
    """
    kept = len(event.made) if all(event.made) else 0
    return replace(event, chain=(*event.chain[:kept], *map(with_checkpoint_here, event.chain[kept:])))


def _pieces(takes: Sequence[Take]) -> dict[str, Piece]:
    """Returns all pieces of a song by fingerprint."""
    found = {Piece.empty().fingerprint: Piece.empty()}
    for take in takes:
        for piece in (take.before, *take.stages, *take.pieces):
            if piece is not None:
                found.setdefault(piece.fingerprint, piece)
    return found


def _found(pieces: Mapping[str, Piece], fingerprint: Any) -> tuple[Piece, ...]:
    return (pieces[fingerprint],) if isinstance(fingerprint, str) and fingerprint in pieces else ()


def _shared(before: Piece | None, recipes: Sequence[Mapping[str, Any]]) -> int:
    """Returns how many of a take's recipes those of the piece before it are."""
    known = before.history if before is not None else ()
    same = all(_without_locks(was) == _without_locks(now) for was, now in zip(known, recipes))
    return len(known) if same and len(known) <= len(recipes) else 0


def _without_locks(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a recipe but for what locked notes have become, which only the last one that moves them tells."""
    return {name: value for name, value in recipe.items() if name != "locked"}


def _begin(recipes: Sequence[Mapping[str, Any]], number: int) -> int:
    """Returns where the chain of stages begins that this recipe belongs to; for other pipelines the recipe itself."""
    stages = list(STAGES)
    while number and recipes[number].get("pipeline") in stages[1:] and recipes[number - 1].get("pipeline") in stages:
        number -= 1
    return number


def _key(recipe: Mapping[str, Any]) -> str:
    """Returns what recipes have in common that do the same, by whatever checkpoint."""
    now = _as_of_now(recipe)
    options = now.get("options")
    if isinstance(options, Mapping):
        now = {**now, "options": {name: value for name, value in options.items() if name != "checkpoint"}}
    return json.dumps([now.get(name) for name in _DECIDES], sort_keys=True, default=str)


def _as_of_now(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a recipe with its options as this version writes them; those that cannot be read stay as they are."""
    try:
        step = STEPS[pipeline_of(recipe)]
        return {**recipe, "options": step.to_mapping(step.from_mapping(recipe["options"]))}
    except (StudioError, TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError):
        return recipe


def _sum(recipe: Mapping[str, Any]) -> Any:
    """Returns the sum of a recipe's checkpoint, whatever that was called; None where it does not say."""
    checkpoint = recipe.get("checkpoint")
    return checkpoint.get("sha256") if isinstance(checkpoint, Mapping) else None


def _verdict(where: str, same: bool, model: Any, recipe: Mapping[str, Any]) -> str:
    if same:
        return f"the same notes as {where}, note for note"
    if model != _sum(recipe):
        return f"other notes than {where}: another checkpoint wrote them"
    return f"other notes than {where}: written by another version of the studio or on another kind of machine"
