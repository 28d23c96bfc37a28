"""Measures of a piece and of sets of pieces: what a generated set has in common with real music, and what it copied.

The measures of one piece follow Dong et al. 2018 (MuseGAN) and Dong et al. 2020 (MusPy), groove consistency follows
Wu & Yang 2020 (Jazz Transformer); all are taken on a grid of 12 steps a quarter note. The overlapped area of two sets
follows Yang & Lerch 2020 (On the evaluation of generative models in music).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import symusic

from music.bars import bar_grid

MEASURES = (
    "pitch class entropy",
    "scale consistency",
    "groove consistency",
    "polyphony",
    "empty beat rate",
    "note density",
    "pitch range",
)
WINDOW_NOTES = 12
_STEPS = 12
_LONGEST_STEP = 16 * _STEPS  # onsets further apart than four bars count as this far apart
_PDF_POINTS = 2001


def measure(score: symusic.Score) -> dict[str, float]:
    """Returns the seven measures of a piece by name; NaN where a piece has nothing to measure.

    - pitch class entropy: in bits, over the notes of all pitched tracks (drums have no pitch).
    - scale consistency: the largest share of pitched notes that one major (or natural minor) scale holds.
    - groove consistency: one minus the mean share of grid steps on which neighbouring bars of one length differ in
      whether a note starts there, drums included.
    - polyphony: pitches sounding at once, averaged over the grid steps on which any pitch sounds.
    - empty beat rate: the share of quarter notes, up to the end of the last note, in which nothing sounds.
    - note density: notes a quarter note, drums included, over the same stretch.
    - pitch range: highest less lowest pitch, in semitones.
    """
    start, end, pitch, drum = grid_notes(score)
    if not len(start):
        return dict.fromkeys(MEASURES, float("nan"))
    quarters = max(1, -(-int(end.max()) // _STEPS))
    sounding = np.zeros(quarters + 1)
    np.add.at(sounding, start // _STEPS, 1)
    np.add.at(sounding, (end - 1) // _STEPS + 1, -1)
    values = {
        "groove consistency": _groove_consistency(score, start),
        "empty beat rate": float((np.cumsum(sounding)[:quarters] == 0).mean()),
        "note density": len(start) / quarters,
    }
    tonal = pitch[~drum]
    if len(tonal):
        classes = np.bincount(tonal % 12, minlength=12) / len(tonal)
        seen = classes[classes > 0]
        major = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
        values |= {
            "pitch class entropy": float(-(seen * np.log2(seen)).sum()) + 0.0,
            "scale consistency": float(max(classes[np.roll(major, tonic)].sum() for tonic in range(12))),
            "polyphony": _polyphony(start[~drum], end[~drum], tonal),
            "pitch range": float(tonal.max() - tonal.min()),
        }
    return {name: values.get(name, float("nan")) for name in MEASURES}


def grid_notes(score: symusic.Score) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns start and end (at least one later) in grid steps, pitch, and whether it is a drum, of every note."""
    columns: list[tuple[np.ndarray, ...]] = []
    for track in score.tracks:
        if len(track.notes):
            notes = track.notes.numpy()
            start = _steps(notes["time"], score.ticks_per_quarter)
            end = _steps(notes["time"].astype(np.int64) + notes["duration"], score.ticks_per_quarter)
            drum = np.full(len(start), track.is_drum)
            columns.append((start, np.maximum(end, start + 1), notes["pitch"].astype(np.int64), drum))
    if not columns:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing.astype(bool)
    start, end, pitch, drum = (np.concatenate(parts) for parts in zip(*columns))
    return start, end, pitch, drum


def _steps(ticks: np.ndarray, ticks_per_quarter: int) -> np.ndarray:
    return np.rint(ticks.astype(np.float64) * _STEPS / ticks_per_quarter).astype(np.int64)


LIKENESS = ("pitch class distance", "groove similarity")


