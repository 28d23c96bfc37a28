from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from models.octuple import field_losses
from tests.models.tiny_seq2seq import (
    MEMORY,
    PREFIX,
    REACH,
    SIZES,
    some_notes,
    some_prefix,
    some_times,
    tiny_model,
)

MODEL = tiny_model()
GIVEN, GIVEN_TIMES = some_notes(2, 11, seed=4), some_times(2, 11, seed=5)
NOTES, TIMES, WISHES = some_notes(2, 12), some_times(2, 12), some_prefix(2)


def forward(given=GIVEN, given_times=GIVEN_TIMES, notes=NOTES, times=TIMES, prefix=WISHES, model=MODEL):
    return model(model.encode(given, given_times, prefix), notes, times)


def padded(tensor: torch.Tensor, more: int, value: int = 0) -> torch.Tensor:
    return torch.cat([tensor, tensor.new_full((tensor.shape[0], more, *tensor.shape[2:]), value)], dim=1)


def test_each_field_of_each_note_gets_a_distribution():
    source = MODEL.encode(GIVEN, GIVEN_TIMES, WISHES)
    assert source.states.shape == (2, 11, 32)
    output = MODEL(source, NOTES, TIMES)
    assert output.shape == (2, 12, 32)
    assert [tuple(part.shape) for part in MODEL.head(output, NOTES, NOTES)] == [(2, 12, size) for size in SIZES]


@pytest.mark.parametrize("place", [1, 7, 11])
def test_an_output_does_not_know_what_follows(place):
    other, later = NOTES.clone(), TIMES.clone()
    other[:, place:] = some_notes(2, 12 - place, seed=9)
    later[:, place:] += 3
    before, after = forward(), forward(notes=other, times=later)
    assert torch.allclose(before[:, :place], after[:, :place], atol=1e-5)
    assert not torch.allclose(before[:, place:], after[:, place:], atol=1e-2)


def test_notes_see_what_is_given_after_them_too():
    other = GIVEN.clone()
    other[:, -1] = GIVEN[:, -1] % 4 + 1
    assert (GIVEN_TIMES[:, -1] > TIMES[:, 0]).all()
    assert ((forward(given=other) - forward()).abs().amax(-1)[:, 0] > 1e-4).all()


@pytest.mark.parametrize("when", [0, 10_000])
def test_padding_changes_nothing(when):
    """Whatever the time of padding that is given; that of what is written stands at the last note."""
    times = torch.cat([TIMES, TIMES[:, -1:].expand(2, 7)], dim=1)
    output = forward(padded(GIVEN, 5), padded(GIVEN_TIMES, 5, when), padded(NOTES, 7), times, padded(WISHES, 3))
    assert torch.isfinite(output).all()
    assert torch.allclose(output[:, :12], forward(), atol=1e-5)


def test_rows_of_a_batch_do_not_mix():
    together = forward()
    for row in range(2):
        one = slice(row, row + 1)
        alone = forward(GIVEN[one], GIVEN_TIMES[one], NOTES[one], TIMES[one], WISHES[one])
        assert torch.allclose(together[one], alone, atol=1e-5)


@pytest.mark.parametrize("moved", [1, 48, 48 * 60])
def test_an_example_reads_the_same_wherever_it_stands(moved):
    output = forward(given_times=GIVEN_TIMES + moved, times=TIMES + moved)
    assert torch.allclose(output, forward(), atol=2e-3)


def test_it_matters_what_sounds_together():
    assert not torch.allclose(forward(given_times=GIVEN_TIMES + 3), forward(), atol=1e-2)
    assert not torch.allclose(forward(times=TIMES + 3), forward(), atol=1e-2)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("apart", "seen"), [(REACH - 1, True), (REACH, True), (REACH + 1, False), (500, False)])
