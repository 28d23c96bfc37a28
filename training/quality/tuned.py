"""What a generator that was tuned on somebody's files writes, beside what its base writes, measured against those files.

    python -m training quality my-style --music FOLDER --pieces 24

Both write from nothing with the same seeds, players and tempo. How their pieces spread is compared with excerpts of the
files; what is copied, with the files that were learned from.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from checkpoints import store
from music.bars import bar_grid
from music.edit import slice_bars
from music.errors import StudioError
from music.files.collection import Collection
from music.files.midi import read_midi
from music.piece import Piece
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from pipelines.training_run import TrainingRun
from training.finetuning.preparation import share_known
from training.finetuning.samples import wishes_of
from training.quality.measures.pieces import overlaps
from training.quality.report import EXCERPT_BARS

TEMPERATURE = 0.9  # that of the samples of a training


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns how the pieces of a tuned generator and of its base lie among the files that it learned from.

    Raises:
        StudioError: it is no tuned generator, or its training is gone.
    """
    entry, run = store.entry(args.checkpoint), TrainingRun(args.checkpoint)
    if entry.task != "generate" or "base" not in entry.details or run.verdict is None or run.found is None:
        raise StudioError(f"'{args.checkpoint}' is no generator that was tuned here. Name one of the Train page.")
    learned = {each["name"] for each in run.found.used if each["split"] == "learned"}
    used = {each["name"] for each in run.found.used}
    scores = {
        member.name: read_midi(member.data, member.name).score
        for member in Collection(args.music)
        if member.name in used
    }
    if set(scores) != used:
        raise StudioError(f"'{args.music}' is not the music that '{run.name}' learned from. Name that folder or zip.")
    files = [_excerpt(score) for score in scores.values()]
    wishes = wishes_of([Piece(score) for score in scores.values()]) if entry.architecture != "lstm" else {}
    written = {
        name: [_written(name, seed, wishes) for seed in tqdm(range(args.pieces), desc=name, disable=None)]
        for name in (run.name, entry.details["base"])
    }
    known = np.load(run.folder / "shards" / "known.npy")
    areas = overlaps(*written.values(), files)
    return {
        "name": run.name,
        "base": entry.details["base"],
        "pieces": args.pieces,
        "learned": len(learned),
        "kept back": len(used) - len(learned),
        "nats": [run.verdict.before, run.verdict.after],
        "minutes": run.verdict.minutes,
        "steps": run.verdict.steps,
        "areas": areas,
        "means": {
            name: {measure: float(np.nanmean(values)) for measure, values in _columns(areas, name == run.name).items()}
            for name in written
        },
        "known": {
            **{name: share_known(pieces, known) for name, pieces in written.items()},
            "kept back": share_known([score for name, score in scores.items() if name not in learned], known),
        },
    }


def _columns(areas: dict[str, dict[str, float]], own: bool) -> dict[str, list[float]]:
    """Returns for distances and values how well each measure of the tuned one, or of its base, overlaps with the files."""
    first = "ours" if own else "ceiling"
    return {
        "distances": [row[first] for row in areas.values()],
        "values": [row[f"{first} values"] for row in areas.values()],
    }


def _excerpt(score: symusic.Score) -> symusic.Score:
    return slice_bars(score, 0, min(EXCERPT_BARS, len(bar_grid(score))))


def _written(name: str, seed: int, wishes: dict[str, Any]) -> symusic.Score:
    options = GenerateOptions(EXCERPT_BARS, temperature=TEMPERATURE, seed=seed, checkpoint=name, **wishes)
    *_, last = generate(Piece.empty(), options)
    return last.piece.score


def as_text(found: dict[str, Any]) -> str:
    """Returns the figures as a table."""
    name, base = found["name"], found["base"]
    before, after = found["nats"]
    lines = [
        f"{name}, tuned from {base} on {found['learned']} files for {found['minutes']} minutes ({found['steps']} steps)",
        f"nats on {found['kept back']} pieces that were kept back: {before:.3f} before, {after:.3f} after",
        f"overlapped area with the files, {found['pieces']} pieces of {EXCERPT_BARS} bars each (1 is like them):",
        f"  {'':24}{'distances':>20}{'values':>20}{'mean':>10}",
        f"  {'':24}" + f"{'tuned':>10}{'base':>10}" * 2 + f"{'tuned':>10}{'files':>10}",
        *(
            f"  {measure:24}" + "".join(f"{value:10.3f}" for value in row.values())
            for measure, row in found["areas"].items()
        ),
        f"  {'mean of all':24}"
        + "".join(f"{found['means'][who][kind]:10.3f}" for kind in ("distances", "values") for who in (name, base)),
        "12-note windows that stand in the files that were learned from:",
        *(f"  {who:24}{share:10.1%}" for who, share in found["known"].items()),
    ]
    return "\n".join(lines)
