"""Sampled pieces, measured: do they obey their controls, are they spread like real music, did they copy any of it?"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.bars import bar_grid, bar_ticks, parse_signature, score_end
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import read_midi, write_midi
from music.instruments import parse_instrument, program_of
from music.piece import Piece
from music.theory import ALL_KEYS, estimate_key, parse_key
from music.tokens.conditions import GENRES
from pipelines.contract import Step
from pipelines.options import GenerateOptions
from training.data.prepare import Source
from training.quality.measures import copied, overlaps, overlaps_as_text, window_hashes, window_index
from training.quality.report import EXCERPT_BARS, excerpts, read_sets

TEMPI_BPM = (60, 72, 84, 96, 108, 120, 138, 160)
SIGNATURES = ("4/4", "3/4", "6/8", "2/4")
BARS = (16, 20, 24, 32)
BANDS = (
    ("piano",),
    ("piano", "bass", "drums"),
    ("electric guitar", "electric bass", "drums"),
    ("violin", "viola", "cello"),
    ("flute", "acoustic guitar"),
    ("trumpet", "tenor sax", "piano", "bass", "drums"),
    ("string ensemble 1", "french horn", "oboe"),
    ("organ", "electric guitar", "bass", "drums"),
)
_TEMPO_TOLERANCE_BPM = 0.5
_VARIED = 5  # different moves from note to note that make a window more than a scale or a repeated note

Generate = Callable[[Piece, GenerateOptions], Iterator[Step]]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of a checkpoint that writes music: those of its controls and, with data, beside real music."""
    from pipelines.generate import generate

    found = controls_figures(args.checkpoint, args.pieces, args.seed, generate, args.out)
    scores = found.pop("scores")
    if args.data:
        found |= comparison(scores, read_sets(args.sets, args.data), args.excerpts, args.seed, args.index)
    return found


# Controls


@dataclass(frozen=True)
class Asked:
    """One point of the grid of controls."""

    genre: str | None
    key: str
    tempo_bpm: float
    time_signature: str
    instruments: tuple[str, ...]
    bars: int
    seed: int

    def options(self, checkpoint: str, stay_in_key: bool) -> GenerateOptions:
        """Returns what asks a pipeline for this."""
        return GenerateOptions(**vars(self), checkpoint=checkpoint, stay_in_key=stay_in_key)


def control_grid(pieces: int, seed: int) -> list[Asked]:
    """Returns as many points of the grid: each value of each control comes up equally often, in random company."""
    rng = np.random.default_rng(seed)

    def dealt(values: tuple[Any, ...]) -> list[Any]:
        places = np.concatenate([rng.permutation(len(values)) for _ in range(math.ceil(pieces / len(values)))])
        return [values[place] for place in places[:pieces]]

    keys = tuple(key.name for key in ALL_KEYS)
    columns = [dealt(values) for values in ((None, *GENRES), keys, TEMPI_BPM, SIGNATURES, BANDS, BARS)]
    return [Asked(*row, seed=seed * 100_000 + index) for index, row in enumerate(zip(*columns))]


def obeys(score: symusic.Score, asked: Asked) -> dict[str, bool]:
    """Returns which controls a piece written from nothing obeys.

    The bar count is obeyed when the last bar asked for has a note and none sounds after it; the key, when the key
    heard by the method of Krumhansl is the one asked for or its relative.
    """
    numerator, denominator = parse_signature(asked.time_signature)
    length = bar_ticks(numerator, denominator, score.ticks_per_quarter)
    last_onset = max((int(t.notes.numpy()["time"].max()) for t in score.tracks if len(t.notes)), default=-1)
    allowed = {parse_instrument(name) for name in asked.instruments}
    played = {program_of(track) for track in score.tracks if len(track.notes)}
    key = parse_key(asked.key)
    return {
        "tempo": len(score.tempos) > 0
        and all(abs(t.qpm - asked.tempo_bpm) <= _TEMPO_TOLERANCE_BPM for t in score.tempos),
        "time signature": all(bar[2:] == (numerator, denominator) for bar in bar_grid(score)),
        "instruments": bool(played) and played <= allowed,
        "bar count": last_onset // length == asked.bars - 1 and score_end(score) <= asked.bars * length,
        "key": estimate_key(score)[0] in (key, key.relative),
    }


