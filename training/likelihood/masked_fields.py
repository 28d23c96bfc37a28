"""How often a model finds what is hidden of validation music, beside two floors.

A *bar mask* hides one field of one instrument in whole bars and shows all else: the unit of Zeng et al. 2021, section
3.3. A *track mask* hides one field of one instrument from the first bar to the last.

- The floor *most frequent* guesses the values by how often they occur in the bars of the same instrument that are to
  be seen; where none are, in what the others play. A hidden instrument it guesses from all that is to be seen.
- The floor *bar before* takes the value of the note at the same place in the last bar before it in which this
  instrument is to be seen (for hidden instruments: in which any is). The same place is the same position in the bar,
  or the same pitch where positions are hidden; of several notes there the first goes to the first, and so on. Where
  no note stands at that place it takes the bar's k-th note for the k-th, and else the most frequent value.

Notes of a chord whose pitches are hidden stand in random order, for the floors as for the model, so none of them can
tell which is which.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from checkpoints.loading import Checkpoint
from models.hinted.musicbert import hidden_logits
from models.musicbert import blind_order
from music.tokens.columns import FIELDS, FIRST, Octuple
from training.data.masking import Hidden
from training.data.shards import Shards
from training.likelihood.report import real_windows
from training.tasks.masked_fields import SLOTS, Blocks, window

ASKED = (
    Octuple.PITCH,
    Octuple.POSITION,
    Octuple.DURATION,
    Octuple.VELOCITY,
    Octuple.PROGRAM,
    Octuple.TEMPO,
    Octuple.SIGNATURE,
)
BAR_SHARE = 0.15  # of an instrument's bars, as in the paper
SMOOTHING = 0.02  # added to every count of the floor's nats
FOUND_IN = {"top-1": 1, "top-5": 5}


def report(checkpoint: Checkpoint, shards: Shards, windows: int) -> str:
    """Returns the tables of what is found behind bar masks and track masks of this many windows of each set."""
    model, dialect, chosen = checkpoint.model, checkpoint.dialect, real_windows(shards, windows)
    blocks = Blocks(shards.index, dialect.sizes[0])
    longest = min(dialect.max_notes, model.config.max_notes - 2)
    lines = [
        f"{checkpoint.entry.name}: hidden fields found on validation music of {len(chosen)} real sets, which weigh the same.",
        f"Windows of up to {longest} notes, {sum(map(len, chosen.values()))} in all; one field of one instrument is hidden at a time.",
    ]
    for title, share in ((f"Bar masks: {BAR_SHARE:.0%} of the instrument's bars", BAR_SHARE), ("Track masks", 1.0)):
        by_set = {
            name: measured(model, blocks, [window(shards, int(one), blocks, longest, None) for one in picked], share)
            for name, picked in chosen.items()
        }
        lines += ["", *as_table(title, list(by_set.values()))]
        if share < 1:
            lines += ["", f"{'pitches of a bar, top-1':24}" + "".join(f"{row:>16}" for row in PREDICTORS)]
            lines += [
                f"{name:24}" + "".join(f"{found[row, 0, 0]:16.1%}" for row in range(len(PREDICTORS)))
                for name, found in by_set.items()
            ]
    return "\n".join(lines)


PREDICTORS = ("most frequent", "bar before", "model")


def measured(model: nn.Module, blocks: Blocks, windows: list[np.ndarray], share: float) -> np.ndarray:
    """Returns the mean shares found in one and in five guesses and the nats, [predictors, fields, 3]; NaN if never asked.

    Args:
        windows: rows int64 [notes, 8] each.
        share: of an instrument's bars that a mask hides; 1 for track masks.
    """
    table = np.full((len(PREDICTORS), len(ASKED), 3), np.nan)
    for place, column in enumerate(ASKED):
        parts: list[list[np.ndarray]] = [[] for _ in PREDICTORS]
        for number, rows in enumerate(windows):
            hidden = mask(rows, column, share, np.random.default_rng(number))
            if hidden is None:
                continue
            asked = hidden.hidden[:, column]
            track = np.isin(hidden.rows[:, Octuple.PROGRAM], hidden.rows[asked, Octuple.PROGRAM]) | (
                column == Octuple.PROGRAM
            )
            floors = Floors(hidden.rows, asked, track, column, blocks.sizes[SLOTS.index(column)])
            guesses = (floors.most_frequent(), floors.bar_before(), by_model(model, blocks, hidden, column))
            for mine, (ranks, nats) in zip(parts, guesses, strict=True):
                mine.append(np.stack([*(ranks < tries for tries in FOUND_IN.values()), nats]))
        for row, mine in enumerate(parts):
            if mine:
                table[row, place] = np.concatenate(mine, axis=1).mean(axis=1)
    if share == 1:  # no bar of the instrument is to be seen
        table[PREDICTORS.index("bar before")] = np.nan
    return table


def mask(rows: np.ndarray, column: int, share: float, rng: np.random.Generator) -> Hidden | None:
    """Returns rows with one field of one instrument hidden, in a share of its bars, at least one; None if it cannot be.

    Unless all are wanted, one of its bars stays to be seen, so it must play in two.
    """
    bars_of = {
        int(program): np.unique(rows[rows[:, Octuple.PROGRAM] == program, Octuple.BAR])
        for program in np.unique(rows[:, Octuple.PROGRAM])
    }
    possible = [program for program, bars in bars_of.items() if share == 1 or len(bars) > 1]
    if not possible:
        return None
    program = int(rng.choice(possible))
    bars = bars_of[program]
    chosen = rng.choice(bars, max(1, round(share * len(bars))), replace=False)
    hidden = np.zeros(rows.shape, dtype=bool)
    hidden[:, column] = (rows[:, Octuple.PROGRAM] == program) & np.isin(rows[:, Octuple.BAR], chosen)
    order = blind_order(
        rows, hidden, (Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH), rng.random(len(rows))
    )
    return Hidden(rows[order], hidden[order])


@torch.inference_mode()
def by_model(model: nn.Module, blocks: Blocks, hidden: Hidden, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns for each hidden value how many others the model holds more likely, and the nats that it costs, [hidden] each."""
    slot, batch = SLOTS.index(column), blocks.read([hidden])
    logits = hidden_logits(model, batch.tokens, slot, blocks.slices()[slot], [(hidden.rows, hidden.hidden)])
    truth = batch.target[0, :, slot]
    truth = truth[truth >= 0]
    ranks = (logits > logits.gather(1, truth[:, None])).sum(dim=1)
    return ranks.numpy(), F.cross_entropy(logits, truth, reduction="none").double().numpy()


