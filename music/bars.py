"""The bar grid of a score: where bars begin, how long they are, how fast they pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import symusic

DEFAULT_SIGNATURE = (4, 4)
DEFAULT_TEMPO_BPM = 120.0


class Bar(NamedTuple):
    """One bar: its first tick, the tick after its last, and its time signature."""

    start: int
    end: int
    numerator: int
    denominator: int


def bar_grid(score: symusic.Score, until_tick: int | None = None) -> list[Bar]:
    """Returns the bars that cover ticks ``[0, until_tick)``, at least one.

    A signature that arrives inside a bar cuts that bar short there, as notation programs do. Signatures
    with a numerator or denominator of zero are ignored; before the first one music is in 4/4.

    Args:
        score: a score in ticks.
        until_tick: where to stop; by default the end of the last note.
    """
    end = score_end(score) if until_tick is None else until_tick
    changes = [(0, *DEFAULT_SIGNATURE)]
    for sig in sorted(score.time_signatures, key=lambda s: s.time):
        if sig.numerator < 1 or sig.denominator < 1:
            continue
        if sig.time <= changes[-1][0]:
            changes[-1] = (changes[-1][0], sig.numerator, sig.denominator)
        elif (sig.numerator, sig.denominator) != changes[-1][1:]:
            changes.append((sig.time, sig.numerator, sig.denominator))
    bars: list[Bar] = []
    for index, (start, numerator, denominator) in enumerate(changes):
        length = bar_ticks(numerator, denominator, score.ticks_per_quarter)
        stop = changes[index + 1][0] if index + 1 < len(changes) else end + length
        tick = start
        while tick < min(stop, end):
            bars.append(Bar(tick, min(tick + length, stop), numerator, denominator))
            tick += length
    if not bars:
        _, numerator, denominator = changes[0]
        bars.append(Bar(0, bar_ticks(numerator, denominator, score.ticks_per_quarter), numerator, denominator))
    return bars


def parse_signature(text: str) -> tuple[int, int]:
    """Returns numerator and denominator of a time signature written as "3/4".

    Raises:
        ValueError: the text is not two whole numbers with a slash between.
    """
    numerator, denominator = map(int, text.split("/"))
    return numerator, denominator


def bar_ticks(numerator: int, denominator: int, ticks_per_quarter: int) -> int:
    """Returns the length of one bar in ticks, at least 1."""
    return max(1, ticks_per_quarter * 4 * numerator // denominator)


def score_end(score: symusic.Score) -> int:
    """Returns the tick at which the last note ends; 0 without notes."""
    return max((int((a["time"] + a["duration"]).max()) for a in note_arrays(score)), default=0)


def note_arrays(score: symusic.Score) -> list[dict[str, np.ndarray]]:
    """Returns the notes of each track that has any, as arrays ``time, duration, pitch, velocity``."""
    return [track.notes.numpy() for track in score.tracks if len(track.notes)]


def tempo_map(score: symusic.Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns ``(ticks, seconds, quarters_per_minute)`` of each tempo change, the first at tick 0."""
    changes: dict[int, float] = {0: DEFAULT_TEMPO_BPM}
    for tempo in sorted(score.tempos, key=lambda t: t.time):
        if tempo.qpm > 0:
            changes[max(0, tempo.time)] = tempo.qpm
    ticks = np.array(sorted(changes), dtype=np.int64)
    qpm = np.array([changes[int(t)] for t in ticks])
    spans = np.diff(ticks) / score.ticks_per_quarter * 60.0 / qpm[:-1]
    return ticks, np.concatenate([[0.0], np.cumsum(spans)]), qpm


def ticks_to_seconds(score: symusic.Score, ticks: np.ndarray | int) -> np.ndarray:
    """Returns the time in seconds of each tick, honoring every tempo change."""
    at, seconds, qpm = tempo_map(score)
    ticks = np.asarray(ticks)
    index = np.maximum(np.searchsorted(at, ticks, side="right") - 1, 0)
    return seconds[index] + (ticks - at[index]) / score.ticks_per_quarter * 60.0 / qpm[index]
