"""Writing notes one at a time with a sequence-to-sequence Transformer, without recomputing what it has read.

Several notes at once go through the model's own layers; one of each piece, in few operations of NumPy (models/few_rows.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from models.few_rows import (
    GELU_SCALE,
    FewRows,
    Shelf,
    add_blocks,
    after_norm,
    array,
    centered,
    even,
    gelu,
    once_a_model,
    to_length_one,
    weights,
)
from models.seq2seq import Block, Seq2Seq, Source

# How many forgotten notes may stand in the buffers before the remembered ones move to the front, and the most that are read
# at once. More costs memory, less costs moving; in between it was not measured.
SLACK = 128


class Seq2SeqDecoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    It computes what ``Seq2Seq.forward`` does. The two halves of queries and keys, of which a pair is turned, are kept here as
    pairs: turning is one product of complex numbers then.

    Args:
        model: in eval mode and single precision; shared with other callers. Its weights never change.
        given: [batch, given, fields] ids, padded with 0.
        times: [batch, given] their onsets.
        prefix: [batch, prefix] condition ids.
    """

    @torch.inference_mode()
    def __init__(self, model: Seq2Seq, given: Tensor, times: Tensor, prefix: Tensor):
        self._model, self._weights = model, _prepare(model)
        self._source = source = model.encode(given, times, prefix)
        angles = model.time_angles(source.times)[:, None]
        config = model.config
        size = config.width // config.heads
        self._pairs = torch.arange(size).view(2, -1).t().flatten()  # of places in a head
        self._given = source.states.new_empty(len(model.decoder), 2, len(given), config.heads, given.shape[1], size)
        for into, block in zip(self._given, model.decoder, strict=True):
            keys, values = block.cross_attention.keys_values(source.states, angles)
            into[0], into[1] = keys[..., self._pairs], values
        self._room = config.memory + SLACK
        shape = (len(model.decoder), 2, len(given), config.heads, self._room, size)
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
            if self._count + part.shape[1] > self._room:
                self._forget()
            start, self._count = self._count, self._count + part.shape[1]
            self._times[:, start : self._count] = when
            output = (
                self._read_one(part[:, 0], when[:, 0]) if part.shape[1] == 1 else self._read_many(part, when, start)
            )
        return output

    @torch.inference_mode()
    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces of the batch alone; one that is named several times is copied."""
        chosen = torch.tensor(pieces)
        source = self._source
        self._source = Source(*(part[chosen] for part in (source.states, source.times, source.real, source.wishes)))
        self._given, self._written = self._given[:, :, chosen], self._written[:, :, chosen]
        self._times = self._times[chosen]

    def _read_many(self, notes: Tensor, times: Tensor, start: int) -> Tensor:
        """Returns the output [batch, width] after several notes; their keys and values join the buffers at ``start``."""
        model, source, end, pairs = self._model, self._source, self._count, self._pairs
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
            memory[0, :, :, start:end], memory[1, :, :, start:end] = keys[..., pairs], values
            keys, values = memory[..., :end, :]
            x = x + attention.attend(attention.queries(normed, own)[..., pairs], keys, values, seen)
            normed, attention = block.cross_norm(x), block.cross_attention
            queries = attention.queries(normed, across)[..., pairs]
            x = x + attention.attend(queries, self._given[layer, 0], self._given[layer, 1], seen_given)
            x = x + block.feed(block.feed_norm(x))
        return x[:, -1]

    def _read_one(self, notes: Tensor, times: Tensor) -> Tensor:
        """Returns the output [batch, width] after one note of each piece, which stands last in the buffers."""
        prepared, source, batch, end = self._weights, self._source, len(notes), self._count
        now = times.numpy()[:, None]
        own, across = prepared.turns(now, self._first + end - 1)
        first = max(0, end - self._model.config.memory)
        reach = self._model.config.reach
        seen = np.abs(now - self._times.numpy()[:, first:end]) <= reach
        seen_given = (np.abs(now - source.times.numpy()) <= reach) & source.real.numpy()
        seen_given[~seen_given.any(axis=1), 0] = True  # nobody may see nothing
        (low, high), (from_given, to_given) = _range(seen), _range(seen_given)
        mask, mask_given = _mask(seen[:, low:high]), _mask(seen_given[:, from_given:to_given])
        x = np.zeros((even(batch), prepared.table.shape[1]), np.float32)
        read = np.add.reduce(prepared.table.take(notes.numpy() + prepared.offsets, axis=0), axis=1)
        np.add(source.wishes.numpy()[:, 0] + prepared.side, read, out=x[:batch])
        written, given = self._written.numpy(), self._given.numpy()[..., from_given:to_given, :]
        for layer, memory, known in zip(prepared.layers, written, given, strict=True):
            projected = layer.project(to_length_one(centered(x)))[:, :batch].reshape(3, -1, batch, layer.size)
            projected[:2].view(np.complex64)[...] *= own
            memory[:, :, :, end - 1] = projected[1:].swapaxes(1, 2)
            keys, values = memory[:, :, :, first + low : first + high]
            add_blocks(x, layer.output(_mixed(projected[0], keys, values, mask)))
            queries = layer.query(to_length_one(centered(x)))[:, :batch]
            queries.view(np.complex64)[...] *= across
            add_blocks(x, layer.output_across(_mixed(queries, known[0], known[1], mask_given)))
            add_blocks(x, layer.down(gelu(layer.up.rows(to_length_one(centered(x))))))
        return torch.from_numpy(x[:batch])

    def _forget(self) -> None:
        kept = self._model.config.memory - 1
        gone = self._count - kept
        self._written[..., :kept, :] = self._written[..., gone : self._count, :].clone()
        self._times[:, :kept] = self._times[:, gone : self._count].clone()
        self._count, self._first = kept, self._first + gone


class LayerWeights:
    """A decoder block's weights.

    Args:
        shelf: to keep them on.
        block: of the model's decoder.
    """

    def __init__(self, shelf: Shelf, block: Block):
        own, across, feed = block.self_attention, block.cross_attention, block.feed
        self.size = own.query.in_features // own.heads
        pairs = np.arange(own.query.in_features).reshape(own.heads, 2, -1).swapaxes(1, 2).ravel()
        query, query_bias = after_norm(block.self_norm, own.query)
        others, others_bias = after_norm(block.self_norm, own.key_value)  # keys, then values
        scale, keys = self.size**-0.5, np.append(pairs, np.arange(len(pairs), 2 * len(pairs)))
        weight = np.concatenate([query[:, pairs] * scale, others[:, keys]], axis=1)
        bias = np.concatenate([query_bias[pairs] * scale, others_bias[keys]])
        self.project = FewRows(shelf, weight, bias, self.size)
        self.output = FewRows(shelf, weights(own.output)[0], None)
        query, query_bias = after_norm(block.cross_norm, across.query)
        self.query = FewRows(shelf, query[:, pairs] * scale, query_bias[pairs] * scale, self.size)
        self.output_across = FewRows(shelf, weights(across.output)[0], None)
        weight, bias = after_norm(block.feed_norm, cast(nn.Linear, feed[0]))
        self.up = FewRows(shelf, weight * GELU_SCALE, bias * GELU_SCALE)
        self.down = FewRows(shelf, *weights(cast(nn.Linear, feed[2]), GELU_SCALE))


class DecoderWeights:
    """A decoder's weights.

    Args:
        model: in eval mode and single precision.
    """

    def __init__(self, model: Seq2Seq):
        shelf, config = Shelf(), model.config
        self.layers = [LayerWeights(shelf, block) for block in model.decoder]
        self.table, self.offsets = shelf.keep(array(model.embedding.table.weight)), model.embedding.offsets.numpy()
        self.side = array(model.side)[1]
        self._heads = config.heads
        self._by_time, self._by_number = (array(turn) for turn in model.turns())

    def turns(self, now: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns what notes' queries and keys are multiplied by, complex64 [heads or 1, batch, pairs]: their own, and across.

        Args:
            now: [batch, 1] onsets.
            number: of each note in its piece.
        """
        by_time = _unit(now.astype(np.float32) * self._by_time)
        own = np.empty((self._heads, *by_time.shape), np.complex64)
        own[::2], own[1::2] = by_time, _unit(np.float32(number) * self._by_number)
        return own, by_time[None]


