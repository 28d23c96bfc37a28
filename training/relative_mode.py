"""Scores that write their mode -> the weights of music/analysis/relative_mode.py, beside how often they are right.

    python -m training relative_mode --data DATA

The weights are fitted on training pieces, major and minor weighing the same; validation pieces are only measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import symusic
import torch
from tqdm import tqdm

from music.analysis.relative_mode import BIAS, EVIDENCE, WEIGHTS, evidence
from music.errors import StudioError
from music.files.midi import read_midi
from music.theory import Key, written_key
from training.data.prepare import Source
from training.quality.report import SETS, read_sets

MODE_SETS = ("mutopia", "piano_polish_chopin", "polish_multitrack", "folk_pd", "leadsheets_pop909")
"""Data sets whose key signatures name the mode; those of other sets say major whatever they are in."""
MODES = ("major", "minor")
PIECES = 700  # of a set and split at most, so that it ends in a minute
_PENALTY = 1e-3  # on the squares of the weights: too little to matter
_FEWEST_NOTES = 16  # a piece with fewer says nothing


class Heard(NamedTuple):
    """What is heard in a piece with a written mode.

    Attributes:
        set, split: of the piece.
        minor: whether it is written in minor.
        evidence: float64 [EVIDENCE].
    """

    set: str
    split: str
    minor: bool
    evidence: np.ndarray


def main(argv: list[str]) -> None:
    """Runs ``python -m training relative_mode``."""
    parser = argparse.ArgumentParser(prog="python -m training relative_mode", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--sets", type=Path, default=SETS, help="the TOML file that describes the data sets")
    parser.add_argument("--seed", type=int, default=0, help="which pieces of large sets are read")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    sets = {name: sources for name, (_, sources) in read_sets(args.sets, args.data, melodies=True).items()}
    heard = [
        Heard(name, split, key.mode == "minor", evidence(score, key))
        for split in ("train", "valid")
        for name, key, score in with_written_mode(sets, split, PIECES, args.seed)
    ]
    print(report(heard))


def with_written_mode(
    sets: Mapping[str, Sequence[Source]], split: str, pieces: int, seed: int
) -> Iterator[tuple[str, Key, symusic.Score]]:
    """Yields set, key and score of the pieces of a split with one written key, of up to so many drawn from each of MODE_SETS."""
    for name in (name for name in MODE_SETS if name in sets):
        rng = np.random.default_rng(seed)
        sources = [source for source in sets[name] if source.split == split]
        for place in tqdm(rng.permutation(len(sources))[:pieces], desc=f"{name}, {split}", unit="piece", disable=None):
            try:
                score = sources[place].score or read_midi(sources[place].path).score
            except StudioError:
                continue
            key = written_key(score)
            if key and sum(len(track.notes) for track in score.tracks if not track.is_drum) >= _FEWEST_NOTES:
                yield name, key, score


def fitted(heard: Sequence[Heard]) -> tuple[np.ndarray, float]:
    """Returns the weights and the bias that make the modes of pieces most likely, both modes weighing the same."""
    columns = torch.from_numpy(np.stack([piece.evidence for piece in heard]))
    minor = torch.tensor([float(piece.minor) for piece in heard], dtype=torch.float64)
    weights = minor / minor.sum().clamp(min=1) + (1 - minor) / (1 - minor).sum().clamp(min=1)
    found = torch.zeros(len(EVIDENCE) + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([found], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        sums = columns @ found[:-1] + found[-1]
        losses = torch.nn.functional.binary_cross_entropy_with_logits(sums, 1 - minor, reduction="none")
        value = 0.5 * (weights * losses).sum() + _PENALTY * found[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    *best, bias = found.detach().tolist()
    return np.array(best), bias


def report(heard: Sequence[Heard]) -> str:
    """Returns the weights to paste, and how often they, those in use, and the profile alone are right.

    Raises:
        StudioError: there are no training pieces in both modes.
    """
    training = [piece for piece in heard if piece.split == "train"]
    if len({piece.minor for piece in training}) < 2:
        raise StudioError(
            "There are not pieces in both modes to learn from. Name data sets whose scores write their keys."
        )
    weights, bias = fitted(training)
    lines = [
        f"WEIGHTS, BIAS = np.array([{', '.join(f'{weight:.2f}' for weight in weights)}]), {bias:.2f}",
        "",
        "How often the mode is right, the signature given (major, minor)",
        f"  {'':32}{'pieces':>14}{'these weights':>18}{'in use':>18}{'profile alone':>18}",
    ]
    for split in ("train", "valid"):
        part = [piece for piece in heard if piece.split == split]
        for name in (*dict.fromkeys(piece.set for piece in part), "all"):
            some = [piece for piece in part if name in (piece.set, "all")]
            counts = "{:7}{:7}".format(*(sum(piece.minor == minor for piece in some) for minor in (False, True)))
            lines.append(
                f"  {f'{split}: {name}':32}{counts}{_right(some, weights, bias)}{_right(some, WEIGHTS, BIAS)}"
                f"{_right(some, np.eye(len(EVIDENCE))[0], 0.0)}"
            )
    return "\n".join(lines)


def _right(heard: Sequence[Heard], weights: np.ndarray, bias: float) -> str:
    """Returns the shares of major and of minor pieces whose mode is heard, as columns of a table."""
    text = ""
    for minor in (False, True):
        right = [(piece.evidence @ weights + bias < 0) == minor for piece in heard if piece.minor == minor]
        text += f"{np.mean(right):9.1%}" if right else f"{'-':>9}"
    return text
