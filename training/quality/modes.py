"""Songs in every mode, asked for in words: is the key, and the mode, that of the words? Measured strictly (`tonality.in_key`)."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from music.files.midi import write_midi
from music.piece import Piece
from music.theory import MODES, parse_key
from pipelines.prompt.understand import understand
from pipelines.song.planning import plan_song
from training.quality.measures.pieces import mean
from training.quality.measures.tonality import in_key

TONICS = ("C", "D", "F#", "G", "A", "Bb")
KINDS = (
    "a pop song", "a slow waltz for strings and piano", "jazz trio", "folk song for flute and guitar", "rock band",
    "string quartet", "tango", "solo piano", "reggae", "electronic dance music", "a chorale", "bossa nova",
)  # fmt: skip
SECONDS = 60
GOAL = 0.95


def prompts() -> list[tuple[str, str]]:
    """Returns each prompt and the key that it asks for: every mode on every tonic in two kinds of music, the modes taking turns."""
    places = [(turn, tonic, mode) for turn in range(2) for tonic in range(len(TONICS)) for mode in range(len(MODES))]
    return [
        (
            f"{KINDS[(tonic + mode + turn * len(TONICS)) % len(KINDS)]} in {TONICS[tonic]} {MODES[mode]}, {SECONDS} seconds",
            f"{TONICS[tonic]} {MODES[mode]}",
        )
        for turn, tonic, mode in places
    ]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what of the key is kept in a song of each of the first prompts."""
    from pipelines.compose import compose

    rows = []
    for number, (text, name) in enumerate(tqdm(prompts()[: args.pieces], unit="song", disable=None)):
        plan = plan_song(replace(understand(text).brief, seed=args.seed + number))
        *_, step = compose(Piece.empty(), plan)
        kept = in_key(step.piece.score, parse_key(name))
        rows.append({"text": text, "mode": parse_key(name).mode, "kept": kept})
        if args.out:
            args.out.mkdir(parents=True, exist_ok=True)
            write_midi(step.piece, args.out / f"{number:03}.mid")
    return {"songs": len(rows), "seed": args.seed, "rows": rows}


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as a table for people."""
    rows = figures["rows"]
    names = list(rows[0]["kept"])
    by_mode: dict[str, list[dict[str, bool]]] = defaultdict(list)
    for row in rows:
        by_mode[row["mode"]].append(row["kept"])
    lines = [
        f"modes: {figures['songs']} songs of {SECONDS} s, one a prompt, from seed {figures['seed']} on; the relative key does "
        "not count",
        "",
        f"  {'':12}{'songs':>7}{'all':>8}" + "".join(f"{name:>10}" for name in names),
    ]
    for mode, kept in [*by_mode.items(), ("all modes", [row["kept"] for row in rows])]:
        shares = "".join(f"{mean([one[name] for one in kept]):10.0%}" for name in names)
        lines.append(f"  {mode:12}{len(kept):7}{mean([all(one.values()) for one in kept]):8.0%}{shares}")
    reached = mean([all(row["kept"].values()) for row in rows])
    lines += ["", f"Goal {GOAL:.0%}: {reached:.1%}, {'met' if reached >= GOAL else 'not met'}"]
    lines += [
        f'  "{row["text"]}": {", ".join(name for name, kept in row["kept"].items() if not kept)}'
        for row in rows
        if not all(row["kept"].values())
    ]
    return "\n".join(lines)
