"""Melody and accompaniment pairs -> batches of examples. Needs numpy and torch only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from music.tokens.columns import BOS, EOS, FIRST, MASK, MAX_STEP, PAD, Octuple

PART = len(Octuple)  # the column of a prepared row that says which part plays
BARS_BEFORE, BARS_AFTER = 2, 4  # of what is given, beside the bars that are written
OTHER_LEAD = 0.2  # how often another part leads than the melody
# How often all chords are known, and how often those of some bars are not; otherwise none is.
KNOWN = {"chords": (0.0, 0.45), "chorale": (0.4, 0.1), "bass": (0.75, 0.1), "piano": (0.75, 0.1), "band": (0.75, 0.1)}
MAX_FORGET = 0.6
MIN_NOTES = 4


@dataclass(frozen=True)
class Pairs:
    """What ``python -m training pairs`` wrote, memory-mapped (see training/data/prepare_pairs.py)."""

    rows: np.ndarray
    beats: np.ndarray
    index: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Pairs:
        """Returns the pairs in a folder."""
        index = json.loads((folder / "index.json").read_text())
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("rows", "beats")), index)


@dataclass(frozen=True)
class Example:
    """One stretch of a piece: what is given, what is written to it, what is wished.

    Attributes:
        given, given_times: int64 [given, 8] in the order of the step fields, and their onsets [given].
        notes, times: int64 [notes + 1, 8] and [notes + 1], BOS first; the end last where the piece ends.
        prefix: int64 [prefix].
    """

    given: np.ndarray
    given_times: np.ndarray
    notes: np.ndarray
    times: np.ndarray
    prefix: np.ndarray


def example(
    pairs: Pairs, number: int, style: str, rng: np.random.Generator, limits: dict[str, int], varied: bool = True
) -> Example | None:
    """Returns an example of a piece; None where the stretch that was drawn has nothing to write.

    Args:
        number: of the piece.
        style: what is written.
        rng: draws the stretch, what is known, and (if ``varied``) another lead, tempo and loudness.
        limits: at most so many ``bars``, ``window`` notes to write and ``given`` rows.
        varied: False for the plain piece with all wishes, its chords known (but for the style chords and chorale).
    """
    piece, index = pairs.index["pieces"][number], pairs.index
    rows = np.array(pairs.rows[slice(*piece["rows"])], dtype=np.int64)
    beats = np.array(pairs.beats[slice(*piece["beats"])], dtype=np.int64)
    starts = _bar_starts(beats, index)
    given, written = split(rows, piece, style, index, rng if varied else None)
    if style == "chords":
        written = beats.copy()
    if not len(written) or not len(given):
        return None
    shift, home = index["home_shifts"][piece["key"]], index["home_keys"][piece["key"]]
    for part in (given, written, beats):
        _transpose_to_canonical(part, shift, index)
    bars = beats[-1, Octuple.BAR] - FIRST + 1
    first = int(rng.integers(0, max(1, bars - 4)))
    last = min(first + limits["bars"], bars)
    inside = (written[:, Octuple.BAR] - FIRST >= first) & (written[:, Octuple.BAR] - FIRST < last)
    ends = last == bars or not (written[:, Octuple.BAR] - FIRST >= last).any()
    written = written[inside]
    if len(written) > limits["window"]:  # whole bars, if there is more than one
        cut = written[limits["window"], Octuple.BAR]
        kept = (
            written[:, Octuple.BAR] < cut
            if written[0, Octuple.BAR] < cut
            else np.arange(len(written)) < limits["window"]
        )
        written, ends = written[kept], False
    if len(written) < MIN_NOTES:
        return None
    last = int(written[-1, Octuple.BAR]) - FIRST + 1
    forget_chords(beats, first, last, KNOWN[style] if varied else (float(style not in ("chords", "chorale")), 0.0), rng)
    prefix = wishes(written, beats, piece, home, style, index)
    near = [
        part[(part[:, Octuple.BAR] - FIRST >= first - BARS_BEFORE) & (part[:, Octuple.BAR] - FIRST < last + BARS_AFTER)]
        for part in (given, beats)
    ]
    given = np.concatenate(near)
    given = given[
        np.lexsort(
            (given[:, Octuple.PITCH], given[:, Octuple.PROGRAM], given[:, Octuple.POSITION], given[:, Octuple.BAR])
        )
    ][: limits["given"]]
    if varied:
        vary((given, written), prefix, index, rng)
    origin = starts[first]
    given_steps, notes = _steps(given, int(given[0, Octuple.BAR]) - FIRST, index), _steps(written, first, index)
    top = np.full((1, 8), BOS)
    end = np.full((int(ends), 8), PAD)
    end[:, 0] = EOS
    times = np.concatenate([[0], _onsets(written, starts) - origin])
    return Example(
        given_steps,
        _onsets(given, starts) - origin,
        np.concatenate([top, notes, end]),
        np.concatenate([times, times[-1:]])[: len(notes) + 1 + int(ends)],
        prefix,
    )


def split(
    rows: np.ndarray, piece: dict[str, Any], style: str, index: dict[str, Any], rng: np.random.Generator | None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns (what leads, what is written to it), each [notes, 8], for rows with their parts [notes, 9]."""
    parts, roles = rows[:, PART], index["roles"]
    lead = piece["lead"]
    pitched = np.unique(parts[rows[:, Octuple.PROGRAM] != index["drums"]])
    if rng is not None and style in ("band", "bass") and rng.random() < OTHER_LEAD:
        others = [part for part in pitched if style == "band" or part not in piece["bass"]]
        lead = int(rng.choice(others)) if others else lead
    given, written = rows[parts == lead, :PART].copy(), rows[parts != lead, :PART].copy()
    given[:, Octuple.PROGRAM] = roles["lead"]
    if style == "bass":
        written = rows[np.isin(parts, [part for part in piece["bass"] if part != lead]), :PART].copy()
    elif style == "piano":
        written[:, Octuple.PROGRAM] = FIRST
    elif style == "chorale":
        for role, part in zip(("alto", "tenor", "bass"), [p for p in pitched if p != lead], strict=True):
            written[parts[parts != lead] == part, Octuple.PROGRAM] = roles[role]
    written = written[
        np.lexsort(
            (
                written[:, Octuple.PITCH],
                written[:, Octuple.PROGRAM],
                written[:, Octuple.POSITION],
                written[:, Octuple.BAR],
            )
        )
    ]
    if len(written):
        same = (
            written[1:, [Octuple.PITCH, Octuple.POSITION, Octuple.BAR, Octuple.PROGRAM]]
            == written[:-1, [Octuple.PITCH, Octuple.POSITION, Octuple.BAR, Octuple.PROGRAM]]
        ).all(1)
        written = written[np.concatenate([[True], ~same])]
    return given, written


