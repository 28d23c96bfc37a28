"""How often the bars of written pieces repeat, over temperatures, beside validation music: are there loops no one writes?

    python -m training quality generate-small --repetition-pieces 24 --data DATA

Bars are compared as music/analysis/repetition.py does. Pieces are written from nothing over the grid of controls, the same
wishes and seeds at each temperature; real excerpts have as many bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from music.analysis.repetition import bar_contents, count, longest_run, player_contents, share_equal
from music.files.midi import write_midi
from music.piece import Piece
from music.tokens import octuple as tokens
from pipelines.contract import Step
from pipelines.options.generate import GenerateOptions

BARS = 32
TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1)
LAGS = (1, 2, 4, 8)
EQUAL, RUN, REPEATED = "equal to the bar before", "longest run of equal bars", "repeat any earlier bar"
MEASURES = (*(f"same player, {lag} back" for lag in LAGS), EQUAL, RUN, REPEATED)

_QUANTILES = np.linspace(0.005, 0.995, 100)
_DRAWS = 200  # of as many real pieces, for the distance that chance makes


def repetition(score: symusic.Score) -> dict[str, float]:
    """Returns the measures of a piece by name; NaN where nothing could repeat.

    - "same player, N back": the share of bars in which a player plays what it did so many bars before, of all bars of all
      players that far from a player's first. A player is a program.
    - "equal to the bar before" and "repeat any earlier bar": shares of bars with notes, of all players together.
    - "longest run of equal bars": 1 where no two that follow each other are equal.
    """
    rows = tokens.encode(score).rows
    contents, players = bar_contents(rows), player_contents(rows).values()
    found = count(contents)
    values = {}
    for lag in LAGS:
        same, chances = np.sum([share_equal(player, lag) for player in players] or [(0, 0)], axis=0)
        values[f"same player, {lag} back"] = same / chances if chances else float("nan")
    bars = found.bars or float("nan")
    values |= {
        EQUAL: found.equal[:, 1].sum() / bars,
        RUN: longest_run(contents) or float("nan"),
        REPEATED: found.repeat[:, 1].sum() / bars,
    }
    return {name: float(values[name]) for name in MEASURES}


def repeats(
    written: dict[float, list[symusic.Score]], real: Sequence[symusic.Score], rng: np.random.Generator
) -> dict[str, Any]:
    """Returns for each measure how real excerpts are spread, and how pieces of each temperature lie beside them.

    "met" says that the mean of the pieces lies within the real middle 80 %. Music that never repeats meets that too, for much
    real music does not; so "distance" says how far the two distributions lie apart (`distance`), "chance" below what distance
    19 of 20 draws of as many real excerpts stay, and "alike" whether the pieces do.
    """
    real_values = _columns(real)
    ours = {temperature: _columns(scores) for temperature, scores in written.items()}
    result: dict[str, Any] = {"excerpts": len(real), "pieces": {t: len(scores) for t, scores in written.items()}}
    for name in MEASURES:
        reference = real_values[name]
        found: dict[str, Any] = {"real": summary(reference), "ours": {}}
        for temperature, columns in ours.items():
            values = columns[name]
            row = summary(values)
            draws = (
                [distance(rng.choice(reference, len(values)), reference) for _ in range(_DRAWS)]
                if len(reference)
                else []
            )
            row |= {
                "distance": distance(values, reference),
                "chance": float(np.quantile(draws, 0.95)) if draws else float("nan"),
                "met": bool(found["real"]["p10"] <= row["mean"] <= found["real"]["p90"]),
            }
            row["alike"] = row["distance"] <= row["chance"]
            found["ours"][temperature] = row
        result[name] = found
    return result


def _columns(scores: Sequence[symusic.Score]) -> dict[str, np.ndarray]:
    rows = [repetition(score) for score in scores]
    return {name: np.array([row[name] for row in rows if np.isfinite(row[name])]) for name in MEASURES}


def summary(values: np.ndarray) -> dict[str, float]:
    """Returns mean, its standard error, 10th and 90th percentile and maximum of values; NaN where there are too few."""
    if not len(values):
        return dict.fromkeys(("mean", "error", "p10", "p90", "max"), float("nan"))
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    low, high = np.quantile(values, (0.1, 0.9))
    found = {"mean": values.mean(), "error": error, "p10": low, "p90": high, "max": values.max()}
    return {name: float(value) for name, value in found.items()}


def distance(values: np.ndarray, reference: np.ndarray) -> float:
    """Returns how far two distributions lie apart: the mean difference of their sorted values, in their unit; NaN without any.

    It is 0 for the same values (Wasserstein 1), taken at 100 quantiles.
    """
    if not len(values) or not len(reference):
        return float("nan")
    return float(np.abs(np.quantile(values, _QUANTILES) - np.quantile(reference, _QUANTILES)).mean())


def written(
    wishes: Sequence[GenerateOptions],
    generate: Callable[[Piece, GenerateOptions], Iterator[Step]],
    out: Path | None = None,
) -> dict[float, list[symusic.Score]]:
    """Returns for each temperature the pieces of BARS bars that answer the wishes; kept as MIDI files in a named folder."""
    found: dict[float, list[symusic.Score]] = {}
    for temperature in TEMPERATURES:
        for number, wish in enumerate(tqdm(wishes, unit="piece", desc=f"temperature {temperature}", disable=None)):
            *_, step = generate(Piece.empty(), replace(wish, bars=BARS, temperature=temperature))
            found.setdefault(temperature, []).append(step.piece.score)
            if out:
                out.mkdir(parents=True, exist_ok=True)
                write_midi(step.piece, out / f"{number:03}-temperature-{temperature}.mid")
    return found


def as_text(figures: dict[str, Any]) -> list[str]:
    """Returns the lines of a table of what ``repeats`` found."""
    pieces = max(figures["pieces"].values())
    lines = [
        f"How bars repeat: {pieces} pieces of {BARS} bars at each temperature (T), beside {figures['excerpts']} validation excerpts",
        "(met: the mean is within the real middle 80 %; distance: of the distributions; alike: below that of 19 of 20 draws of real ones)",
        f"  {'':26}{'':8}{'mean':>8}{'error':>8}{'10 %':>8}{'90 %':>8}{'most':>8}{'met':>6}{'distance':>10}{'chance':>8}{'alike':>7}",
    ]
    for name in MEASURES:
        lines.append(f"  {name:26}{'real':8}{_numbers(figures[name]['real'])}")
        lines += [
            f"  {'':26}{f'T {temperature}':8}{_numbers(row)}{_yes(row['met']):>6}{row['distance']:10.3f}"
            f"{row['chance']:8.3f}{_yes(row['alike']):>7}"
            for temperature, row in figures[name]["ours"].items()
        ]
    return lines


def _numbers(row: dict[str, float]) -> str:
    return "".join(f"{row[name]:8.3f}" for name in ("mean", "error", "p10", "p90", "max"))


def _yes(value: bool) -> str:
    return "yes" if value else "no"
