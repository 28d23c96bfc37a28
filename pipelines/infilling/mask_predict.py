"""Mask-predict: a MusicBERT fills in the open fields of a canvas, the surest first, in several passes.

Ghazvininejad et al. 2019, "Mask-Predict"; the number that is fixed in each pass follows the cosine schedule of
Chang et al. 2022, "MaskGIT". A piece longer than the model's window is filled window after window, each with what
was already written on its left and with the input on its right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from checkpoints.loading import Checkpoint
from models.hinted.musicbert import hidden_logits
from models.musicbert import blind_order
from models.sampling import sample
from music.tokens.columns import FIRST, Octuple
from pipelines.infilling.canvas import FILLING, Canvas
from pipelines.infilling.constraints import RULES, Rule
from pipelines.options.remix import RemixOptions

ORDER = (Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH)
FEWER_PASSES: dict[int, float] = {Octuple.DURATION: 0.5, Octuple.VELOCITY: 0.5}
"""Share of the passes that fields get on which less depends: that saves time. By ear, not measured."""


@dataclass(frozen=True)
class Progress:
    """How far the filling is: ``done`` of ``total`` open fields, over all variants."""

    done: int
    total: int


class MaskPredictor:
    """Fills in the open fields of canvases with one checkpoint.

    Args:
        checkpoint: a MusicBERT.
        options: of the remix.
    """

    def __init__(self, checkpoint: Checkpoint, options: RemixOptions):
        self.model, self.dialect, self.options = checkpoint.model, checkpoint.dialect, options
        self.max_notes = min(self.dialect.max_notes, self.model.config.max_notes - 2)

    def fill(self, canvases: Sequence[Canvas]) -> Iterator[Progress]:
        """Yields after each pass; at the end no field of a canvas is open."""
        fields = FILLING[self.options.change]
        total = sum(int(canvas.open.sum()) for canvas in canvases)
        while any(canvas.open.any() for canvas in canvases):
            first = min(int(c.rows[c.open.any(axis=1), Octuple.BAR].min()) for c in canvases if c.open.any())
            windows = [self._window(canvas, first) for canvas in canvases]
            for field in fields:
                rules = [RULES[field](canvas, self.options) for canvas in canvases]
                waiting = [len(rule.units(inner)) for rule, (_, inner) in zip(rules, windows, strict=True)]
                passes = max(1, round(self.options.passes * FEWER_PASSES.get(field, 1.0)))
                passes = min(passes, max(waiting))
                for number in range(passes):
                    left = math.cos(math.pi / 2 * (number + 1) / passes) if number + 1 < passes else 0.0
                    goals = [math.floor(left * units) for units in waiting]
                    self._pass(rules, windows, goals)
                    yield Progress(total - sum(int(canvas.open.sum()) for canvas in canvases), total)

    def _window(self, canvas: Canvas, first_bar: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns (notes to read, those of them to fill in) around the first bar with open fields.

        A third of the window is what comes before; the last sixth is only read, unless nothing else is open. Where more
        notes are open in a bar than fit, they get two thirds of the window. These shares are a guess, not measured.
        """
        bars = canvas.rows[:, Octuple.BAR]
        here = canvas.track >= 0
        order = np.flatnonzero(here)[np.argsort(bars[here], kind="stable")]
        opened = np.asarray(canvas.open.any(axis=1))
        inside = order[(bars[order] >= first_bar - self.dialect.sizes[0] // 3)]
        begin = int(np.searchsorted(bars[inside], first_bar))
        inside = inside[max(0, begin - self.max_notes // 3) :]
        inside = inside[bars[inside] < bars[inside[0]] + self.dialect.sizes[0]] if len(inside) else inside
        if len(inside) <= self.max_notes:
            complete = bool(len(inside) and bars[inside[-1]] == bars[order[-1]])
            window = inside
        else:
            complete, window = False, inside[: self.max_notes]
        if not complete and len(window):
            cut = bars[window[-1]]  # the last bar may not be whole
            shorter = window[bars[window] < cut]
            window = shorter if opened[shorter].any() else window
            if not opened[window].any():
                # There are more notes in a bar than fit: the open ones, and others as far as there is room.
                mine = inside[opened[inside]][: 2 * self.max_notes // 3]
                others = inside[~opened[inside]][: self.max_notes - len(mine)]
                window = inside[np.isin(inside, mine) | np.isin(inside, others)]
        inner = window[opened[window]]
        if not complete and len(inner):
            ahead = bars[window[-max(1, self.max_notes // 6)]]
            settled = inner[bars[inner] < max(ahead, first_bar + 1)]
            inner = settled if len(settled) else inner
        return window, inner

    def _pass(
        self, rules: Sequence[Rule], windows: Sequence[tuple[np.ndarray, np.ndarray]], goals: Sequence[int]
    ) -> None:
        """Reads all variants once and fixes so many units of each that as many as its goal stay open."""
        field = rules[0].field
        found = self.logits([(rule.canvas, window) for rule, (window, _) in zip(rules, windows, strict=True)], field)
        for rule, (window, inner), scores, goal in zip(rules, windows, found, goals, strict=True):
            rng, place = rule.canvas.rng, {int(note): number for number, note in enumerate(window)}
            units = rule.units(inner)
            if not units:
                continue
            logits = np.stack(
                [
                    scores[[place[note] for note in unit if note in place]].mean(axis=0) + rule.bias(unit)
                    for unit in units
                ]
            )
            # Noise on how sure the model is keeps it from always beginning with what is most common.
            sure = logits.max(axis=1) + self.options.temperature * rng.gumbel(size=len(units))
            heat = self.options.temperature * getattr(self.options, rule.temperature)
            for number in np.argsort(-sure, kind="stable")[: max(0, len(units) - goal)].tolist():
                mask = rule.allowed(units[number])
                uniform = rng.random(1)
                value = None
                if mask.any():
                    sampled = sample(
                        logits[number][None], uniform, mask[None], heat, self.options.top_p, self.options.top_k
                    )
                    value = int(sampled[0])
                rule.fix(units[number], value)

    @torch.inference_mode()
    def logits(self, views: Sequence[tuple[Canvas, np.ndarray]], field: int) -> list[np.ndarray]:
        """Returns the log-probabilities [notes, values] of one field for the notes of each view; 0 where it is not open."""
        slot = self.dialect.slots.index(field)
        start, size = self.dialect.blocks[slot], self.dialect.sizes[slot]
        longest = max(len(window) for _, window in views) + 2
        read = np.full((len(views), longest, 8), 1, dtype=np.int64)
        orders, seen = [], []
        for number, (canvas, window) in enumerate(views):
            rows, hidden = canvas.rows[window].copy(), canvas.open[window]
            order = blind_order(rows, hidden, ORDER, canvas.rng.random(len(rows)))
            if len(rows):
                rows[:, Octuple.BAR] -= rows[:, Octuple.BAR].min() - FIRST
            found = self.dialect.to_tokens(rows[order])
            found[hidden[order][:, self.dialect.slots]] = self.dialect.mask
            read[number, 0], read[number, len(rows) + 1] = 0, 2
            read[number, 1 : len(rows) + 1] = found
            orders.append(order)
            seen.append((rows[order], hidden[order]))
        logits = hidden_logits(self.model, torch.from_numpy(read), slot, slice(start, start + size), seen)
        asked = [order[hidden[:, field]] for order, (_, hidden) in zip(orders, seen, strict=True)]
        values = np.split(torch.log_softmax(logits, dim=-1).numpy(), np.cumsum([len(one) for one in asked])[:-1])
        results = []
        for order, mine, found in zip(orders, asked, values, strict=True):
            back = np.zeros((len(order), size), dtype=np.float32)
            back[mine] = found
            results.append(back)
        return results
