"""Modules made without first values for their weights, for checkpoints that bring their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAWS = {torch.Tensor.normal_, torch.Tensor.uniform_}


class Bare(TorchFunctionMode):
    """While it is entered, weights that a module would draw by chance or fill are left as they are, without a value.

    Drawing takes most of the time of making a model, and on the device "meta" it has PyTorch import its compiler,
    some 100 MB that nobody uses.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Returns what the function gives, or the tensor that it would have drawn into."""
        values = dict(kwargs or {})
        if func in _DRAWS or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else values["tensor"]
        return func(*args, **values)
