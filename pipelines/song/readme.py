"""The README of a song folder: what the song is, what made it, and whose work that rests on."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from checkpoints import store
from music.audio.render import engine
from music.bars import ticks_to_seconds
from music.clock import clock
from music.form import sections
from music.instruments import instrument_name, program_of
from music.piece import Piece
from music.theory import written_key
from pipelines.descriptors.stages import STAGES
from pipelines.song.plan import Plan
from pipelines.song.recipe import RECIPE, SKETCH, WORDS, stages_done

_FILES = {
    "song.mid": "the notes, for any music program; holds the history too",
    "song.mp3": "for listening and sharing",
    "song.wav": "full quality, 16 bit, 44.1 kHz",
    "stems/": "each track by itself (FLAC), as loud as in the mix: together they are song.wav",
    "lead-sheet.pdf": "the melody with its chord symbols",
    "score.pdf": "all that plays, for printing",
    "score.musicxml": "all that plays, for notation programs",
    WORDS: "the words, with headings",
    RECIPE: "what makes the same notes again",
    SKETCH: "what the song began from",
}
_WIDTH = 110


def song_readme(song: Piece, plan: Plan, names: Iterable[str], sketch: Piece | None, soundfont: Path | None) -> str:
    """Returns the README of a song folder.

    Args:
        song: with its title.
        plan: what was run.
        names: of the other files of the folder.
        sketch: what the song began from; None for nothing.
        soundfont: the user's own sound bank; None for the studio's.
    """
    done = stages_done(song, plan, sketch)
    models = {model["name"]: model for recipe in done if (model := recipe.get("checkpoint"))}.values()
    parts = [
        f"{song.title}\n{'=' * len(song.title)}",
        _facts(song, plan, sketch),
        _section("How it was made", _story(plan, done)),
        _section("Models", "\n\n".join(_model(model) for model in models) or "No model had a part in it."),
        *([_section("The music that they learned from", _data(models))] if models else []),
        _section("Sound", _sound(soundfont)),
        _section("Files", _listing(list(names))),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, text: str) -> str:
    return f"{title}\n{'-' * len(title)}\n{text}"


def _facts(song: Piece, plan: Plan, sketch: Piece | None) -> str:
    """Returns length, key, tempo, tracks and sections of a song as lines of text."""
    score = song.score
    lines = [f"A song of {clock(song.seconds)} (minutes:seconds), made by DeepMusic Studio."]
    if plan.brief.text.strip():
        lines.append(_filled(f'Asked for with the words: "{" ".join(plan.brief.text.split())}"'))
    lines.append(f"It began from a sketch, {SKETCH}." if sketch else "It began from nothing.")
    key = written_key(score)
    facts = [key.name] if key else []
    facts += [f"{sign.numerator}/{sign.denominator}" for sign in list(score.time_signatures)[:1]]
    facts += [f"{tempo.qpm:.0f} quarter notes a minute" for tempo in list(score.tempos)[:1]]
    lines.append(", ".join(facts) + "." if facts else "")
    players = [f"{track.name} ({instrument_name(program_of(track))})" for track in score.tracks if len(track.notes)]
    lines.append(_filled(f"Tracks: {', '.join(players)}."))
    marks = [f"{section.name} {clock(float(ticks_to_seconds(score, section.start)))}" for section in sections(score)]
    lines.append(_filled(f"Sections: {', '.join(marks)}.") if marks else "")
    return "\n".join(line for line in lines if line)


def _story(plan: Plan, done: tuple[Mapping[str, Any], ...]) -> str:
    """Returns which stages made a song, with which models, and how to make it again."""
    lines = []
    for number, (stage, recipe) in enumerate(zip(plan.stages, done, strict=False), 1):
        model = recipe.get("checkpoint") or {}
        by = f" Model: {model['name']}." if model else ""
        seed = f" Seed {stage.options.seed}." if hasattr(stage.options, "seed") else ""
        lines.append(f"{number}. {stage.pipeline}: {STAGES[stage.pipeline].work}.{by}{seed}")
    if len(done) < len(plan.stages):
        rest = ", ".join(stage.pipeline for stage in plan.stages[len(done) :])
        lines.append(f"The song was stopped before it was whole; still to come: {rest}.")
    lines += ["", "The same notes again, with the same models and on the same kind of machine:"]
    lines.append(f"    python -m pipelines compose --recipe {RECIPE} --out AGAIN")
    return "\n".join(lines)


def _model(model: Mapping[str, str]) -> str:
    """Returns a paragraph on a checkpoint: what it is, its license, and which data sets it learned from."""
    lines = [model["name"], f"  sha256 {model['sha256']}"]
    entry = _entry(model)
    if entry is None:
        return "\n".join([*lines, "  It is not on this machine any more, so its license is not known here."])
    if entry.name != model["name"]:
        lines.append(f"  called {entry.name} since another has its name")
    lines.append(f"  license of the weights: {entry.details.get('licence') or 'none is stated; ask whoever made it'}")
    names = ", ".join(_data_sets(entry)) or "nobody kept it"
    return "\n".join([*lines, _filled(f"learned from: {names}", "  ", "    ")])


def _data(models: Iterable[Mapping[str, str]]) -> str:
    """Returns the data sets of all models, each once: source, license and attribution."""
    sets: dict[str, Mapping[str, Any]] = {}
    for entry in filter(None, map(_entry, models)):
        sets |= _data_sets(entry)
    lines = []
    for name, facts in sets.items():
        known = (facts.get(part) for part in ("source", "licence", "attribution"))
        lines.append(_filled(f"{name}: {'; '.join(filter(None, known))}", "- ", "  "))
    return "\n".join(lines) or "Nobody kept it."


def _entry(model: Mapping[str, str]) -> store.RegistryEntry | None:
    """Returns what the registries say of a checkpoint; None where they know no such file."""
    return store.with_sum(model["sha256"], model["name"])


def _data_sets(entry: store.RegistryEntry) -> Mapping[str, Mapping[str, Any]]:
    """Returns what a checkpoint learned from, by set; empty where nobody kept it."""
    path = store.cards_folder(entry) / f"{entry.name}.sets.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _sound(soundfont: Path | None) -> str:
    playing = engine()
    bank = soundfont or playing.soundfont
    lines = [f"Played by {playing.name} with the sound bank {bank.name}."]
    listed = (entry for entry in store.known().values() if entry.kind == "soundfont" and entry.path.name == bank.name)
    lines += [
        f"License of the sound bank: {entry.details['licence']}" for entry in listed if entry.details.get("licence")
    ]
    return "\n".join([*lines, playing.advice]).strip()


def _listing(names: list[str]) -> str:
    there = [name for name in _FILES if name in names or any(other.startswith(name) for other in names)]
    width = max(map(len, there))
    return "\n".join(f"{name:<{width}}  {_FILES[name]}" for name in there)


def _filled(text: str, first: str = "", then: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )
