"""A checkpoint on validation music, beside floors measured by the same code.

    python -m training evaluate generate-small --shards runs/shards
    python -m training evaluate remix-small --shards runs/shards
    python -m training evaluate harmonize-small --shards runs/pairs --bands runs/bands
    python -m training evaluate audio-small --shards runs/clips
    python -m training evaluate lyrics-small --shards runs/verses
    python -m training evaluate words-small --texts DATA/lyrics

What is asked depends on what the checkpoint learned: the next note (training/likelihood/next_note.py), hidden fields
(training/likelihood/masked_fields.py), the next note to a melody (training/likelihood/accompaniment.py), hidden notes on a
beat grid after a clip of sound (training/likelihood/hidden_patches.py), or the words of verse (training/likelihood/verse.py).
Synthetic sets are left out; the real sets weigh the same.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import load
from checkpoints.store import entry
from music.errors import StudioError
from training.card import CARDS, keep_report
from training.data.pair_shards import Pairs
from training.data.shards import Shards
from training.likelihood import wordings
from training.train import task_class


def main(argv: list[str]) -> None:
    """Runs ``python -m training evaluate``."""
    parser = argparse.ArgumentParser(prog="python -m training evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--shards", type=Path, help="what `python -m training prepare` (or `pairs`, or `clips`) wrote")
    parser.add_argument(
        "--windows", type=int, default=24, help="validation windows of each set; of pairs, of each style and set"
    )
    parser.add_argument("--bands", type=Path, help="what `python -m training bands` wrote, for what players play")
    parser.add_argument(
        "--texts", type=Path, help="for words-small: the folder of poems, whose lines say nothing of music"
    )
    parser.add_argument("--card", action="store_true", help="keep the figures in the card of this embedded checkpoint")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    if entry(args.checkpoint).kind == "word-vectors":
        report = wordings.report(args.texts)
        print(report)
        if args.card:
            (CARDS / f"{args.checkpoint}.evaluate.txt").write_text(report + "\n", encoding="utf-8")
        return
    if args.shards is None:
        raise StudioError("Which music is to be foretold was not said. Name its folder with --shards.")
    task = task_class(load(args.checkpoint).entry.architecture)
    try:
        shards = task.load(args.shards)
    except FileNotFoundError as error:
        raise StudioError(
            f"'{args.shards}' does not hold what '{args.checkpoint}' reads. Name the folder that "
            "`python -m training prepare` wrote, `pairs` for a checkpoint that harmonizes, `clips` for audio, or `verses` for lyrics."
        ) from error
    report = evaluate(args.checkpoint, shards, args.windows)
    if args.bands is not None:
        from training.likelihood.bands import band_lines

        report += "\n\n" + "\n".join(band_lines(load(args.checkpoint).model, Pairs.load(args.bands), args.windows))
    print(report)
    if args.card:
        keep_report(args.checkpoint, "evaluate", report)


def evaluate(name: str, shards: Any, windows: int) -> str:
    """Returns the figures of a checkpoint as tables.

    Raises:
        StudioError: there is no such checkpoint, the shards hold other vocabularies than it reads, or no validation
            music of a real set.
    """
    checkpoint = load(name)
    if shards.index["tokenizer"] != checkpoint.entry.tokenizer:
        raise StudioError(
            f"The shards hold other vocabularies than the checkpoint '{name}' reads. "
            "Run `python -m training prepare` again, or evaluate another checkpoint."
        )
    module = ARCHITECTURES[checkpoint.entry.architecture].judged_by
    return importlib.import_module(f"training.likelihood.{module}").report(checkpoint, shards, windows)


def real_windows(shards: Shards, count: int) -> dict[str, np.ndarray]:
    """Returns up to this many validation windows of each real set.

    Raises:
        StudioError: there are none.
    """
    chosen = {name: picked for name in real_sets(shards) if len(picked := pick(shards, name, 1, count))}
    if not chosen:
        raise StudioError("The shards hold no validation music. Prepare more files.")
    return chosen


def real_sets(shards: Shards) -> list[str]:
    """Returns the names of the sets that are not synthetic."""
    return [name for name, entry in shards.index["sets"].items() if not entry.get("synthetic")]


def pick(shards: Shards, set_name: str, split: int, count: int) -> np.ndarray:
    """Returns up to this many windows of a set and split (0 train, 1 valid), spread evenly."""
    number = list(shards.index["sets"]).index(set_name)
    mine = np.flatnonzero((shards.windows[:, 0] == number) & (shards.windows[:, 1] == split))
    return mine[np.unique(np.linspace(0, len(mine) - 1, min(count, len(mine))).astype(int))] if len(mine) else mine
