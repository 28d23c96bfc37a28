"""The audio network: what it is told and shown matters, and what is hidden does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.bigru import BiGRU, BiGRUConfig, Conditions

TINY = BiGRUConfig(width=16, clip_width=8, sound_width=8, dropout=0.0)
PATCHES = 12


@pytest.fixture
def model() -> BiGRU:
    torch.manual_seed(0)
    return BiGRU(TINY).eval()


def told(model: BiGRU, has_clip: float = 1.0, clip_seed: int = 0, prior: torch.Tensor | None = None) -> Conditions:
    noise = torch.Generator().manual_seed(clip_seed)
    clip = torch.randn(1, 174, TINY.features, generator=noise)
    none = torch.zeros(1, 12)
    return model.conditions(
        clip,
        torch.tensor([has_clip]),
        torch.zeros(1, TINY.text),
        torch.zeros(1, TINY.wishes),
        none if prior is None else prior,
    )


def shown(known_patches: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    seen = torch.zeros(1, PATCHES, TINY.cells + TINY.groups)
    seen[:, :known_patches, TINY.cells :] = 1
    seen[:, :known_patches:4, 40] = 1
    past = torch.zeros(1, PATCHES, 3 * (TINY.cells + TINY.groups))
    place = torch.stack([torch.arange(PATCHES) % 16, torch.full((PATCHES,), 2)], -1)[None]
    return seen, torch.zeros(1, PATCHES, TINY.keys), past, place


def test_every_cell_of_every_patch_has_a_logit_and_notes_have_fields(model: BiGRU) -> None:
    logits, states = model(*shown(4), told(model))
    assert logits.shape == (1, PATCHES, 93)
    durations, velocities, families = model.notes(states[0, :3], torch.tensor([0, 50, 92]))
    assert durations.shape == (3, 12)
    assert velocities.shape == (3, 8)
    assert families.shape == (3, 9)


def test_the_network_reads_both_ways(model: BiGRU) -> None:
    seen, *rest = shown(4)
    later = seen.clone()
    later[:, -1, 60] = 1
    later[:, -1, TINY.cells :] = 1
    first, _ = model(seen, *rest, told(model))
    other, _ = model(later, *rest, told(model))
    assert not torch.allclose(first[:, 5], other[:, 5])


def test_a_clip_that_is_not_there_says_nothing(model: BiGRU) -> None:
    one, _ = model(*shown(4), told(model, has_clip=0.0, clip_seed=1))
    other, _ = model(*shown(4), told(model, has_clip=0.0, clip_seed=2))
    assert torch.equal(one, other)
    heard, _ = model(*shown(4), told(model, clip_seed=2))
    assert not torch.allclose(one, heard)


def test_the_prior_lifts_its_pitch_classes_in_all_octaves_and_no_drums(model: BiGRU) -> None:
    prior = torch.zeros(1, 12)
    prior[0, 4] = 3.0  # E
    plain = told(model)
    lifted = replace(plain, prior=told(model, prior=prior).prior)
    before, _ = model(*shown(4), plain)
    after, _ = model(*shown(4), lifted)
    change = (after - before)[0, 6]
    is_e = (torch.arange(88) + 21) % 12 == 4
    assert torch.all(change[:88][is_e] > 0)
    assert change[:88][~is_e].abs().max() < 1e-5
    assert change[88:].abs().max() < 1e-5


def test_an_untrained_sound_head_leaves_sound_as_it_is(model: BiGRU) -> None:
    gains = model.gains(torch.randn(1, 30, TINY.mel_bands), told(model))
    assert gains.shape == (1, 30, 80)
    assert torch.equal(gains, torch.zeros_like(gains))


def test_gains_have_a_limit_however_large_the_weights(model: BiGRU) -> None:
    with torch.no_grad():
        model.gain_out.weight.normal_(std=100.0)
    gains = model.gains(torch.randn(1, 9, TINY.mel_bands), told(model))
    assert gains.abs().max() <= 30
    assert gains.shape[1] == 9
