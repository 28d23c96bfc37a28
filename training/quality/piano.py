"""Generators at the piano, by the same code: nats a note, what their pieces are like, how bars repeat, how fast they write.

    python -m training quality generators --pieces 24 --shards runs/shards
    python -m training quality lstm-notes --pieces 24 --shards runs/shards

Each writes pieces from nothing, at temperature 1, with seeds 0, 1 ...; one that follows wishes is asked for a piano alone. Real
music is the validation music of the sets that the LSTMs learned from, where only pianos play. Nats a note are of that music;
a model that follows wishes is told there of the key, the tempo and so on, as it was in training. A model of chords has none: it
does not foretell single notes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import symusic
import torch

from checkpoints.architectures import ARCHITECTURES
from checkpoints.loading import Checkpoint, load
from checkpoints.store import entries
from music.bars import bar_grid
from music.edit import slice_bars
from music.errors import StudioError
from music.piece import Piece
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, Octuple
from pipelines.generate import generate
from pipelines.options.generate import GenerateOptions
from training.data.lanes import passage, tables_of
from training.data.shards import Shards
from training.likelihood.next_note import LOSSES, MEMORY
from training.likelihood.piano import SEGMENT
from training.likelihood.report import real_windows
from training.quality.measures.pieces import MEASURES, grid_notes, measure
from training.quality.repeats import EQUAL, REPEATED, RUN, repetition
from training.tasks.piano import PianoView, piano_windows, window_losses

SETS = {"piano_polish_chopin": 0.45, "pop909": 0.35, "mutopia": 0.20}
BARS = 32
WINDOWS = 24  # validation windows of each set
NATS, SPEED, ONE_PITCH = "nats a note", "notes a second", "longest run of one top pitch"
ROWS = (NATS, *MEASURES, EQUAL, RUN, REPEATED, ONE_PITCH, SPEED)
REAL = "real music"


def figures(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Returns the measures of each generator, of all that are here or of one, and of real music; NaN where there is none.

    Raises:
        StudioError: the shards are not named, or hold no piano music.
    """
    if args.shards is None:
        raise StudioError("Which music is to be compared with was not said. Name its folder with --shards.")
    shards = piano_windows(Shards.load(args.shards), SETS)
    known = [name for name, one in entries().items() if one.task == "generate" and one.is_here]
    names = [args.checkpoint] if args.checkpoint in known else known
    found = {name: _of_checkpoint(load(name), shards, args.pieces) for name in names}
    return found | {REAL: _mean([_measured(score) for score in real_pieces(shards, args.pieces)])}


def as_text(figures: dict[str, dict[str, float]]) -> str:
    """Returns the figures as a table, one column for each generator."""
    lines = [f"Pieces of {BARS} bars for a piano, from nothing, beside validation music.", ""]
    lines.append(f"{'':32}" + "".join(f"{name:>18}" for name in figures))
    for row in ROWS:
        values = [one.get(row, float("nan")) for one in figures.values()]
        lines.append(f"{row:32}" + "".join(f"{'-' if np.isnan(value) else f'{value:.3f}':>18}" for value in values))
    return "\n".join(lines)


def real_pieces(shards: Shards, count: int) -> Iterator[symusic.Score]:
    """Yields the first bars of validation windows, as many of each set, up to about so many in all."""
    for picked in real_windows(shards, -(-count // len(SETS))).values():
        for window in picked:
            first, last = shards.windows[window, 3:5]
            rows = np.array(shards.rows[first:last])
            rows[:, Octuple.BAR] -= rows[0, Octuple.BAR] - FIRST  # what comes before the window is no silence
            score = tokens.decode(rows)
            yield slice_bars(score, 0, min(BARS, len(bar_grid(score))))


def _of_checkpoint(checkpoint: Checkpoint, shards: Shards, pieces: int) -> dict[str, float]:
    name, wishes = checkpoint.entry.name, ARCHITECTURES[checkpoint.entry.architecture].wishes
    instruments = ("piano",) if wishes else ()
    scores, began = [], time.monotonic()
    for seed in range(pieces):
        options = GenerateOptions(bars=BARS, seed=seed, checkpoint=name, instruments=instruments)
        *_, step = generate(Piece.empty(), options)
        scores.append(step.piece.score)
    spent = time.monotonic() - began
    speed = sum(len(track.notes) for score in scores for track in score.tracks) / spent
    return _mean([_measured(score) for score in scores]) | {SPEED: speed, NATS: _nats(checkpoint, shards)}


@torch.inference_mode()
def _nats(checkpoint: Checkpoint, shards: Shards) -> float:
    """Returns nats a note on validation windows of piano music, the sets weighing the same; NaN for a model of chords."""
    architecture, means = checkpoint.entry.architecture, []
    tables = tables_of(shards.index)
    for picked in real_windows(shards, WINDOWS).values():
        if architecture == "lstm":
            if checkpoint.model.config.chords:
                return float("nan")
            losses, count = window_losses(checkpoint.model, PianoView.of(checkpoint.model), shards, picked, SEGMENT)
        else:
            passages = [passage(shards, int(window), 2**31, tables) for window in picked]
            losses = LOSSES[architecture](checkpoint.model, passages, MEMORY[architecture])
            count = sum(int((one.target[:, 0] != 0).sum()) for one in passages)
        means.append(float(losses.sum()) / count)
    return float(np.mean(means))


def _measured(score: symusic.Score) -> dict[str, float]:
    return measure(score) | repetition(score) | {ONE_PITCH: float(_longest_run_of_one_pitch(score))}


def _longest_run_of_one_pitch(score: symusic.Score) -> int:
    """Returns how often in a row the highest pitch of an onset is the same, at most."""
    start, _, pitch, drum = grid_notes(score)
    top: dict[int, int] = {}
    for onset, height in zip(start[~drum].tolist(), pitch[~drum].tolist(), strict=True):
        top[onset] = max(height, top.get(onset, 0))
    longest = run = 0
    before = -1
    for _, height in sorted(top.items()):
        run = run + 1 if height == before else 1
        longest, before = max(longest, run), height
    return longest


def _mean(measured: list[dict[str, Any]]) -> dict[str, float]:
    """Returns the mean of each measure over pieces, those left out that have none."""
    found: dict[str, float] = {}
    for name in measured[0] if measured else {}:
        values = [one[name] for one in measured if not np.isnan(one[name])]
        found[name] = float(np.mean(values)) if values else float("nan")
    return found
