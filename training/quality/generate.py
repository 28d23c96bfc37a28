"""Sampled pieces, measured: do they obey their controls, play together, repeat and spread like real music, copy any of it?"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from music.theory import ALL_KEYS, parse_key
from music.tokens.conditions import GENRES
from pipelines.contract import Step
from pipelines.options.generate import GenerateOptions
from training.data.prepare import Source
from training.quality.bands import as_text as bands_as_text
from training.quality.bands import bands, real_bands
from training.quality.keys import VALIDATION, keys
from training.quality.keys import as_text as keys_as_text
from training.quality.measures.pieces import copied, overlaps, overlaps_as_text, window_hashes, window_index
from training.quality.repeats import BARS as REPEAT_BARS
from training.quality.repeats import as_text as repeats_as_text
from training.quality.repeats import repeats, written
from training.quality.report import EXCERPT_BARS, excerpts, read_sets
from training.relative_mode import PIECES, with_written_mode

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
OFF, ON = "stay in key off", "stay in key on"
_TEMPO_TOLERANCE_BPM = 0.5
_VARIED = 5  # different moves from note to note that make a window more than a scale or a repeated note

Generate = Callable[[Piece, GenerateOptions], Iterator[Step]]


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of a checkpoint that writes music: those of its controls and, with data, beside real music."""
    from pipelines.generate import generate

    grid = control_grid(args.pieces, args.seed)
    found, scores = controls_figures(args.checkpoint, grid, generate, args.out)
    if args.data:
        sets, rng = read_sets(args.sets, args.data), np.random.default_rng(args.seed)
        found["bands"] = bands(
            [(score, asked.programs, asked.bars) for score, asked in zip(scores, grid)],
            real_bands(sets, args.excerpts, rng),
        )
        found["keys"][VALIDATION] = validation_keys(args)
        if args.repetition_pieces > 0:
            wishes = [a.options(args.checkpoint, False) for a in control_grid(args.repetition_pieces, args.seed)]
            pieces = written(wishes, generate, args.out and args.out / "repetition")
            found["repeats"] = repeats(pieces, real_excerpts(sets, "valid", args.excerpts, rng, REPEAT_BARS), rng)
        found |= comparison(scores, sets, args.excerpts, args.seed, args.index)
    return found


def validation_keys(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Returns how often the keys of validation pieces that write them are heard."""
    sets = {name: sources for name, (_, sources) in read_sets(args.sets, args.data, melodies=True).items()}
    return keys((score, key) for _, key, score in with_written_mode(sets, "valid", PIECES, args.seed))


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

    @property
    def programs(self) -> list[int]:
        """The programs of the instruments."""
        return [parse_instrument(name) for name in self.instruments]


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

    The bar count is obeyed when the last bar asked for has a note and none sounds after it. Keys are another matter
    (training/quality/keys.py).
    """
    numerator, denominator = parse_signature(asked.time_signature)
    length = bar_ticks(numerator, denominator, score.ticks_per_quarter)
    last_onset = max((int(t.notes.numpy()["time"].max()) for t in score.tracks if len(t.notes)), default=-1)
    played = {program_of(track) for track in score.tracks if len(track.notes)}
    return {
        "tempo": len(score.tempos) > 0
        and all(abs(t.qpm - asked.tempo_bpm) <= _TEMPO_TOLERANCE_BPM for t in score.tempos),
        "time signature": all(bar[2:] == (numerator, denominator) for bar in bar_grid(score)),
        "instruments": bool(played) and played <= set(asked.programs),
        "bar count": last_onset // length == asked.bars - 1 and score_end(score) <= asked.bars * length,
    }


def controls_figures(
    checkpoint: str, grid: Sequence[Asked], generate: Generate, out: Path | None = None
) -> tuple[dict[str, Any], list[symusic.Score]]:
    """Returns the share of sampled pieces that obey each control, and the pieces written without "stay in key"."""
    results: list[dict[str, bool]] = []
    kept: dict[str, list[symusic.Score]] = {OFF: [], ON: []}
    for name, scores in kept.items():
        for index, asked in enumerate(tqdm(grid, unit="piece", desc=name, disable=None)):
            *_, step = generate(Piece.empty(), asked.options(checkpoint, name == ON))
            scores.append(step.piece.score)
            results.append(obeys(step.piece.score, asked))
            if out:
                out.mkdir(parents=True, exist_ok=True)
                write_midi(step.piece, out / f"{index:03}-{name.split()[-1]}.mid")
    figures = {
        "checkpoint": checkpoint,
        "pieces": len(grid),
        "obeyed": {control: float(np.mean([row[control] for row in results])) for control in results[0]},
        "keys": {name: keys(zip(scores, [parse_key(a.key) for a in grid])) for name, scores in kept.items()},
    }
    return figures, kept[OFF]


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
    real = {split: real_excerpts(sets, split, count, rng) for split in ("train", "valid")}
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


def real_excerpts(
    sets: dict[str, tuple[bool, list[Source]]],
    split: str,
    count: int,
    rng: np.random.Generator,
    bars: int = EXCERPT_BARS,
) -> list[symusic.Score]:
    """Returns excerpts of so many bars from a split of the sets that are not synthetic, up to so many of each."""
    found: list[symusic.Score] = []
    for synthetic, sources in sets.values():
        if not synthetic:
            found += excerpts((source for source in sources if source.split == split), count, rng, bars)
    return found


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
    lines += ["", *keys_as_text(figures["keys"])]
    if "bands" in figures:
        lines += ["", *bands_as_text(figures["bands"])]
    if "repeats" in figures:
        lines += ["", *repeats_as_text(figures["repeats"])]
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
