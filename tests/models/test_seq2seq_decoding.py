from __future__ import annotations

import pytest
import torch

from models import seq2seq_decoding
from models.seq2seq_decoding import Seq2SeqDecoder
from tests.models.tiny_seq2seq import MEMORY, some_notes, some_prefix, some_times, tiny_model

MODEL = tiny_model()
GIVEN, GIVEN_TIMES, WISHES = some_notes(3, 9, seed=4), some_times(3, 9, seed=5), some_prefix(3)
GIVEN[1, 6:] = 0  # a shorter melody
NOTES, TIMES = some_notes(3, 40), some_times(3, 40)


def whole(notes=NOTES, times=TIMES, rows=slice(None)) -> torch.Tensor:
    return MODEL(MODEL.encode(GIVEN[rows], GIVEN_TIMES[rows], WISHES[rows]), notes, times)


def decoder(rows=slice(None)) -> Seq2SeqDecoder:
    return Seq2SeqDecoder(MODEL, GIVEN[rows], GIVEN_TIMES[rows], WISHES[rows])


def read(one: Seq2SeqDecoder, notes, times, sizes) -> torch.Tensor:
    """Returns the outputs [batch, parts, width] after each part."""
    parts = zip(notes.split(sizes, dim=1), times.split(sizes, dim=1), strict=True)
    return torch.stack([one.read(*part) for part in parts], dim=1)


@pytest.mark.parametrize("slack", [1, 5, 128])
def test_note_by_note_is_as_all_at_once(monkeypatch, slack):
    """However often the buffers are tidied up: 40 notes are many more than are remembered."""
    monkeypatch.setattr(seq2seq_decoding, "SLACK", slack)
    assert NOTES.shape[1] > MEMORY + 5
    assert torch.allclose(read(decoder(), NOTES, TIMES, 1), whole(), atol=1e-4)


@pytest.mark.parametrize("slack", [3, 128])
@pytest.mark.parametrize("sizes", [(40,), (1, 20, 19), (13, 1, 1, 25), (7, 2, 31)])
def test_notes_may_be_read_in_any_portions(monkeypatch, sizes, slack):
    monkeypatch.setattr(seq2seq_decoding, "SLACK", slack)
    last = torch.tensor(sizes).cumsum(0) - 1
    assert torch.allclose(read(decoder(), NOTES, TIMES, sizes), whole()[:, last], atol=1e-4)


def test_a_long_piece_with_the_buffers_as_they_are():
    notes, times = some_notes(1, 400, seed=8), some_times(1, 400, seed=9)
    assert seq2seq_decoding.SLACK + MEMORY < 400 // 2
    one = decoder(slice(1))
    assert torch.allclose(read(one, notes, times, 1), whole(notes, times, slice(1)), atol=1e-3)


@pytest.mark.parametrize("chosen", [[2, 0], [1], [0, 0, 2, 1]])
def test_chosen_pieces_go_on_as_if_they_were_alone(monkeypatch, chosen):
    monkeypatch.setattr(seq2seq_decoding, "SLACK", 5)
    one = decoder()
    one.read(NOTES[:, :17], TIMES[:, :17])
    one.select(chosen)
    notes, times = NOTES[chosen], TIMES[chosen]
    notes[:, 17:] = some_notes(len(chosen), 23, seed=11)  # copies of one piece go different ways
    after = read(one, notes[:, 17:], times[:, 17:], 1)
    assert torch.allclose(after, whole(notes, times, chosen)[:, 17:], atol=1e-4)


def test_decoders_of_one_model_do_not_disturb_each_other():
    before = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}
    one, other = decoder(), Seq2SeqDecoder(MODEL, GIVEN.flip(0), GIVEN_TIMES.flip(0), WISHES.flip(0))
    outputs = []
    for number in range(12):
        note, time = NOTES[:, number : number + 1], TIMES[:, number : number + 1]
        outputs.append(one.read(note, time))
        other.read(note.flip(0), time)
    assert torch.allclose(torch.stack(outputs, dim=1), whole()[:, :12], atol=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in MODEL.state_dict().items())


def test_what_is_read_is_not_changed():
    notes, times = NOTES.clone(), TIMES.clone()
    decoder().read(notes, times)
    assert torch.equal(notes, NOTES) and torch.equal(times, TIMES)