def likeness(before: symusic.Score, after: symusic.Score, first: int, last: int) -> dict[str, float]:
    """Returns how near a score is to what it was, bar by bar, as means over bars ``first`` up to ``last``; NaN without notes.

    - pitch class distance: half the sum of the differences between the shares of the twelve pitch classes in the notes
      of pitched tracks that start in a bar, 0 (the same) to 1 (none in common, or notes in one of the two only).
    - groove similarity: one minus the share of a bar's grid steps on which notes start in one of the two only (Wu &
      Yang 2020), drums included.
    """
    edges = bar_edges(before)
    sides = [grid_notes(score) for score in (before, after)]
    distances, similarities = [], []
    for begin, end in zip(edges[first:last], edges[first + 1 : last + 1]):
        classes, onsets = np.zeros((2, 12)), np.zeros((2, end - begin), dtype=bool)
        for side, (start, _, pitch, drum) in enumerate(sides):
            inside = (start >= begin) & (start < end)
            classes[side] = np.bincount(pitch[inside & ~drum] % 12, minlength=12)
            onsets[side, start[inside] - begin] = True
        counts = classes.sum(axis=1)
        if counts.any():
            distances.append(
                0.5 * np.abs(np.subtract(*(classes / np.maximum(counts, 1)[:, None]))).sum() if counts.all() else 1.0
            )
        if onsets.any():
            similarities.append(1 - (onsets[0] != onsets[1]).mean())
    return {name: float(np.mean(v)) if v else float("nan") for name, v in zip(LIKENESS, (distances, similarities))}


def bar_edges(score: symusic.Score) -> np.ndarray:
    """Returns where the bars begin, and where the last one ends, in grid steps."""
    bars = bar_grid(score)
    return _steps(np.array([bar.start for bar in bars] + [bars[-1].end]), score.ticks_per_quarter)


def _polyphony(start: np.ndarray, end: np.ndarray, pitch: np.ndarray) -> float:
    """Returns the mean number of pitches that sound while any does; two notes of one pitch at once are one."""
    rolls = np.zeros((128, int(end.max()) + 1), dtype=np.int32)
    np.add.at(rolls, (pitch, start), 1)
    np.add.at(rolls, (pitch, end), -1)
    at_once = (np.cumsum(rolls, axis=1) > 0).sum(axis=0)
    return float(at_once[at_once > 0].mean())


def _groove_consistency(score: symusic.Score, start: np.ndarray) -> float:
    edges = bar_edges(score)
    onsets = np.zeros(max(int(edges[-1]), int(start.max()) + 1), dtype=bool)
    onsets[start] = True
    patterns = [onsets[a:b] for a, b in zip(edges, edges[1:])]
    pairs = [(a != b).mean() for a, b in zip(patterns, patterns[1:]) if len(a) == len(b) > 0]
    return 1 - float(np.mean(pairs)) if pairs else float("nan")


# Sets of pieces


def mean(values: Sequence[float]) -> float:
    """Returns the mean; NaN where there are no values."""
    return float(np.mean(values)) if len(values) else float("nan")


def overlapped_area(values: Iterable[float], reference: Iterable[float]) -> float:
    """Returns how far a set is spread like a reference set and lies among it, 0 to 1 (Yang & Lerch 2020).

    The area under both of two curves: the distribution of distances within the reference set (intra-set), and that
    of distances from the set to the reference set (inter-set), each as a Gaussian kernel density with Scott's
    bandwidth. NaN values are left out; with fewer than two values on a side the result is NaN.
    """
    mine, theirs = _finite(values), _finite(reference)
    if len(mine) < 2 or len(theirs) < 2:
        return float("nan")
    within = np.abs(theirs[:, None] - theirs[None, :])[np.triu_indices(len(theirs), 1)]
    across = np.abs(mine[:, None] - theirs[None, :]).ravel()
    return _area_under_both(within, across)


def value_overlap(values: Iterable[float], reference: Iterable[float]) -> float:
    """Returns the area under both of the distributions of the values themselves, 0 to 1.

    Unlike distances, values tell a set that lies to one side of the reference from one that lies to the other.
    """
    mine, theirs = _finite(values), _finite(reference)
    return _area_under_both(mine, theirs) if min(len(mine), len(theirs)) > 1 else float("nan")


def _finite(values: Iterable[float]) -> np.ndarray:
    array = np.asarray(list(values), dtype=np.float64)
    return array[np.isfinite(array)]


