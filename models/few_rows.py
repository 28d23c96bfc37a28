"""Linear layers for a few rows at a time, as writing notes takes them: in NumPy, whose small operations cost least.

All weights are read once for each note, and that is most of what there is to do: it cannot take less time than memory
needs to bring them. A matrix lies in blocks of columns narrow enough that the BLAS takes each with a kernel for small
matrices, which reads it once for all rows, copies nothing and starts no threads. With four rows that is some four times as
fast as one product with the whole matrix, in NumPy or PyTorch. An odd number of rows is slower than the next even one,
and one row goes to other kernels altogether; so rows are even.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

BLOCK = 64
"""Columns of a block. Of 16, 32, 64, 96 and 128 the fastest for two, four and eight rows of 256 numbers."""

EPSILON = 1e-5  # of torch.nn.LayerNorm
GELU_SCALE = 0.5**0.5

CHUNK = 4 << 20
"""Numbers that a shelf gets room for at once: more than the 4 MiB from which on NumPy asks Linux for large pages."""

LINE = 16  # numbers of a cache line

Model = TypeVar("Model", bound=nn.Module)
Prepared = TypeVar("Prepared")


class Shelf:
    """Keeps arrays side by side in few large ones, so that they lie on large pages.

    On pages of 4 KiB, finding out where the weights lie takes a third of the time of reading them.
    """

    def __init__(self) -> None:
        self._free = np.empty(0, np.float32)

    def keep(self, array: np.ndarray) -> np.ndarray:
        """Returns a copy in single precision."""
        size = -(-array.size // LINE) * LINE
        if len(self._free) < size:
            room = np.empty(max(size, CHUNK) + LINE, np.float32)
            self._free = room[-(room.ctypes.data // 4) % LINE :]
        kept, self._free = self._free[: array.size].reshape(array.shape), self._free[size:]
        kept[...] = array
        return kept


class FewRows:
    """A linear layer; called with rows [rows, in] it returns float32 [blocks, rows, block].

    Args:
        shelf: to keep the weight on.
        weight: [in, out].
        bias: [out]; None for none.
        block: columns of a block, the last one being filled up with zeros; by default as many as leave none to fill up.
    """

    def __init__(self, shelf: Shelf, weight: np.ndarray, bias: np.ndarray | None, block: int | None = None):
        rows, columns = weight.shape
        self.block = block = block or math.gcd(columns, BLOCK)
        self.bias = None if bias is None else np.pad(bias, (0, -columns % block)).reshape(-1, 1, block)
        weight = np.pad(weight, ((0, 0), (0, -columns % block))).reshape(rows, -1, block)
        self.weight = shelf.keep(weight.swapaxes(0, 1))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        found = x @ self.weight
        if self.bias is not None:
            found += self.bias
        return found

    def rows(self, x: np.ndarray) -> np.ndarray:
        """Returns the same as [rows, out], out being filled up to whole blocks."""
        found = self(x)
        return found.swapaxes(0, 1).reshape(len(x), -1)


def weights(layer: nn.Linear, factor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Returns the weight [in, out] of a layer, times a factor, and the bias [out], which is 0 if it has none."""
    weight = array(layer.weight).T * factor
    return weight, array(layer.bias) if layer.bias is not None else np.zeros(weight.shape[1], np.float32)


def after_norm(norm: nn.LayerNorm, layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    """Returns weight and bias of a layer that does the rest of a layer norm too: it follows ``to_length_one``."""
    weight, bias = weights(layer)
    return array(norm.weight)[:, None] * weight * len(weight) ** 0.5, bias + array(norm.bias) @ weight


def to_length_one(x: np.ndarray) -> np.ndarray:
    """Returns rows [rows, width] of mean 0 divided by their lengths: what a layer norm does first, up to a factor."""
    length = np.vecdot(x, x)
    length += x.shape[-1] * EPSILON
    return x / np.sqrt(length, out=length)[:, None]


def centered(rows: np.ndarray) -> np.ndarray:
    """Returns rows [..., width] less their means."""
    return rows - np.add.reduce(rows, axis=-1, keepdims=True) / np.float32(rows.shape[-1])


def gelu(x: np.ndarray) -> np.ndarray:
    """Returns the GELU of numbers that were multiplied by GELU_SCALE, to be multiplied by it once more.

    The factors go into the weights before and after. PyTorch's own GELU takes several times as long for a few rows.
    """
    found = torch.erf(torch.from_numpy(x)).numpy()
    found += 1
    found *= x
    return found


def add_blocks(x: np.ndarray, blocks: np.ndarray) -> None:
    """Adds blocks of columns [blocks, rows, block] to rows [rows, width] in place."""
    whole = x.reshape(len(x), len(blocks), -1)
    whole += blocks.swapaxes(0, 1)


def array(tensor: torch.Tensor) -> np.ndarray:
    """Returns the numbers of a parameter; they are shared, not copied."""
    return tensor.detach().numpy()


def even(count: int) -> int:
    """Returns the least even number that is not lower."""
    return count + count % 2


def once_a_model(make: Callable[[Model], Prepared]) -> Callable[[Model], Prepared]:
    """Returns a function that gives what is made of a model, which takes a while when asked for the first time.

    It is shared by all calls, as the models are, and gone with them.
    """
    kept: WeakKeyDictionary[Model, Prepared] = WeakKeyDictionary()

    def prepared(model: Model) -> Prepared:
        found = kept.get(model)
        if found is None:
            found = kept[model] = make(model)
        return found

    return prepared
