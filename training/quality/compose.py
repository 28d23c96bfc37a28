"""Composed songs, measured: is what was asked for in words what one gets, do sections recur, do songs end?

Prompts whose facts a person has written down (training/recipes/prompts.toml) become songs, each with as many seeds as
there are songs for it. What a prompt leaves open is measured against the plan. Recurrence stands beside a floor:
sections of different songs.
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from music.errors import StudioError
from music.files.midi import write_midi
from music.instruments import parse_instrument
from music.piece import Piece
from music.theory import parse_key
from pipelines.prompt.understand import understand
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song
from training.quality.measures.pieces import mean
from training.quality.measures.songs import (
    OTHER,
    SAME,
    VARIED,
    Line,
    Wanted,
    ending,
    lines,
    obeyed,
    recurrence,
    similarity,
)

PROMPTS = Path(__file__).parents[1] / "recipes" / "prompts.toml"
GOALS = {"length": 1.0, "tempo": 1.0, "time signature": 1.0, "instruments": 1.0, "key": 0.95, "ending": 0.95}
"""The share of songs that must obey."""

STRANGERS = "another song"

Compose = Callable[[Piece, Plan], Iterator[Any]]


@dataclass(frozen=True)
class Prompt:
    """Words for a song, and what a person finds in them.

    Attributes:
        text: the words.
        facts: fields of a Brief; a tempo may be a pair, slowest and fastest.
        is_plain: whether all its words of meaning are words for music that the studio claims to know.
    """

    text: str
    facts: Mapping[str, Any]
    is_plain: bool = True


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of the chain that composes, with the checkpoints that its plans name."""
    from pipelines.compose import compose

    return song_figures(read_prompts(PROMPTS), args.pieces, args.seed, compose, args.out)


def read_prompts(file: Path) -> list[Prompt]:
    """Returns the prompts of a TOML file.

    Raises:
        StudioError: there are none.
    """
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("prompt", ()) if file.exists() else ()
    if not entries:
        raise StudioError(f"There are no prompts in '{file}'. Restore it from the repository.")
    return [Prompt(entry.pop("text"), is_plain=entry.pop("understood", True), facts=entry) for entry in entries]


