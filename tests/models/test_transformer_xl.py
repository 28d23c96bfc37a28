from __future__ import annotations

import pytest
import torch

from models.octuple import field_losses
from models.transformer_xl import distance_encoding, parameter_count, shift_distances
from tests.models.tiny import SIZES, some_notes, some_prefix, tiny_model

MODEL = tiny_model()
ALL = 1000  # a memory that forgets nothing


def forward(notes, prefix, memory=None, limit=ALL, model=MODEL):
    return model(notes, prefix, memory or model.new_memory(len(notes)), limit)


def test_an_output_does_not_know_what_follows():
    notes, prefix = some_notes(2, 12), some_prefix(2)
    other = notes.clone()
    other[:, 7:] = some_notes(2, 5, seed=9)
    before, after = forward(notes, prefix)[0], forward(other, prefix)[0]
    assert torch.allclose(before[:, :7], after[:, :7], atol=1e-5)
    assert not torch.allclose(before[:, 7:], after[:, 7:], atol=1e-2)


def test_segments_with_memory_give_what_one_pass_gives():
    notes, prefix = some_notes(2, 23), some_prefix(2)
    whole, _ = forward(notes, prefix)
    memory, parts = None, []
    for part in notes.split([5, 1, 9, 8], dim=1):
        output, memory = forward(part, prefix, memory)
        parts.append(output)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)
    assert memory.notes == 23


def test_memory_keeps_the_latest_notes_up_to_its_limit():
    notes, prefix = some_notes(1, 20), some_prefix(1)
    _, whole = forward(notes, prefix)
    _, last = forward(notes, prefix, limit=6)
    assert last.notes == 6
    assert all(torch.equal(a[:, :, -6:], b) for a, b in zip(whole.keys, last.keys, strict=True))
    assert all(torch.equal(a[:, :, -6:], b) for a, b in zip(whole.values, last.values, strict=True))


def test_memory_reaches_what_is_written_later():
    prefix, now = some_prefix(1), some_notes(1, 3)
    _, one = forward(some_notes(1, 8, seed=3), prefix)
    _, other = forward(some_notes(1, 8, seed=4), prefix)
    outputs = [forward(now, prefix, memory)[0] for memory in (one, other, None)]
    assert not torch.allclose(outputs[0], outputs[1], atol=1e-2)
    assert not torch.allclose(outputs[0], outputs[2], atol=1e-2)


def test_no_gradient_enters_the_memory():
    model = tiny_model().requires_grad_(True)
    first, second = some_notes(1, 4), some_notes(1, 4, seed=5)
    first[..., 0], second[..., 0] = 1, 2  # rows 1 and 2 of the first field's table
    prefix = some_prefix(1)
    _, memory = forward(first, prefix, model=model)
    assert not any(tensor.requires_grad for tensor in (*memory.keys, *memory.values))
    output, _ = forward(second, prefix, memory, model=model)
    output.square().sum().backward()
    gradient = model.embedding.table.weight.grad
    assert gradient[1].abs().max() == 0
    assert gradient[2].abs().max() > 0


def test_a_memory_is_not_changed_by_those_who_use_it():
    notes, prefix = some_notes(1, 6), some_prefix(1)
    _, memory = forward(notes, prefix)
    copies = [tensor.clone() for tensor in memory.keys]
    forward(notes, prefix, memory)
    assert all(torch.equal(a, b) for a, b in zip(copies, memory.keys, strict=True))


def test_positions_are_relative():
    """With all else forgotten, a phrase reads the same wherever in the piece it stands."""
    notes, prefix = some_notes(1, 6), some_prefix(1)
    alone, memory = forward(notes, prefix, limit=0)
    assert memory.notes == 0
    assert torch.allclose(forward(notes, prefix, memory)[0], alone, atol=1e-6)


def test_the_order_of_past_notes_matters():
    notes, prefix = some_notes(1, 6), some_prefix(1)
    swapped = notes[:, [1, 0, 2, 3, 4, 5]]
    assert not torch.allclose(forward(notes, prefix)[0][:, -1], forward(swapped, prefix)[0][:, -1], atol=1e-3)


