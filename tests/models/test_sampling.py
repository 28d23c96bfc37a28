from __future__ import annotations

import numpy as np
import pytest

from models.sampling import Randomness, sample

LOGITS = np.log(np.array([[0.05, 0.4, 0.1, 0.25, 0.2]]))
EVENLY = (np.arange(2000) + 0.5) / 2000


def shares(**how) -> np.ndarray:
    """Returns how often each id is chosen over random numbers that lie evenly in [0, 1)."""
    many = np.repeat(LOGITS, len(EVENLY), axis=0)
    if "allowed" in how:
        how["allowed"] = np.repeat(how["allowed"][None], len(EVENLY), axis=0)
    return np.bincount(sample(many, EVENLY, **how), minlength=5) / len(EVENLY)


def test_ids_are_chosen_as_often_as_their_logits_say():
    assert shares() == pytest.approx([0.05, 0.4, 0.1, 0.25, 0.2], abs=0.002)


def test_random_numbers_of_a_generator_give_the_distribution_too():
    randomness = Randomness(3, 1, 1)
    numbers = np.array([randomness.step()[0, 0] for _ in range(5000)])
    found = np.bincount(sample(np.repeat(LOGITS, 5000, axis=0), numbers), minlength=5)
    wanted = np.exp(LOGITS[0]) * 5000
    assert ((found - wanted) ** 2 / wanted).sum() < 18.5  # chi-square, 4 degrees of freedom, p = 0.001


@pytest.mark.parametrize("how", [{}, {"temperature": 0}, {"temperature": 0.7, "top_p": 0.9}, {"top_k": 7}])
def test_rows_are_sampled_alone_as_together(how):
    chance = np.random.default_rng(0)
    logits = 3 * chance.standard_normal((200, 60)).astype(np.float32)
    numbers, allowed = chance.random(200), chance.random((200, 60)) < 0.5
    for mask in (None, allowed):
        alone = [
            sample(logits[row], numbers[row], mask if mask is None else mask[row], **how)
            for row in (slice(number, number + 1) for number in range(200))
        ]
        assert np.concatenate(alone).tolist() == sample(logits, numbers, mask, **how).tolist()


def test_temperature_sharpens_and_flattens():
    probabilities = np.exp(LOGITS[0])
    for temperature in (0.5, 2.0):
        wanted = probabilities ** (1 / temperature)
        assert shares(temperature=temperature) == pytest.approx(wanted / wanted.sum(), abs=0.002)


def test_a_temperature_of_zero_takes_the_likeliest():
    assert shares(temperature=0.0).tolist() == [0, 1, 0, 0, 0]
    allowed = np.array([True, False, True, True, True])
    assert shares(temperature=0.0, allowed=allowed).tolist() == [0, 0, 0, 1, 0]


def test_a_small_temperature_does_not_overflow():
    assert shares(temperature=1e-4).tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("top_k", "left"), [(1, [1]), (2, [1, 3]), (3, [1, 3, 4]), (5, range(5)), (99, range(5))])
def test_top_k_keeps_the_likeliest_ids(top_k, left):
    wanted = np.where(np.isin(range(5), list(left)), np.exp(LOGITS[0]), 0)
    assert shares(top_k=top_k) == pytest.approx(wanted / wanted.sum(), abs=0.002)


@pytest.mark.parametrize(("top_p", "left"), [(0.01, [1]), (0.5, [1, 3]), (0.8, [1, 3, 4]), (0.9, [1, 2, 3, 4])])
def test_top_p_keeps_the_ids_that_together_reach_it(top_p, left):
    wanted = np.where(np.isin(range(5), left), np.exp(LOGITS[0]), 0)
    assert shares(top_p=top_p) == pytest.approx(wanted / wanted.sum(), abs=0.002)


def test_top_p_and_top_k_count_among_what_is_allowed():
    allowed = np.array([True, False, True, False, True])
    assert np.flatnonzero(shares(allowed=allowed, top_k=2)).tolist() == [2, 4]
    assert np.flatnonzero(shares(allowed=allowed, top_p=0.6)).tolist() == [2, 4]


def test_what_is_not_allowed_is_never_chosen_and_the_rest_keeps_its_proportions():
    allowed = np.array([True, False, True, True, False])
    wanted = np.exp(LOGITS[0]) * allowed
    assert shares(allowed=allowed) == pytest.approx(wanted / wanted.sum(), abs=0.002)


@pytest.mark.parametrize("how", [{}, {"top_p": 0.3}, {"top_k": 1}, {"temperature": 0.0}])
@pytest.mark.parametrize("uniform", [0.0, 0.5, 1 - 2**-53])
def test_where_one_id_is_allowed_it_is_chosen_however_unlikely(how, uniform):
    logits, allowed = np.array([[50.0, 0.0, -700.0]]), np.array([[False, False, True]])
    assert sample(logits, np.array([uniform]), allowed, **how).tolist() == [2]


def test_each_row_has_its_own_number_and_mask():
    logits = np.zeros((3, 4), np.float32)
    allowed = np.array([[True, True, False, False], [False, False, True, True], [True, True, True, True]])
    assert sample(logits, np.array([0.1, 0.9, 0.6]), allowed).tolist() == [0, 3, 2]


def test_the_logits_are_left_as_they_are():
    logits = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
    before = logits.copy()
    sample(logits, np.array([0.2, 0.8]), np.ones((2, 6), bool), 0.7, 0.9, 3)
    assert np.array_equal(logits, before)


def numbers(seed: int, variants: int, steps: int = 600) -> np.ndarray:
    randomness = Randomness(seed, variants, 8)
    return np.stack([randomness.step() for _ in range(steps)])  # [steps, draws, variants]


def test_the_same_seed_gives_the_same_numbers():
    assert np.array_equal(numbers(5, 2), numbers(5, 2))
    assert not np.array_equal(numbers(5, 1), numbers(6, 1))


def test_a_variant_does_not_depend_on_how_many_are_written_beside_it():
    alone, four = numbers(7, 1), numbers(7, 4)
    assert np.array_equal(alone[..., 0], four[..., 0])
    assert np.array_equal(numbers(7, 3)[..., 2], four[..., 2])


def test_variants_and_neighbouring_seeds_are_independent():
    columns = np.concatenate([numbers(seed, 3).reshape(-1, 3) for seed in (0, 1, 2)], axis=1)
    correlation = np.corrcoef(columns.T) - np.eye(9)
    assert np.abs(correlation).max() < 0.06


def test_numbers_lie_in_the_unit_interval_and_never_repeat():
    found = numbers(2**62, 2)
    assert found.shape == (600, 8, 2)
    assert 0 <= found.min() < 0.001
    assert 0.999 < found.max() < 1
    assert len(np.unique(found)) == found.size


def test_randomness_does_not_touch_the_generator_of_torch():
    import torch

    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    numbers(9, 2)
    assert torch.equal(torch.rand(3), wanted)
