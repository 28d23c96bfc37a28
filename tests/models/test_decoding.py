from __future__ import annotations

import threading

import pytest
import torch

from models.transformer_xl_decoding import SLACK, Decoder
from tests.models.tiny import some_notes, some_prefix, tiny_model
from tests.waiting import join

MODEL = tiny_model()


def test_step_by_step_equals_the_full_forward_pass():
    notes, prefix = some_notes(3, 60), some_prefix(3)
    whole, _ = MODEL(notes, prefix, MODEL.new_memory(3), 60)
    decoder = Decoder(MODEL, prefix, 60)
    for place in range(60):
        assert torch.allclose(decoder.read(notes[:, place : place + 1]), whole[:, place], atol=1e-4)


@pytest.mark.parametrize("memory", [0, 1, 7, 100])
def test_a_sliding_memory_is_that_of_the_model_read_note_by_note(memory):
    count = SLACK + memory + 40  # so that forgotten notes must be moved out of the way
    notes, prefix = some_notes(1, count), some_prefix(1)
    decoder, kept = Decoder(MODEL, prefix, memory), MODEL.new_memory(1)
    for place in range(count):
        note = notes[:, place : place + 1]
        wanted, kept = MODEL(note, prefix, kept, memory)
        assert torch.allclose(decoder.read(note), wanted[:, 0], atol=1e-4), place


def test_what_is_beyond_the_memory_of_every_layer_has_no_effect():
    memory, layers = 4, len(MODEL.blocks)
    one, other = some_notes(1, 60), some_notes(1, 60)
    other[:, : 60 - memory * layers - 1] = some_notes(1, 60, seed=5)[:, : 60 - memory * layers - 1]
    outputs = [Decoder(MODEL, some_prefix(1), memory).read(notes) for notes in (one, other)]
    assert torch.allclose(*outputs, atol=1e-5)


def test_many_notes_at_once_are_read_as_one_by_one():
    notes, prefix = some_notes(2, 20), some_prefix(2)
    at_once = Decoder(MODEL, prefix, 8).read(notes)
    decoder = Decoder(MODEL, prefix, 8)
    for place in range(20):
        one_by_one = decoder.read(notes[:, place : place + 1])
    assert torch.allclose(at_once, one_by_one, atol=1e-5)


def test_variants_side_by_side_do_not_hear_each_other():
    notes, prefix = some_notes(3, 15), some_prefix(3)
    together = Decoder(MODEL, prefix, 10).read(notes)
    for row in range(3):
        alone = Decoder(MODEL, prefix[row : row + 1], 10).read(notes[row : row + 1])
        assert torch.allclose(together[row], alone[0], atol=1e-5)


def test_prefixes_of_unequal_length_share_a_batch():
    notes = some_notes(2, 9)
    together = Decoder(MODEL, torch.tensor([[1, 3, 5, 0], [1, 4, 0, 0]]), 20).read(notes)
    for row, prefix in enumerate(([[1, 3, 5]], [[1, 4]])):
        alone = Decoder(MODEL, torch.tensor(prefix), 20).read(notes[row : row + 1])
        assert torch.allclose(together[row], alone[0], atol=1e-5)


def test_two_threads_on_one_model_give_what_one_gives_alone():
    cases = [(some_notes(1, 150, seed=s), some_prefix(1, seed=s)) for s in (11, 12)]
    alone = [Decoder(MODEL, prefix, 30).read(notes) for notes, prefix in cases]
    start, found = threading.Barrier(2), [[], []]

    def read(number: int) -> None:
        start.wait()
        for _ in range(3):
            decoder = Decoder(MODEL, cases[number][1], 30)
            for place in range(150):
                output = decoder.read(cases[number][0][:, place : place + 1])
            found[number].append(output)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    join(threads)
    for number in range(2):
        assert len(found[number]) == 3
        assert all(torch.allclose(output, alone[number], atol=1e-6) for output in found[number])


def test_reading_leaves_the_model_as_it_is():
    before = {name: tensor.clone() for name, tensor in MODEL.state_dict().items()}
    Decoder(MODEL, some_prefix(1), 4).read(some_notes(1, 10))
    after = MODEL.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_some_of_the_pieces_go_on_and_one_can_become_several():
    notes, prefix = some_notes(3, 15), some_prefix(3)
    decoder = Decoder(MODEL, prefix, 10)
    decoder.read(notes[:, :10])
    decoder.select([2, 0, 2])
    found = decoder.read(notes[[2, 0, 2], 10:])
    for place, row in enumerate((2, 0, 2)):
        alone = Decoder(MODEL, prefix[row : row + 1], 10).read(notes[row : row + 1])
        assert torch.allclose(found[place], alone[0], atol=1e-5)


def test_copies_of_one_piece_go_different_ways():
    notes, prefix = some_notes(1, 8), some_prefix(1)
    ways = some_notes(2, 4, seed=6)
    decoder = Decoder(MODEL, prefix, 20)
    decoder.read(notes)
    decoder.select([0, 0])
    found = decoder.read(ways)
    for row in range(2):
        whole = torch.cat([notes, ways[row : row + 1]], dim=1)
        assert torch.allclose(found[row], Decoder(MODEL, prefix, 20).read(whole)[0], atol=1e-5)