def controls_figures(
    checkpoint: str, pieces: int, seed: int, generate: Generate, out: Path | None = None
) -> dict[str, Any]:
    """Returns the share of sampled pieces that obey each control, and the pieces of the free half as "scores"."""
    grid = control_grid(pieces, seed)
    kept: dict[str, list[symusic.Score]] = {}
    shares: dict[str, dict[str, float]] = {}
    for name, stay in (("off", False), ("on", True)):
        results = []
        for index, asked in enumerate(tqdm(grid, unit="piece", desc=f"stay in key {name}", disable=None)):
            *_, step = generate(Piece.empty(), asked.options(checkpoint, stay))
            results.append(obeys(step.piece.score, asked))
            kept.setdefault(name, []).append(step.piece.score)
            if out:
                out.mkdir(parents=True, exist_ok=True)
                write_midi(step.piece, out / f"{index:03}-{name}.mid")
        shares[name] = {control: float(np.mean([r[control] for r in results])) for control in results[0]}
    either = {c: (shares["off"][c] + shares["on"][c]) / 2 for c in shares["off"] if c != "key"}
    return {
        "checkpoint": checkpoint,
        "pieces": pieces,
        "obeyed": either,
        "key": {"stay in key off": shares["off"]["key"], "stay in key on": shares["on"]["key"]},
        "scores": kept["off"],
    }


# Real music


def comparison(
    scores: list[symusic.Score],
    sets: dict[str, tuple[bool, list[Source]]],
    count: int,
    seed: int,
    index_file: Path | None = None,
) -> dict[str, Any]:
    """Returns the overlapped areas of the pieces with validation music, beside those of training music, and copies.

    Each real set gives as many excerpts; synthetic sets are only searched for copies.
    """
    rng = np.random.default_rng(seed)
    real: dict[str, list[symusic.Score]] = {"train": [], "valid": []}
    for split, found in real.items():
        for synthetic, sources in sets.values():
            if not synthetic:
                found += excerpts((s for s in sources if s.split == split), count, rng)
    areas = overlaps([slice_bars(score, 0, EXCERPT_BARS) for score in scores], real["train"], real["valid"])
    result: dict[str, Any] = {
        "excerpts": {split: len(found) for split, found in real.items()},
        "overlapped area": areas,
    }
    pitched, drums = training_windows(sets, index_file)
    result["copied windows"] = {
        "generated": _share_copied(scores, pitched),
        "valid": _share_copied(real["valid"], pitched),
        "generated varied": _share_copied(scores, pitched, fewest_moves=_VARIED),
        "valid varied": _share_copied(real["valid"], pitched, fewest_moves=_VARIED),
        "generated drums": _share_copied(scores, drums, drums=True),
        "valid drums": _share_copied(real["valid"], drums, drums=True),
        "windows known": len(pitched),
    }
    return result


def training_windows(
    sets: dict[str, tuple[bool, list[Source]]], file: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the index of all windows of the training files, of pitched tracks and of drums; kept in a named file."""
    if file and file.exists():
        with np.load(file) as kept:
            return kept["pitched"], kept["drums"]
    sources = [s for _, found in sets.values() for s in found if s.split == "train"]
    parts: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for source in tqdm(sources, unit="file", desc="training windows", disable=None):
        try:
            score = read_midi(source.path).score
        except StudioError:
            continue
        for drums, found in parts.items():
            found.append(np.unique(window_hashes(score, drums)))
    pitched, drums = window_index(parts[False]), window_index(parts[True])
    if file:
        with file.open("wb") as stream:
            np.savez(stream, pitched=pitched, drums=drums)
    return pitched, drums


def _share_copied(scores: Iterable[symusic.Score], index: np.ndarray, **windows: Any) -> float:
    hits = [copied(window_hashes(score, **windows), index) for score in scores]
    together = np.concatenate([np.zeros(0, dtype=bool), *hits])
    return float(together.mean()) if len(together) else float("nan")


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as a table for people."""
    lines = [f"{figures['checkpoint']}: {figures['pieces']} pieces over a grid of controls, stay-in-key off and on", ""]
    lines += [f"  {name:24}{share:8.1%}" for name, share in figures["obeyed"].items()]
    lines += [f"  {'key, ' + name:24}{share:8.1%}" for name, share in figures["key"].items()]
    if "overlapped area" in figures:
        counts = figures["excerpts"]
        lines += [
            "",
            f"Overlapped area with {counts['valid']} validation excerpts of {EXCERPT_BARS} bars (1 = the same); "
            f"ceiling: {counts['train']} training excerpts",
            *overlaps_as_text(figures["overlapped area"]),
        ]
        share = figures["copied windows"]
        lines += [
            "",
            f"12-note windows that occur in training music ({share['windows known']:,} windows known)",
            f"  {'':24}{'ours':>10}{'valid':>10}",
            f"  {'pitched tracks':24}{share['generated']:10.2%}{share['valid']:10.2%}",
            f"  {f'with {_VARIED} moves or more':24}{share['generated varied']:10.2%}{share['valid varied']:10.2%}",
            f"  {'drums':24}{share['generated drums']:10.2%}{share['valid drums']:10.2%}",
        ]
    return "\n".join(lines)
