from __future__ import annotations

import torch
from torch.nn import functional as F

from models.octuple import field_losses
from tests.models.tiny import SIZES, some_notes, tiny_model

MODEL = tiny_model()
HEAD = MODEL.head


def test_each_field_of_a_note_is_heard():
    note = some_notes(1, 1)
    base = MODEL.embedding(note)
    for field in range(note.shape[-1]):
        other = note.clone()
        other[..., field] = 0
        assert (MODEL.embedding(other) - base).abs().max() > 1e-2


def test_the_same_id_means_another_thing_in_another_field():
    one, other = torch.tensor([[[3, 2, 1, 1]]]), torch.tensor([[[2, 3, 1, 1]]])
    assert not torch.allclose(MODEL.embedding(one), MODEL.embedding(other), atol=1e-2)


def test_writing_field_by_field_gives_what_training_sees():
    output, before, target = torch.randn(4, 32), some_notes(1, 4)[0], some_notes(1, 4, seed=8)[0, :, :3]
    at_once = HEAD(output, before, target)
    state = HEAD.start(output)
    for field in range(len(SIZES)):
        assert torch.allclose(HEAD.logits(state, field, before[:, field]), at_once[field], atol=1e-6)
        if field + 1 < len(SIZES):
            state = HEAD.write(state, field, target[:, field])


def test_a_field_knows_the_fields_before_it_and_none_after():
    output, before, target = torch.randn(1, 32), some_notes(1, 1)[0], some_notes(1, 1)[0, :, :3]
    base = HEAD(output, before, target)
    for field in range(3):
        other = target.clone()
        other[:, field] = 0
        changed = HEAD(output, before, other)
        for seen in range(3):
            assert torch.equal(changed[seen], base[seen]) == (seen <= field)


def test_a_field_sees_its_own_value_in_the_note_before():
    output, before, target = torch.randn(1, 32), some_notes(1, 1)[0], some_notes(1, 1)[0, :, :3]
    base = HEAD(output, before, target)
    other = before.clone()
    other[:, 1] = 0
    changed = HEAD(output, other, target)
    assert [torch.equal(a, b) for a, b in zip(base, changed, strict=True)] == [True, False, True]


def test_losses_are_summed_a_field_and_leave_padding_out():
    logits = [torch.randn(2, 3, size) for size in SIZES]
    target = some_notes(2, 3)[..., :3]
    target[1, 2] = 0  # no note there
    target[1, 1, 1:] = 0  # the end of a piece: only its first field is written
    losses, count = field_losses(logits, target)
    assert count == 5
    for field in range(3):
        chances = F.log_softmax(logits[field], dim=-1)
        wanted = -sum(
            chances[b, n, target[b, n, field]] for b in range(2) for n in range(3) if target[b, n, field] != 0
        )
        assert torch.allclose(losses[field], wanted, atol=1e-5)
