"""The backbone of the hinted Transformer-XL for one note of each piece at a time, in few operations of NumPy.

It computes what ``HintedTransformerXL.forward`` does. Layer norms cost one sum, since their affine part is in the
weights after them and all that is added to a note's state has a mean of 0. Several notes at once go through the model.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from models.few_rows import GELU_SCALE, FewRows, after_norm, array, centered, even, gelu, to_length_one, weights
from models.hinted_transformer_xl import Block, HintedTransformerXL, LaneMemory, distance_encoding

# How many forgotten notes may stand in the buffers before the remembered ones move to the front. More costs memory, less
# costs moving; in between it was not measured.
SLACK = 128


class Layer:
    """A block's weights, and the keys and values that it remembers.

    Args:
        block: of the model.
        encoding: [notes, width] of the distances that may occur, far to near.
        rows: how many pieces are read side by side.
        room: how many notes the memory has room for.
    """

    def __init__(self, block: Block, encoding: np.ndarray, rows: int, room: int):
        heads, size = block.heads, len(block.query_key_value.weight) // 3 // block.heads
        content, placed = array(block.content_bias), array(block.position_bias)
        weight, bias = after_norm(block.attention_norm, block.query_key_value)
        scale = np.ones(len(bias), np.float32)
        scale[: heads * size] = size**-0.5
        bias[: heads * size] += content.ravel()
        self.project = FewRows(weight * scale, bias * scale, size)
        self.placed_less_content = ((placed - content) * size**-0.5)[:, None]
        weight, bias = weights(block.output)
        self.output = FewRows(centered(weight), centered(bias))
        weight, bias = after_norm(block.feed_norm, block.up)
        self.up = FewRows(weight * GELU_SCALE, bias * GELU_SCALE)
        weight, bias = weights(block.down, GELU_SCALE)
        self.down = FewRows(centered(weight), centered(bias))
        distances = encoding @ weights(block.distance)[0]
        self.distances = np.ascontiguousarray(distances.reshape(-1, heads, size).transpose(1, 2, 0))
        self.memory = np.empty((2, heads, rows, room, size), np.float32)
        self.queries = np.zeros((heads, rows, 2, size), np.float32)  # the second is never used: rows are even

    def select(self, rows: Sequence[int], end: int) -> None:
        """Goes on with these rows, of whose memories so many notes are in use."""
        kept = self.memory[:, :, rows, :end]
        heads, _, room, size = self.memory.shape[1:]
        self.memory = np.empty((2, heads, len(rows), room, size), np.float32)
        self.memory[..., :end, :] = kept
        self.queries = np.zeros((heads, len(rows), 2, size), np.float32)

    def __call__(self, x: np.ndarray, first: int, last: int) -> None:
        """Adds the block's results to rows [rows, width] in place; the notes from first to last are seen."""
        self._attend(x, first, last)
        inner = gelu(self.up.rows(to_length_one(x)))
        _add(x, self.down(inner))

    def _attend(self, x: np.ndarray, first: int, last: int) -> None:
        _, heads, rows, _, size = self.memory.shape
        projected = self.project(to_length_one(x)).reshape(3, heads, len(x), size)
        self.memory[:, :, :, last - 1] = projected[1:, :, :rows]
        keys, values = self.memory[:, :, :, first:last]
        content = projected[0]
        self.queries[:, :, 0] = content[:, :rows]
        scores = self.queries @ keys.swapaxes(2, 3)  # [heads, rows, 2, notes]
        mine = scores[:, :, 0]
        mine += ((content + self.placed_less_content) @ self.distances[:, :, first - last :])[:, :rows]
        mine -= mine.max(axis=-1, keepdims=True)
        np.exp(mine, out=mine)
        mixed = np.zeros((len(x), heads, size), np.float32)
        shares = mine.sum(axis=-1, keepdims=True)
        np.divide((scores @ values)[:, :, 0], shares, out=mixed[:rows].swapaxes(0, 1))
        _add(x, self.output(mixed.reshape(len(x), -1)))


