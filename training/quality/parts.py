"""Do players keep a pattern, vary it, and play the chords? What accompanies written chords, beside real accompaniments.

Each player is judged by the bars they play in: how often one has the rhythm of a bar shortly before, and how often its notes
too; drummers also by whether they leave their pattern in the last bar of eight rather than elsewhere. Of a bass it is asked
whether it has the bass of a chord where one begins. The chords of real music are estimated from its notes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from music.analysis.chord_estimation import estimate_chords
from music.analysis.melody import find_melody
from music.bars import Bar, bar_grid
from music.chords import NO_CHORD, ChordSpan
from music.instruments import BASS_PLAYERS, DRUMS, program_of
from music.tokens.octuple import POSITIONS_PER_QUARTER
from training.data.prepare import Source
from training.quality.measures.pieces import mean
from training.quality.report import SETS, excerpts, read_sets

MEASURES = (
    "rhythm comes again",
    "notes come again",
    "pattern left at an eighth bar",
    "pattern left elsewhere",
    "time in chord tones",
    "bass of a new chord",
    "bass begins with the chord",
    "bass leaps",
    "notes a beat",
)
BACK, ALIKE = 8, 0.8  # bars in which a pattern is looked for, and how much of both has to be the same
PHRASE = 8
_WIDE = 12  # semitones of a leap
REAL = {"band": ("gm_free_games",), "bass": ("gm_free_games",), "piano": ("pop909",)}


def judged(
    score: symusic.Score, chords: Sequence[ChordSpan], bars: Sequence[Bar], melody: int | None
) -> dict[str, float]:
    """Returns MEASURES of an accompaniment, which is all but the melody's track; NaN where there is nothing to measure."""
    found: dict[str, list[float]] = defaultdict(list)
    for number, track in enumerate(score.tracks):
        if number == melody or not len(track.notes):
            continue
        played = _bars_of(track, bars, score.ticks_per_quarter)
        rhythms = [frozenset(place for place, _ in bar) for bar in played]
        again = _again(rhythms)
        found[MEASURES[0]] += list(again.values())
        found[MEASURES[1]] += list(_again([frozenset(bar) for bar in played]).values())
        if program_of(track) == DRUMS:
            whole = _again([frozenset(bar) for bar in played])
            for bar, same in whole.items():
                found[MEASURES[2 if bar % PHRASE == PHRASE - 1 else 3]].append(1.0 - same)
        else:
            found[MEASURES[4]] += _in_chords(track, chords)
        if program_of(track) in BASS_PLAYERS or track.name == "Bass":
            right, on_time = _basses(track, chords, score.ticks_per_quarter)
            found[MEASURES[5]] += right
            found[MEASURES[6]] += on_time
            line = _line(track)
            found[MEASURES[7]] += (np.abs(np.diff(line[:, 1])) > _WIDE).astype(float).tolist()
        quarters = (bars[-1].end - bars[0].start) / score.ticks_per_quarter
        found[MEASURES[8]].append(len(track.notes) / quarters)
    return {name: mean(found[name]) if found[name] else float("nan") for name in MEASURES}


def _bars_of(track: symusic.Track, bars: Sequence[Bar], quarter: int) -> list[set[tuple[int, int]]]:
    """Returns the notes of each bar: place on the model's grid, and pitch."""
    notes = track.notes.numpy()
    starts = np.array([bar.start for bar in bars])
    at = np.searchsorted(starts, notes["time"], side="right") - 1
    found: list[set[tuple[int, int]]] = [set() for _ in bars]
    for bar, tick, pitch in zip(at.tolist(), notes["time"].tolist(), notes["pitch"].tolist(), strict=True):
        if bar >= 0 and tick < bars[bar].end:
            found[bar].add((round((tick - bars[bar].start) * POSITIONS_PER_QUARTER / quarter), pitch))
    return found


def _again(bars: Sequence[frozenset]) -> dict[int, float]:
    """Returns for each bar with something in it, after the first such, 1 where it is like one of the BACK before, else 0."""
    found: dict[int, float] = {}
    begun = False
    for number, bar in enumerate(bars):
        if bar and begun:
            before = [each for each in bars[max(0, number - BACK) : number] if each]
            found[number] = float(any(len(bar & each) >= ALIKE * len(bar | each) for each in before))
        begun = begun or bool(bar)
    return found


