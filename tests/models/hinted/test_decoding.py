"""The fast writer of the hinted Transformer-XL: what it says is what the plain one says, however it is used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from models.hinted import backbone as hinted_backbone
from models.hinted.decoding import HintedDecoder, HintedWriter
from models.hinted.transformer_xl import HintedTransformerXL
from models.hints.layout import DURATION, FIELDS, FIRST, PITCH, POSITION, SIGNATURE, STEP, TEMPO
from tests.models.hinted.tiny import EXTRA, tiny_model
from tests.models.past_notes import music

ASKED, BOS = (4, 77), 1
PREFIXES = {1: np.array([[3, 7, 0]]), 2: np.array([[3, 7, 0], [3, 0, 0]])}


@pytest.fixture(scope="module")
def model() -> HintedTransformerXL:
    return tiny_model()


class Both:
    """A writer and a plain decoder that reads the same; what is asked is asked of both."""

    def __init__(self, model: HintedTransformerXL, passes: int, pieces: int, memory: int):
        prefix = PREFIXES[passes]
        self.writer = HintedWriter(model, prefix, ASKED, memory, pieces)
        self.plain = HintedDecoder(
            model, torch.from_numpy(prefix.repeat(pieces, axis=0)), [ASKED] * passes * pieces, memory
        )
        self.passes, self.rows, self.fresh = passes, [[0] * FIELDS for _ in range(pieces)], [False] * pieces

    def read(self, notes: np.ndarray) -> None:
        self.writer.read(notes)
        self.plain.read(torch.from_numpy(np.tile(notes, (self.passes, 1, 1))))

    def select(self, pieces: Sequence[int]) -> None:
        self.writer.select(pieces)
        count = len(self.rows)
        self.plain.select([number * count + piece for number in range(self.passes) for piece in pieces])
        self.rows, self.fresh = [list(self.rows[p]) for p in pieces], [self.fresh[p] for p in pieces]

    def begin(self, pieces: Sequence[int], fresh: Sequence[bool] = ()) -> None:
        self.writer.begin(pieces, fresh)
        for number, piece in enumerate(pieces):
            self.rows[piece], self.fresh[piece] = [0] * FIELDS, bool(fresh) and fresh[number]

    def write(self, field: int, pieces: Sequence[int], ids: Sequence[int]) -> None:
        self.writer.write(field, pieces, ids)
        for piece, value in zip(pieces, ids, strict=True):
            self.rows[piece][field] = value

    def compare(self, field: int, pieces: Sequence[int]) -> None:
        expected = self.plain.logits(field, torch.tensor(self.rows * self.passes), self.fresh * self.passes)
        expected = expected.view(self.passes, len(self.rows), -1)[:, list(pieces)].numpy()
        found = self.writer.logits(field, pieces)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-4)


def notes_after(last: list[int] | None, rng: np.random.Generator, known: np.ndarray) -> list[int]:
    """Returns a note that may follow: one of known music, in a new bar if it does not stand after the last one."""
    note = known[rng.integers(len(known))].tolist()
    if last is None or note[POSITION : PITCH + 1] > last[POSITION : PITCH + 1]:
        note[STEP] = FIRST + int(rng.random() < 0.1)
    else:
        note[STEP] = FIRST + int(rng.integers(1, 3))
    return note


def with_extras(notes: Sequence[Sequence[int]], rng: np.random.Generator) -> np.ndarray:
    """Returns int64 [pieces, 1, 9] of a note each."""
    return np.array([[[*note, rng.integers(EXTRA)]] for note in notes])


def prompt(rng: np.random.Generator, pieces: int, count: int) -> np.ndarray:
    """Returns int64 [pieces, 1 + notes, 9]: a mark of the beginning, then music."""
    rows = np.concatenate([np.full((1, FIELDS), BOS), music(rng)[:count]])
    rows = np.column_stack([rows, rng.integers(0, EXTRA, len(rows))])
    return np.tile(rows, (pieces, 1, 1))


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize(("pieces", "memory", "heard"), [(1, 5, 0), (3, 200, 30), (4, 12, 30), (2, 0, 3)])
def test_it_says_what_the_plain_one_says(model, monkeypatch, passes, pieces, memory, heard):
    monkeypatch.setattr(hinted_backbone, "SLACK", 8)  # so that what is forgotten makes room now and then
    rng = np.random.default_rng(pieces)
    both, known = Both(model, passes, pieces, memory), music(rng)[:12]
    start = prompt(rng, pieces, heard)
    both.read(start)
    last = [start[0, -1, :FIELDS].tolist() if heard else None] * pieces
    for number in range(40):
        count = len(last)
        notes = [notes_after(one, rng, known) for one in last]
        both.begin(range(count), [bool(rng.random() < 0.3) for _ in range(count)])
        pending = list(range(count))
        while pending:  # proposals that are drawn again, until they are the notes
            proposed = [notes[p] if rng.random() < 0.6 else notes_after(last[p], rng, known) for p in pending]
            for field in range(DURATION):
                if field not in (SIGNATURE, TEMPO) and (number % 3 or rng.random() < 0.5):
                    both.compare(field, pending)
                both.write(field, pending, [row[field] for row in proposed])
            pending = [p for p, row in zip(pending, proposed, strict=True) if row[:DURATION] != notes[p][:DURATION]]
            both.begin(pending, [both.fresh[p] for p in pending])
        if count > 1 and rng.random() < 0.1:
            chosen = (
                rng.integers(0, count, count).tolist() if rng.random() < 0.7 else rng.permutation(count)[1:].tolist()
            )
            both.select(chosen)
            notes = [notes[p] for p in chosen]
        order = rng.permutation(len(notes)).tolist()
        for field in range(DURATION, FIELDS):
            both.compare(field, order)
            both.write(field, order, [notes[piece][field] for piece in order])
        both.read(with_extras(notes, rng))
        last = notes
    for field in range(FIELDS):
        both.begin([0])
        both.compare(field, [0])


@pytest.mark.parametrize("memory", [7, 100])
def test_a_prompt_may_be_read_at_once_or_in_parts_or_note_by_note(model, memory):
    notes = prompt(np.random.default_rng(5), 2, 40)
    found = []
    for cuts in ([], [1], [2, 3, 20, 21], range(1, notes.shape[1])):
        writer = HintedWriter(model, PREFIXES[2], ASKED, memory, 2)
        for part in np.split(notes, cuts, axis=1):
            writer.read(part)
        writer.begin([0, 1])
        found.append([writer.logits(field, [0, 1]) for field in range(FIELDS)])
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, same, atol=1e-4)


def test_a_fresh_note_hears_no_repeats(model):
    rng = np.random.default_rng(0)
    bar = music(rng)[:8]
    rows = np.concatenate([bar] * 6)
    rows[:, STEP] = FIRST
    rows[::8, STEP] = FIRST + 1
    writer = HintedWriter(model, PREFIXES[1], ASKED, 64)
    writer.read(np.column_stack([rows, np.zeros(len(rows), np.int64)])[None])
    writer.begin([0])
    usual = writer.logits(STEP, [0])
    writer.begin([0], [True])
    assert not np.allclose(usual, writer.logits(STEP, [0]))
    writer.begin([0])
    np.testing.assert_array_equal(usual, writer.logits(STEP, [0]))
