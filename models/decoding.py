"""Writing notes one at a time with a Transformer-XL, without recomputing what it remembers."""

from __future__ import annotations

import torch
from torch import Tensor

from models.transformer_xl import TransformerXL, distance_encoding

SLACK = 128  # how many forgotten notes may stand in the buffers before the remembered ones move to the front


class Decoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    Keys and values stand in buffers that are allocated once: first the prefix, then the notes, oldest first.

    Args:
        model: in eval mode; shared with other callers.
        prefix: [batch, prefix] condition ids.
        memory: how many past notes to attend to.
    """

    def __init__(self, model: TransformerXL, prefix: Tensor, memory: int):
        self.model, self.memory = model, memory
        config = model.config
        self._scale = (config.width // config.heads) ** -0.5
        with torch.inference_mode():
            keys, values, self._padding = model.read_prefix(prefix)
            self._prefix = keys[0].shape[2]
            shape = (len(prefix), config.heads, self._prefix + memory + SLACK + 1, config.width // config.heads)
            self._keys = [torch.zeros(shape, dtype=keys[0].dtype) for _ in keys]
            self._values = [torch.zeros(shape, dtype=keys[0].dtype) for _ in keys]
            for layer in range(config.layers):
                self._keys[layer][:, :, : self._prefix] = keys[layer]
                self._values[layer][:, :, : self._prefix] = values[layer]
            encoding = distance_encoding(memory + SLACK + 1, config.width)
            # Distances from far to near, as the notes stand; transposed for the product with a query.
            self._distances = [block.distances(encoding).flip(1).transpose(1, 2).contiguous() for block in model.blocks]
            self._forgotten = torch.full((SLACK,), float("-inf"))
        self._count = 0  # notes in the buffers

    @torch.inference_mode()
    def read(self, notes: Tensor) -> Tensor:
        """Returns the backbone's output [batch, width] after the last of these notes.

        Args:
            notes: [batch, notes, fields + extra fields] ids, one note or many.
        """
        for place in range(notes.shape[1]):
            output = self._step(notes[:, place : place + 1])
        return output

    def _step(self, note: Tensor) -> Tensor:
        if self._count == self.memory + SLACK + 1:
            self._forget()
        model, first = self.model, self._prefix
        here = first + self._count
        self._count += 1
        x = model.embedding(note)
        for layer, block in enumerate(model.blocks):
            query, key, value = block.project(x)
            keys, values = self._keys[layer], self._values[layer]
            keys[:, :, here], values[:, :, here] = key[:, :, 0], value[:, :, 0]
            placed = (query + block.position_bias[:, None]) * self._scale
            to_notes = placed @ self._distances[layer][:, :, -self._count :]
            if self._count > self.memory + 1:
                old = self._count - self.memory - 1
                to_notes[..., :old] += self._forgotten[:old]
            to_prefix = (placed * block.prefix_position[:, None]).sum(-1, keepdim=True) + self._padding
            positional = torch.cat([to_prefix, to_notes], dim=-1)
            x = x + block.attend(query, keys[:, :, : here + 1], values[:, :, : here + 1], positional)
            x = x + block.feed_forward(x)
        return x[:, 0]

    def _forget(self) -> None:
        first, kept = self._prefix, self.memory
        for buffer in (*self._keys, *self._values):
            end = first + self._count
            buffer[:, :, first : first + kept] = buffer[:, :, end - kept : end].clone()
        self._count = kept
