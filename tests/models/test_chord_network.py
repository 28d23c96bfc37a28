"""The chord network against brute force: every progression of a tiny vocabulary weighed one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch

from models.chord_network import ChordNetwork, ChordNetworkConfig, log_partition, log_weight
from models.chord_sampling import Progressions

CHORDS, BEATS = 5, 4
CONFIG = ChordNetworkConfig(6, (3, 2), 9, chords=CHORDS, qualities=2, layers=2, width=16, heads=2, hidden=16, rank=4)


def scored(beats: int = BEATS, padding: int = 0):
    """Returns the scores of a network that has learnt nothing, for one melody, and what is real of it."""
    torch.manual_seed(3)
    network = ChordNetwork(CONFIG).eval().requires_grad_(False)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    features = torch.randn(1, beats, 6)
    features = torch.cat([features, torch.randn(1, padding, 6)], dim=1)
    real = torch.arange(beats + padding)[None] < beats
    places = torch.zeros(1, beats + padding, 2, dtype=torch.int64)
    return network(features, places, torch.tensor([[1, 4, 0]]), real), real


def every_progression(scores) -> tuple[np.ndarray, np.ndarray]:
    """Returns all progressions [progressions, beats] and the logarithm of the weight of each, summed by hand."""
    fit, stay, turn = scores.fit[0].numpy(), scores.stay[0].numpy(), scores.turn.numpy()
    all_of_them = np.array(list(product(range(CHORDS), repeat=BEATS)))
    weights = [
        sum(fit[beat, chord] for beat, chord in enumerate(one))
        + sum(stay[beat] if one[beat] == one[beat - 1] else turn[one[beat - 1], one[beat]] for beat in range(1, BEATS))
        for one in all_of_them
    ]
    return all_of_them, np.array(weights)


def test_the_sum_over_all_progressions_is_exact_and_padding_does_not_count():
    scores, real = scored()
    progressions, weights = every_progression(scores)
    assert np.isclose(log_partition(scores, real).item(), np.logaddexp.reduce(weights), atol=1e-4)
    padded, still_real = scored(padding=3)
    assert torch.allclose(padded.fit[:, :BEATS], scores.fit, atol=1e-5)
    assert torch.allclose(log_partition(padded, still_real), log_partition(scores, real), atol=1e-4)
    one = torch.tensor(progressions[7][None])
    assert np.isclose(log_weight(scores, one, real).item(), weights[7], atol=1e-4)
    longer = torch.cat([one, torch.tensor([[4, 0, 2]])], dim=1)
    assert torch.allclose(log_weight(padded, longer, still_real), log_weight(scores, one, real), atol=1e-4)


def drawn(allowed: np.ndarray, temperature: float = 1.0) -> tuple[Progressions, np.ndarray, np.ndarray]:
    scores, _ = scored()
    parts = (part.double().numpy() for part in (scores.fit[0], scores.stay[0], scores.turn))
    progressions, weights = every_progression(scores)
    possible = allowed[np.arange(BEATS), progressions].all(axis=1)
    chances = np.where(possible, np.exp((weights - weights.max()) / temperature), 0)
    return Progressions(*parts, allowed, temperature), progressions, chances / chances.sum()


def test_samples_and_shares_are_those_of_the_weights_with_what_is_required():
    allowed = np.ones((BEATS, CHORDS), dtype=bool)
    allowed[2] = np.arange(CHORDS) == 3  # as a chord that was typed
    found, progressions, chances = drawn(allowed, temperature=1.5)
    expected = np.zeros((BEATS, CHORDS))
    for one, chance in zip(progressions, chances, strict=True):
        expected[np.arange(BEATS), one] += chance
    assert np.allclose(found.marginals(), expected, atol=1e-5)
    samples = found.sample(np.random.default_rng(1).random((BEATS, 4000)))
    assert (samples[:, 2] == 3).all()
    shares = np.stack([np.bincount(samples[:, beat], minlength=CHORDS) for beat in range(BEATS)]) / len(samples)
    assert np.abs(shares - expected).max() < 0.04


def test_the_likeliest_progression_is_that_of_the_largest_weight():
    found, progressions, chances = drawn(np.ones((BEATS, CHORDS), dtype=bool))
    assert (found.likeliest() == progressions[chances.argmax()]).all()
    assert len(np.unique(found.sample(np.random.default_rng(2).random((BEATS, 50))), axis=0)) > 1
