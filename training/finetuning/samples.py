"""What a model in training writes, beside what its base writes of the same seed: to be heard, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from checkpoints.loading import Checkpoint, lend
from music.analysis.melody import find_melody
from music.bars import bar_grid, tempo_map
from music.edit import cut_after
from music.files.midi import read_midi, write_midi
from music.instruments import instrument_name
from music.piece import Piece
from pipelines.contract import Pipeline
from pipelines.generate import generate
from pipelines.harmonize import harmonize
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.remix import remix
from pipelines.training_run import Sample, TrainingRun

OPENING_BARS = 4
NEW_BARS = 12
"""A sample goes on from the opening of a piece that was kept back, which neither model has learned from."""

FREE_BARS = 16
REMIXED_BARS = tuple(range(4, 12))
MOST_PLAYERS = 6
TEMPERATURE = 0.9


def write_samples(run: TrainingRun, base: Checkpoint, own: Checkpoint, minute: float, count: int = 1) -> list[Sample]:
    """Writes samples of both models and returns where they lie.

    Args:
        run: the training whose folder they go to.
        base, own: the models.
        minute: of training, for the files' names.
        count: how many; of one that writes music, the first goes on from an opening, the others begin with nothing.
    """
    found = []
    for checkpoint in (base, own):
        lend(checkpoint)
    openings = [read_midi(path) for path in sorted((run.folder / "shards" / "openings").glob("*.mid"))]
    for number in range(count):
        files = {}
        for who, checkpoint in (("base", base), ("own", own)):
            piece, options, pipeline = _task(checkpoint, openings, number)
            *_, last = pipeline(piece, options)
            made = last.piece.replace(history=(), title=f"{run.name} {number + 1}" if who == "own" else base.entry.name)
            files[who] = f"sample-{minute:.1f}-{number}-{who}.mid"
            write_midi(made, run.folder / files[who])
        found.append(Sample(round(minute, 2), number, files["own"], files["base"]))
    return found


def _task(checkpoint: Checkpoint, openings: Sequence[Piece], number: int) -> tuple[Piece, Any, Pipeline]:
    """Returns what a checkpoint is asked to make: the input, the options and the pipeline."""
    name, task = checkpoint.entry.name, checkpoint.entry.task
    piece = openings[number % len(openings)]
    if task == "remix":
        bars = tuple(bar for bar in REMIXED_BARS if bar < len(bar_grid(piece.score)))
        return piece, RemixOptions("everything", 100, bars or (0,), seed=number, checkpoint=name), remix
    if task == "harmonize":
        return _melody(piece), HarmonizeOptions(_style(piece.score), seed=number, checkpoint=name), harmonize
    if number == 0:
        opening = piece.replace(score=_opening(piece.score))
        return opening, GenerateOptions(NEW_BARS, temperature=TEMPERATURE, seed=number, checkpoint=name), generate
    wishes = wishes_of(openings) if checkpoint.entry.architecture != "lstm" else {}
    return (
        Piece.empty(),
        GenerateOptions(FREE_BARS, temperature=TEMPERATURE, seed=number, checkpoint=name, **wishes),
        generate,
    )


def _opening(score: symusic.Score) -> symusic.Score:
    bars = bar_grid(score)
    return cut_after(score, bars[min(OPENING_BARS, len(bars)) - 1].end)


def _melody(piece: Piece) -> Piece:
    """Returns the melody of a piece alone."""
    score, lead = piece.score.copy(), find_melody(piece.score)
    score.tracks = [score.tracks[lead or 0]]
    score.markers = []
    return piece.replace(score=score)


def _style(score: symusic.Score) -> str:
    """Returns what a piece has beside its melody: a piano, or a band; chords where it has nothing."""
    others = [track for number, track in enumerate(score.tracks) if number != find_melody(score) and len(track.notes)]
    if not others:
        return "chords"
    return "piano" if all(not track.is_drum and track.program in range(8) for track in others) else "band"


def wishes_of(pieces: Sequence[Piece]) -> dict[str, Any]:
    """Returns who plays in most of these pieces, and how fast, as options of Generate."""
    players: Counter[int] = Counter()
    for piece in pieces:
        players.update({-1 if track.is_drum else track.program for track in piece.score.tracks if len(track.notes)})
    usual = [program for program, count in players.most_common(MOST_PLAYERS) if 2 * count >= len(pieces)]
    tempo = float(np.median([tempo_map(piece.score)[2][0] for piece in pieces]))
    return {
        "instruments": tuple(instrument_name(program) for program in usual),
        "tempo_bpm": min(max(round(tempo), 40), 240),
    }


def scores_of(run: TrainingRun, samples: Sequence[Sample], who: str) -> list[symusic.Score]:
    """Returns the music of samples, "own" or "base"."""
    return [read_midi(run.folder / Path(getattr(sample, who)).name).score for sample in samples]
