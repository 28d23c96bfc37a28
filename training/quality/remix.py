"""Remixed pieces, measured: how near they stay to what they were, whether they stay in key and lie among real music.

Excerpts of 16 bars of validation music are remixed in their bars 5 to 12, every kind of change at every amount, and
compared bar by bar with what they were. Besides, the pitches of one bar of each melody are taken away, and written
anew by the same model at temperature 0: the notes that come back are counted, as are those that two floors would have
found (training/likelihood/masked_fields.py).
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import symusic
from tqdm import tqdm

from checkpoints.loading import load
from music.bars import bar_grid
from music.chords import beat_ticks
from music.compare import changed_notes
from music.edit import slice_bars
from music.errors import StudioError
from music.files.midi import write_midi
from music.piece import Piece
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, Octuple
from pipelines.contract import Step
from pipelines.infilling.canvas import prepare, read
from pipelines.infilling.mask_predict import MaskPredictor
from pipelines.options.remix import CHANGES, RemixOptions
from pipelines.remix import remix
from training.likelihood.masked_fields import Floors
from training.quality.measures.pieces import LIKENESS, likeness, mean, overlaps, overlaps_as_text
from training.quality.report import EXCERPT_BARS, excerpts, read_sets

AMOUNTS = (20, 50, 80)
FIRST_BAR, LAST_BAR = 4, 12  # of the excerpt, counted from 0; the last is left out
PASSES = 3  # in more, all of this would take more than ten minutes for a hundred pieces
IN_KEY_CHANGES = ("notes", "everything")
SHARE_CHANGED, ACCENTS = "notes changed", "onsets on beats"
NEAR_BEAT = 24  # parts of a quarter note: an onset so near to a beat is on it, half a position of the model's grid


def figures(args: argparse.Namespace) -> dict[str, Any]:
    """Returns all figures of a checkpoint that changes music.

    Raises:
        StudioError: no data sets were named, or they hold no validation music.
    """
    if args.data is None:
        raise StudioError("There is no music to remix. Say where the data sets are with --data.")
    pieces, others = validation_excerpts(read_sets(args.sets, args.data), args.pieces, args.excerpts, args.seed)
    found, remixed = grid_figures(args.checkpoint, pieces, args.seed)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        for (change, amount), scores in remixed.items():
            for number, score in enumerate(scores):
                write_midi(Piece(score), args.out / f"{number:03}-{change}-{amount}.mid")
    found |= {
        "in key": in_key_figures(args.checkpoint, pieces, remixed, args.seed),
        "melody": melody_figures(args.checkpoint, pieces, args.seed),
        "excerpts": len(others),
        "overlapped area": overlaps(
            [slice_bars(score, FIRST_BAR, LAST_BAR) for score in remixed["everything", AMOUNTS[-1]]],
            [slice_bars(score, FIRST_BAR, LAST_BAR) for score in pieces],
            [slice_bars(score, FIRST_BAR, LAST_BAR) for score in others],
        ),
    }
    return found


def validation_excerpts(
    sets: dict[str, tuple[bool, list]], pieces: int, others: int, seed: int
) -> tuple[list[symusic.Score], list[symusic.Score]]:
    """Returns excerpts to remix, spread over the real sets, and up to so many others of each set to compare with.

    Raises:
        StudioError: there is no validation music.
    """
    rng = np.random.default_rng(seed)
    mine = [[s for s in sources if s.split == "valid"] for synthetic, sources in sets.values() if not synthetic]
    share = math.ceil(pieces / max(1, sum(map(bool, mine))))
    found = [[score for score in excerpts(sources, 2 * share + others, rng) if _is_worth_it(score)] for sources in mine]
    found = [of_set for of_set in found if of_set]
    if not found:
        raise StudioError("The data sets hold no validation music of 16 bars or more. Name other sets.")
    # Drums alone have no pitches to change, so their set gives nothing, and a small set gives less than its share.
    turns = [score for turn in itertools.zip_longest(*found) for score in turn if score is not None]
    chosen = turns[:pieces]
    known = {id(score) for score in chosen}
    return chosen, [score for of_set in found for score in [s for s in of_set if id(s) not in known][:others]]


def _is_worth_it(score: symusic.Score) -> bool:
    """Whether there are pitched notes in the bars to remix, and music to their end."""
    bars = LAST_BAR - FIRST_BAR
    return len(bar_grid(score)) >= LAST_BAR and len(_starting_in(score, FIRST_BAR, LAST_BAR, drums=False)) >= bars


def grid_figures(
    checkpoint: str, pieces: list[symusic.Score], seed: int
) -> tuple[dict[str, Any], dict[tuple[str, int], list[symusic.Score]]]:
    """Returns how near remixes of the grid of change and amount are to the pieces, and all of them by grid point."""
    kept: dict[tuple[str, int], list[symusic.Score]] = {}
    grid: dict[str, dict[int, dict[str, Any]]] = {}
    for change, amount in tqdm([*itertools.product(CHANGES, AMOUNTS)], unit="grid point", disable=None):
        rows, started = [], time.process_time()
        for number, score in enumerate(pieces):
            options = grid_options(checkpoint, change, amount, seed + number)
            kept.setdefault((change, amount), []).append(_last(remix(Piece(score), options)))
        seconds = (time.process_time() - started) / len(pieces)
        for score, after in zip(pieces, kept[change, amount], strict=True):
            changed = _starting_in(after, FIRST_BAR, LAST_BAR, changed_notes(score, after))
            total = max(1, len(_starting_in(after, FIRST_BAR, LAST_BAR)))
            accents = {ACCENTS: on_beats(after, FIRST_BAR, LAST_BAR)}
            rows.append({SHARE_CHANGED: len(changed) / total, **likeness(score, after, FIRST_BAR, LAST_BAR), **accents})
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        grid.setdefault(change, {})[amount] = columns | {"seconds": seconds}
    return {
        "checkpoint": checkpoint,
        "pieces": len(pieces),
        "passes": PASSES,
        "grid": {
            change: {
                amount: {name: float(np.nanmean(values)) for name, values in cell.items()}
                for amount, cell in cells.items()
            }
            for change, cells in grid.items()
        },
        "accents": mean([on_beats(score, FIRST_BAR, LAST_BAR) for score in pieces]),
        "nearer": {change: _nearer(cells[AMOUNTS[0]], cells[AMOUNTS[-1]]) for change, cells in grid.items()},
    }, kept


def on_beats(score: symusic.Score, first: int, last: int) -> float:
    """Returns what share of the onsets in these bars, each time and track once, falls on a beat; of 6/8 two a bar."""
    onsets = np.array(sorted({note[:2] for note in _starting_in(score, first, last)}), dtype=np.int64).reshape(-1, 2)
    beats = [tick for bar in bar_grid(score)[first:last] for tick in beat_ticks(bar, score.ticks_per_quarter)]
    near = np.abs(onsets[:, 1, None] - np.array(beats)).min(axis=1) * NEAR_BEAT <= score.ticks_per_quarter
    return float(near.mean()) if len(onsets) else float("nan")


def grid_options(checkpoint: str, change: str, amount: int, seed: int, **more: Any) -> RemixOptions:
    """Returns what asks a pipeline for one point of the grid."""
    bars = tuple(range(FIRST_BAR, LAST_BAR))
    return RemixOptions(
        change=change, amount=amount, bars=bars, seed=seed, passes=PASSES, checkpoint=checkpoint, **more
    )


def _nearer(little: dict[str, np.ndarray], much: dict[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    """Returns for each measure in what share of the pieces the smaller change is nearer to the original, and as near."""
    found = {}
    for name, sign in ((SHARE_CHANGED, 1), (LIKENESS[0], 1), (LIKENESS[1], -1)):
        gain = sign * (much[name] - little[name])
        gain = gain[np.isfinite(gain)]
        found[name] = (float((gain > 1e-9).mean()), float((np.abs(gain) <= 1e-9).mean()))
    return found


def in_key_figures(
    checkpoint: str, pieces: list[symusic.Score], remixed: dict[tuple[str, int], list[symusic.Score]], seed: int
) -> dict[str, dict[str, float]]:
    """Returns what share of the new pitched notes lies in the key of the piece, with stay-in-key off and on."""
    dialect = load(checkpoint).dialect
    scales = [read(s, dialect, grid_options(checkpoint, "notes", 100, 0)).key.scale for s in pieces]
    found = {}
    for change in IN_KEY_CHANGES:
        on = [
            _last(remix(Piece(score), grid_options(checkpoint, change, AMOUNTS[-1], seed + number, stay_in_key=True)))
            for number, score in enumerate(tqdm(pieces, unit="piece", desc=f"{change}, in key", disable=None))
        ]
        found[change] = {
            "the original": _in_scales(scales, pieces, None),
            "stay in key off": _in_scales(scales, pieces, remixed[change, AMOUNTS[-1]]),
            "stay in key on": _in_scales(scales, pieces, on),
        }
    return found


def _in_scales(scales: list[frozenset[int]], pieces: list[symusic.Score], remixed: list[symusic.Score] | None) -> float:
    inside = []
    for number, (scale, score) in enumerate(zip(scales, pieces, strict=True)):
        after, changed = score, None
        if remixed:
            after, changed = remixed[number], changed_notes(score, remixed[number])
        inside += [
            pitch % 12 in scale for _, _, pitch in _starting_in(after, FIRST_BAR, LAST_BAR, changed, drums=False)
        ]
    return mean(inside)


def melody_figures(checkpoint: str, pieces: list[symusic.Score], seed: int) -> dict[str, Any]:
    """Returns what share of the notes of a melody bar come back when their pitches are hidden, beside the floors."""
    rng = np.random.default_rng(seed)
    hits: Counter[str] = Counter()
    bars = 0
    for score in tqdm(pieces, unit="piece", desc="melodies", disable=None):
        track = melody(score)
        played = melody_bars(score, track)
        if len(played) < 2:
            continue
        bar = int(rng.choice(played[1:]))
        truth = Counter((time, pitch) for number, time, pitch in _starting_in(score, bar, bar + 1) if number == track)
        guesses = {"model": filled_in(checkpoint, score, bar, track)} | floor_guesses(score, bar, track)
        hits.update({name: (truth & guess).total() for name, guess in guesses.items()})
        hits["notes"] += truth.total()
        bars += 1
    names = ("most frequent", "bar before", "model")
    return {"bars": bars, "notes": hits["notes"]} | {name: hits[name] / max(1, hits["notes"]) for name in names}


def filled_in(checkpoint: str, score: symusic.Score, bar: int, track: int) -> Counter[tuple[int, int]]:
    """Returns the notes (start, pitch) that a model writes into a bar of a track whose pitches are hidden.

    It is done as a remix does it, the likeliest first, but for one thing: a remix never gives a note the pitch that it
    had.
    """
    options = RemixOptions(
        change="notes", amount=100, bars=(bar,), tracks=(track,), temperature=0.0, passes=PASSES,
        checkpoint=checkpoint,
    )  # fmt: skip
    loaded = load(checkpoint)
    canvas, _ = prepare(read(score, loaded.dialect, options), options, 0)
    hidden = canvas.chosen
    canvas.source[hidden] = -1  # new notes: nobody knows what they were
    canvas.rows[hidden, Octuple.PITCH] = FIRST
    for _ in MaskPredictor(loaded, options).fill([canvas]):
        pass
    pitches = canvas.rows[hidden, Octuple.PITCH] - FIRST - canvas.original.shift
    return Counter(zip(canvas.start[hidden].tolist(), pitches.tolist()))


def melody(score: symusic.Score) -> int:
    """Returns the track that lies highest of the pitched ones that play in half of the bars, or of all pitched ones."""
    pitched = [n for n, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum]
    often = [n for n in pitched if len(melody_bars(score, n)) >= EXCERPT_BARS // 2]
    return max(often or pitched, key=lambda number: score.tracks[number].notes.numpy()["pitch"].mean())


def melody_bars(score: symusic.Score, track: int) -> np.ndarray:
    """Returns the bars in which notes of a track start, counted from 0."""
    starts = [bar.start for bar in bar_grid(score)]
    return np.unique(np.searchsorted(starts, score.tracks[track].notes.numpy()["time"], side="right")) - 1


def floor_guesses(score: symusic.Score, bar: int, track: int) -> dict[str, Counter[tuple[int, int]]]:
    """Returns the notes (start, pitch) that each floor guesses in a bar of a track whose pitches are hidden."""
    encoded = tokens.encode(score, keep_doubles=True)
    rows, of_track = encoded.rows.astype(np.int64), encoded.origin[:, 0] == track
    times = np.zeros(len(rows), dtype=np.int64)
    times[of_track] = score.tracks[track].notes.numpy()["time"][encoded.origin[of_track, 1]]
    here = bar_grid(score)[bar]
    asked = of_track & (times >= here.start) & (times < here.end)
    floors = Floors(rows, asked, of_track, Octuple.PITCH, tokens.vocabulary().sizes[Octuple.PITCH] - FIRST)
    guesses = {"most frequent": np.full(int(asked.sum()), floors.commonest), "bar before": floors.copied()}
    return {name: Counter(zip(times[asked].tolist(), values.tolist())) for name, values in guesses.items()}


def _starting_in(
    score: symusic.Score, first: int, last: int, chosen: list[np.ndarray] | None = None, drums: bool = True
) -> list[tuple[int, int, int]]:
    """Returns (track, start, pitch) of the notes, or the chosen ones, that start in bars ``first`` up to ``last``."""
    grid = bar_grid(score)
    begin, end = grid[first].start, grid[min(last, len(grid)) - 1].end
    found = []
    for number, track in enumerate(score.tracks):
        if not len(track.notes) or (track.is_drum and not drums):
            continue
        notes = track.notes.numpy()
        wanted = (notes["time"] >= begin) & (notes["time"] < end)
        if chosen is not None:
            wanted &= chosen[number]
        found += [(number, *note) for note in zip(notes["time"][wanted].tolist(), notes["pitch"][wanted].tolist())]
    return found


def _last(steps: Iterator[Step]) -> symusic.Score:
    *_, step = steps
    return step.piece.score


def as_text(figures: dict[str, Any]) -> str:
    """Returns the figures as tables for people."""
    first, last = FIRST_BAR + 1, LAST_BAR
    lines = [
        f"{figures['checkpoint']}: {figures['pieces']} validation excerpts of {EXCERPT_BARS} bars, spread over the real sets.",
        f"Bars {first} to {last} of all tracks are remixed once each way, in {figures['passes']} passes at temperature 1, and",
        "compared bar by bar with what they were. Seconds are those of one processor core.",
        "",
        f"  {'change and amount':24}{SHARE_CHANGED:>16}{LIKENESS[0]:>24}{LIKENESS[1]:>20}{ACCENTS:>18}{'seconds':>10}",
        f"  {'the original':24}{0:16.1%}{0:24.3f}{1:20.3f}{figures['accents']:18.1%}",
    ]
    for change, cells in figures["grid"].items():
        for amount, cell in cells.items():
            lines.append(
                f"  {f'{change} {amount} %':24}{cell[SHARE_CHANGED]:16.1%}{cell[LIKENESS[0]]:24.3f}"
                f"{cell[LIKENESS[1]]:20.3f}{cell[ACCENTS]:18.1%}{cell['seconds']:10.2f}"
            )
    low, high = AMOUNTS[0], AMOUNTS[-1]
    lines += [
        "",
        f"Is a {low} % remix nearer to the original than one of {high} %? Share of the pieces (and of those where it is as near)",
        f"  {'':24}{SHARE_CHANGED:>16}{LIKENESS[0]:>24}{LIKENESS[1]:>20}",
    ]
    for change, row in figures["nearer"].items():
        cells = [f"{nearer:.0%} ({same:.0%})" for nearer, same in row.values()]
        lines.append(f"  {change:24}{cells[0]:>16}{cells[1]:>24}{cells[2]:>20}")
    rates = figures["in key"]
    lines += [
        "",
        f"New pitched notes in the key of the piece, at {high} %",
        f"  {'':24}" + "".join(f"{name:>18}" for name in next(iter(rates.values()))),
        *(f"  {change:24}" + "".join(f"{rate:18.1%}" for rate in row.values()) for change, row in rates.items()),
        "",
        f"Overlapped area of the bars remixed (everything, {high} %) with as many bars of {figures['excerpts']} other validation",
        "excerpts (1 = the same); ceiling: the same bars before the remix",
        *overlaps_as_text(figures["overlapped area"]),
    ]
    found = figures["melody"]
    lines += [
        "",
        f"Notes of a melody bar that come back when its pitches are hidden (temperature 0, {found['bars']} bars, {found['notes']} notes)",
        *(f"  {name:24}{found[name]:8.1%}" for name in ("most frequent", "bar before", "model")),
    ]
    return "\n".join(lines)
