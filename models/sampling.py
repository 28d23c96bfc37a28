"""Sampling ids from logits: temperature, top-k, top-p and masks, with random numbers that the caller brings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

FEW_ROWS = 3
"""Up to so many rows are sampled one by one: two to four times as fast then, and slower for more than four."""


def sample(
    logits: np.ndarray,
    uniform: np.ndarray,
    allowed: np.ndarray | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    top_k: int = 0,
) -> np.ndarray:
    """Returns one id per row, int64 [batch].

    Args:
        logits: [batch, ids].
        uniform: [batch] random numbers in [0, 1), one per row.
        allowed: bool [batch, ids]; ids that may not be sampled are False. At least one of each row is True.
        temperature: divides the logits; 0 takes the likeliest id.
        top_p: keep the likeliest ids that together have this probability (Holtzman et al. 2020), at least one.
        top_k: keep at most this many ids; 0 for no limit.
    """
    if len(logits) <= FEW_ROWS:
        masks: Sequence[np.ndarray | None] = [None] * len(logits) if allowed is None else list(allowed)
        rows = zip(logits, uniform.tolist(), masks, strict=True)
        return np.array([_sample_row(*row, temperature, top_p, top_k) for row in rows], dtype=np.int64)
    columns = None
    if allowed is not None:
        columns = np.flatnonzero(allowed.any(axis=0))  # often few; what no row allows need not be sorted
        logits = np.where(allowed[:, columns], logits[:, columns], -np.inf)
    places = _sample(logits.astype(np.float64), uniform, temperature, top_p, top_k)
    return places if columns is None else columns[places]


def _sample(scores: np.ndarray, uniform: np.ndarray, temperature: float, top_p: float, top_k: int) -> np.ndarray:
    """Returns one column per row, int64 [batch], of scores float64 [batch, columns]; -inf is never sampled."""
    if temperature <= 0:
        return scores.argmax(axis=1)
    order = (-scores).argsort(axis=1, kind="stable")
    rows = np.arange(len(order))
    scores = scores[rows[:, None], order[:, : top_k or None]] / temperature
    probabilities = np.exp(scores - scores[:, :1])  # up to a factor
    total = probabilities.cumsum(axis=1)
    if top_p < 1:
        kept = (total - probabilities < top_p * total[:, -1:]).sum(axis=1)
    else:
        kept = (probabilities > 0).sum(axis=1)
    place = (total <= (uniform * total[rows, kept - 1])[:, None]).sum(axis=1)
    return order[rows, np.minimum(place, kept - 1)]


def _sample_row(
    scores: np.ndarray, uniform: float, allowed: np.ndarray | None, temperature: float, top_p: float, top_k: int
) -> int:
    """Returns what ``_sample`` would of one row [ids], in fewer operations."""
    columns = None if allowed is None else allowed.nonzero()[0]
    scores = (scores if columns is None else scores[columns]).astype(np.float64)
    if temperature <= 0:
        place = scores.argmax()
    else:
        order = (-scores).argsort(kind="stable")[: top_k or None]
        probabilities = scores[order] / temperature
        probabilities -= probabilities[0]
        np.exp(probabilities, out=probabilities)
        total = probabilities.cumsum()
        kept = np.count_nonzero(total - probabilities < top_p * total[-1] if top_p < 1 else probabilities)
        place = order[min(total.searchsorted(uniform * total[kept - 1], side="right"), kept - 1)]
    return int(place if columns is None else columns[place])


class Randomness:
    """Random numbers for several variants, each from a generator of its own; drawn in blocks.

    A variant's numbers do not depend on how many variants are written beside it.

    Args:
        seed: of the first variant; the others follow from it.
        variants: how many.
        draws: how many numbers each variant takes per step.
        block: how many steps are drawn at once.
    """

    def __init__(self, seed: int, variants: int, draws: int, block: int = 256):
        self._generators = [
            torch.Generator().manual_seed((seed * 1009 + variant) % 2**63) for variant in range(variants)
        ]
        self._draws, self._block, self._next = draws, block, block
        self._numbers = np.zeros((block, draws, variants))

    def step(self) -> np.ndarray:
        """Returns the numbers of the next step, [draws, variants] in [0, 1)."""
        if self._next == self._block:
            drawn = [
                torch.rand(self._block, self._draws, generator=g, dtype=torch.float64).numpy() for g in self._generators
            ]
            self._numbers, self._next = np.stack(drawn, axis=-1), 0
        self._next += 1
        return self._numbers[self._next - 1]
