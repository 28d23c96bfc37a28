"""The official OctupleMIDI: Score <-> octuples as the checkpoints of MusicBERT's authors read them (Zeng et al. 2021).

Rows are those of music/tokens/octuple.py in type, columns and order, but their values mean other things: a position is 1/16 of
a quarter note, bars are counted on that grid alone, lengths, velocities, tempi and signatures have bins of their own,
and every note has a row, doubles too. All rules are those of the authors' preprocessing, oddities included: weights
that learned from its output understand nothing else.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import symusic

from music.bars import tempo_map
from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, SLOTS
from music.tokens.octuple import Encoded

SIZES = (256, 128, 129, 256, 128, 32, 254, 49)
"""Number of values of each field, in the order of SLOTS."""
POSITIONS_PER_QUARTER = 16
MAX_POSITION = 65536  # notes from here on are left out
DRUMS = 128  # program of the drums, and what is added to their keys
TICKS_PER_QUARTER = 480  # of decoded scores
MIN_TEMPO, MAX_TEMPO = 16, 256

SIGNATURES = tuple((numerator, 2**i) for i in range(7) for numerator in range(1, 2 * 2**i + 1))
BAR_POSITIONS = np.array([4 * POSITIONS_PER_QUARTER * n // d for n, d in SIGNATURES])
"""Length of a bar in positions, by signature."""
_STEPS = np.repeat(2 ** np.arange(8), 16)
DURATIONS = np.cumsum(_STEPS) - _STEPS
"""Lower edge of each length, in positions."""
VELOCITIES = 4 * np.arange(32) + 2
TEMPOS = MIN_TEMPO * 2 ** (np.arange(49) / 12)
COMMON_TIME = SIGNATURES.index((4, 4))
USUAL_TEMPO = 35  # 120 BPM


def encode(score: symusic.Score) -> Encoded:
    """Returns the octuples of a score, sorted as official tuples, equal ones in the order of the score.

    Every note has its row, but for those that begin at position 65536 (beat 4096) or later. Rows are int16, or int32
    where bars are so many that they need it.
    """
    columns = tokens.note_columns(score)
    per_quarter = score.ticks_per_quarter
    columns = columns[_positions(columns[:, 2], per_quarter) < MAX_POSITION]
    if not len(columns):
        return Encoded(np.zeros((0, 8), np.int16), np.zeros((0, 2), np.int32))
    track, index, time, duration, pitch, velocity, program = columns.T
    start = _positions(time, per_quarter)
    length = _positions(time + duration, per_quarter) - start
    changes, signatures = _signatures(score)
    bars = _bar_starts(changes, signatures, int(start.max()) + 1)
    bar = np.searchsorted(bars, start, side="right") - 1
    at, _, qpm = tempo_map(score)
    tempo = np.array([tempo_value(value) for value in qpm])
    official = np.stack(
        [
            bar,
            start - bars[bar],
            np.where(program < 0, DRUMS, program),
            pitch + np.where(program < 0, 128, 0),
            np.searchsorted(DURATIONS, length, side="right") - 1,
            velocity // 4,
            signatures[np.searchsorted(changes, start, side="right") - 1],
            tempo[np.searchsorted(_positions(at, per_quarter), start, side="right") - 1],
        ]
    )
    order = np.lexsort(official[::-1])  # stable, the last key counts most
    return Encoded(_rows(official.T[order]), np.stack([track, index], axis=1)[order].astype(np.int32))


def decode(rows: np.ndarray) -> symusic.Score:
    """Returns the score that octuples stand for at 480 ticks a quarter, one track a program.

    A bar has the signature of most of its notes (an empty one that of the bar before, 4/4 at the start); a place has
    the rounded mean of its notes' tempi, which lasts until the next note. A length is the lower edge of its bin.

    Args:
        rows: [notes, 8] octuples in any order.
    """
    score = symusic.Score(TICKS_PER_QUARTER)
    if not len(rows):
        return score
    tick = TICKS_PER_QUARTER // POSITIONS_PER_QUARTER
    bar, position, program, pitch, duration, velocity, signature, tempo = _values(rows).T
    signature_of_bar = _majorities(bar, signature)
    starts = np.cumsum(BAR_POSITIONS[signature_of_bar]) - BAR_POSITIONS[signature_of_bar]
    for change in np.flatnonzero(np.diff(signature_of_bar, prepend=-1)):
        numerator, denominator = SIGNATURES[signature_of_bar[change]]
        score.time_signatures.append(symusic.TimeSignature(int(starts[change]) * tick, numerator, denominator))
    place = starts[bar] + position
    places, owner, count = np.unique(place, return_inverse=True, return_counts=True)
    mean = _round_half_even(np.bincount(owner, tempo).astype(np.int64), count)
    if places[0] > 0:
        places, mean = np.append(0, places), np.append(USUAL_TEMPO, mean)
    for change in np.flatnonzero(np.diff(mean, prepend=-1)):
        score.tempos.append(symusic.Tempo(int(places[change]) * tick, float(TEMPOS[mean[change]])))
    for number in np.unique(program):
        mine = program == number
        drums = bool(number == DRUMS)
        track = symusic.Track(program=0 if drums else int(number), is_drum=drums)
        track.notes = symusic.Note.from_numpy(
            time=(place[mine] * tick).astype(np.int32),
            duration=np.maximum(1, DURATIONS[duration[mine]] * tick).astype(np.int32),
            pitch=(pitch[mine] - (128 if drums else 0)).astype(np.int8),
            velocity=VELOCITIES[velocity[mine]].astype(np.int8),
        )
        score.tracks.append(track)
    return score


def bars(score: symusic.Score, until_tick: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the bars in which notes before a tick can be counted, at least one, up to position 65536.

    Returns:
        Three arrays [bars]: the ticks at which they begin, their lengths in positions, their signature ids.
    """
    per_quarter = score.ticks_per_quarter
    changes, signatures = _signatures(score)
    last = min(int(_positions(np.int64(max(0, until_tick - 1)), per_quarter)), MAX_POSITION - 1)
    starts = _bar_starts(changes, signatures, last + 1)
    found = signatures[np.searchsorted(changes, starts, side="right") - 1]
    ticks = _round_half_even(starts * per_quarter, POSITIONS_PER_QUARTER)
    return ticks, BAR_POSITIONS[found], FIRST + found


