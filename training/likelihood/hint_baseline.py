"""How far copying alone gets: the best mix of the hints, with fitted weights and no network.

For each field the logits are those of the first-order model and of the unigram, each weighed, plus a vote for every id
that a hint names. How much a hint's vote counts is fitted, apart for each length of the repeat that is going on. These
are the head's gates (models/hinted/head.py) without a network to set them; the fit is convex.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.hints.layout import FIELDS, REPEAT_LENGTHS, Hint
from training.data.lanes import Passage

ORDERS = len(REPEAT_LENGTHS) + 1
ROUNDS = 25  # of L-BFGS
PRIOR = 10.0  # notes that say that no hint counts, so that few notes do not fit large votes
PART = 32768  # notes whose logits are in memory at once

_FIRST_ORDER = torch.tensor([1.0, 0.0])  # weights of the first-order model and the unigram

Chances = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""Of a field: how likely each id is alone [ids], and after each other one [ids before, ids]."""


class HintFloor:
    """A log-linear mix of hints for each field.

    Args:
        chances: of the unigram and the first-order model.
        layout: the columns of hints.
    """

    def __init__(self, chances: Chances, layout: Sequence[Hint]):
        self._chances = chances
        self._copies = [
            [column for column, hint in enumerate(layout) if hint.field == field and hint.copies]
            for field in range(FIELDS)
        ]
        self._order = [
            next(
                (c for c, hint in enumerate(layout) if (hint.field, hint.name) == (field, "length of the repeat")), None
            )
            for field in range(FIELDS)
        ]
        self._votes = [torch.zeros(ORDERS, len(copies)) for copies in self._copies]
        self._weights = [_FIRST_ORDER.clone() for _ in self._copies]

    @classmethod
    def fit(cls, chances: Chances, layout: Sequence[Hint], groups: Sequence[Sequence[Passage]]) -> HintFloor:
        """Returns the mix fitted to passages, each group (set) of them with the same weight."""
        made = cls(chances, layout)
        counts = [sum(len(passage.target) for passage in group) for group in groups]
        share = torch.cat([torch.full((count,), 1 / max(1, count)) for count in counts])
        passages = [passage for group in groups for passage in group]
        for field in range(FIELDS):
            made._fit_field(field, passages, share)
        return made

    def losses(self, passages: Sequence[Passage]) -> np.ndarray:
        """Returns the summed nats of passages by field [fields]."""
        found = []
        for field in range(FIELDS):
            parts = zip(*(part.split(PART) for part in self._given(field, passages)), strict=True)
            found.append(sum(self._nats(field, *part).sum().item() for part in parts))
        return np.array(found)

    def _fit_field(self, field: int, passages: Sequence[Passage], share: Tensor) -> None:
        given = self._given(field, passages)
        real = given[-1] != 0
        given = [part[real].split(PART) for part in (*given, share / share[real].sum())]
        parameters = [self._votes[field].requires_grad_(), self._weights[field].requires_grad_()]
        optimizer = torch.optim.LBFGS(parameters, max_iter=ROUNDS, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimizer.zero_grad()
            votes, weights = parameters
            off = votes.square().sum() + (weights - _FIRST_ORDER).square().sum()
            total = off * PRIOR / 2 / int(real.sum())
            total.backward()
            total = total.detach()
            for *part, weight in zip(*given, strict=True):
                loss = (self._nats(field, *part) * weight).sum()
                loss.backward()
                total = total + loss.detach()
            return total

        optimizer.step(closure)
        for parameter in parameters:
            parameter.requires_grad_(False)

    def _given(self, field: int, passages: Sequence[Passage]) -> list[Tensor]:
        """Returns of each note the id before, the hints that copy, the length of the repeat, and the target."""
        before, hints, target = (
            torch.from_numpy(np.concatenate([part(passage) for passage in passages]))
            for part in (lambda p: p.notes[:, field], lambda p: p.hints, lambda p: p.target[:, field])
        )
        order = self._order[field]
        length = torch.zeros_like(before) if order is None else hints[:, order]
        return [before, hints[:, self._copies[field]], length, target]

    def _nats(self, field: int, before: Tensor, copied: Tensor, length: Tensor, target: Tensor) -> Tensor:
        """Returns the nats of each target [notes]; 0 where it is padding."""
        alone, after_each = (torch.from_numpy(part).float().log() for part in self._chances(field))
        logits = self._weights[field][0] * after_each[before] + self._weights[field][1] * alone
        logits = logits.scatter_add(1, copied, self._votes[field][length] * (copied != 0))
        return F.cross_entropy(logits, target, ignore_index=0, reduction="none")
