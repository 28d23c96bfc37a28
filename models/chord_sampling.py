"""Exact sums over all progressions of chords of one melody, and samples of them (see ``models/chord_network.py``)."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from models.sampling import sample

COLDEST = 0.1
"""The least temperature of which sums can be told: below it most of what is summed is too small for a number."""
NEVER = -1e9


class Progressions:
    """One distribution over progressions of chords, or of anything that follows one another on beats.

    Args:
        fit: [beats, chords] of a chord on a beat, in nats.
        stay: [beats] of the chord before to stay.
        turn: [chords, chords] of a chord to be followed by another one.
        allowed: bool [beats, chords], at least one a beat.
        temperature: divides all of them.
    """

    def __init__(self, fit: np.ndarray, stay: np.ndarray, turn: np.ndarray, allowed: np.ndarray, temperature: float):
        self.allowed, self._nats = allowed, (fit, stay, turn)
        heat = max(temperature, COLDEST)
        self._fit = np.where(allowed, fit / heat, NEVER)
        most = max(turn.max(), stay.max()) / heat  # what all moves have in common makes no difference
        self._stay = np.exp(stay / heat - most)
        self._turn = np.exp(turn / heat - most)
        np.fill_diagonal(self._turn, 0.0)

    def within(self, allowed: np.ndarray, temperature: float) -> Progressions:
        """Returns the progressions of fewer chords, bool [beats, chords], at another temperature."""
        return Progressions(*self._nats, allowed, temperature)

    @cached_property
    def _forward(self) -> np.ndarray:
        return self._passed(False)

    def _passed(self, backward: bool) -> np.ndarray:
        """Returns the mass [beats, chords] of all progressions up to each beat, or behind it; each beat's adds up to 1."""
        beats = len(self._fit)
        weight = np.exp(self._fit - self._fit.max(axis=1, keepdims=True))
        found = np.empty_like(weight)
        mass = np.ones(weight.shape[1]) if backward else weight[0]
        for beat in reversed(range(beats)) if backward else range(beats):
            if backward and beat + 1 < beats:
                ahead = mass * weight[beat + 1]
                mass = self._turn @ ahead + ahead * self._stay[beat + 1]
            elif not backward and beat:
                mass = (mass @ self._turn + mass * self._stay[beat]) * weight[beat]
            mass = mass / max(mass.sum(), 1e-300)
            found[beat] = mass
        return found

    def marginals(self) -> np.ndarray:
        """Returns how likely each chord is on each beat, [beats, chords]."""
        both = self._forward * self._passed(True)
        return both / np.maximum(both.sum(axis=1, keepdims=True), 1e-300)

    def likeliest(self) -> np.ndarray:
        """Returns the progression of the largest weight, int64 [beats] (Viterbi 1967)."""
        fit, stay, turn = self._nats
        fit = np.where(self.allowed, fit, NEVER)
        weight, came = fit[0], []
        for beat in range(1, len(fit)):
            moves = weight[:, None] + turn
            np.fill_diagonal(moves, weight + stay[beat])
            came.append(moves.argmax(axis=0))
            weight = moves.max(axis=0) + fit[beat]
        found = [int(weight.argmax())]
        for before in reversed(came):
            found.append(int(before[found[-1]]))
        return np.array(found[::-1])

    def sample(self, uniform: np.ndarray, top_p: float = 1.0, top_k: int = 0) -> np.ndarray:
        """Returns progressions, int64 [progressions, beats], drawn from the last beat to the first.

        Args:
            uniform: [beats, progressions] random numbers in [0, 1).
            top_p, top_k: as in ``models.sampling.sample``, at each beat.
        """
        beats, count = uniform.shape
        chosen = np.zeros((count, beats), dtype=np.int64)
        weights = np.repeat(self._forward[-1][None], count, axis=0)
        for beat in reversed(range(beats)):
            if beat + 1 < beats:
                after = chosen[:, beat + 1]
                moves = self._turn[:, after].T
                moves[np.arange(count), after] = self._stay[beat + 1]
                weights = self._forward[beat] * moves
            chosen[:, beat] = sample(np.log(np.maximum(weights, 1e-300)), uniform[beat], None, 1.0, top_p, top_k)
        return chosen
