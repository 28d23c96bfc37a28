"""Writing notes one at a time with a Transformer-XL, without recomputing what it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.transformer_xl import Block, TransformerXL, distance_encoding, shift_distances

# How many forgotten notes may stand in the buffers before the remembered ones move to the front, and the most that are read
# at once. More costs memory, less costs moving; in between it was not measured.
SLACK = 128


@dataclass
class _Layer:
    """A block's weights as the product of a few rows with a matrix likes them, and what the block remembers.

    Attributes:
        norm, feed_norm: weight and bias of the layer norms.
        projection: [width, 3 width]; its bias adds the content bias to the query.
        position_less_content: [heads, 1, 1, head width], turns a query with content bias into one with position bias.
        output: [width, width].
        feed_in, feed_out: weight and bias of the feed-forward layer.
        distances: [heads, head width, notes], from far to near, as the notes stand.
        to_prefix: [heads, batch, 1, prefix] positional scores of the prefix, -inf for padding.
        memory: keys and values [2, heads, batch, prefix + notes, head width]: first the prefix, then notes, oldest first.
    """

    norm: tuple[Tensor, Tensor]
    feed_norm: tuple[Tensor, Tensor]
    projection: tuple[Tensor, Tensor]
    position_less_content: Tensor
    output: Tensor
    feed_in: tuple[Tensor, Tensor]
    feed_out: tuple[Tensor, Tensor]
    distances: Tensor
    to_prefix: Tensor
    memory: Tensor


class Decoder:
    """One call's reading and writing of notes: all that changes lives here, nothing on the model.

    It computes what ``TransformerXL.forward`` does, with fewer and larger operations. Heads stand before the batch,
    so that all pieces share one product with the distances.

    Args:
        model: in eval mode; shared with other callers.
        prefix: [batch, prefix] condition ids.
        memory: how many past notes to attend to.
    """

    def __init__(self, model: TransformerXL, prefix: Tensor, memory: int):
        self._embedding, self._memory = model.embedding, memory
        self._room = memory + SLACK + 1
        with torch.inference_mode():
            keys, values, padding = model.read_prefix(prefix)
            self._prefix = keys[0].shape[2]
            encoding = distance_encoding(self._room, model.config.width).flip(0)
            self._layers = [
                _layer(block, encoding, key, value, padding)
                for block, key, value in zip(model.blocks, keys, values, strict=True)
            ]
        self._count = 0  # notes in the buffers

    @torch.inference_mode()
    def read(self, notes: Tensor) -> Tensor:
        """Returns the backbone's output [batch, width] after the last of these notes.

        Args:
            notes: [batch, notes, fields + extra fields] ids, one note or many.
        """
        for part in notes.split(SLACK, dim=1):
            output = self._advance(part)
        return output

    @torch.inference_mode()
    def select(self, pieces: Sequence[int]) -> None:
        """Goes on with these pieces of the batch alone; one that is named several times is copied."""
        chosen = torch.tensor(pieces)
        for layer in self._layers:
            layer.memory = layer.memory[:, :, chosen]
            layer.to_prefix = layer.to_prefix[:, chosen]

    def _advance(self, notes: Tensor) -> Tensor:
        """Returns the output [batch, width] after so many notes as fit at once; their keys and values join the memory."""
        batch, count = notes.shape[:2]
        if self._count + count > self._room:
            self._forget()
        start = self._prefix + self._count
        end, self._count = start + count, self._count + count
        blocked = self._blocked(count)
        x = self._embedding(notes).flatten(0, 1)
        for layer in self._layers:
            x = _attend(layer, x, batch, start, end, blocked)
            inner = F.gelu(affine(normed(x, layer.feed_norm), layer.feed_in))
            x = x + affine(inner, layer.feed_out)
        return x.view(batch, count, -1)[:, -1]

    def _blocked(self, count: int) -> Tensor | None:
        """Returns -inf where the last notes may not look, else 0, [count, prefix + notes]; None if they see all."""
        past = self._count - count
        if count == 1 and past <= self._memory:
            return None
        distance = torch.arange(past, self._count)[:, None] - torch.arange(self._count)
        blocked = torch.zeros(count, self._prefix + self._count)
        blocked[:, self._prefix :].masked_fill_((distance < 0) | (distance > self._memory), float("-inf"))
        return blocked

    def _forget(self) -> None:
        first, end = self._prefix, self._prefix + self._count
        for layer in self._layers:
            layer.memory[..., first : first + self._memory, :] = layer.memory[..., end - self._memory : end, :].clone()
        self._count = self._memory


def _layer(block: Block, encoding: Tensor, keys: Tensor, values: Tensor, padding: Tensor) -> _Layer:
    """Returns a block prepared for decoding, its memory holding the prefix.

    Args:
        block: of the model.
        encoding: [notes, width] of the distances that may occur, from far to near.
        keys, values: [batch, heads, prefix, head width] of the prefix.
        padding: [batch, 1, 1, prefix], -inf where there is nothing.
    """
    batch, heads, prefix, width = keys.shape
    position_less_content = (block.position_bias - block.content_bias)[:, None]
    # A query with position bias meets one learned vector in all the prefix. Added to the keys, which meet the query
    # with content bias, it leaves a constant.
    keys = keys + block.prefix_position[:, None]
    to_prefix = (position_less_content * block.prefix_position[:, None]).sum(-1, keepdim=True) + padding
    memory = keys.new_zeros(2, heads, batch, prefix + len(encoding), width)
    memory[:, :, :, :prefix] = torch.stack([keys, values]).transpose(1, 2)
    feed_in, feed_out = cast(nn.Linear, block.feed[0]), cast(nn.Linear, block.feed[2])  # between them is a GELU
    return _Layer(
        norm=(block.attention_norm.weight, block.attention_norm.bias),
        feed_norm=(block.feed_norm.weight, block.feed_norm.bias),
        projection=(
            block.query_key_value.weight.t().contiguous(),
            F.pad(block.content_bias.flatten(), (0, 2 * heads * width)),
        ),
        position_less_content=position_less_content[:, None],
        output=block.output.weight.t().contiguous(),
        feed_in=(feed_in.weight.t().contiguous(), feed_in.bias),
        feed_out=(feed_out.weight.t().contiguous(), feed_out.bias),
        distances=block.distances(encoding).transpose(1, 2).contiguous(),
        to_prefix=to_prefix.expand(-1, heads, -1, -1).transpose(0, 1).contiguous(),
        memory=memory,
    )


def _attend(layer: _Layer, x: Tensor, batch: int, start: int, end: int, blocked: Tensor | None) -> Tensor:
    """Returns [batch * count, width] after a layer's attention; its keys and values join the memory.

    Args:
        layer: of the decoder.
        x: [batch * count, width].
        batch: how many pieces.
        start, end: where the new notes stand in the memory.
        blocked: [count, end], -inf where a note may not look; None if all look everywhere.
    """
    heads, width, count = len(layer.distances), layer.distances.shape[1], end - start
    projected = affine(normed(x, layer.norm), layer.projection)
    projected = projected.view(batch, count, 3, heads, width).permute(2, 3, 0, 1, 4)
    layer.memory[..., start:end, :] = projected[1:]
    keys, values = layer.memory.flatten(1, 2)[:, :, :end]
    query = projected[0]
    placed = (query + layer.position_less_content).reshape(heads, batch * count, width)
    prefix = layer.to_prefix.shape[-1]
    to_notes = torch.bmm(placed, layer.distances[:, :, prefix - end :]).view(heads * batch, count, -1)
    if count > 1:
        to_notes = shift_distances(to_notes)
    to_prefix = layer.to_prefix.flatten(0, 1).expand(-1, count, -1)
    scores = torch.cat([to_prefix, to_notes], dim=-1)
    if blocked is not None:
        scores += blocked
    scale = width**-0.5
    query = query.reshape(heads * batch, count, width)
    scores = torch.baddbmm(scores, query, keys.transpose(1, 2), beta=scale, alpha=scale)
    mixed = torch.bmm(torch.softmax(scores, dim=-1), values)
    mixed = mixed.view(heads, batch, count, width).permute(1, 2, 0, 3).reshape(batch * count, heads * width)
    return torch.addmm(x, mixed, layer.output)


def normed(x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
    """Returns rows [rows, width] after a layer norm of this weight and bias."""
    return F.layer_norm(x, x.shape[-1:], *norm)


def affine(x: Tensor, weight_and_bias: tuple[Tensor, Tensor]) -> Tensor:
    """Returns rows [rows, out] after a linear layer of this weight [in, out] and bias [out]."""
    weight, bias = weight_and_bias
    return torch.addmm(bias, x, weight)
