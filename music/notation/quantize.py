"""From played time to written time: the bars, the note values that the notes mean, and how sure we are of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import symusic

from music.bars import bar_grid, note_arrays, score_end, tempo_map
from music.chords import chord_spans
from music.notation.rhythm import FINEST, UNITS, SheetBar, beat_spans, meter

_LATTICES = (4, 3, 8, 6, 16, 32, 5, 7)  # slots in a quarter that scores use; twelfths are the grid of a model
# The shares and prices of this file are by eye, not measured one by one. `python -m benchmarks notation` counts what comes of them
# together: of a pianist with 15 ms of jitter no onset is written more than a 32nd wrong, and 4 % of the lengths.
# Slots that a beat may be divided into, with how much a reader dislikes each; "score" only where they fit exactly.
_PLAYED = {
    "simple": {1: 0.0, 2: 0.3, 4: 0.9, 3: 1.0, 6: 3.5, 8: 3.5},
    "compound": {1: 0.0, 3: 0.2, 6: 0.8, 2: 2.5, 12: 3.5},
}
_SCORE = {"simple": (1, 2, 4, 3, 8, 6, 16, 5, 7, 12, 24, 32), "compound": (1, 3, 2, 6, 12, 9, 4, 24, 18, 5, 7)}


class SheetNote(NamedTuple):
    """One note on paper. ``tick`` is where the score has it."""

    start: int
    end: int
    pitch: int
    tick: int


@dataclass(frozen=True)
class Timing:
    """How the times of a score relate to what a scribe would write.

    Attributes:
        shift: units by which every note is late (a score whose grid does not begin at tick 0).
        score_onsets: onsets lie on note values already and must stay where they are.
        jitter: units by which a player may miss.
    """

    shift: float
    score_onsets: bool
    jitter: float


class Lengths(NamedTuple):
    """What makes lengths in ticks whole note values: add ticks, then divide by the scale that they were played at."""

    scale: float
    extra_ticks: int


def sheet_bars(score: symusic.Score, timing: Timing) -> list[SheetBar]:
    """Returns the written bars of a score, the first on paper at 0.

    A short bar before the first full one is a pickup, also where a file writes it as a signature of its own.
    """
    per_quarter = score.ticks_per_quarter
    grid = [tuple(bar) for bar in bar_grid(score, max(1, score_end(score)))]
    if len(grid) > 8 and {bar[2:] for bar in grid} == {(1, 4)}:
        grid = _find_bars(score, grid, timing)
    bars: list[SheetBar] = []
    start = 0
    for index, (tick, end_tick, numerator, denominator) in enumerate(grid):
        full = 4 * UNITS * numerator // denominator
        exact = (end_tick - tick) * UNITS / per_quarter
        length = full if abs(exact - full) <= UNITS / 16 else round(exact * 8 / UNITS) * (UNITS // 8)
        if length <= 0:
            continue
        partial = length != full
        later = grid[index + 1] if index + 1 < len(grid) else None
        if not bars and later and not partial and later[2:] != (numerator, denominator):
            upcoming = 4 * UNITS * later[2] // later[3]
            if length < upcoming and denominator in (later[3], later[3] * 2, later[3] * 4):
                numerator, denominator, partial = later[2], later[3], True
        bars.append(SheetBar(tick, end_tick, start, length, numerator, denominator, partial))
        start += length
    return _without_leading_rests(bars, score, timing)


def _without_leading_rests(bars: list[SheetBar], score: symusic.Score, timing: Timing) -> list[SheetBar]:
    """Returns the bars with the first one as a pickup where at least its first half is silent.

    The pickup begins on the beat in which the first note begins, or half a beat later.
    """
    if len(bars) < 2 or bars[0].partial:
        return bars
    first, per_quarter = bars[0], score.ticks_per_quarter
    late = timing.shift * per_quarter / UNITS
    onset = min(float(notes["time"].min()) for notes in note_arrays(score)) - late
    symbols = [span.start for span in chord_spans(score)]
    silent = min([onset, *symbols]) - first.start_tick
    if not silent >= (first.end_tick - first.start_tick) / 2 or onset >= first.end_tick:
        return bars
    units = silent * UNITS / per_quarter
    beats = [start for start, _ in beat_spans(meter(first)) if start <= units + UNITS / 16]
    halves = round(units / (UNITS // 2)) * (UNITS // 2)
    skipped = halves if abs(units - halves) <= UNITS / 16 else beats[-1]
    if not 0 < skipped < first.length:
        return bars
    tick = first.start_tick + round(skipped * per_quarter / UNITS)
    pickup = first._replace(start_tick=tick, length=first.length - skipped, partial=True)
    return [pickup, *(bar._replace(start=bar.start - skipped) for bar in bars[1:])]


def _find_bars(score: symusic.Score, beats: list[tuple[int, ...]], timing: Timing) -> list[tuple[int, ...]]:
    """Returns bars of 4/4 for a score in 1/4 throughout, which only says that its bars were not known.

    The first beat of the bar is the one where the most and the longest low notes begin.
    """
    weights = np.zeros(4)
    late = timing.shift * score.ticks_per_quarter / UNITS
    for notes in note_arrays(score):
        beat = np.rint((notes["time"] - late) / score.ticks_per_quarter).astype(np.int64) % 4
        np.add.at(weights, beat, np.minimum(notes["duration"], 4 * score.ticks_per_quarter) * (notes["pitch"] < 55))
    first = int(weights.argmax())
    groups = [beats[:first]] if first else []
    groups += [beats[i : i + 4] for i in range(first, len(beats), 4)]
    length = 4 * score.ticks_per_quarter
    bars = [(group[0][0], group[-1][1], 4, 4) for group in groups]
    return [*bars[:-1], (bars[-1][0], bars[-1][0] + length, 4, 4)]


def read_timing(score: symusic.Score) -> Timing:
    """Returns how exact the times of a score are."""
    arrays = note_arrays(score)
    per_quarter = score.ticks_per_quarter
    start = np.concatenate([a["time"] for a in arrays]).astype(np.int64)
    length = np.concatenate([a["duration"] for a in arrays]).astype(np.int64)
    _, _, qpm = tempo_map(score)
    # A player's fingers miss by some 30 ms, in slow and fast music alike between 1/25 and 1/10 of a quarter note (by eye): sixteenths
    # are 1/4 apart and must still be told from each other.
    jitter = float(np.clip(0.03 * np.median(qpm) / 60, 0.04, 0.1)) * UNITS
    shift = 0.0
    if _on_lattice(start, per_quarter, (4, 3)).mean() < 0.8:
        shift = _lateness(start / per_quarter, length / per_quarter)
        start = start - round(shift * per_quarter)
    known = _on_lattice(start, per_quarter, (4, 3)).mean() >= 0.9
    score_onsets = bool(known or _on_lattice(start, per_quarter, _LATTICES).mean() >= 0.95)
    return Timing(shift * UNITS, score_onsets, jitter)


def read_lengths(time: np.ndarray, duration: np.ndarray, per_quarter: int, timing: Timing) -> Lengths | None:
    """Returns how the lengths of one player's notes become note values; None where they have to be judged by ear."""
    if not timing.score_onsets:
        return None
    start = time - round(timing.shift * per_quarter / UNITS)
    for scale, extra in ((1.0, 0), (1.0, 1), (0.95, 0), (0.9, 0)):
        ends = start + np.rint((duration + extra) / scale).astype(np.int64)
        # An end between the beats is exact where another note begins; elsewhere it is how long someone held a key.
        if (_on_lattice(ends, per_quarter, (4, 3)) | np.isin(ends, start)).mean() >= 0.85:
            return Lengths(scale, extra)
    return None


