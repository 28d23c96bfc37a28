"""Writing a note field by field gives what the head gives for all fields at once."""

from __future__ import annotations

import pytest
import torch

from models.field_decoding import FieldDecoder
from models.octuple import NoteHead


def test_fields_one_after_another_are_those_of_the_head():
    torch.manual_seed(0)
    sizes = (7, 11, 5, 9)
    head = NoteHead(sizes, width=16, hidden=12).eval()
    output = torch.randn(3, 16)
    before, target = (torch.stack([torch.randint(size, (3,)) for size in (*sizes, 4)], dim=1) for _ in range(2))
    wanted = head(output, before, target)
    with torch.inference_mode():
        decoder = FieldDecoder(head)
        state = decoder.start(output, before)
        for field in range(len(sizes)):
            assert torch.allclose(decoder.logits(state, field), wanted[field], atol=1e-5)
            if field + 1 < len(sizes):
                decoder.write(state, field, target[:, field])


@pytest.mark.parametrize("passes", [1, 2])
def test_sampling_writes_what_is_chosen_and_computes_logits_only_where_they_are_asked_for(passes):
    torch.manual_seed(0)
    sizes = (7, 11, 5, 9)
    head = NoteHead(sizes, width=16, hidden=12).eval()
    output = torch.randn(2 * passes, 16)
    before = torch.stack([torch.randint(size, (2 * passes,)) for size in sizes], dim=1)
    target = torch.stack([torch.randint(size, (2,)) for size in sizes], dim=1)
    wanted = head(output, before, target.repeat(passes, 1))
    rows: list[list[int]] = [[], []]
    seen: list[tuple[int, list[list[int]]]] = []

    def choose(field, rows, logits_of):
        seen.append((field, [list(row) for row in rows]))
        if field != 1:  # there is a choice
            assert torch.allclose(logits_of(), wanted[field], atol=1e-5)
        return target[:, field].numpy()

    with torch.inference_mode():
        decoder = FieldDecoder(head)
        state = decoder.start(output, before)
        decoder.sample_fields((0, 1), state, rows, choose)
        assert rows == target[:, :2].tolist()
        decoder.sample_fields((2, 3), state, rows, choose)
    assert rows == target.tolist()
    assert seen == [(field, target[:, :field].tolist()) for field in range(4)]
