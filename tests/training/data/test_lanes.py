"""Packed lanes: every note once, in its piece's order, with the hints and conditions of its piece."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from models.hints.layout import PITCH, PROGRAM, STEP
from models.hints.piece import hints_of_piece
from music.tokens.columns import EOS, FIRST
from training.data.lanes import (
    LEADS,
    Lanes,
    passage,
    styled_prefix_size,
    tables_of,
    training_passages,
    validation_passages,
    vary_melody,
)


@pytest.fixture(scope="module")
def passages(shards):
    tables = tables_of(shards.index)
    return [passage(shards, window, 40, tables, tag=window) for window in range(8)]


def test_lanes_hold_every_note_once_and_in_order(passages):
    lanes = Lanes(3, 16, iter(passages))
    found: dict[int, list[np.ndarray]] = {}
    while (segment := lanes.segment()) is not None:
        for lane in range(3):
            for at in range(16):
                tag = int(segment.tag[lane, at])
                if tag < 0:
                    assert (segment.target[lane, at] == 0).all()
                    continue
                mine = found.setdefault(tag, [])
                assert int(segment.reach[lane, at]) == len(mine)
                assert segment.prefix[lane, at].tolist() == passages[tag].prefix.tolist()
                mine.append(np.concatenate([getattr(segment, name)[lane, at] for name in ("notes", "target", "hints")]))
    for tag, rows in found.items():
        one = passages[tag]
        assert (np.stack(rows) == np.concatenate([one.notes, one.target, one.hints], axis=1)).all()
    assert found.keys() == set(range(8))


def test_lanes_without_end_have_no_padding(shards):
    lanes = Lanes(4, 32, training_passages(shards, {"songs": 1.0}, (), 64, seed=1))
    segments = [lanes.segment() for _ in range(6)]
    assert all((segment.target[..., STEP] != 0).all() for segment in segments)
    assert any((segment.target[..., STEP] == EOS).any() for segment in segments)


def test_a_passage_has_the_hints_of_what_it_holds(shards, passages):
    one = passages[0]
    notes = np.concatenate([one.notes[1:, :8], one.target[-1:] if one.target[-1, STEP] >= FIRST else one.notes[:0, :8]])
    first, end = shards.index["prefix_blocks"]["program"]
    asked = [p - first + FIRST for p in one.prefix.tolist() if first <= p < end]
    hints, _ = hints_of_piece(tables_of(shards.index), notes, asked)
    assert (hints[: len(one.hints)] == one.hints).all()


def test_the_style_is_told_as_the_last_condition(shards, monkeypatch):
    monkeypatch.setitem(shards.index, "piece_styles", [3] * len(shards.index["pieces"]))
    tables, told = tables_of(shards.index), shards.index["prefix_size"] + 3
    assert passage(shards, 0, 64, tables).prefix[-1] == told < styled_prefix_size(shards.index)
    many = {p.prefix[-1] for p in islice(training_passages(shards, {"songs": 1.0}, (), 64, seed=2), 60)}
    assert many == {0, told}  # forgotten at random


def test_bars_are_counted_in_phrases_of_sixteen(shards):
    one = passage(shards, 0, 1024, tables_of(shards.index))
    steps = np.maximum(one.notes[1:, STEP] - FIRST, 0)
    assert (one.notes[1:, 9] == 1 + np.cumsum(steps) % 16).all()


def test_melodies_of_small_sets_change_players_and_octaves_but_not_tones():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(40):
        notes = np.full((3, 9), FIRST)
        notes[:, PITCH] = FIRST + np.array([60, 64, 67])
        prefix = np.array([1, 100, 0])
        vary_melody(notes, prefix, 100, rng)
        assert set((notes[:, PITCH] - FIRST) % 12) == {0, 4, 7}
        assert notes[0, PROGRAM] - FIRST in LEADS
        assert prefix.tolist() == [1, 100 + notes[0, PROGRAM] - FIRST, 0]
        seen.add((notes[0, PROGRAM], notes[0, PITCH]))
    assert len(seen) > 10


def test_bands_stay_as_they_are():
    notes = np.full((3, 9), FIRST)
    notes[1, PROGRAM] += 30
    before = notes.copy()
    vary_melody(notes, np.zeros(3, np.int64), 100, np.random.default_rng(0))
    assert (notes == before).all()


def test_validation_is_always_the_same_and_of_real_sets_alone(shards, monkeypatch):
    first, again = ([p.notes for p in validation_passages(shards, 2, 64)] for _ in range(2))
    assert len(first) == 2
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    monkeypatch.setitem(shards.index["sets"]["songs"], "synthetic", True)
    assert not list(validation_passages(shards, 2, 64))
