"""Nats a beat of the written chords under a chord network, beside two floors, and how many of them are its likeliest.

The floors are fitted to the training music of the same sets: *unigram* knows how often each chord occurs, *first order* how
often it follows the chord before.
"""

from __future__ import annotations

import numpy as np
import torch

from models.chord_network import ChordNetwork, log_partition, log_weight
from models.chord_sampling import Progressions
from music.chords import CHORD_NUMBERS, MODEL_QUALITIES
from training.data.chord_examples import ChordExample, collate_chords
from training.data.pair_shards import Pairs
from training.tasks.harmonizing import plain_melodies

BARS = 32
FITTED_TO = 10  # times as many training melodies, as the other floors
ROWS = ("unigram", "first order", "model")


def progression_lines(network: ChordNetwork, pairs: Pairs, melodies: int) -> list[str]:
    """Returns the tables for up to so many validation melodies of each style and set; none where there are none."""
    fitted = plain_melodies(pairs, "train", BARS, FITTED_TO * melodies)
    lines, by_style = [], {}
    for (style, name), examples in plain_melodies(pairs, "valid", BARS, melodies).items():
        floors = _floors([one.chords for (of, _), group in fitted.items() if of == style for one in group])
        rows = np.mean([_row(network, one, floors) for one in examples], axis=0)
        lines.append(f"{style:10}{name:24}" + "".join(f"{value:14.3f}" for value in rows[:3]) + _shares(rows[3:]))
        by_style.setdefault(style, []).append(rows)
    if not lines:
        return []
    head = f"{'':34}" + "".join(f"{name:>14}" for name in ROWS) + f"{'chord':>10}{'root':>10}{'bass':>10}"
    for style, rows in by_style.items():
        of_style = np.mean(rows, axis=0)
        lines.append(
            f"{style:10}{'all sets':24}" + "".join(f"{value:14.3f}" for value in of_style[:3]) + _shares(of_style[3:])
        )
    return [
        "",
        f"Nats a beat of the chords of up to {BARS} bars, the melody alone and all wishes given, and how many of the written",
        "chords and roots, no other chord being known, and of the basses are the likeliest.",
        head,
        *lines,
    ]


def _shares(values: np.ndarray) -> str:
    return "".join(f"{value:10.1%}" for value in values)


def _floors(progressions: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the logarithms of how often each chord occurs [chords], and follows each [chords, chords]; counts begin at 0.1."""
    alone, pairs = np.full(CHORD_NUMBERS, 0.1), np.zeros((CHORD_NUMBERS, CHORD_NUMBERS))
    for chords in progressions:
        np.add.at(alone, chords, 1)
        np.add.at(pairs, (chords[:-1], chords[1:]), 1)
    pairs += alone / alone.sum()  # a chord never heard before is followed by any
    return np.log(alone / alone.sum()), np.log(pairs / pairs.sum(axis=1, keepdims=True))


@torch.inference_mode()
def _row(network: ChordNetwork, one: ChordExample, floors: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Returns nats a beat by two floors and the model, then the shares of chords, roots and basses that are found."""
    features, places, prefix, real, chords, _ = collate_chords([one])
    scores = network(features, places, prefix, real)
    nats = float(log_partition(scores, real) - log_weight(scores, chords, real))
    count, truth = len(one.chords), one.chords
    everything = np.ones((count, CHORD_NUMBERS), dtype=bool)
    found = (part.double().numpy() for part in (scores.fit[0, :count], scores.stay[0, :count], scores.turn))
    marginals = Progressions(*found, everything, 1.0).marginals()[:, :-1]
    roots = marginals.reshape(count, -1, MODEL_QUALITIES).sum(axis=2).argmax(axis=1)
    low = network.bass_scores(scores.states, chords)[0, :count].argmax(-1).numpy()
    known = truth < CHORD_NUMBERS - 1
    return np.array(
        [
            -floors[0][truth].mean(),
            -(floors[0][truth[0]] + floors[1][truth[:-1], truth[1:]].sum()) / count,
            nats / count,
            (marginals.argmax(axis=1) == truth)[known].mean(),
            (roots == truth // MODEL_QUALITIES)[known].mean(),
            (low == one.basses)[known].mean(),
        ]
    )