def _line(track: symusic.Track) -> np.ndarray:
    """Returns onset and pitch of the lowest notes, int64 [notes, 2]."""
    notes = track.notes.numpy()
    order = np.lexsort((notes["pitch"], notes["time"]))
    times, pitches = notes["time"][order].astype(np.int64), notes["pitch"][order].astype(np.int64)
    first = np.diff(times, prepend=-1) > 0
    return np.stack([times[first], pitches[first]], axis=1)


def _in_chords(track: symusic.Track, chords: Sequence[ChordSpan]) -> list[float]:
    """Returns for each note the share of its time in chords in which it is a tone of them."""
    notes, found = track.notes.numpy(), []
    starts = np.array([span.start for span in chords])
    for tick, length, pitch in zip(
        notes["time"].tolist(), notes["duration"].tolist(), notes["pitch"].tolist(), strict=True
    ):
        good = total = 0
        number = max(0, int(np.searchsorted(starts, tick, side="right")) - 1)
        for span in chords[number:]:
            if span.start >= tick + length:
                break
            shared = min(span.end, tick + length) - max(span.start, tick)
            if shared > 0 and span.chord != NO_CHORD:
                total += shared
                good += shared * (pitch % 12 in span.chord.tones)
        if total:
            found.append(good / total)
    return found


def _basses(track: symusic.Track, chords: Sequence[ChordSpan], quarter: int) -> tuple[list[float], list[float]]:
    """Returns for each chord whether the first note of a bass within a beat of its beginning is its bass, and whether one begins
    with it."""
    line = _line(track)
    found, on_time = [], []
    for span in chords:
        here = np.flatnonzero((line[:, 0] >= span.start - quarter // 8) & (line[:, 0] < span.start + quarter))
        if span.chord != NO_CHORD and len(here):
            found.append(float(line[here[0], 1] % 12 == span.chord.bass))
        if span.chord != NO_CHORD:
            on_time.append(float(len(here) > 0 and line[here[0], 0] <= span.start + quarter // 8))
    return found, on_time


def real(data: Path, style: str, count: int, seed: int, sets: Path = SETS) -> list[dict[str, float]]:
    """Returns MEASURES of up to so many excerpts of validation pieces whose accompaniment is of a style; none without their sets."""
    if not any((data / name / "manifest.jsonl").exists() for name in REAL[style]):
        return []
    files = read_sets(sets, data)
    rows = []
    for name in REAL[style]:
        valid = [source for source in files[name][1] if source.split == "valid"] if name in files else []
        for score in _excerpts(valid, count, np.random.default_rng(seed)):
            melody = find_melody(score)
            bars = bar_grid(score)
            chords = estimate_chords(score)
            if style == "bass":
                score = score.copy()
                score.tracks = [track for track in score.tracks if program_of(track) in BASS_PLAYERS]
                melody = None
            if any(len(track.notes) for number, track in enumerate(score.tracks) if number != melody):
                rows.append(judged(score, chords, bars, melody))
    return rows


def _excerpts(sources: list[Source], count: int, rng: np.random.Generator) -> Iterator[symusic.Score]:
    return excerpts(sources, count, rng, 32)


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Returns the mean of each measure over pieces; NaN where none has it."""
    found = {}
    for name in MEASURES:
        values = [row[name] for row in rows if np.isfinite(row[name])]
        found[name] = mean(values) if values else float("nan")
    return found


class Clock:
    """Seconds of this process, per minute of music."""

    def __init__(self) -> None:
        self._spent = self._music = 0.0

    def __enter__(self) -> Clock:
        self._start = time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self._spent += time.process_time() - self._start

    def add(self, seconds: float) -> None:
        """Takes so much music as written."""
        self._music += seconds

    @property
    def a_minute(self) -> float:
        """CPU seconds a minute of music."""
        return 60 * self._spent / self._music if self._music else float("nan")


def as_lines(figures: dict[str, Any]) -> list[str]:
    """Returns the table of what was written beside real accompaniments, by style."""
    lines = []
    for style, rows in figures.items():
        lines += ["", f"  {style:30}" + "".join(f"{name:>16}" for name in rows)]
        for name in MEASURES:
            values = [row[name] for row in rows.values()]
            if any(np.isfinite(value) for value in values):
                lines.append(f"  {name:30}" + "".join(f"{value:16.3f}" for value in values))
    return lines
