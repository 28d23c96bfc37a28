"""How a song came to be, take by take in words, read from the recipes in its pieces; and how to do any step of it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from music.chords import ChordNames
from music.errors import StudioError
from music.form import theme_of
from music.piece import Piece
from pipelines.option_text import bars_as_text, first_chords
from pipelines.options import GenerateOptions, HarmonizeOptions, RemixOptions, from_mapping
from pipelines.recipes import with_typed_options
from pipelines.song.plan import STAGES, Brief, HarmonyOptions, MixOptions, Plan, SectionsOptions, Stage, ThemeOptions
from studio.projects.project import Take

_KINDS: dict[str, type] = {"generate": GenerateOptions, "remix": RemixOptions, "harmonize": HarmonizeOptions, **STAGES}
_DECIDES = ("pipeline", "options", "input")
_ACCOMPANIMENT = {
    "chords": "with chords",
    "bass": "with a bass line",
    "piano": "with a piano part",
    "band": "with a band",
    "chorale": "for four voices",
}


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
    told: dict[str, tuple[str, tuple[str, ...], Any]] = {}  # by recipe: where, the results, the checkpoint
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
                told[key] = take.label, prints, recipe.get("checkpoint")
            begin = _begin(recipes, number)
            made = [next(iter(_found(pieces, after.get("input"))), None) for after in recipes[begin + 1 : number + 1]]
            start = next(iter(_found(pieces, recipes[begin].get("input"))), None)
            chain = tuple(recipes[begin : number + 1])
            told_of = {**recipe, "variant": None} if len(results) > 1 else recipe
            events.append(Event(in_words(told_of), recipe, results, chain, tuple(made), start, is_take, verdict))
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
    verb = _pipeline(event.recipe)
    if verb not in _KINDS:
        raise StudioError("This version of the studio does not know this step. Update the studio.")
    try:
        options = [from_mapping(_KINDS[recipe["pipeline"]], recipe["options"]) for recipe in event.chain]
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


def in_words(recipe: Mapping[str, Any]) -> str:
    """Returns what a recipe's pipeline did, such as "remixed bars 5-8, notes 60 %, seed 7"; never fails."""
    pipeline = _pipeline(recipe)
    if pipeline not in _KINDS:
        return f"went through {pipeline}" if pipeline else "a step that is not known here"
    try:
        options = from_mapping(_KINDS[pipeline], recipe["options"])
        parts = [*_WORDS[pipeline](options), f"seed {options.seed}"]
        count, variant = getattr(options, "variants", 1), recipe.get("variant")
        if count > 1 and isinstance(variant, int):
            parts.append(f"version {variant + 1} of {count}")
        return ", ".join(filter(None, parts))
    except (StudioError, TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError):
        return f"{_PLAINLY[pipeline]}, with settings that this version does not know"


def _pipeline(recipe: Mapping[str, Any]) -> str:
    name = recipe.get("pipeline")
    return name if isinstance(name, str) else ""


def _generate(o: GenerateOptions) -> list[str]:
    length = _count(o.bars, "bar") if o.bars is not None else f"{o.seconds:g} seconds"
    after = "" if o.keep_bars is None else f" after bar {o.keep_bars:d}" if o.keep_bars else " anew"
    return [f"wrote {length}{after}", *_music(o), o.genre or "", _listed(o.instruments)]


def _remix(o: RemixOptions) -> list[str]:
    swaps = [f"track {track + 1} as {name}" for track, name in o.instruments]
    return [
        f"remixed {_bars(o.bars)}",
        f"{o.change} {o.amount:g} %" if o.amount else "",
        f"track{'s' * (len(o.tracks) > 1)} {_listed([str(track + 1) for track in o.tracks])}" if o.tracks else "",
        *swaps,
    ]


def _harmonize(o: HarmonizeOptions) -> list[str]:
    where = f" {_bars(o.bars)}" if o.bars else ""
    return [f"harmonized{where} {_ACCOMPANIMENT[o.style]}", *_chords(o.chords), o.key or "", _listed(o.instruments)]


def _theme(o: ThemeOptions) -> list[str]:
    count = len(o.sections)
    named = f" ({', '.join(o.sections)})" if count > 1 else ""
    return [f"wrote {_count(count, 'theme')}{named} of {_count(o.bars, 'bar')}", o.lead, *_music(o), o.genre or ""]


def _sections(o: SectionsOptions) -> list[str]:
    short = all(len(theme_of(name)) == 1 for name in o.form)
    form = (" " if short else ", ").join(o.form)
    framed = [f"intro of {_count(o.intro_bars, 'bar')}"] if o.intro_bars else []
    return [f"laid out {form}", *framed, f"ending of {_count(o.ending_bars, 'bar')}", f"returns varied {o.amount:g} %"]


def _harmony(o: HarmonyOptions) -> list[str]:
    return [f"accompanied it {_ACCOMPANIMENT[o.style]}", *_chords(o.chords), _listed(o.instruments)]


def _mix(o: MixOptions) -> list[str]:
    extras = {"players join in turn": o.layers, "steady groove": o.groove, "room for the melody": o.clear}
    extras |= {"fills": o.fills, "ritardando": o.ritardando}
    return [f"mixed it, loudness by section {o.dynamics:g} %", *(words for words, is_on in extras.items() if is_on)]


_WORDS: dict[str, Callable[[Any], list[str]]] = {
    "generate": _generate,
    "remix": _remix,
    "harmonize": _harmonize,
    "theme": _theme,
    "sections": _sections,
    "harmony": _harmony,
    "mix": _mix,
}
_PLAINLY = {
    "generate": "wrote music",
    "remix": "remixed it",
    "harmonize": "harmonized it",
    "theme": "wrote themes",
    "sections": "laid out the sections",
    "harmony": "accompanied it",
    "mix": "mixed it",
}


def _music(o: Any) -> list[str]:
    return [o.key or "", "" if o.tempo_bpm is None else f"{o.tempo_bpm:g} BPM", o.time_signature or ""]


def _chords(chords: ChordNames) -> list[str]:
    return [f"chords {first_chords(chords)}"] if chords else []


def _bars(bars: Sequence[int]) -> str:
    return f"bar{'s' * (len(set(bars)) > 1)} {bars_as_text(bars)}" if bars else "all bars"


def _count(number: int, noun: str) -> str:
    return f"{number:d} {noun}{'s' * (number != 1)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


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
    return len(known) if tuple(recipes[: len(known)]) == tuple(known) else 0


def _begin(recipes: Sequence[Mapping[str, Any]], number: int) -> int:
    """Returns where the chain of stages begins that this recipe belongs to; for other pipelines the recipe itself."""
    stages = list(STAGES)
    while number and recipes[number].get("pipeline") in stages[1:] and recipes[number - 1].get("pipeline") in stages:
        number -= 1
    return number


def _key(recipe: Mapping[str, Any]) -> str:
    typed = with_typed_options(recipe)
    return json.dumps([typed.get(name) for name in _DECIDES], sort_keys=True, default=str)


def _verdict(where: str, same: bool, model: Any, recipe: Mapping[str, Any]) -> str:
    if same:
        return f"the same notes as {where}, note for note"
    if model != recipe.get("checkpoint"):
        return f"other notes than {where}: another checkpoint wrote them"
    return f"other notes than {where}: written by another version of the studio or on another kind of machine"
