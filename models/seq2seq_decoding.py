"""Writing notes one at a time with a sequence-to-sequence Transformer, without recomputing what it has read."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.seq2seq import Seq2Seq, Source

# How many forgotten notes may stand in the buffers before the remembered ones move to the front, and the most that are read
# at once. More costs memory, less costs moving; in between it was not measured.
SLACK = 128


class Seq2SeqDecoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    It computes what ``Seq2Seq.forward`` does.

    Args:
        model: in eval mode; shared with other callers.
        given: [batch, given, fields] ids, padded with 0.
        times: [batch, given] their onsets.
        prefix: [batch, prefix] condition ids.
    """

    @torch.inference_mode()
    def __init__(self, model: Seq2Seq, given: Tensor, times: Tensor, prefix: Tensor):
        self._model = model
        self._source = source = model.encode(given, times, prefix)
        angles = model.time_angles(source.times)[:, None]
        self._given = [block.cross_attention.keys_values(source.states, angles) for block in model.decoder]
        heads, width = model.config.heads, model.config.width // model.config.heads
        self._room = model.config.memory + SLACK
        shape = (len(model.decoder), 2, len(given), heads, self._room, width)
        self._written = source.states.new_zeros(shape)  # keys and values of the notes read
        self._times = times.new_zeros(len(given), self._room)
        self._count = self._first = 0  # notes in the buffers, and the number of the first of them

    @torch.inference_mode()
    def read(self, notes: Tensor, times: Tensor) -> Tensor:
        """Returns the decoder's output [batch, width] after the last of these notes.

        Args:
            notes: [batch, notes, fields] ids, one note or many.
            times: [batch, notes] their onsets.
        """
        for part, when in zip(notes.split(SLACK, dim=1), times.split(SLACK, dim=1), strict=True):
            output = self._advance(part, when)
        return output

    @torch.inference_mode()
    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces of the batch alone; one that is named several times is copied."""
        chosen = torch.tensor(pieces)
        source = self._source
        self._source = Source(*(part[chosen] for part in (source.states, source.times, source.real, source.wishes)))
        self._given = [(keys[chosen], values[chosen]) for keys, values in self._given]
        self._written, self._times = self._written[:, :, chosen], self._times[chosen]

    def _advance(self, notes: Tensor, times: Tensor) -> Tensor:
        """Returns the output [batch, width] after so many notes as fit at once; their keys and values join the buffers."""
        model, source, count = self._model, self._source, notes.shape[1]
        if self._count + count > self._room:
            self._forget()
        start, end = self._count, self._count + count
        self._times[:, start:end], self._count = times, end
        numbers = torch.arange(self._first, self._first + end)
        back = numbers[start:, None] - numbers
        seen = model.in_reach(times, self._times[:, :end]) & (back >= 0) & (back < model.config.memory)
        seen_given = model.sees_given(source, times)
        own = model.own_angles(times, numbers[start:].expand_as(times))
        across = model.time_angles(times)[:, None]
        x = model.embed_written(source, notes)
        for layer, block in enumerate(model.decoder):
            normed, attention, memory = block.self_norm(x), block.self_attention, self._written[layer]
            keys, values = attention.keys_values(normed, own)
            memory[0, :, :, start:end], memory[1, :, :, start:end] = keys, values
            keys, values = memory[..., :end, :]
            x = x + attention.attend(attention.queries(normed, own), keys, values, seen)
            normed, attention = block.cross_norm(x), block.cross_attention
            x = x + attention.attend(attention.queries(normed, across), *self._given[layer], seen=seen_given)
            x = x + block.feed(block.feed_norm(x))
        return x[:, -1]

    def _forget(self) -> None:
        kept = self._model.config.memory - 1
        gone = self._count - kept
        self._written[..., :kept, :] = self._written[..., gone : self._count, :].clone()
        self._times[:, :kept] = self._times[:, gone : self._count].clone()
        self._count, self._first = kept, self._first + gone