def _area_under_both(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the area under the estimated densities of both, from 0 to 1."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    widths = [max(float(x.std()) * len(x) ** -0.2, 1e-3 * (high - low), 1e-9) for x in (a, b)]
    reach = 4 * max(widths)
    edges = np.linspace(low - reach, high + reach, _PDF_POINTS + 1)
    step = edges[1] - edges[0]
    densities = []
    for values, width in zip((a, b), widths):
        half = min(int(4 * width / step) + 1, (_PDF_POINTS - 1) // 2)
        kernel = np.exp(-0.5 * (np.arange(-half, half + 1) * step / width) ** 2)
        density = np.convolve(np.histogram(values, edges)[0], kernel, mode="same")
        densities.append(density / density.sum())
    return float(np.minimum(*densities).sum())


def overlaps(
    ours: Iterable[symusic.Score], ceiling: Iterable[symusic.Score], reference: Iterable[symusic.Score]
) -> dict[str, dict[str, float]]:
    """Returns for each measure how our scores and those of a ceiling lie among a reference set, and the means."""
    sets = [[measure(score) for score in scores] for scores in (ours, ceiling, reference)]
    found = {}
    for name in MEASURES:
        mine, best, real = ([row[name] for row in rows] for rows in sets)
        found[name] = {
            "ours": overlapped_area(mine, real),
            "ceiling": overlapped_area(best, real),
            "ours values": value_overlap(mine, real),
            "ceiling values": value_overlap(best, real),
            "mean ours": float(np.nanmean(mine)),
            "mean valid": float(np.nanmean(real)),
        }
    return found


def overlaps_as_text(areas: dict[str, dict[str, float]]) -> list[str]:
    """Returns the lines of a table of what ``overlaps`` found."""
    return [
        f"  {'':24}{'distances':>20}{'values':>20}{'mean':>20}",
        f"  {'':24}" + f"{'ours':>10}{'ceiling':>10}" * 2 + f"{'ours':>10}{'valid':>10}",
        *(f"  {name:24}" + "".join(f"{value:10.3f}" for value in row.values()) for name, row in areas.items()),
    ]


# Windows of notes, to see what was copied


def window_hashes(score: symusic.Score, drums: bool = False, fewest_moves: int = 1) -> np.ndarray:
    """Returns a 64-bit hash for each stretch of 12 notes of each pitched track, shape ``[windows]``.

    A track's notes stand in order of onset, then pitch. A window is its 11 intervals in semitones with the onset
    steps in twelfths of a quarter note, so transposition, tempo and instrument do not hide a copy.

    Args:
        drums: take the drum tracks instead.
        fewest_moves: leave out windows with fewer different moves (interval and onset step) than this. One or two
            moves make a repeated note or a plain scale, which no one copies and everyone writes.
    """
    found = [np.zeros(0, dtype=np.uint64)]
    for track in score.tracks:
        if track.is_drum != drums or len(track.notes) < WINDOW_NOTES:
            continue
        notes = track.notes.numpy()
        onset = _steps(notes["time"], score.ticks_per_quarter)
        pitch = notes["pitch"].astype(np.int64)
        order = np.lexsort((pitch, onset))
        step = np.minimum(np.diff(onset[order]), _LONGEST_STEP)
        code = ((np.diff(pitch[order]) + 128) * (_LONGEST_STEP + 1) + step).astype(np.uint64)
        length = len(code) - (WINDOW_NOTES - 2)
        hashed = np.zeros(length, dtype=np.uint64)
        for place in range(WINDOW_NOTES - 1):
            hashed = _mixed(hashed ^ _mixed(code[place : place + length] + np.uint64(1)))
        if fewest_moves > 1:
            moves = np.sort(np.lib.stride_tricks.sliding_window_view(code, WINDOW_NOTES - 1), axis=1)
            hashed = hashed[(np.diff(moves, axis=1) != 0).sum(axis=1) + 1 >= fewest_moves]
        found.append(hashed)
    return np.concatenate(found)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Returns the values scattered over 64 bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def window_index(hashes: Iterable[np.ndarray]) -> np.ndarray:
    """Returns all hashes sorted, each once: the index that `copied` searches."""
    return np.unique(np.concatenate([np.zeros(0, dtype=np.uint64), *hashes]))


def copied(hashes: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Returns which windows occur in an index, bool ``[windows]``."""
    if not len(index):
        return np.zeros(len(hashes), dtype=bool)
    place = np.minimum(np.searchsorted(index, hashes), len(index) - 1)
    return index[place] == hashes
