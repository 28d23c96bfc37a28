"""Notes that the audio network writes: what was asked for holds, whatever the network thinks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from models.bigru import BiGRU, BiGRUConfig
from music.theory import ALL_KEYS, parse_key
from music.tokens.patches import CELLS, DRUM_KEYS, FAMILIES, GROUPS, KEYS, LOWEST, Cell
from pipelines.patches.wishes import Wishes
from pipelines.patches.writer import PatchWriter, Request

A_MINOR = ALL_KEYS.index(parse_key("A minor"))


@pytest.fixture(scope="module")
def model() -> BiGRU:
    torch.manual_seed(3)
    made = BiGRU(BiGRUConfig(width=16, clip_width=8, sound_width=8)).eval().requires_grad_(False)
    made.onsets.bias.fill_(-2.0)  # an untrained network that has much to say
    return made


def asked(**changes: Any) -> Request:
    plain = Request(
        clip=None,
        text=np.zeros(128, np.float32),
        wishes=Wishes(120.0),
        prior=np.zeros(12, np.float32),
        key=None,
        ending_key=A_MINOR,
        patches=72,
        bar_patches=16,
        bar_phase=0,
        past=np.zeros((0, 5), np.int64),
        past_patches=0,
        follow=0.5,
        temperature=1.0,
        density=1.0,
        families=(),
        drums=None,
        seed=1,
    )
    return replace(plain, **changes)


def written(model: BiGRU, **changes: Any) -> np.ndarray:
    writer = PatchWriter(model, asked(**changes))
    for _ in writer:
        pass
    return writer.notes


def test_the_same_seed_writes_the_same_notes_and_another_others(model: BiGRU) -> None:
    assert np.array_equal(written(model), written(model))
    assert not np.array_equal(written(model), written(model, seed=2))


def test_it_writes_all_patches_and_says_how_far_it_is(model: BiGRU) -> None:
    assert list(PatchWriter(model, asked())) == [16, 32, 48, 64, 72]


def test_notes_written_once_stay(model: BiGRU) -> None:
    writer = PatchWriter(model, asked())
    seen = [writer.notes.copy() for _ in writer]
    for before, after in zip(seen, seen[1:]):
        assert np.array_equal(before, after[: len(before)])


def test_a_key_is_kept(model: BiGRU) -> None:
    notes = written(model, key=A_MINOR)
    keys = notes[notes[:, Cell.CELL] < KEYS]
    inside = np.isin((keys[:, Cell.CELL] + LOWEST) % 12, list(ALL_KEYS[A_MINOR].scale))
    assert len(keys) > 50
    assert inside.mean() > 0.98


def test_it_ends_on_the_tonic_chord_at_the_last_bar_line(model: BiGRU) -> None:
    notes = written(model)
    last = notes[notes[:, Cell.PATCH] >= 64]
    assert set(last[:, Cell.PATCH]) <= {64}
    assert set((last[:, Cell.CELL] + LOWEST) % 12) <= {9, 0, 4}  # A, C, E
    bass = last[last[:, Cell.CELL] < 24]
    assert set((bass[:, Cell.CELL] + LOWEST) % 12) <= {9}


def test_no_drums_means_none_and_only_asked_families_play(model: BiGRU) -> None:
    strings = FAMILIES.index("strings")
    notes = written(model, drums=False, families=(strings,))
    assert notes[:, Cell.CELL].max() < KEYS
    assert set(notes[:, Cell.FAMILY]) == {strings}


def test_all_families_that_are_asked_for_play_and_a_bass_plays_low(model: BiGRU) -> None:
    asked_for = tuple(FAMILIES.index(name) for name in ("piano", "bass", "strings"))
    notes = written(model, drums=False, families=asked_for)
    assert set(notes[:, Cell.FAMILY]) == set(asked_for)
    assert notes[notes[:, Cell.FAMILY] == FAMILIES.index("bass"), Cell.CELL].max() < 24


def test_everyone_who_is_asked_for_plays(model: BiGRU) -> None:
    families = tuple(FAMILIES.index(name) for name in ("piano", "strings", "brass", "wind"))
    for seed in range(3):
        assert set(written(model, drums=False, families=families, seed=seed)[:, Cell.FAMILY]) == set(families)


def test_drums_alone_end_on_a_crash_and_no_one_else_plays(model: BiGRU) -> None:
    notes = written(model, groups=(GROUPS - 1,), drums=True)
    assert notes[:, Cell.CELL].min() >= KEYS
    assert {DRUM_KEYS[cell - KEYS] for cell in notes[notes[:, Cell.PATCH] == 64, Cell.CELL]} == {36, 49}
    assert notes[:, Cell.PATCH].max() == 64


def test_less_than_a_bar_is_more_than_its_last_chord(model: BiGRU) -> None:
    for patches, bar_patches, last in ((14, 16, 8), (27, 24, 20), (18, 16, 12), (20, 16, 16)):
        notes = written(model, patches=patches, bar_patches=bar_patches)
        assert notes[:, Cell.PATCH].max() == last
        assert (notes[:, Cell.PATCH] < last).any()
    assert set(written(model, patches=4)[:, Cell.PATCH]) == {0}


def test_a_key_is_kept_at_any_temperature(model: BiGRU) -> None:
    notes = written(model, key=A_MINOR, temperature=4.0)
    keys = notes[notes[:, Cell.CELL] < KEYS]
    assert np.isin((keys[:, Cell.CELL] + LOWEST) % 12, list(ALL_KEYS[A_MINOR].scale)).mean() > 0.98


def test_density_changes_how_many_notes_there_are(model: BiGRU) -> None:
    few, many = (len(written(model, density=density)) for density in (0.5, 2.0))
    assert many > 2.5 * few


def test_a_low_temperature_does_not_empty_the_music(model: BiGRU) -> None:
    usual, cool = (len(written(model, temperature=temperature)) for temperature in (1.0, 0.4))
    assert 0.6 < cool / usual < 1.6


def test_what_is_not_allowed_is_not_written(model: BiGRU) -> None:
    allowed = np.zeros((72, CELLS), bool)
    allowed[:, 40:44] = True
    notes = written(model, allowed=allowed, ending_key=None)
    assert len(notes)
    assert set(notes[:, Cell.CELL]) <= {40, 41, 42, 43}


def test_the_past_stays_and_is_gone_on_from(model: BiGRU) -> None:
    past = np.array([[0, 40, 3, 4, 0], [8, 44, 3, 4, 0]])
    writer = PatchWriter(model, asked(past=past, past_patches=16))
    for _ in writer:
        pass
    assert np.array_equal(writer.notes[:2], past)
    assert writer.notes[2:, Cell.PATCH].min() >= 16


def test_an_extreme_sound_and_the_ends_of_following_do_no_harm(model: BiGRU) -> None:
    clip = np.full((174, 32), 1e4, np.float32)
    for follow in (0.0, 1.0):
        assert len(written(model, clip=clip, follow=follow, wishes=Wishes(120.0, has_clip=True)))
