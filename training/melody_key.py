"""Lead sheets and chorales -> the weights of music/analysis/melody_key.py, beside how often they name the right key.

    python -m training melody_key --data DATA

The key of a lead sheet is the written one, else that of its melody and chords together; the melody of a chorale is
its soprano, its key that of all four voices. The weights are fitted on training songs; how much large ones are held
back is chosen by cross-validation among the lead sheets of those. Validation songs are only measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from music.analysis.melody_key import FEATURES, WEIGHTS, by_step, features
from music.errors import StudioError
from music.theory import ALL_KEYS, Key, estimate_key
from training.data.prepare_pairs import Piece, key_of
from training.data.songbooks import Song, chorales, lead_sheets

PENALTIES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)  # on the squares of the weights
FOLDS = 5
_SIZE = len(FEATURES) * 12


class Melody(NamedTuple):
    """A melody and its key.

    Attributes:
        set, split: as in the data set.
        steps: float64 [12 tonics, features * 12], see music.analysis.melody_key.by_step.
        key: place of its key in ALL_KEYS.
        profile: place of the key that estimate_key hears in the melody alone.
    """

    set: str
    split: str
    steps: np.ndarray
    key: int
    profile: int


def main(argv: list[str]) -> None:
    """Runs ``python -m training melody_key``."""
    parser = argparse.ArgumentParser(prog="python -m training melody_key", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the data sets")
    parser.add_argument("--seed", type=int, default=0, help="deals the songs to the parts of the cross-validation")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    print(report(list(melodies(args.data)), args.seed))


def melodies(data: Path) -> Iterator[Melody]:
    """Yields the lead sheets and the sopranos of the chorales, each with its key.

    Raises:
        StudioError: a file is missing.
    """
    for song in lead_sheets(data / "leadsheets"):
        piece = Piece(song.name, song.split, song.score, ("chords",), 0, (), None)
        yield _melody(song, ALL_KEYS[key_of(piece, np.empty(0))])
    for song in chorales(data / "chorales"):
        yield _melody(song, estimate_key(song.score)[0])


def _melody(song: Song, key: Key) -> Melody:
    alone = song.score.copy()
    alone.tracks = alone.tracks[:1]
    steps = by_step(features(alone, 0)).reshape(12, _SIZE)
    return Melody(song.set, song.split, steps, ALL_KEYS.index(key), ALL_KEYS.index(estimate_key(alone)[0]))


def fitted(songs: list[Melody], penalty: float) -> tuple[np.ndarray, float]:
    """Returns the weights that make the keys of songs most likely, [2 modes, features, 12 steps], and the bias of major."""
    parameters = torch.zeros(2 * _SIZE + 1, dtype=torch.float64, requires_grad=True)
    steps = torch.tensor(np.stack([song.steps for song in songs]))
    keys = torch.tensor([song.key for song in songs])
    search = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        weights = parameters[:-1].view(2, _SIZE)
        logits = torch.cat([steps @ weights[0] + parameters[-1], steps @ weights[1]], dim=1)
        value = torch.nn.functional.cross_entropy(logits, keys) + penalty * weights.square().sum()
        value.backward()
        return value

    search.step(loss)
    found = parameters.detach().numpy()
    return found[:-1].reshape(WEIGHTS.shape), float(found[-1])


def log_likelihoods(songs: list[Melody], weights: np.ndarray, bias: float) -> np.ndarray:
    """Returns how likely each key is in each song, as logarithms, float64 [songs, 24]."""
    sums = np.stack([song.steps for song in songs]) @ weights.reshape(2, _SIZE).T + (bias, 0.0)  # [songs, 12, 2]
    sums = sums.transpose(0, 2, 1).reshape(len(songs), len(ALL_KEYS))
    highest = sums.max(axis=1, keepdims=True)
    return sums - highest - np.log(np.exp(sums - highest).sum(axis=1, keepdims=True))


def nats(songs: list[Melody], weights: np.ndarray, bias: float) -> float:
    """Returns the mean of minus the logarithm of how likely the songs' own keys are."""
    return float(-np.mean([row[song.key] for row, song in zip(log_likelihoods(songs, weights, bias), songs)]))


def cross_validated(sheets: list[Melody], always: list[Melody], seed: int) -> dict[float, float]:
    """Returns for each penalty the nats of lead sheets whose weights come from the others and what is always learned."""
    fold = np.random.default_rng(seed).permutation(len(sheets)) % FOLDS
    found = {}
    for penalty in PENALTIES:
        rest = [[s for s, f in zip(sheets, fold) if f != out] + always for out in range(FOLDS)]
        held = [[s for s, f in zip(sheets, fold) if f == out] for out in range(FOLDS)]
        found[penalty] = float(np.mean([nats(b, *fitted(a, penalty)) for a, b in zip(rest, held)]))
    return found


def report(songs: list[Melody], seed: int) -> str:
    """Returns the weights in a form to paste, and the figures on validation songs beside those of the profiles.

    Raises:
        StudioError: too few songs to cross-validate, or none to measure.
    """
    train, valid = ([song for song in songs if song.split == split] for split in ("train", "valid"))
    sheets, sopranos = ([s for s in train if (s.set == "chorales") == of] for of in (False, True))
    if len(sheets) < FOLDS or not valid:
        raise StudioError(
            f"There are {len(sheets)} lead sheets to learn and {len(valid)} songs to measure. Name more data."
        )
    tried = cross_validated(sheets, sopranos, seed)
    penalty = min(tried, key=tried.__getitem__)
    weights, bias = fitted(train, penalty)
    rounded, rounded_bias = np.round(weights, 2) + 0.0, round(bias, 2)
    lines = [
        f"{len(sheets)} lead sheets and {len(sopranos)} sopranos; nats a song by cross-validation, for each penalty:"
    ]
    lines += [f"  {value:.0e}{tried[value]:9.4f}{'  chosen' if value == penalty else ''}" for value in PENALTIES]
    lines += ["", *_table(rounded), f"MAJOR_BIAS = {rounded_bias}", ""]
    lines += [
        f"Validation songs ({nats(valid, weights, bias):.4f} nats; rounded {nats(valid, rounded, rounded_bias):.4f}): "
        "share of keys named exactly, and with the same signature",
        f"  {'':16}{'songs':>6}{'these weights':>20}{'estimate_key':>20}",
    ]
    sets = list(dict.fromkeys(song.set for song in valid))
    for name, of in (*((name, [name]) for name in sets), ("all lead sheets", [s for s in sets if s != "chorales"])):
        some = [song for song in valid if song.set in of]
        if some:
            found = log_likelihoods(some, rounded, rounded_bias).argmax(1)
            profiles = [song.profile for song in some]
            lines.append(f"  {name:16}{len(some):6}{_right(some, found):>20}{_right(some, profiles):>20}")
    return "\n".join(lines)


def _right(songs: list[Melody], found: np.ndarray | list[int]) -> str:
    exact = np.mean([song.key == key for song, key in zip(songs, found)])
    signature = np.mean([ALL_KEYS[song.key].fifths == ALL_KEYS[key].fifths for song, key in zip(songs, found)])
    return f"{exact:.1%} {signature:7.1%}"


def _table(weights: np.ndarray) -> list[str]:
    lines = ["WEIGHTS = np.array(", "    ["]
    for mode in weights:
        rows = [f"            [{', '.join(str(float(x)) for x in row)}],  # {n}" for n, row in zip(FEATURES, mode)]
        lines += ["        [", *rows, "        ],"]
    return [*lines, "    ]", ")  # fmt: skip"]