_prepare = once_a_model(DecoderWeights)


def _unit(angles: np.ndarray) -> np.ndarray:
    """Returns the complex numbers of length 1 at some angles."""
    found = np.empty(angles.shape, np.complex64)
    found.real, found.imag = np.cos(angles), np.sin(angles)
    return found


def _range(seen: np.ndarray) -> tuple[int, int]:
    """Returns the first place that anybody sees of [batch, places], and the one after the last."""
    places = np.flatnonzero(seen.any(axis=0))
    return int(places[0]), int(places[-1]) + 1


def _mask(seen: np.ndarray) -> np.ndarray | None:
    """Returns what is to be added to scores [batch, heads, places] of places that are seen or not; None where all are."""
    return None if seen.all() else np.where(seen, np.float32(0), np.float32(-np.inf))[:, None]


def _mixed(queries: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Returns what queries [heads, batch, size] find, float32 [even batch, heads * size].

    Args:
        queries: scaled.
        keys, values: [batch, heads, places, size].
        mask: see ``_mask``.
    """
    heads, batch, size = queries.shape
    two = np.zeros((batch, heads, 2, size), np.float32)  # the second is never used, but rows are even
    two[:, :, 0] = queries.swapaxes(0, 1)
    scores = two @ keys.swapaxes(2, 3)
    mine = scores[:, :, 0]
    if mask is not None:
        mine += mask
    mine -= mine.max(axis=-1, keepdims=True)
    np.exp(mine, out=mine)
    found = np.zeros((even(batch), heads, size), np.float32)
    np.divide((scores @ values)[:, :, 0], mine.sum(axis=-1, keepdims=True), out=found[:batch])
    return found.reshape(len(found), -1)