def _lateness(onsets: np.ndarray, lengths: np.ndarray) -> float:
    """Returns by how many quarters the beat of played music comes after the ticks of its file.

    The onsets' place between sixteenths is their circular mean; which sixteenth is the beat, the long notes say.
    """
    turn = np.exp(2j * np.pi * 4 * onsets).mean()
    if abs(turn) < 0.6:  # onsets are spread over all places of the grid, so none of them is the beat
        return 0.0
    late = float(np.angle(turn)) / (2 * np.pi) / 4
    place = np.rint((onsets - late) * 4).astype(np.int64) % 4
    weights = np.bincount(place, weights=np.minimum(lengths, 2), minlength=4)
    beat = (
        int(weights.argmax()) if weights.max() > 1.4 * weights[0] else 0
    )  # the file's own beat, unless another is clear
    return late + (beat if beat < 3 else -1) / 4


def _on_lattice(ticks: np.ndarray, per_quarter: int, lattices: Iterable[int]) -> np.ndarray:
    """Returns which ticks fall on one of these divisions of the quarter; rounding to ticks is forgiven."""
    hit = np.zeros(len(ticks), dtype=bool)
    for slots in lattices:
        if slots > 4 and per_quarter < 6 * slots:
            continue  # so fine that any tick would pass
        rest = ticks * slots % per_quarter
        forgiven = max(1.0 if per_quarter % slots else 0.0, per_quarter // 400)
        hit |= np.minimum(rest, per_quarter - rest) / slots <= forgiven
    return hit


def quantize(
    time: np.ndarray,
    duration: np.ndarray,
    pitch: np.ndarray,
    bars: Sequence[SheetBar],
    per_quarter: int,
    timing: Timing,
    lengths: Lengths | None,
    drums: bool = False,
) -> list[SheetNote]:
    """Returns the notes of one staff on paper, by start and then pitch, no pitch twice at a time.

    Args:
        time, duration, pitch: the notes in ticks, any order.
        bars, per_quarter, timing, lengths: what `sheet_bars`, the score, `read_timing` and `read_lengths` say.
        drums: whether these are drums, whose rolls and figures go no finer than 32nds and sextuplets.
    """
    if not len(time):
        return []
    bar_ticks = np.array([bar.start_tick for bar in bars])
    bar_starts = np.array([bar.start for bar in bars])
    bar_ends = bar_starts + np.array([bar.length for bar in bars])
    last = int(bar_ends[-1])

    def units(ticks: np.ndarray) -> np.ndarray:
        ticks = np.maximum(ticks - timing.shift * per_quarter / UNITS, 0)
        bar = np.maximum(np.searchsorted(bar_ticks, ticks, side="right") - 1, 0)
        return np.minimum(bar_starts[bar] + (ticks - bar_ticks[bar]) * (UNITS / per_quarter), bar_ends[bar])

    windows = [(bar.start + a, bar.start + b) for bar in bars for a, b in beat_spans(meter(bar))]
    edges = np.array([w[0] for w in windows] + [last])
    onsets = units(time.astype(np.float64))
    scale, extra = lengths or (1.0, 0)
    ends = units(time + np.maximum(np.rint((duration + extra) / scale), 1))
    tolerance = UNITS / per_quarter * max(1, per_quarter // 400) + 1
    # Where the beat itself had to be found, finer values than 32nds are accidents.
    fine = {kind: choices[: 5 if timing.shift else 6 if drums else None] for kind, choices in _SCORE.items()}
    slots = _choose_slots(onsets, windows, edges, fine, tolerance if timing.score_onsets else 0.0, timing.jitter)

    def snap(value: float, fallback: int) -> int:
        index = min(int(np.searchsorted(edges, value, side="right")) - 1, len(windows) - 1)
        start, end = windows[index]
        step = (end - start) / slots.get(index, fallback)
        return start + round(round((value - start) / step) * step)

    def shortest(start: int) -> int:
        index = int(np.searchsorted(edges, start, side="right")) - 1
        own = slots.get(index, 1)
        return (windows[index][1] - windows[index][0]) // next(own * k for k in (1, 2, 4) if own * k >= 4)

    distinct = np.unique(onsets)
    room = round(
        (windows[-1][1] - windows[-1][0]) / max(4, slots.get(len(windows) - 1, 4))
    )  # for a note that rounds to the end
    starts = {float(o): start if (start := snap(o, 4)) < last else last - room for o in distinct}
    grid = np.unique(np.fromiter(starts.values(), dtype=np.int64))
    notes: dict[tuple[int, int], SheetNote] = {}
    for onset, end, tick, key in zip(onsets, ends, time, pitch, strict=True):
        start = starts[float(onset)]
        if lengths:
            finish = _exact_end(end, windows, edges, slots, tolerance)
        else:
            finish = _heard_end(start, float(end), grid, snap)
        if finish <= start:
            finish = start + shortest(start)
        note = SheetNote(start, min(finish, last), int(key), int(tick))
        if (start, int(key)) not in notes or notes[start, int(key)].end < note.end:
            notes[start, int(key)] = note
    return _end_repeats(sorted(notes.values(), key=lambda n: (n.start, n.pitch)))


def _choose_slots(
    onsets: np.ndarray,
    windows: list,
    edges: np.ndarray,
    fine: dict[str, tuple[int, ...]],
    tolerance: float,
    jitter: float,
) -> dict[int, int]:
    """Returns into how many slots each beat that has onsets is divided."""
    members: dict[int, list[float]] = {}
    for onset in np.unique(onsets):
        index = min(int(np.searchsorted(edges, onset, side="right")) - 1, len(windows) - 1)
        members.setdefault(index, []).append(float(onset) - windows[index][0])
    slots: dict[int, int] = {}
    threes = 0.5
    for _ in range(2):  # a lone triplet among straight beats is more likely a slip: the second look knows the first
        for index, places in members.items():
            length = windows[index][1] - windows[index][0]
            kind = "compound" if length * 2 % (3 * UNITS) == 0 or length * 4 == 3 * UNITS else "simple"
            exact = _exact_slots(places, length, fine[kind], tolerance) if tolerance else None
            slots[index] = exact or _likely_slots(places, length, kind, jitter, 2.5 * (1 - min(1.0, 3 * threes)))
        divided = [n for index, n in slots.items() if n > 1 and len(members[index]) > 1]
        threes = sum(n % 3 == 0 for n in divided) / max(1, len(divided))
    return slots


def _exact_slots(places: list[float], length: int, choices: Iterable[int], tolerance: float) -> int | None:
    """Returns the first division of a beat on which all places lie; None where there is none."""
    for slots in choices:
        step = length / slots
        if step < FINEST or (slots > 16 and len(places) < 4):
            continue
        snapped = [round(p / step) for p in places]
        if all(abs(p - s * step) <= tolerance for p, s in zip(places, snapped, strict=True)):
            # One stray onset on a twelfth of a beat is no note value that anyone writes; a run or 3 against 4 is.
            if slots != 12 or length % (3 * UNITS) == 0 or len(set(snapped)) > 2:
                return slots
    return None


def _likely_slots(places: list[float], length: int, kind: str, jitter: float, against_threes: float) -> int:
    """Returns the division of a beat that a scribe would choose for places that someone played."""
    clusters = [[places[0]]]
    for place in places[1:]:
        if place - clusters[-1][0] <= max(1.6 * jitter, UNITS // 12):
            clusters[-1].append(place)
        else:
            clusters.append([place])
    centers = [sum(c) / len(c) for c in clusters]

    def dislike(slots: int) -> float:
        """Returns the price of a division: its own, squared misses in jitters (at most 3 of them), and onsets that fall together."""
        if slots >= 6 and len(centers) <= slots // 2 and (kind, slots) != ("compound", 6):
            return np.inf  # only a run is worth so fine a grid
        step = length / slots
        snapped = [round(c / step) for c in centers]
        miss = sum(min(9.0, ((c - s * step) / jitter) ** 2) for c, s in zip(centers, snapped, strict=True))
        odd = against_threes if kind == "simple" and slots % 3 == 0 else 0.0
        return _PLAYED[kind][slots] + odd + miss + 2.5 * (len(centers) - len(set(snapped)))

    return min(_PLAYED[kind], key=dislike)


def _exact_end(end: float, windows: list, edges: np.ndarray, slots: dict[int, int], tolerance: float) -> int:
    """Returns where a note ends whose length is a note value: on the beat's own division, or another that fits beside it."""
    index = min(max(int(np.searchsorted(edges, end - tolerance, side="right")) - 1, 0), len(windows) - 1)
    start, stop = windows[index]
    length = stop - start
    kind = "compound" if length * 2 % (3 * UNITS) == 0 else "simple"
    own = slots.get(index, 1)
    # Fifths, sevenths and thirds of a beat never meet in one beat: no tuplet could write them together.
    thirds_too = own % 5 and own % 7
    choices = (own, *(n for n in _SCORE[kind] if n % 5 and n % 7 and (thirds_too or n % 3)))
    best = _exact_slots([end - start], length, choices, tolerance) or max(own, 4)
    return start + round(round((end - start) * best / length) * length / best)


def _heard_end(start: int, end: float, grid: np.ndarray, snap: Callable[[float, int], int]) -> int:
    """Returns where a scribe would end a played note: at a nearby onset, else on a nearby beat or half beat."""
    place = int(np.searchsorted(grid, end))
    near = [int(g) for g in grid[max(0, place - 1) : place + 1] if g > start]
    best = min(near, key=lambda g: abs(g - end), default=None)
    if best is not None and abs(best - end) <= 0.3 * UNITS:
        return best
    step = UNITS if abs(end - round(end / UNITS) * UNITS) <= 0.35 * UNITS or end - start >= 1.5 * UNITS else UNITS // 2
    finish = round(end / step) * step
    step = UNITS // 2
    if finish <= start:
        finish = (start // step + 1) * step
    return finish if start % (UNITS // 4) == 0 else max(snap(end, 3), snap(start + UNITS / 3, 3))


def _end_repeats(notes: list[SheetNote]) -> list[SheetNote]:
    """Returns the notes with each ended where its own pitch starts again."""
    following: dict[int, int] = {}
    result = []
    for note in reversed(notes):
        result.append(note._replace(end=min(note.end, following.get(note.pitch, note.end))))
        following[note.pitch] = note.start
    return result[::-1]