def song_figures(
    prompts: Sequence[Prompt], songs: int, seed: int, compose: Compose, out: Path | None = None
) -> dict[str, Any]:
    """Returns the figures of so many songs, the prompts taking turns, each round with the next seed."""
    rows, melodies = [], []
    for number in tqdm(range(songs), unit="song", disable=None):
        prompt = prompts[number % len(prompts)]
        row, piece = _one_song(prompt, seed + number // len(prompts), compose)
        rows.append(row)
        melodies.append([line for _, line in lines(piece.score)])
        if out:
            out.mkdir(parents=True, exist_ok=True)
            write_midi(piece, out / f"{number:03}.mid")
    pairs = {kind: [alike for row in rows for alike in row["recurrence"][kind]] for kind in (SAME, VARIED, OTHER)}
    pairs[STRANGERS] = _strangers(melodies)
    asked = prompts[: len(rows)]
    wrong, unknown = ({p.text: found for p in asked if (found := of(p))} for of in (misread, unknown_words))
    return {
        "songs": len(rows),
        "prompts": len(asked),
        "seed": seed,
        "understood in full": mean([p.text not in wrong and p.text not in unknown for p in asked]),
        "plain": sum(prompt.is_plain for prompt in asked),
        "facts right": 1 - len(wrong) / len(asked),
        "misread": wrong,
        "not understood": unknown,
        "silently ignored": [p.text for p in asked if not p.is_plain and p.text not in unknown],
        "obeyed": {name: mean([row["obeyed"][name] for row in rows]) for name in rows[0]["obeyed"]},
        "ending": {name: mean([row["ending"][name] for row in rows]) for name in rows[0]["ending"]},
        "recurrence": {kind: {"mean": mean(alike), "pairs": len(alike)} for kind, alike in pairs.items()},
        "recurs": mean([clear for row in rows if (clear := recurs(row["recurrence"])) is not None]),
        "seconds a song": mean([row["wall"] for row in rows]),
        "processor seconds a song": mean([row["processor"] for row in rows]),
        "seconds of music": mean([row["seconds"] for row in rows]),
        "rows": rows,
    }


def _one_song(prompt: Prompt, seed: int, compose: Compose) -> tuple[dict[str, Any], Piece]:
    """Returns what was measured of one song, and the song."""
    wall, processor = time.perf_counter(), time.process_time()
    brief = understand(prompt.text).brief
    plan = plan_song(replace(brief, seed=seed))
    *_, step = compose(Piece.empty(), plan)
    piece = step.piece
    spent = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    wish = wanted(prompt.facts, plan)
    ends = ending(piece.score, parse_key(wish.key))
    row = {
        "text": prompt.text,
        "seed": seed,
        "seconds": piece.seconds,
        "obeyed": obeyed(piece.score, wish) | {"ending": all(ends.values())},
        "ending": ends,
        "recurrence": recurrence(lines(piece.score)),
        **spent,
    }
    return row, piece


def wanted(facts: Mapping[str, Any], plan: Plan) -> Wanted:
    """Returns what a song must be: what a person finds in the words, and the plan where they leave it open."""
    theme = next(stage.options for stage in plan.stages if stage.pipeline == "theme")
    tempo = facts.get("tempo_bpm", theme.tempo_bpm)
    key = facts.get("key", theme.key)
    if "mode" in facts and "key" not in facts and parse_key(key).mode != facts["mode"]:
        key = f"{key.split()[0]} {facts['mode']}"
    return Wanted(
        seconds=facts.get("seconds", plan.brief.seconds),
        tempo_bpm=tuple(tempo) if isinstance(tempo, (list, tuple)) else (tempo, tempo),
        time_signature=facts.get("time_signature", theme.time_signature),
        key=key,
        instruments=tuple(facts.get("instruments", ())),
        without=tuple(facts.get("without", ())),
    )


def misread(prompt: Prompt) -> list[str]:
    """Returns the fields of the brief that are not as a person reads the words."""
    brief = understand(prompt.text).brief
    facts = prompt.facts.items()
    return [f"{name} {getattr(brief, name)!r}" for name, fact in facts if not _agrees(name, getattr(brief, name), fact)]


def unknown_words(prompt: Prompt) -> list[str]:
    """Returns the words that the studio says it did not understand."""
    return list(understand(prompt.text).unknown)


def _agrees(name: str, value: Any, fact: Any) -> bool:
    if name in ("instruments", "without"):
        return Counter(map(parse_instrument, value)) == Counter(map(parse_instrument, fact))
    if isinstance(fact, list):
        return value is not None and (fact[0] <= value <= fact[-1] if name == "tempo_bpm" else set(value) == set(fact))
    return value == fact


def recurs(pairs: Mapping[str, Sequence[float]]) -> bool | None:
    """Returns whether every return in a song is more like its theme than any two other sections are alike; None without returns."""
    returns = [*pairs[SAME], *pairs[VARIED]]
    return min(returns) > max(pairs[OTHER], default=0.0) if returns else None


def _strangers(melodies: Sequence[Sequence[Line]]) -> list[float]:
    """Returns how alike the sections of each song are to those of the next: the floor of recurrence."""
    return [
        similarity(one, other)
        for song, following in zip(melodies, melodies[1:], strict=False)
        for one, other in zip(song, following, strict=False)
    ]


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as tables for people."""
    seconds, music = figures["seconds a song"], figures["seconds of music"]
    out = [
        f"compose: {figures['songs']} songs from {figures['prompts']} prompts, from seed {figures['seed']} on; "
        f"{music:.0f} s of music in {seconds:.1f} s each ({figures['processor seconds a song']:.1f} of one core), without sound and files",
        "",
        f"  {'obeyed':24}{'songs':>10}{'goal':>10}{'met':>8}",
    ]
    for name, share in figures["obeyed"].items():
        goal = GOALS[name]
        out.append(f"  {name:24}{share:10.1%}{goal:10.0%}{'yes' if share >= goal else 'no':>8}")
    parts = ", ".join(f"{name} {share:.1%}" for name, share in figures["ending"].items())
    out += [f"  of the ending: {parts}", "", "Melodies of two sections, one minus the edits a note (1 = the same)"]
    out.append(f"  {'':24}{'mean':>10}{'pairs':>10}")
    for kind, found in figures["recurrence"].items():
        out.append(f"  {kind:24}{found['mean']:10.3f}{found['pairs']:10}")
    out += [
        f"  songs in which each return is more like its theme than any other two sections: {figures['recurs']:.1%}",
        "",
        f"Prompts understood in full: {figures['understood in full']:.1%} ({figures['plain']} of {figures['prompts']} hold "
        f"nothing but words for music); all facts as a person reads them: {figures['facts right']:.1%}; words silently "
        f"ignored in {len(figures['silently ignored'])}",
    ]
    out += [f'  "{text}": misread as {", ".join(problems)}' for text, problems in figures["misread"].items()]
    out += [f'  "{text}": said not to know {", ".join(words)}' for text, words in figures["not understood"].items()]
    failed = [
        f'  "{row["text"]}" (seed {row["seed"]}): {", ".join(wrong)}'
        for row in figures["rows"]
        if (wrong := [name for name, kept in row["obeyed"].items() if not kept])
    ]
    return "\n".join(out + (["", "Songs that did not obey", *failed] if failed else []))