def forget_chords(
    beats: np.ndarray, first: int, last: int, known: tuple[float, float], rng: np.random.Generator
) -> None:
    """Hides the chords of all beats, of some bars or of none, in place."""
    draw = rng.random()
    if draw < known[0]:
        return
    hidden = np.ones(len(beats), dtype=bool)
    if draw < known[0] + known[1]:
        bar = int(rng.integers(first, last))
        count = int(rng.integers(1, max(2, (last - first) // 2 + 1)))
        hidden = (beats[:, Octuple.BAR] - FIRST >= bar) & (beats[:, Octuple.BAR] - FIRST < bar + count)
    beats[np.ix_(hidden, (Octuple.PITCH, Octuple.VELOCITY))] = MASK


def wishes(
    written: np.ndarray, beats: np.ndarray, piece: dict[str, Any], home: int, style: str, index: dict[str, Any]
) -> np.ndarray:
    """Returns the prefix of what an example is, int64 [prefix]: ids as music/tokens/accompaniment.py gives them."""
    blocks = index["prefix_blocks"]
    ids = [index["styles"][style], blocks["key"][0] + home]
    if piece["genre"] is not None:
        ids.append(blocks["genre"][0] + piece["genre"])
    ids.append(blocks["tempo"][0] + int(np.bincount(written[:, Octuple.TEMPO]).argmax()) - FIRST)
    ids.append(blocks["signature"][0] + int(np.bincount(written[:, Octuple.SIGNATURE]).argmax()) - FIRST)
    if style == "chords":
        ids.append(index["complexities"][complexity(written[:, Octuple.PITCH] - FIRST, int(home >= 12), index)])
    elif style != "chorale":
        players = np.unique(written[:, Octuple.PROGRAM])
        quarters = (
            index["signature_positions"][written[0, Octuple.SIGNATURE] - FIRST]
            / 12
            * (written[-1, Octuple.BAR] - written[0, Octuple.BAR] + 1)
        )
        rate = len(written) / quarters / len(players)
        ids.append(blocks["density"][0] + int(np.searchsorted(index["density_limits"], rate)))
        ids += [blocks["program"][0] + int(player) - FIRST for player in players[:16]]
    return np.array(ids + [PAD] * (index["prefix_length"] - len(ids)), dtype=np.int64)


def complexity(numbers: np.ndarray, minor: int, index: dict[str, Any]) -> int:
    """Returns 0 (triads of the key), 1 (with sevenths) or 2 (with chords of other keys too) for chord numbers [beats]."""
    rich = np.array(index["rich_chords"])[numbers].mean()
    foreign = np.array(index["foreign_chords"][minor])[numbers].mean()
    return 2 if foreign > 0.12 or rich > 0.5 else 0 if foreign < 0.03 and rich < 0.05 else 1


def vary(parts: tuple[np.ndarray, ...], prefix: np.ndarray, index: dict[str, Any], rng: np.random.Generator) -> None:
    """Changes tempo and loudness, and forgets wishes but the style, in place."""
    faster, blocks = int(rng.integers(-3, 4)), index["prefix_blocks"]
    tempi, loud = (index["step_sizes"][k] - FIRST for k in (2, 7))
    first, stop = blocks["tempo"]
    inside = (prefix >= first) & (prefix < stop)
    prefix[inside] = first + np.clip(prefix[inside] - first + faster, 0, tempi - 1)
    for part in parts:
        part[:, Octuple.TEMPO] = FIRST + np.clip(part[:, Octuple.TEMPO] - FIRST + faster, 0, tempi - 1)
        notes = part[:, Octuple.PROGRAM] != index["roles"]["chord"]
        part[notes, Octuple.VELOCITY] = FIRST + np.clip(
            part[notes, Octuple.VELOCITY] - FIRST + int(rng.integers(-3, 4)), 0, loud - 1
        )
    rate = rng.random() * MAX_FORGET
    for first, stop in (*blocks.values(), index["complexity_block"]):
        if rng.random() < rate:
            prefix[(prefix >= first) & (prefix < stop)] = PAD


class PairBatches:
    """An endless stream of batches, each of one style, drawn by the recipe's shares of styles and sets.

    Args:
        pairs: what to read.
        recipe: its ``styles`` and ``weights``; sets that it does not name weigh nothing, unless it names none.
        stage: of the recipe: about ``notes`` written notes a batch, in stretches of at most ``bars`` bars and ``window`` notes.
        seed: of all random choices.
    """

    def __init__(self, pairs: Pairs, recipe: dict[str, Any], stage: dict[str, Any], seed: int):
        self.pairs, self.stage, self.rng = pairs, stage, np.random.default_rng(seed)
        names, weights = list(pairs.index["sets"]), recipe["weights"]
        if not set(names) & set(weights):
            weights = dict.fromkeys(names, 1.0)
        self.pools: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for style in recipe["styles"]:
            numbers, chances = [], []
            for place, name in enumerate(names):
                mine = [
                    (number, np.sqrt(piece["rows"][1] - piece["rows"][0]))
                    for number, piece in enumerate(pairs.index["pieces"])
                    if piece["set"] == place and piece["split"] == "train" and style in piece["styles"]
                ]
                if mine and weights.get(name):
                    total = sum(size for _, size in mine)
                    numbers += [number for number, _ in mine]
                    chances += [weights[name] * size / total for _, size in mine]
            if numbers:
                self.pools[style] = np.array(numbers), np.cumsum(chances) / np.sum(chances)
        shares = np.array([recipe["styles"][style] for style in self.pools])
        self.shares = shares.cumsum() / shares.sum()

    def __iter__(self) -> Iterator[list[Example]]:
        waiting: dict[tuple[str, int, int], list[Example]] = {}
        while True:
            style = list(self.pools)[int(np.searchsorted(self.shares, self.rng.random()))]
            yield self._batch(style, waiting)

    def _batch(self, style: str, waiting: dict[tuple[str, int, int], list[Example]]) -> list[Example]:
        """Returns examples of like length, once there are as many as a batch holds."""
        numbers, chances = self.pools[style]
        while True:
            number = int(numbers[np.searchsorted(chances, self.rng.random())])
            found = example(self.pairs, number, style, self.rng, self.stage)
            if found is None:
                continue
            size, given = (max(64, -(-length // 64) * 64) for length in (len(found.notes) - 1, len(found.given)))
            group = waiting.setdefault((style, size, given), [])  # what is of like length is read together
            group.append(found)
            if len(group) >= max(1, self.stage["notes"] // size):
                return waiting.pop((style, size, given))


def collate(examples: list[Example], device: torch.device | str = "cpu") -> tuple[torch.Tensor, ...]:
    """Returns (given, given times, notes, times, target, prefix) of several examples, padded."""
    given = _padded([e.given for e in examples], 32)
    given_times = _padded([e.given_times[:, None] for e in examples], 32)[..., 0]
    notes = _padded([e.notes for e in examples], 32, 1)
    times = _padded([e.times[:, None] for e in examples], 32, 1)[..., 0]
    for row, found in zip(times, examples, strict=True):
        row[len(found.times) :] = found.times[-1]
    arrays = (given, given_times, notes[:, :-1], times[:, :-1], notes[:, 1:], np.stack([e.prefix for e in examples]))
    return tuple(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays)


def _padded(arrays: list[np.ndarray], multiple: int, more: int = 0) -> np.ndarray:
    longest = max(len(array) for array in arrays) - more
    out = np.zeros((len(arrays), -(-longest // multiple) * multiple + more, *arrays[0].shape[1:]), dtype=np.int64)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out


def _bar_starts(beats: np.ndarray, index: dict[str, Any]) -> np.ndarray:
    bars = beats[:, Octuple.BAR] - FIRST
    whole = np.zeros(bars[-1] + 1, dtype=np.int64)
    np.maximum.at(
        whole,
        bars,
        beats[:, Octuple.POSITION] - FIRST + np.array(index["durations"])[beats[:, Octuple.DURATION] - FIRST],
    )
    return np.concatenate([[0], whole.cumsum()])


def _onsets(rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    return starts[rows[:, Octuple.BAR] - FIRST] + rows[:, Octuple.POSITION] - FIRST


def _steps(rows: np.ndarray, first_bar: int, index: dict[str, Any]) -> np.ndarray:
    steps = rows[:, index["step_columns"]]
    steps[:, 0] = FIRST + np.clip(np.diff(rows[:, Octuple.BAR], prepend=FIRST + first_bar), 0, MAX_STEP)
    return steps


def _transpose_to_canonical(rows: np.ndarray, shift: int, index: dict[str, Any]) -> None:
    """Moves notes and chords to C major or A minor, in place; drums and unknown chords stay."""
    number = rows[:, Octuple.PITCH] - FIRST
    chords = (rows[:, Octuple.PROGRAM] == index["roles"]["chord"]) & (number >= 0) & (number < 192)
    notes = (rows[:, Octuple.PROGRAM] != index["roles"]["chord"]) & (rows[:, Octuple.PROGRAM] != index["drums"])
    rows[notes, Octuple.PITCH] = FIRST + np.clip(number[notes] + shift, 0, 127)
    root, quality = np.divmod(number[chords], 16)
    rows[chords, Octuple.PITCH] = FIRST + (root + shift) % 12 * 16 + quality
