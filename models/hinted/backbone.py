"""The backbone of the hinted Transformer-XL for one note of each piece at a time, in few operations of NumPy.

It computes what ``HintedTransformerXL.forward`` does. Layer norms cost one sum, since their affine part is in the
weights after them and all that is added to a note's state has a mean of 0. Several notes at once go through the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch

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
    to_length_one,
    weights,
)
from models.hinted.transformer_xl import Block, HintedTransformerXL, LaneMemory, distance_encoding

# How many forgotten notes may stand in the buffers before the remembered ones move to the front. More costs memory, less
# costs moving; in between it was not measured.
SLACK = 128


class LayerWeights:
    """A block's weights.

    Args:
        shelf: to keep them on.
        block: of the model.
        encoding: [notes, width] of the distances that may occur, far to near.
    """

    def __init__(self, shelf: Shelf, block: Block, encoding: np.ndarray):
        self.heads = block.heads
        size = block.query_key_value.in_features // block.heads
        content, placed = array(block.content_bias), array(block.position_bias)
        weight, bias = after_norm(block.attention_norm, block.query_key_value)
        scale = np.ones(len(bias), np.float32)
        scale[: self.heads * size] = size**-0.5
        bias[: self.heads * size] += content.ravel()
        self.project = FewRows(shelf, weight * scale, bias * scale, size)
        self.placed_less_content = ((placed - content) * size**-0.5)[:, None]
        self.output = FewRows(shelf, centered(weights(block.output)[0]), None)
        weight, bias = after_norm(block.feed_norm, block.up)
        self.up = FewRows(shelf, weight * GELU_SCALE, bias * GELU_SCALE)
        weight, bias = weights(block.down, GELU_SCALE)
        self.down = FewRows(shelf, centered(weight), centered(bias))
        distances = encoding @ weights(block.distance)[0]
        self.distances = shelf.keep(distances.reshape(-1, self.heads, size).transpose(1, 2, 0))  # [heads, size, notes]


class BackboneWeights:
    """A backbone's weights, for a memory of this many notes; they may be shared.

    Args:
        shelf: to keep them on.
        model: in eval mode and single precision.
        memory: how many past notes can be attended to.
    """

    def __init__(self, shelf: Shelf, model: HintedTransformerXL, memory: int):
        encoding = distance_encoding(memory + 1, model.config.width).flip(0).numpy()
        self.layers = [LayerWeights(shelf, cast(Block, block), encoding) for block in model.blocks]
        self.table = shelf.keep(centered(array(model.table.weight)))
        self.offsets = model.get_buffer("offsets").numpy()
        self.prefix_table = centered(array(model.prefix_embedding.weight))  # whose row 0 is 0


class HintedBackbone:
    """Reads notes of several pieces side by side, each with every prefix.

    Rows of results count the pieces of the first prefix, then those of the next; then there may be one of padding.

    Args:
        model: in eval mode; shared with other callers.
        prepared: its weights.
        prefix: [passes, prefix] condition ids.
        memory: how many past notes to attend to.
        pieces: how many.
    """

    def __init__(
        self, model: HintedTransformerXL, prepared: BackboneWeights, prefix: np.ndarray, memory: int, pieces: int
    ):
        self._model, self._weights, self._prefix, self._limit = model, prepared, prefix, memory
        self._room = memory + SLACK + 1
        self._asked = prepared.prefix_table[prefix].sum(axis=1)[:, None]
        self._count = self._end = 0  # notes that were read, and where those in the memory end
        self._prepare(pieces, self._room_for(len(prefix) * pieces))

    def read(self, notes: np.ndarray) -> np.ndarray:
        """Returns the backbone's output [even rows, width] after the last of notes [pieces, notes, fields], mean 0."""
        return self._read_many(notes) if notes.shape[1] > 1 else self._read_one(notes[:, 0])

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces alone; one may be named several times."""
        rows = [number * self._pieces + piece for number in range(len(self._prefix)) for piece in pieces]
        before = self._memory
        if all(one < other for one, other in zip(rows, rows[1:], strict=False)):  # the common case: some have ended
            for place, row in enumerate(rows):
                if place != row:
                    before[:, :, :, place, : self._end] = before[:, :, :, row, : self._end]
            self._prepare(len(pieces), before[:, :, :, : len(rows)])
        else:
            self._prepare(len(pieces), self._room_for(len(rows)))
            for place, row in enumerate(rows):
                self._memory[:, :, :, place, : self._end] = before[:, :, :, row, : self._end]

    def _room_for(self, rows: int) -> np.ndarray:
        """Returns an empty memory [layers, keys and values, heads, rows, notes, size]."""
        config = self._model.config
        return np.empty((config.layers, 2, config.heads, rows, self._room, config.width // config.heads), np.float32)

    def _prepare(self, pieces: int, memory: np.ndarray) -> None:
        """Sets how many pieces there are, their memory, and what is filled anew with each note."""
        self._pieces, self._memory = pieces, memory
        _, _, heads, rows, _, size = memory.shape
        self._queries = np.zeros((heads, rows, 2, size), np.float32)  # the second is never used, but rows are even
        self._mixed = np.zeros((even(rows), heads, size), np.float32)

    def _read_one(self, notes: np.ndarray) -> np.ndarray:
        prepared, rows = self._weights, len(self._prefix) * self._pieces
        x = np.zeros((even(rows), prepared.table.shape[1]), np.float32)
        read = np.add.reduce(prepared.table.take(notes + prepared.offsets, axis=0), axis=1)
        np.add(self._asked, read, out=x[:rows].reshape(len(self._prefix), self._pieces, -1))
        if self._end == self._room:
            self._memory[..., : self._limit, :] = self._memory[..., self._end - self._limit :, :].copy()
            self._end = self._limit
        self._end, self._count = self._end + 1, self._count + 1
        for layer, memory in zip(prepared.layers, self._memory, strict=True):
            self._attend(layer, x, memory)
            inner = gelu(layer.up.rows(to_length_one(x)))
            add_blocks(x, layer.down(inner))
        return x

    def _attend(self, layer: LayerWeights, x: np.ndarray, memory: np.ndarray) -> None:
        """Adds to rows [rows, width] in place what they find in a layer's memory, which they join."""
        _, heads, rows, _, size = memory.shape
        projected = layer.project(to_length_one(x))
        content = projected[:heads]
        memory[:, :, :, self._end - 1] = projected[heads:, :rows].reshape(2, heads, rows, size)
        self._queries[:, :, 0] = content[:, :rows]
        first = max(0, self._end - 1 - self._limit)
        keys, values = memory[:, :, :, first : self._end]
        scores = self._queries @ keys.swapaxes(2, 3)  # [heads, rows, 2, notes]
        mine = scores[:, :, 0]
        content += layer.placed_less_content
        mine += (content @ layer.distances[:, :, first - self._end :])[:, :rows]
        mine -= mine.max(axis=-1, keepdims=True)
        np.exp(mine, out=mine)
        shares = mine.sum(axis=-1, keepdims=True)
        np.divide((scores @ values)[:, :, 0], shares, out=self._mixed[:rows].swapaxes(0, 1))
        add_blocks(x, layer.output(self._mixed.reshape(len(x), -1)))

    def _read_many(self, notes: np.ndarray) -> np.ndarray:
        passes, count = len(self._prefix), notes.shape[1]
        keys, values = (
            tuple(torch.from_numpy(part))
            for part in self._memory[..., max(0, self._end - self._limit) : self._end, :].swapaxes(0, 1)
        )
        prefix = torch.from_numpy(self._prefix.repeat(self._pieces, axis=0))[:, None].expand(-1, count, -1)
        reach = (self._count + torch.arange(count)).clamp(max=self._limit).expand(len(prefix), -1)
        rows = torch.from_numpy(np.tile(notes, (passes, 1, 1)))
        with torch.inference_mode():
            output, memory = self._model(rows, prefix, reach, LaneMemory(keys, values), self._limit)
        self._end, self._count = memory.keys[0].shape[2], self._count + count
        for mine, *read in zip(self._memory, memory.keys, memory.values, strict=True):
            mine[..., : self._end, :] = torch.stack(read).numpy()
        found = np.zeros((even(len(rows)), output.shape[-1]), np.float32)
        found[: len(rows)] = centered(output[:, -1].numpy())
        return found
