"""Windows of octuples with fields hidden, as MusicBERT learns from them. Needs numpy and torch only.

What is hidden is what a musician would select: bars of one part, of some, of all; one field of them or everything.
Some of it is already filled in, field after field in the order of FILLING, because that is what the model meets half
way through a remix. A share of the windows hides fields of (bar, instrument) units as the paper does (Zeng et al.
2021, section 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.musicbert import blind_order
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple

FILLING: dict[str, tuple[int, ...]] = {
    "notes": (Octuple.PITCH,),
    "rhythm": (Octuple.POSITION, Octuple.DURATION),
    "velocity": (Octuple.VELOCITY,),
    "instruments": (Octuple.PROGRAM,),
    "everything": (Octuple.POSITION, Octuple.PITCH, Octuple.DURATION, Octuple.VELOCITY),
}
"""The fields that each kind of change hides, in the order in which they are filled in."""
SHARES = {"notes": 0.28, "rhythm": 0.2, "velocity": 0.06, "instruments": 0.08, "everything": 0.3, "units": 0.08}


@dataclass(frozen=True)
class Hidden:
    """A window with some fields hidden.

    Attributes:
        rows: int64 [notes, 8] octuples, in an order that does not tell what is hidden.
        hidden: bool [notes, 8], which fields the model has to find.
    """

    rows: np.ndarray
    hidden: np.ndarray


def whole_bars(rows: np.ndarray, max_notes: int, max_bars: int, rng: np.random.Generator | None) -> np.ndarray:
    """Returns a stretch of at most this many notes and bars that begins and, if it can, ends with a bar.

    The first bar becomes bar 0. Without ``rng`` the stretch begins where the rows do.
    """
    bars = rows[:, Octuple.BAR]
    starts = np.flatnonzero(np.diff(bars, prepend=bars[0] - 1))
    possible = starts[starts <= max(0, len(rows) - max_notes)]
    begin = int(rng.choice(possible)) if rng is not None else 0
    end = min(len(rows), begin + max_notes, int(np.searchsorted(bars, bars[begin] + max_bars)))
    if end < len(rows) and bars[end] == bars[end - 1]:
        last = int(starts[np.searchsorted(starts, end, side="right") - 1])
        end = last if last - begin > max_notes // 3 else end
    part = rows[begin:end].copy()
    part[:, Octuple.BAR] -= part[0, Octuple.BAR] - FIRST
    return part


def hide(rows: np.ndarray, rng: np.random.Generator, change: str | None = None) -> Hidden:
    """Returns rows [notes, 8] with the fields of one kind of change hidden (drawn by SHARES where none is named)."""
    change = change or str(rng.choice(list(SHARES), p=list(SHARES.values())))
    hidden = np.zeros(rows.shape, dtype=bool)
    if change == "units":
        bars, programs = rows[:, Octuple.BAR] - FIRST, rows[:, Octuple.PROGRAM] - FIRST
        chosen = rng.random((bars.max() + 1, 129, 8)) < rng.uniform(0.15, 0.4)
        chosen[:, :, Octuple.BAR] = False
        hidden = chosen[bars, programs]
    else:
        fields = FILLING[change]
        region = one_part(rows, rng) if change == "instruments" else selection(rows, rng)
        now = int(rng.integers(len(fields)))
        hidden[np.ix_(region, fields[now:])] = True
        if change != "instruments" and rng.random() < 0.65:  # half way: some of it is found already
            found = rng.random(len(rows)) < 1 - np.cos(rng.random() * np.pi / 2)
            hidden[found, fields[now]] = False
    if not hidden.any():
        hidden[int(rng.integers(len(rows))), Octuple.PITCH] = True
    order = blind_order(
        rows, hidden, (Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH), rng.random(len(rows))
    )
    return Hidden(rows[order], hidden[order])


def selection(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns which notes, bool [notes], someone might select: bars of one part, of some or of all, or a share of it."""
    bars, programs = rows[:, Octuple.BAR] - FIRST, rows[:, Octuple.PROGRAM]
    parts = np.unique(programs)
    kind = rng.random()
    if kind < 0.45:
        parts = rng.choice(parts, 1)
    elif kind < 0.7:
        parts = rng.permutation(parts)[: rng.integers(1, len(parts) + 1)]
    region = np.isin(programs, parts)
    present = np.unique(bars[region])
    kind = rng.random()
    if kind < 0.55:
        length = int(2 ** rng.uniform(0, np.log2(min(16, len(present)) + 1)))
        begin = present[rng.integers(len(present))]
        region &= (bars >= begin) & (bars < begin + length)
    elif kind < 0.85:
        chosen = rng.random((bars.max() + 1, 129)) < rng.uniform(0.15, 0.6)
        region &= chosen[bars, programs - FIRST]
    if rng.random() < 0.5:
        region &= rng.random(len(rows)) < rng.uniform(0.1, 1.0)
    return region


def one_part(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the notes, bool [notes], of one pitched instrument, in all bars or in some in a row."""
    bars, programs = rows[:, Octuple.BAR], rows[:, Octuple.PROGRAM]
    parts = np.unique(programs)
    pitched = parts[parts != DRUM_PROGRAM]
    region = programs == rng.choice(pitched if len(pitched) else parts)
    if rng.random() < 0.5:
        present = np.unique(bars[region])
        begin = present[rng.integers(len(present))]
        region &= (bars >= begin) & (bars < begin + int(2 ** rng.uniform(1, 4)))
    return region


def change_loudness_and_tempo(rows: np.ndarray, index: dict[str, Any], rng: np.random.Generator) -> None:
    """Shifts all velocities and all tempi by a little, in place."""
    for column, size in (
        (Octuple.TEMPO, index["sizes"][Octuple.TEMPO]),
        (Octuple.VELOCITY, index["sizes"][Octuple.VELOCITY]),
    ):
        rows[:, column] = np.clip(rows[:, column] + rng.integers(-3, 4), FIRST, size - 1)
