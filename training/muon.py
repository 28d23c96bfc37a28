"""Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers"): momentum, made orthogonal by Newton-Schulz steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def orthogonalized(matrices: Tensor, steps: int = 5) -> Tensor:
    """Returns float32 [count, rows, columns], roughly the nearest (semi-)orthogonal matrices; bfloat16 inside.

    The coefficients are those of the paper, tuned there for speed: singular values end between 0.7 and 1.2.
    """
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-1, -2)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        product = torch.bmm(x, x.transpose(-1, -2))
        x = torch.baddbmm(x, torch.baddbmm(product, product, product, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.transpose(-1, -2) if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Steps on 2-D weights; one three times as tall as wide counts as three (query, key, value).

    Args:
        parameters: matrices in single precision.
        lr: learning rate.
        momentum: share of the old momentum.
        weight_decay: decoupled, times the learning rate.
    """

    def __init__(self, parameters: list[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        """Takes one step; matrices of one shape are made orthogonal together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(parameter.shape, []).append(parameter)
            for (rows, columns), parameters in shapes.items():
                moves = []
                for parameter in parameters:
                    state = self.state[parameter]
                    if "momentum" not in state:
                        state["momentum"] = torch.zeros_like(parameter)
                    state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                    moves.append(parameter.grad.lerp(state["momentum"], group["momentum"]))
                stacked = torch.stack(moves)
                if rows == 3 * columns:
                    stacked = stacked.view(-1, columns, columns)
                scale = max(1.0, stacked.shape[-2] / stacked.shape[-1]) ** 0.5
                found = orthogonalized(stacked).view(len(parameters), rows, columns)
                for parameter, move in zip(parameters, found, strict=True):
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(move, alpha=-group["lr"] * scale)


class MuonAndAdamW:
    """Muon for matrices and AdamW for all else, as one optimizer.

    Args:
        muon, adam: the two.

    Attributes:
        param_groups: of both.
    """

    def __init__(self, muon: Muon, adam: torch.optim.AdamW):
        self._both = (muon, adam)
        self.param_groups = [group for each in self._both for group in each.param_groups]

    def step(self) -> None:
        """Takes one step."""
        for each in self._both:
            each.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients."""
        for each in self._both:
            each.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Returns what both remember."""
        return dict(zip(("muon", "adam"), (each.state_dict() for each in self._both)))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes what ``state_dict`` returned."""
        for each, name in zip(self._both, ("muon", "adam")):
            each.load_state_dict(state[name])
        self.param_groups = [group for each in self._both for group in each.param_groups]
