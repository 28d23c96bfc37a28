"""Bands under melodies -> stretches as lanes read them: what one player, a piano or a band plays to a chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from models.hinted.band import KINDS
from models.hints.chart import UNKNOWN, Chart, ChartTables, place_in_phrase
from models.hints.charted import ChartedPiece
from models.hints.layout import DRUM_PITCH, FIRST, PROGRAM, VELOCITY
from music.tokens.columns import BOS, EOS, MAX_STEP, PAD, Octuple
from training.data.lanes import Passage
from training.data.pair_shards import PART, Pairs
from training.data.shards import MAX_BARS_LEFT, PHRASE_BARS

MIN_NOTES = 16
FROM_THE_TOP = 0.4  # how often a stretch begins where the piece does
# How often these are not told: the style (most who ask name none), the place in the phrase, the melody, the number of bars left.
STYLE_FORGOTTEN, PLACE_FORGOTTEN, MELODY_FORGOTTEN, LENGTH_FORGOTTEN = 0.5, 0.2, 0.1, 0.25
MAX_FORGET = 0.6  # of each other wish, at most
FEWER = 0.5  # how often some of a band's players are left out
KEPT_PROGRAMS = 0.3  # how often the players of an accompaniment program keep their instruments
# Instruments for the parts of accompaniment programs: the usual one, how often, and the others. By choice.
PLAYERS: dict[str, tuple[int, float, tuple[int, ...]]] = {
    "bass": (33, 0.4, tuple(range(32, 40))),
    "chords": (0, 0.35, (*range(8), 11, 12, 21, 22, *range(24, 32), 46, 104, 105, 106, 107)),
    "held": (48, 0.4, (16, 17, 18, 19, *range(48, 55), *range(88, 96))),
    "others": (48, 0.1, (11, 25, 40, 41, 42, 45, 46, *range(56, 80), 80, 81)),
}


class Stretch(NamedTuple):
    """Bars of a piece, in its home key.

    Attributes:
        rows: int64 [notes, 8] octuples of who accompanies.
        chart: what they follow, from the first bar of the piece on.
        prefix: int64 [prefix] wishes.
        ends: whether the piece ends with the last row.
        bars: of the whole piece.
        top: the bar in which its first section begins.
    """

    rows: np.ndarray
    chart: Chart
    prefix: np.ndarray
    ends: bool
    bars: int
    top: int


def tables_of(index: dict[str, Any]) -> ChartTables:
    """Returns what hints are computed with, from the index of prepared pieces."""
    qualities = tuple(
        tuple(step for step, has in enumerate(tones) if has) for tones in index["chord_tones"][:16]
    )  # those of C
    lengths = tuple(index["signature_positions"])
    sizes = [*index["step_sizes"]]
    sizes[PROGRAM] = index["drums"] + 1  # nobody plays the roles beyond
    return ChartTables(tuple(sizes), tuple(index["durations"]), lengths, qualities)


def prefix_size(index: dict[str, Any]) -> int:
    """Returns the number of prefix ids: conditions, then styles, then KINDS."""
    return index["prefix_blocks"]["program"][1] + index["style_count"] + len(KINDS)


def stretch(
    pairs: Pairs,
    number: int,
    kind: str,
    limit: int,
    rng: np.random.Generator | None = None,
    most_bars: int | None = None,
) -> Stretch | None:
    """Returns some bars of a piece; None where there is next to nothing in them.

    Args:
        pairs: prepared pieces.
        number: of the piece.
        kind: one of KINDS.
        limit: most notes.
        rng: draws and varies; None for the piece from the top, plainly, its style not told.
        most_bars: from the top, if not all.
    """
    piece, index = pairs.index["pieces"][number], pairs.index
    rows = np.array(pairs.rows[slice(*piece["rows"])], dtype=np.int64)
    beats = np.array(pairs.beats[slice(*piece["beats"])], dtype=np.int64)
    written = _players(rows, piece, kind, index, rng)
    if len(written) < MIN_NOTES:
        return None
    shift = index["home_shifts"][piece["key"]]
    lead = rows[rows[:, PART] == piece["lead"], :PART]
    if rng is not None and rng.random() < MELODY_FORGOTTEN:
        lead = lead[:0]
    for part in (written, lead):
        pitched = part[:, Octuple.PITCH] < DRUM_PITCH
        part[pitched, Octuple.PITCH] = FIRST + np.clip(part[pitched, Octuple.PITCH] - FIRST + shift, 0, 127)
    written = _sorted(written)
    bars = int(beats[-1, Octuple.BAR]) - FIRST + 1
    top = 0 if piece["eights"] or not len(lead) else int(lead[0, Octuple.BAR]) - FIRST
    forgotten = rng is not None and rng.random() < PLACE_FORGOTTEN
    chart = _chart(beats, lead, shift, index, np.zeros(bars, np.int64) if forgotten else _places(bars, top))
    first = 0
    if rng is not None and rng.random() >= FROM_THE_TOP:
        first = int(rng.integers(0, max(1, bars - 4)))
    written = written[written[:, Octuple.BAR] - FIRST >= first]
    inside = written if most_bars is None else written[written[:, Octuple.BAR] - FIRST < most_bars]
    ends = len(inside) == len(written) and len(written) <= limit
    written = inside[:limit]
    if len(written) < MIN_NOTES:
        return None
    prefix = _wishes(written, piece, kind, index, rng)
    if rng is not None:
        _vary(written, prefix, index, rng)
    return Stretch(written, chart, prefix, ends, bars, top)


def passage(
    found: Stretch, tables: ChartTables, index: dict[str, Any], rng: np.random.Generator | None = None, tag: int = 0
) -> Passage:
    """Returns a stretch as a lane reads it.

    Args:
        found: the stretch.
        tables: of the hints.
        index: of the prepared pieces.
        rng: forgets at random how many bars are left.
        tag: to know it by.
    """
    rows, bars = found.rows, found.rows[:, Octuple.BAR] - FIRST
    sequence = np.zeros((len(rows) + 1 + found.ends, 10), dtype=np.int64)
    sequence[0, :8] = BOS
    own = sequence[1 : len(rows) + 1]
    own[:, :8] = rows[:, index["step_columns"]]
    own[:, 0] = FIRST + np.clip(np.diff(bars, prepend=bars[0]), 0, MAX_STEP)
    if rng is None or rng.random() >= LENGTH_FORGOTTEN:
        own[:, 8] = np.minimum(found.bars - 1 - bars, MAX_BARS_LEFT) + 1
    own[:, 9] = 1 + (bars - found.top) % PHRASE_BARS
    if found.ends:
        sequence[-1, 0] = EOS
    sequence[0, 8:] = sequence[1, 8:]
    first, end = index["prefix_blocks"]["program"]
    asked = found.prefix[(found.prefix >= first) & (found.prefix < end)] - first + FIRST
    hints, dense = ChartedPiece(tables, own, asked.tolist(), found.chart, int(bars[0])).hints()
    count = len(sequence) - 1
    return Passage(sequence[:count], sequence[1:, :8], found.prefix, hints[:count], dense[:count], tag, False)


class Bands:
    """Passages without end, drawn by a recipe's shares of kinds and, of each kind, of sets.

    Args:
        pairs: what to read.
        shares: of each of KINDS.
        weights: for each kind the share of each set.
        limit: most notes of a stretch.
        seed: of all choices.
    """

    def __init__(
        self,
        pairs: Pairs,
        shares: dict[str, float],
        weights: dict[str, dict[str, float]],
        limit: int,
        seed: int,
    ):
        self._pairs, self._limit = pairs, limit
        self._rng, self._tables = np.random.default_rng(seed), tables_of(pairs.index)
        self._pools: list[tuple[str, np.ndarray, np.ndarray]] = []
        chances, names = [], list(pairs.index["sets"])
        for kind, share in shares.items():
            for name, weight in weights[kind].items():
                mine = [
                    (number, np.sqrt(piece["rows"][1] - piece["rows"][0]))
                    for number, piece in enumerate(pairs.index["pieces"])
                    if piece["set"] == names.index(name) and piece["split"] == "train" and kind in piece["styles"]
                ]
                numbers, sizes = (np.array(column) for column in zip(*mine, strict=True))
                self._pools.append((kind, numbers, np.cumsum(sizes) / np.sum(sizes)))
                chances.append(share * weight / sum(weights[kind].values()))
        self._shares = np.cumsum(chances) / np.sum(chances)

    def __iter__(self) -> Iterator[Passage]:
        while True:
            kind, numbers, chances = self._pools[int(np.searchsorted(self._shares, self._rng.random()))]
            number = int(numbers[np.searchsorted(chances, self._rng.random())])
            found = stretch(self._pairs, number, kind, self._limit, self._rng)
            if found is not None:
                yield passage(found, self._tables, self._pairs.index, self._rng)


def plain(pairs: Pairs, split: str, limit: int, count: int) -> Iterator[tuple[str, str, Stretch]]:
    """Yields up to so many pieces of each set and kind of a split, plain and always the same, as (kind, set, stretch).

    Synthetic sets too: who reads them must not report them as real music.
    """
    for place, name in enumerate(pairs.index["sets"]):
        for kind in KINDS:
            numbers = [
                number
                for number, piece in enumerate(pairs.index["pieces"])
                if piece["set"] == place and piece["split"] == split and kind in piece["styles"]
            ]
            for number in numbers[:: max(1, len(numbers) // count)][:count] if numbers else ():
                found = stretch(pairs, number, kind, limit)
                if found is not None:
                    yield kind, name, found


def _players(
    rows: np.ndarray, piece: dict[str, Any], kind: str, index: dict[str, Any], rng: np.random.Generator | None
) -> np.ndarray:
    """Returns the rows of who accompanies, int64 [notes, 8], with the programs that they play."""
    roles = {int(part): role for part, role in piece["roles"].items()}
    if kind == "bass":
        parts = [part for part, role in roles.items() if role == "bass"]
    elif kind == "piano" and piece["eights"]:
        parts = [part for part, role in roles.items() if role in ("bass", "chords")]
    else:
        parts = [part for part, role in roles.items() if role != "lead"]
        if kind == "band" and rng is not None and len(parts) > 2 and rng.random() < FEWER:
            parts = rng.permutation(parts)[: rng.integers(2, len(parts) + 1)].tolist()
    program_of = {part: int(rows[rows[:, PART] == part][0, Octuple.PROGRAM]) for part in parts}
    if kind == "piano":
        program_of = dict.fromkeys(parts, FIRST)
    elif piece["eights"]:
        keep = rng is not None and rng.random() < KEPT_PROGRAMS
        program_of = {part: _program(roles[part], program_of[part], keep, rng) for part in parts}
    written = rows[np.isin(rows[:, PART], parts)]
    own = np.zeros(int(rows[:, PART].max()) + 1, dtype=np.int64)
    own[list(program_of)] = list(program_of.values())
    out = written[:, :PART].copy()
    out[:, Octuple.PROGRAM] = own[written[:, PART]]
    return out


def _program(role: str, before: int, keep: bool, rng: np.random.Generator | None) -> int:
    """Returns the program id for a part of an accompaniment program, whose basses may be anything."""
    if role == "drums" or keep and role != "bass":
        return before
    usual, often, others = PLAYERS[role]
    if rng is None or rng.random() < often:
        return FIRST + usual
    return FIRST + int(rng.choice(others))


def _sorted(rows: np.ndarray) -> np.ndarray:
    """Returns rows in order, none twice at the same place on the same pitch."""
    order = (Octuple.PITCH, Octuple.PROGRAM, Octuple.POSITION, Octuple.BAR)
    rows = rows[np.lexsort([rows[:, column] for column in order])]
    same = (rows[1:, order] == rows[:-1, order]).all(axis=1)
    return rows[np.concatenate([[True], ~same])]


def _places(bars: int, top: int) -> np.ndarray:
    """Returns the place of each bar in its section of eight bars; what stands before the first has a section of its own."""
    found = [place_in_phrase(bar, top) for bar in range(top)]
    for bar in range(bars - top):
        first = bar // 8 * 8
        found.append(place_in_phrase(bar - first, min(8, bars - top - first)))
    return np.array(found)


def _chart(beats: np.ndarray, lead: np.ndarray, shift: int, index: dict[str, Any], places: np.ndarray) -> Chart:
    of_bar = beats[:, Octuple.BAR] - FIRST
    lengths = np.array(index["durations"])
    whole = np.zeros(int(of_bar[-1]) + 1, dtype=np.int64)
    ends = beats[:, Octuple.POSITION] - FIRST + lengths[np.maximum(beats[:, Octuple.DURATION] - FIRST, 0)]
    np.maximum.at(whole, of_bar, ends)
    starts = np.concatenate([[0], whole.cumsum()])
    times = starts[of_bar] + beats[:, Octuple.POSITION] - FIRST
    number = beats[:, Octuple.PITCH] - FIRST
    known = (number >= 0) & (number < 192)
    root, quality = np.divmod(np.where(known, number, 0), 16)
    chords = np.where(known, (root + shift) % 12 * 16 + quality, np.where(number == 192, 192, UNKNOWN))
    basses = np.where(known, (root + shift + np.maximum(beats[:, Octuple.VELOCITY] - FIRST, 0)) % 12, 0)
    onset = starts[np.minimum(lead[:, Octuple.BAR] - FIRST, len(whole) - 1)] + lead[:, Octuple.POSITION] - FIRST
    melody = np.stack([onset, onset + lengths[lead[:, Octuple.DURATION] - FIRST], lead[:, Octuple.PITCH]], axis=1)
    return Chart(starts, times, chords, basses, melody[np.argsort(onset, kind="stable")], places)


def _wishes(
    written: np.ndarray,
    piece: dict[str, Any],
    kind: str,
    index: dict[str, Any],
    rng: np.random.Generator | None,
) -> np.ndarray:
    """Returns prefix ids: the kind first and always, then those of ``music.tokens.conditions`` and the style."""
    blocks = index["prefix_blocks"]
    ids = [prefix_size(index) - len(KINDS) + KINDS.index(kind)]

    def wish(values: Sequence[int]) -> None:
        if rng is None or rng.random() >= rate:
            ids.extend(values)

    rate = 0.0 if rng is None else rng.random() * MAX_FORGET
    wish([blocks["key"][0] + index["home_keys"][piece["key"]]])
    if piece["genre"] is not None:
        wish([blocks["genre"][0] + piece["genre"]])
    wish([blocks["tempo"][0] + int(np.bincount(written[:, Octuple.TEMPO]).argmax()) - FIRST])
    wish([blocks["signature"][0] + int(np.bincount(written[:, Octuple.SIGNATURE]).argmax()) - FIRST])
    players = np.unique(written[:, Octuple.PROGRAM])
    bar = index["signature_positions"][written[0, Octuple.SIGNATURE] - FIRST] / 12
    quarters = bar * (written[-1, Octuple.BAR] - written[0, Octuple.BAR] + 1)
    rate_of_notes = len(written) / quarters / len(players)
    wish([blocks["density"][0] + int(np.searchsorted(index["density_limits"], rate_of_notes))])
    wish([blocks["program"][0] + int(player) - FIRST for player in players[:16]])
    if piece["style"] is not None and rng is not None and rng.random() >= STYLE_FORGOTTEN:
        ids.append(blocks["program"][1] + piece["style"])
    return np.array(ids + [PAD] * (index["prefix_length"] - len(ids)), dtype=np.int64)


def _vary(written: np.ndarray, prefix: np.ndarray, index: dict[str, Any], rng: np.random.Generator) -> None:
    """Changes tempo and loudness, in place."""
    faster, louder = int(rng.integers(-3, 4)), int(rng.integers(-3, 4))
    tempi, loud = (index["step_sizes"][column] - FIRST for column in (2, VELOCITY))
    first, stop = index["prefix_blocks"]["tempo"]
    inside = (prefix >= first) & (prefix < stop)
    prefix[inside] = first + np.clip(prefix[inside] - first + faster, 0, tempi - 1)
    for column, change, count in ((Octuple.TEMPO, faster, tempi), (Octuple.VELOCITY, louder, loud)):
        written[:, column] = FIRST + np.clip(written[:, column] - FIRST + change, 0, count - 1)
