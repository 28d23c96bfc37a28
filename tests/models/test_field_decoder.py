"""Writing a note field by field gives what the head gives for all fields at once."""

from __future__ import annotations

import numpy as np
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
    decoder = FieldDecoder(head)
    state = decoder.start(output, before)
    for field in range(len(sizes)):
        assert np.allclose(decoder.logits(state, field), wanted[field].detach(), atol=1e-5)
        if field + 1 < len(sizes):
            decoder.write(state, field, target[:, field].numpy(), range(3))