def test_a_given_note_is_seen_within_reach(apart, seen, late):
    """One note stands far from all others, before or after them."""
    far = 1000 + (apart if late else -apart)
    given_times = torch.tensor([[1000, 1000, 1000, far] if late else [far, 1000, 1000, 1000]])
    times, place = torch.full((1, 3), 1000), 3 if late else 0
    given, notes, prefix = GIVEN[:1, :4], NOTES[:1, :3], WISHES[:1]
    other = given.clone()
    other[0, place] = other[0, place] % 4 + 1
    one, two = (forward(each, given_times, notes, times, prefix) for each in (given, other))
    assert torch.equal(one, two) != seen


@pytest.mark.parametrize(("apart", "seen"), [(REACH, True), (REACH + 1, False)])
def test_a_written_note_is_seen_within_reach(apart, seen):
    times = torch.tensor([[0, apart, apart]])
    other = NOTES[:1, :3].clone()
    other[0, 0] = other[0, 0] % 4 + 1
    source = GIVEN[:1, :2], torch.tensor([[apart, apart]])
    one, two = (forward(*source, notes, times, WISHES[:1]) for notes in (NOTES[:1, :3], other))
    assert torch.equal(one[:, 1:], two[:, 1:]) != seen


def test_a_stretch_without_anything_given_can_be_written():
    source = GIVEN, GIVEN_TIMES + 100_000
    assert torch.isfinite(forward(*source)).all()


def test_a_note_sees_as_many_notes_as_the_memory_holds():
    model = tiny_model(decoder_layers=1)
    notes, times = some_notes(1, 20), torch.zeros(1, 20, dtype=torch.long)
    other = notes.clone()
    other[0, 3] = other[0, 3] % 4 + 1
    source = GIVEN[:1], GIVEN_TIMES[:1]
    one, two = (forward(*source, each, times, WISHES[:1], model) for each in (notes, other))
    changed = (one - two).abs().amax(-1)[0] > 1e-6
    assert changed.tolist() == [3 <= number < 3 + MEMORY for number in range(20)]


def test_every_condition_reaches_every_note():
    output = forward()
    for place in range(WISHES.shape[1]):
        changed = WISHES.clone()
        changed[:, place] = WISHES[:, place] % (PREFIX - 1) + 1
        assert ((forward(prefix=changed) - output).abs().amax(-1) > 1e-4).all()


def test_the_order_of_conditions_does_not_matter():
    assert torch.allclose(forward(prefix=WISHES.flip(1)), forward(), atol=1e-5)


def test_conditions_reach_both_what_is_given_and_what_is_written():
    source, other = (MODEL.encode(GIVEN, GIVEN_TIMES, prefix) for prefix in (WISHES, WISHES % (PREFIX - 1) + 1))
    outputs = [
        MODEL(replace(source, **changed), NOTES, TIMES)
        for changed in ({}, {"states": other.states}, {"wishes": other.wishes})
    ]
    assert all((outputs[0] - changed).abs().amax(-1).min() > 1e-4 for changed in outputs[1:])


@pytest.mark.parametrize("side", [0, 1])
def test_given_and_written_notes_are_told_apart(side):
    """The same notes at the same time may mean other things on either side."""
    model = tiny_model()
    before = forward(model=model)
    model.side.data[side] *= -2
    assert not torch.allclose(forward(model=model), before, atol=1e-2)


def test_it_learns_to_answer_what_is_given():
    """Four melodies and one answer to each; all begin alike, so that only what is given tells which is due."""
    model = tiny_model(width=48, dropout=0.0)
    for name, parameter in model.named_parameters():
        torch.nn.init.normal_(parameter, std=0.08)
        if name.endswith("norm.weight"):
            torch.nn.init.ones_(parameter)
    model.requires_grad_(True).train()
    given, given_times = some_notes(4, 6, seed=7), some_times(4, 6, seed=8)
    notes, times = some_notes(4, 9, seed=9), some_times(1, 9).repeat(4, 1)
    notes[:, 0] = 1
    prefix = some_prefix(1).repeat(4, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        output = forward(given, given_times, notes[:, :-1], times[:, :-1], prefix, model)
        losses, count = field_losses(model.head(output, notes[:, :-1], notes[:, 1:]), notes[:, 1:])
        loss = losses.sum() / count
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    assert not silent
