"""Notes written field by field, pieces side by side, are what the head gives for all fields at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.note_writing import HeadWriter, sample_fields
from models.octuple import NoteHead

SIZES, WIDTH = (7, 11, 5, 9), 16


class Sums:
    """A decoder whose output after a note is a table's row, so that readings of other batches can be compared."""

    def __init__(self):
        self.table = torch.randn(100, WIDTH)

    def read(self, notes):
        return self.table[notes[:, -1].sum(dim=1) + 20 * torch.arange(len(notes)) % 60]

    def select(self, pieces):
        self.selected = list(pieces)


@pytest.fixture(params=[1, 2])
def passes(request):
    return request.param


@pytest.fixture
def head():
    torch.manual_seed(0)
    return NoteHead(SIZES, WIDTH, hidden=12).eval()


def ids(pieces):
    return np.stack([np.random.default_rng(size).integers(0, size, pieces) for size in SIZES], axis=1)


def wanted(head, decoder, notes, target, passes):
    """Returns the logits [passes, pieces, ids] of all fields, computed by the head at once."""
    given = torch.from_numpy(np.concatenate([notes] * passes))
    found = head(decoder.read(given), given[:, -1], torch.from_numpy(np.tile(target, (passes, 1))))
    return [logits.detach().view(passes, len(target), -1).numpy() for logits in found]


def test_logits_are_those_of_the_head_and_computed_only_where_they_are_asked_for(head, passes):
    decoder, notes, target = Sums(), ids(3)[:, None], ids(3)[::-1].copy()
    writer = HeadWriter(head, decoder, passes)
    writer.read(notes)
    expected, seen, rows = wanted(head, decoder, notes, target, passes), [], [[], [], []]

    def choose(field, rows, logits_of):
        seen.append((field, [list(row) for row in rows]))
        if field != 1:  # there is a choice
            np.testing.assert_allclose(logits_of(), expected[field], atol=1e-5)
        return target[:, field]

    writer.begin(range(3))
    sample_fields(writer, (0, 1), range(3), rows, choose)
    assert rows == target[:, :2].tolist()
    sample_fields(writer, (2, 3), range(3), rows, choose)
    assert rows == target.tolist()
    assert seen == [(field, target[:, :field].tolist()) for field in range(4)]


def test_some_pieces_begin_anew_and_the_others_keep_what_they_wrote(head, passes):
    decoder, notes, target = Sums(), ids(3)[:, None], ids(3)[::-1].copy()
    writer = HeadWriter(head, decoder, passes)
    writer.read(notes)
    expected = wanted(head, decoder, notes, target, passes)
    writer.begin(range(3))
    for field in range(3):
        writer.write(field, range(3), [0, 0, target[2, field]])
    writer.begin([0, 1])
    for field in range(3):
        np.testing.assert_allclose(writer.logits(field, [0, 1]), expected[field][:, :2], atol=1e-5)
        writer.write(field, [0, 1], target[:2, field])
    np.testing.assert_allclose(writer.logits(3, range(3)), expected[3], atol=1e-5)


def test_selected_pieces_go_on_in_all_passes(head, passes):
    decoder, notes = Sums(), ids(3)[:, None]
    writer = HeadWriter(head, decoder, passes)
    writer.read(notes)
    writer.begin(range(3))
    before = writer.logits(0, range(3))
    writer.select([2, 0])
    assert decoder.selected == [place + 3 * number for number in range(passes) for place in (2, 0)]
    writer.begin([0, 1])
    np.testing.assert_allclose(writer.logits(0, [0, 1]), before[:, [2, 0]], atol=1e-5)