def to_tuples(rows: np.ndarray) -> list[tuple[int, ...]]:
    """Returns the official tuples: bar, position, program, pitch, duration, velocity, signature, tempo."""
    return [tuple(note) for note in _values(rows).tolist()]


def from_tuples(notes: list[tuple[int, ...]]) -> np.ndarray:
    """Returns the octuples [notes, 8] of official tuples; undoes ``to_tuples``."""
    return _rows(np.array(notes, dtype=np.int64).reshape(-1, 8))


def signature_value(numerator: int, denominator: int) -> int:
    """Returns the value of a time signature; overlong bars are read as parts of themselves (9/4 as 3/4)."""
    while denominator > 64 and denominator % 2 == 0 and numerator % 2 == 0:
        numerator, denominator = numerator // 2, denominator // 2
    if denominator not in (1, 2, 4, 8, 16, 32, 64):  # unknown to the authors; here a bar keeps its length
        numerator, denominator = max(1, 64 * numerator // denominator), 64
    while numerator > 2 * denominator:
        numerator //= next(part for part in range(2, numerator + 1) if numerator % part == 0)
    return SIGNATURES.index((numerator, denominator))


def tempo_value(qpm: float) -> int:
    """Returns the value of a tempo in quarter notes a minute."""
    return round(12 * math.log2(min(max(qpm, MIN_TEMPO), MAX_TEMPO) / MIN_TEMPO))


def _signatures(score: symusic.Score) -> tuple[np.ndarray, np.ndarray]:
    """Returns the positions at which signatures change, rising, and their values; of equal ones the last counts."""
    changes, values = [0], [COMMON_TIME]
    for sig in sorted(score.time_signatures, key=lambda sig: sig.time):
        if sig.numerator > 0 and sig.denominator > 0:
            changes.append(max(0, sig.time))
            values.append(signature_value(sig.numerator, sig.denominator))
    return _positions(np.array(changes, dtype=np.int64), score.ticks_per_quarter), np.array(values)


def _bar_starts(changes: np.ndarray, signatures: np.ndarray, until: int) -> np.ndarray:
    """Returns the positions before ``until`` at which bars begin: a new signature waits for the bar to end."""
    runs, place = [], 0
    for stop, signature in zip(np.append(changes[1:], until).tolist(), signatures.tolist()):
        if place < min(stop, until):
            runs.append(np.arange(place, min(stop, until), BAR_POSITIONS[signature]))
            place = int(runs[-1][-1] + BAR_POSITIONS[signature])
    return np.concatenate(runs)


def _majorities(bar: np.ndarray, signature: np.ndarray) -> np.ndarray:
    """Returns the signature that most notes of each bar name, for all bars up to the last."""
    named: dict[int, list[int]] = defaultdict(list)
    for number, value in zip(bar.tolist(), signature.tolist()):
        named[number].append(value)
    found = np.empty(int(bar.max()) + 1, dtype=np.int64)
    usual = COMMON_TIME
    for number in range(len(found)):
        if number in named:
            # In a tie the authors take the first in the order of Python's set, and so it is here.
            usual = max(set(named[number]), key=Counter(named[number]).__getitem__)
        found[number] = usual
    return found


def _positions(ticks: np.ndarray | np.int64, per_quarter: int) -> np.ndarray:
    return _round_half_even(ticks * POSITIONS_PER_QUARTER, per_quarter)


def _round_half_even(numerator: np.ndarray | np.int64, denominator: np.ndarray | int) -> np.ndarray:
    """Returns the nearest whole number to each fraction, as Python's ``round``: of two the even one."""
    whole, rest = np.divmod(numerator, denominator)
    return whole + ((2 * rest > denominator) | ((2 * rest == denominator) & (whole % 2 == 1)))


def _values(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows)[:, SLOTS].astype(np.int64) - FIRST


def _rows(official: np.ndarray) -> np.ndarray:
    """Returns octuples for values [notes, 8] in the official order."""
    rows = np.empty(official.shape, dtype=np.int64)
    rows[:, SLOTS] = official + FIRST
    return rows.astype(np.int16 if rows.max(initial=0) < 2**15 else np.int32)
