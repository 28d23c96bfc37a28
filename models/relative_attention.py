"""Attention with relative positions of Transformer-XL as one autograd function (Dai et al. 2019).

Written out, its backward pass keeps one matrix a layer (the softmax) where the composed operations keep five; on a
CPU, training spends its time on moving such matrices.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

BLOCKED = -30000.0
"""Added to the score of what must not be seen: with it the softmax is 0 in every precision used."""


class RelativeAttention(torch.autograd.Function):
    """softmax(content @ keys + shifted(placed @ distances) + mask) @ values.

    The distances hold a row of zeros in front. So the product with them is already the padded matrix whose buffer,
    read a row's length later, is shifted (Dai et al. 2019, appendix B): no copy either way.

    Shapes, in the order of the arguments:
        content: [heads, batch, notes, size], queries plus the bias u, scaled.
        placed: [heads, batch, notes, size], queries plus the bias v, scaled.
        keys: [heads, batch, seen, size].
        values: [heads, batch, seen, size].
        distances: [heads, 1 + seen, size], far to near after a row of zeros.
        mask: [batch, notes, seen], BLOCKED or 0.
    Result: [heads, batch, notes, size].
    """

    @staticmethod
    def forward(
        ctx: Any, content: Tensor, placed: Tensor, keys: Tensor, values: Tensor, distances: Tensor, mask: Tensor
    ) -> Tensor:
        heads, batch, count, size = content.shape
        seen = keys.shape[2]
        keys, values = keys.reshape(heads * batch, seen, size), values.reshape(heads * batch, seen, size)
        scores = torch.bmm(placed.reshape(heads, batch * count, size), distances.transpose(1, 2))
        scores = scores.view(heads, batch, count * (seen + 1))[:, :, count:].unflatten(-1, (count, seen))
        scores = torch.add(scores, mask).view(heads * batch, count, seen)
        scores.baddbmm_(content.reshape(heads * batch, count, size), keys.transpose(1, 2))
        weights = torch.softmax(scores, dim=-1)
        ctx.save_for_backward(content, placed, keys, values, distances, weights)
        return torch.bmm(weights, values).view(heads, batch, count, size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        content, placed, keys, values, distances, weights = ctx.saved_tensors
        heads, batch, count, size = content.shape
        seen = keys.shape[1]
        gradient = gradient.reshape(heads * batch, count, size)
        to_values = torch.bmm(weights.transpose(1, 2), gradient).view(heads, batch, seen, size)
        to_weights = torch.bmm(gradient, values.transpose(1, 2))
        to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
        to_content = torch.bmm(to_scores, keys).view(heads, batch, count, size)
        to_keys = torch.bmm(to_scores.transpose(1, 2), content.reshape(heads * batch, count, size))
        padded = weights.new_empty(heads, batch, count * (seen + 1))
        padded[:, :, :count] = 0
        padded[:, :, count:] = to_scores.view(heads, batch, count * seen)
        padded = padded.view(heads, batch * count, seen + 1)
        to_placed = torch.bmm(padded, distances).view(heads, batch, count, size)
        to_distances = torch.bmm(padded.transpose(1, 2), placed.reshape(heads, batch * count, size))
        return to_content, to_placed, to_keys.view(heads, batch, seen, size), to_values, to_distances, None