class Floors:
    """What can be guessed of hidden values without a model; each floor gives (ranks, nats), [hidden] each.

    Args:
        rows: int64 [notes, 8] octuples.
        asked: bool [notes], where a field is hidden.
        track: bool [notes], the notes of the same instrument.
        column: the field.
        size: its number of values.
    """

    def __init__(self, rows: np.ndarray, asked: np.ndarray, track: np.ndarray, column: int, size: int):
        self.rows, self.asked, self.column = rows, asked, column
        self.truth = rows[asked, column] - FIRST
        self.seen = track & ~asked
        counted = self.seen if self.seen.any() else ~asked
        self.counts = np.bincount(rows[counted, column] - FIRST, minlength=size)
        order = np.argsort(-self.counts, kind="stable")
        self.rank = np.empty(size, dtype=np.int64)
        self.rank[order] = np.where(self.counts[order] > 0, np.arange(size), size)

    @property
    def commonest(self) -> int:
        """The most frequent value."""
        return int(self.rank.argmin())

    def most_frequent(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns ranks by how often values occur, and nats from smoothed counts."""
        chances = (self.counts + SMOOTHING) / (self.counts + SMOOTHING).sum()
        return self.rank[self.truth], -np.log(chances[self.truth])

    def bar_before(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns ranks where the value of the bar before is the first guess and frequent values are the next."""
        guess, rank = self.copied(), self.rank[self.truth]
        ranks = np.where(guess == self.truth, 0, rank + (self.rank[guess] > rank))
        return ranks, np.full(len(ranks), np.nan)

    def copied(self) -> np.ndarray:
        """Returns for each hidden value that of the same place in the bar before, [hidden]."""
        place = Octuple.PITCH if self.column == Octuple.POSITION else Octuple.POSITION
        found = np.full(len(self.rows), self.commonest)
        for bar in np.unique(self.rows[self.asked, Octuple.BAR]):
            earlier = self.seen & (self.rows[:, Octuple.BAR] < bar)
            if not earlier.any():
                continue
            before = self.rows[earlier & (self.rows[:, Octuple.BAR] == self.rows[earlier, Octuple.BAR].max())]
            before = before[np.argsort(before[:, place], kind="stable")]
            mine = np.flatnonzero(self.asked & (self.rows[:, Octuple.BAR] == bar))
            for note, value in zip(mine, aligned(self.rows[mine, place], before[:, place]), strict=True):
                if value is not None:
                    found[note] = before[value, self.column] - FIRST
        return found[self.asked]


def aligned(places: np.ndarray, before: np.ndarray) -> Iterator[int | None]:
    """Yields for each note of a bar the number of the note of the bar before that stands at the same place.

    Of several there the first goes to the first, and so on; the k-th note takes the k-th if there is none; None where
    there are not so many.
    """
    taken: dict[int, int] = {}
    for number, place in enumerate(places.tolist()):
        same = np.flatnonzero(before == place)
        if len(same):
            taken[place] = taken.get(place, -1) + 1
            yield int(same[min(taken[place], len(same) - 1)])
        else:
            yield number if number < len(before) else None


def as_table(title: str, sets: list[np.ndarray]) -> list[str]:
    """Returns lines: for each measure and predictor the mean over sets, by field; "-" where there is none."""
    lines = [title, f"{'':24}" + "".join(f"{FIELDS[column]:>10}" for column in ASKED)]
    asked = np.ma.masked_invalid(np.stack(sets)).mean(axis=0).filled(np.nan)
    for number, measure in enumerate((*FOUND_IN, "nats")):
        for row, predictor in enumerate(PREDICTORS):
            values = asked[row, :, number]
            if np.isfinite(values).any():
                style = "10.3f" if measure == "nats" else "10.1%"
                cells = (f"{value:{style}}" if np.isfinite(value) else f"{'-':>10}" for value in values)
                lines.append(f"{f'{measure:6} {predictor}':24}" + "".join(cells))
    return lines