def test_every_condition_reaches_every_note():
    notes, prefix = some_notes(1, 40), some_prefix(1)
    output, _ = forward(notes, prefix)
    for place in range(prefix.shape[1]):
        changed = prefix.clone()
        changed[:, place] = prefix[:, place] % 11 + 1
        difference = (forward(notes, changed)[0] - output).abs().amax(-1)
        assert (difference > 1e-4).all()


def test_the_order_of_conditions_does_not_matter():
    notes, prefix = some_notes(1, 6), some_prefix(1)
    assert torch.allclose(forward(notes, prefix)[0], forward(notes, prefix.flip(1))[0], atol=1e-5)


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 4, 7, 0, 0, 0], [1, 2, 3, 5, 0, 0]],  # of unequal number
        [[1, 0, 0, 7, 0, 9], [1, 0, 0, 0, 5, 0]],  # forgotten ones leave holes, as in training
        [[1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 11]],
    ],
)
def test_padding_is_as_if_it_were_not_there(rows):
    notes = some_notes(2, 5)
    together, _ = forward(notes, torch.tensor(rows))
    for row in range(2):
        real = torch.tensor([[value for value in rows[row] if value]])
        alone, _ = forward(notes[row : row + 1], real)
        assert torch.allclose(together[row : row + 1], alone, atol=1e-5)


def test_rows_of_a_batch_do_not_mix():
    notes, prefix = some_notes(3, 7), some_prefix(3)
    together, _ = forward(notes, prefix)
    for row in range(3):
        alone, _ = forward(notes[row : row + 1], prefix[row : row + 1])
        assert torch.allclose(together[row : row + 1], alone, atol=1e-5)


@pytest.mark.parametrize(("count", "past"), [(1, 0), (1, 5), (4, 0), (4, 3), (7, 20)])
def test_scores_by_distance_become_scores_by_note(count, past):
    by_distance = torch.randn(2, 3, count, past + count)
    shifted = shift_distances(by_distance)
    for note in range(count):
        for attended in range(past + note + 1):
            distance = past + note - attended
            wanted = by_distance[:, :, note, past + count - 1 - distance]  # the last axis runs from far to near
            assert torch.equal(shifted[:, :, note, attended], wanted)


def test_distances_have_encodings_of_their_own():
    encoding = distance_encoding(300, 32)
    assert encoding.shape == (300, 32)
    apart = torch.cdist(encoding, encoding) + torch.eye(300) * 9
    assert apart.min() > 0.05


def test_the_positional_score_is_that_of_the_paper():
    """One head, one layer, worked out from the four terms of section 3.3."""
    model = tiny_model(layers=1, heads=1)
    block, notes, prefix = model.blocks[0], some_notes(1, 5), some_prefix(1, 1)
    x = model.embedding(notes)
    query, key, value = (part[0, 0] for part in block.project(x))
    prefix_keys, prefix_values, _ = model.read_prefix(prefix)
    distances = block.distances(distance_encoding(5, 32))[0]
    u, v, at_prefix = block.content_bias[0], block.position_bias[0], block.prefix_position[0]
    rows = []
    for i in range(5):
        scores = [query[i] @ prefix_keys[0][0, 0, 0] + u @ prefix_keys[0][0, 0, 0] + (query[i] + v) @ at_prefix]
        scores += [
            query[i] @ key[j] + query[i] @ distances[i - j] + u @ key[j] + v @ distances[i - j] for j in range(i + 1)
        ]
        weights = torch.softmax(torch.stack(scores) / 32**0.5, dim=0)
        rows.append(weights @ torch.cat([prefix_values[0][0, 0], value[: i + 1]]))
    x = x + block.output(torch.stack(rows))
    x = x + block.feed_forward(x)
    assert torch.allclose(forward(notes, prefix, model=model)[0], x, atol=1e-4)


def test_a_model_learns_a_tune_by_heart():
    model = tiny_model().requires_grad_(True).train()
    notes, prefix = some_notes(1, 17), some_prefix(1)
    target = notes[:, 1:, : len(SIZES)]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        output, _ = forward(notes[:, :-1], prefix, model=model)
        losses, count = field_losses(model.head(output, notes[:, :-1], target), target)
        loss = losses.sum() / count
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.5
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_parameters_are_counted_once():
    assert parameter_count(MODEL) == sum(tensor.numel() for tensor in MODEL.state_dict().values())
