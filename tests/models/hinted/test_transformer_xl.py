"""The hinted Transformer-XL: what it says of a note rests on the past alone, in training as in writing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from models.hinted.transformer_xl import HintedTransformerXL, UnitDropout
from models.hints.layout import VERSION
from models.hints.past import Past
from models.hints.piece import hints_of_piece
from models.relative_attention import BLOCKED, RelativeAttention
from tests.models.hinted.tiny import EXTRA, tiny_config, tiny_model
from tests.models.past_notes import TABLES, music

MEMORY = 16


@pytest.fixture(scope="module")
def model() -> HintedTransformerXL:
    return tiny_model()


def sequence(seed: int = 0, count: int = 90) -> torch.Tensor:
    """Returns ids [1, notes, 9], the first note BOS."""
    rng = np.random.default_rng(seed)
    notes = music(rng)[:count]
    rows = np.concatenate([np.ones((1, 8), np.int64), notes])
    return torch.from_numpy(np.concatenate([rows, rng.integers(0, EXTRA, (len(rows), 1))], axis=1))[None]


def batch_losses(model: HintedTransformerXL, notes: torch.Tensor, prefix: torch.Tensor, segment: int) -> torch.Tensor:
    """Returns nats [notes, fields], read in segments with memory, hints for the whole piece at once."""
    hints, dense = (torch.from_numpy(part) for part in hints_of_piece(TABLES, notes[0, 1:, :8].numpy()))
    memory, found = model.new_memory(1), []
    for start in range(0, notes.shape[1] - 1, segment):
        stop = min(start + segment, notes.shape[1] - 1)
        reach = torch.arange(start, stop)[None]
        here = prefix.expand(1, stop - start, -1)
        output, memory = model(notes[:, start:stop], here, reach, memory, MEMORY)
        read, target = notes[0, start:stop, :8], notes[0, start + 1 : stop + 1, :8]
        found.append(model.head(output[0], read, target, hints[start:stop], dense[start:stop]).t())
    return torch.cat(found)


@torch.inference_mode()
def test_likelihood_from_the_past_alone_equals_the_batchs(model):
    notes, prefix = sequence(), torch.tensor([3, 7, 0])
    expected = batch_losses(model, notes, prefix, 1)
    past, memory = Past(TABLES), model.new_memory(1)
    for number in range(notes.shape[1] - 1):
        reach = torch.full((1, 1), number)
        output, memory = model(notes[:, number : number + 1], prefix.expand(1, 1, -1), reach, memory, MEMORY)
        start, row = model.head.start(output[0]), [0] * 8
        for field in range(8):
            hints = torch.zeros(1, model.head.columns[-1].stop, dtype=torch.long)
            own, dense = past.hints(field, row)
            hints[0, model.head.columns[field]] = torch.tensor(own)
            dense = torch.zeros(1, 36) if dense is None else torch.from_numpy(dense)[None]
            logits = model.head.one(start, field, notes[0, number : number + 1, :8], torch.tensor([row]), hints, dense)
            row[field] = int(notes[0, number + 1, field])
            loss = -torch.log_softmax(logits, -1)[0, row[field]]
            assert loss == pytest.approx(expected[number, field].item(), abs=1e-4)
        past.add(row)


@torch.inference_mode()
def test_segments_with_a_memory_that_reaches_back_read_as_one(model):
    notes, prefix = sequence(1, MEMORY), torch.tensor([3, 7, 0])
    whole = batch_losses(model, notes, prefix, 64)
    torch.testing.assert_close(batch_losses(model, notes, prefix, 5), whole, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_pieces_in_one_lane_do_not_see_each_other(model):
    first, second = sequence(1, 20), sequence(2, 20)
    prefix = torch.tensor([[4, 9, 0]])
    count = second.shape[1]
    reach = torch.arange(count)[None]
    alone, _ = model(second, prefix.expand(1, count, -1), reach, model.new_memory(1), 0)
    both = torch.cat([first, second], dim=1)
    reaches = torch.cat([torch.arange(first.shape[1])[None], reach], dim=1)
    packed, _ = model(both, prefix.expand(1, both.shape[1], -1), reaches, model.new_memory(1, 8), 0)
    torch.testing.assert_close(packed[:, first.shape[1] :], alone, atol=1e-5, rtol=0)


def test_no_gradient_enters_the_memory(model):
    notes, prefix = sequence(1, 12), torch.zeros(1, 13, 3, dtype=torch.long)
    _, memory = model(notes, prefix, torch.arange(13)[None], model.new_memory(1), 8)
    assert memory.keys[0].shape[2] == 8
    assert not any(part.requires_grad for part in (*memory.keys, *memory.values))


def test_attention_and_its_gradients_are_those_of_the_composed_operations():
    torch.manual_seed(0)
    heads, batch, count, seen, size = 2, 3, 4, 7, 5
    shapes = [(heads, batch, count, size)] * 2 + [(heads, batch, seen, size)] * 2 + [(heads, seen, size)]
    inputs = [torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in shapes]
    mask = torch.zeros(batch, count, seen, dtype=torch.double)
    mask[:, torch.arange(count)[:, None] + seen - count < torch.arange(seen)] = BLOCKED
    content, placed, keys, values, distances = inputs

    def composed() -> torch.Tensor:
        # Distance of the query i to key j: seen - count + i - j; row r of the distances is that of seen - 1 - r.
        back = (torch.arange(count)[:, None] + seen - count) - torch.arange(seen)
        rows = (seen - 1 - back).clamp(0, seen - 1)
        positional = torch.einsum("hbis,hijs->hbij", placed, distances[:, rows])
        scores = content @ keys.transpose(-1, -2) + positional + mask
        return torch.softmax(scores, -1) @ values

    found = RelativeAttention.apply(content, placed, keys, values, F.pad(distances, (0, 0, 1, 0)), mask)
    torch.testing.assert_close(found, composed())
    weight = torch.randn_like(found)
    expected = torch.autograd.grad((composed() * weight).sum(), inputs)
    for one, other in zip(torch.autograd.grad((found * weight).sum(), inputs), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_gate_moves_a_copied_id_and_padding_is_no_vote(model):
    head = model.head
    hidden, hints = torch.zeros(1, head.hidden), torch.zeros(1, head.columns[-1].stop, dtype=torch.long)
    plain = head.logits(hidden, 5, hints)
    hints[0, head.copies[5]] = 70
    copied = head.logits(hidden, 5, hints)
    assert copied[0, 70] != plain[0, 70]
    assert (copied[0, :70] == plain[0, :70]).all()


def test_dropout_spares_notes_that_do_not_ask():
    torch.manual_seed(0)
    asked = torch.tensor([[True, True, False]])
    found = UnitDropout(0.5, asked)(torch.ones(1, 3, 64))
    assert (found[0, 2] == 1).all()
    assert set(found[0, 0].unique().tolist()) == {0.0, 2.0}
    assert (found[0, 0] == found[0, 1]).all()


def test_other_layouts_of_hints_are_refused():
    with pytest.raises(ValueError, match=f"layout {VERSION + 1}"):
        tiny_config(hints=VERSION + 1)