class HintedBackbone:
    """Reads notes of several pieces side by side, each with every prefix.

    Rows of results count the pieces of the first prefix, then those of the next; then there may be one of padding.

    Args:
        model: in eval mode; shared with other callers.
        prefix: [passes, prefix] condition ids.
        memory: how many past notes to attend to.
        pieces: how many.
    """

    def __init__(self, model: HintedTransformerXL, prefix: np.ndarray, memory: int, pieces: int):
        self._model, self._prefix, self._limit, self._pieces = model, prefix, memory, pieces
        self._room = memory + SLACK + 1
        self._table, self._offsets = centered(array(model.table.weight)), model.get_buffer("offsets").numpy()
        asked = centered(array(model.prefix_embedding.weight))
        asked[0] = 0
        self._asked = asked[prefix].sum(axis=1)[:, None]
        encoding = distance_encoding(memory + 1, model.config.width).flip(0).numpy()
        self._layers = [Layer(block, encoding, len(prefix) * pieces, self._room) for block in model.blocks]  # type: ignore
        self._count = self._end = 0  # notes that were read, and where those in the memory end

    def read(self, notes: np.ndarray) -> np.ndarray:
        """Returns the backbone's output [even rows, width] after the last of notes [pieces, notes, fields], mean 0."""
        return self._read_many(notes) if notes.shape[1] > 1 else self._read_one(notes[:, 0])

    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces alone; one may be named several times."""
        rows = [number * self._pieces + piece for number in range(len(self._prefix)) for piece in pieces]
        for layer in self._layers:
            layer.select(rows, self._end)
        self._pieces = len(pieces)

    def _read_one(self, notes: np.ndarray) -> np.ndarray:
        rows, width = len(self._prefix) * self._pieces, self._table.shape[1]
        x = np.zeros((even(rows), width), np.float32)
        x[:rows].reshape(-1, self._pieces, width)[:] = self._asked + self._table[notes + self._offsets].sum(axis=1)
        if self._end == self._room:
            self._keep(self._limit)
        self._end, self._count = self._end + 1, self._count + 1
        for layer in self._layers:
            layer(x, max(0, self._end - 1 - self._limit), self._end)
        return x

    def _keep(self, notes: int) -> None:
        """Moves the latest notes of the memory to the front."""
        for layer in self._layers:
            layer.memory[..., :notes, :] = layer.memory[..., self._end - notes : self._end, :].copy()
        self._end = notes

    def _read_many(self, notes: np.ndarray) -> np.ndarray:
        passes, count = len(self._prefix), notes.shape[1]
        first = max(0, self._end - self._limit)
        keys, values = (
            tuple(torch.from_numpy(layer.memory[part, :, :, first : self._end]) for layer in self._layers)
            for part in range(2)
        )
        prefix = torch.from_numpy(self._prefix.repeat(self._pieces, axis=0))[:, None].expand(-1, count, -1)
        reach = (self._count + torch.arange(count)).clamp(max=self._limit).expand(len(prefix), -1)
        rows = torch.from_numpy(np.tile(notes, (passes, 1, 1)))
        with torch.inference_mode():
            output, memory = self._model(rows, prefix, reach, LaneMemory(keys, values), self._limit)
        self._end, self._count = memory.keys[0].shape[2], self._count + count
        for layer, key, value in zip(self._layers, memory.keys, memory.values, strict=True):
            layer.memory[0, :, :, : self._end], layer.memory[1, :, :, : self._end] = key.numpy(), value.numpy()
        found = np.zeros((even(len(rows)), output.shape[-1]), np.float32)
        found[: len(rows)] = centered(output[:, -1].numpy())
        return found


def _add(x: np.ndarray, blocks: np.ndarray) -> None:
    """Adds blocks of columns [blocks, rows, block] to rows [rows, width] in place."""
    whole = x.reshape(len(x), len(blocks), -1)
    whole += blocks.swapaxes(0, 1)
