"""The LSTMs: reading step by step equals reading at once, and what writes a row computes what the head does."""

from __future__ import annotations

import pytest
import torch

from models.lstm import LSTMDecoder, NoteLSTM, NoteLSTMConfig
from models.note_writing import HeadWriter

SIZES = (6, 5, 4, 9, 5, 12, 7, 8)
CONFIGS = {
    "notes": NoteLSTMConfig(SIZES, layers=1, width=16, hidden=12),
    "chords": NoteLSTMConfig(SIZES, layers=2, width=16, hidden=0, chords=8, chord_notes=3, dropout=0.2),
}


@pytest.fixture(params=CONFIGS)
def model(request) -> NoteLSTM:
    torch.manual_seed(3)
    return NoteLSTM(CONFIGS[request.param]).eval().requires_grad_(False)


def rows(batch: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.stack([torch.randint(0, size, (batch, count), generator=generator) for size in SIZES], dim=-1)


def test_step_by_step_equals_the_whole_sequence(model):
    notes = rows(3, 20)
    whole, _ = model(notes, model.new_state(3))
    decoder = LSTMDecoder(model, 3)
    for place in range(20):
        assert torch.allclose(decoder.read(notes[:, place : place + 1]), whole[:, place], atol=1e-5)


def test_a_row_written_field_by_field_has_the_chances_that_the_head_gives(model):
    notes, written = rows(1, 9), rows(1, 1)[0, 0]
    writer = HeadWriter(model.head, LSTMDecoder(model))
    writer.read(notes.numpy())
    writer.select([0, 0, 0])
    output, _ = model(notes, model.new_state(1))
    expected = model.head(output[:, -1], notes[:, -1], written[None])
    writer.begin([0, 1, 2])
    for field, logits in enumerate(expected):
        found = writer.logits(field, [0, 2])
        assert found.shape == (1, 2, SIZES[field])
        assert torch.allclose(torch.from_numpy(found[0, 1]), logits[0], atol=1e-5)
        writer.write(field, [0, 1, 2], [int(written[field])] * 3)


def test_pieces_side_by_side_do_not_hear_each_other(model):
    one, other = rows(2, 6).split(1)
    together = LSTMDecoder(model)
    together.read(one)
    together.select([0, 0])
    both = together.read(torch.cat([one, other]))
    alone = LSTMDecoder(model)
    alone.read(one)
    assert torch.allclose(both[:1], alone.read(one), atol=1e-6)
    assert not torch.allclose(both[0], both[1], atol=1e-3)


def test_no_future_row_is_heard(model):
    notes, changed = rows(1, 10), rows(1, 10)
    changed[:, 6:] = 0
    outputs = [model(each, model.new_state(1))[0] for each in (notes, changed)]
    assert torch.equal(outputs[0][:, :6], outputs[1][:, :6])
    assert not torch.allclose(outputs[0][:, 6:], outputs[1][:, 6:])
