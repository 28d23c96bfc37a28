"""Weights in bfloat16 with single-precision masters, a running average of them, and the optimizers that move them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from training.muon import Muon


class Masters:
    """What the optimizers move: for each weight of a linear layer a single-precision copy, else the weight itself.

    Tables, layer norms and the biases of attention stay in single precision: their gradients are sums of few rows.

    Args:
        model: whose linear layers become bfloat16, in place.
        bfloat16: whether they do; otherwise there is nothing to copy.
        average: share of the running average that one call of ``follow`` keeps.
    """

    def __init__(self, model: nn.Module, bfloat16: bool, average: float):
        self._pairs: list[tuple[Tensor, nn.Parameter]] = []
        for module in model.modules():
            if bfloat16 and isinstance(module, nn.Linear):
                for weight in module.parameters(recurse=False):
                    self._pairs.append((weight.data.clone(), weight))
                    weight.data = weight.data.bfloat16()
        master_of = {id(weight): master for master, weight in self._pairs}
        self.named = {name: master_of.get(id(weight), weight) for name, weight in model.named_parameters()}
        self._keep = average
        self.average = {name: master.detach().clone() for name, master in self.named.items()}

    def take_gradients(self) -> None:
        """Gives the weights' gradients to the masters."""
        for master, weight in self._pairs:
            master.grad, weight.grad = weight.grad.float(), None

    def give_weights(self) -> None:
        """Rounds the masters into the weights, and forgets gradients."""
        if self._pairs:
            torch._foreach_copy_([weight.data for _, weight in self._pairs], [master for master, _ in self._pairs])
        for master in self.named.values():
            master.grad = None

    @torch.no_grad()
    def follow(self, calls: int) -> None:
        """Moves the running average towards the masters.

        Args:
            calls: how often that was done before; the first ones move it more, so that the beginning is forgotten.
        """
        keep = min(self._keep, (1 + calls) / (10 + calls))
        torch._foreach_lerp_(list(self.average.values()), list(self.named.values()), 1 - keep)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Puts the running average in the place of the weights for a while."""
        kept = {name: master.detach().clone() for name, master in self.named.items()}
        self._put(self.average)
        yield
        self._put(kept)

    @torch.no_grad()
    def _put(self, weights: dict[str, Tensor]) -> None:
        for name, master in self.named.items():
            master.copy_(weights[name])
        self.give_weights()

    def state(self) -> dict[str, Any]:
        """Returns the masters and their average, by the names of the model's weights."""
        return {"model": {name: master.detach() for name, master in self.named.items()}, "average": self.average}

    def resume(self, state: dict[str, Any]) -> None:
        """Takes what ``state`` returned."""
        self._put(state["model"])
        self.average = {name: tensor.clone() for name, tensor in state["average"].items()}


class Optimizers:
    """Muon for the blocks' matrices, AdamW for all else; tables, of which each step touches few rows, do not decay.

    Args:
        model: whose weights they move.
        masters: in the place of its weights.
        wanted: of the recipe: ``matrix_rate``, ``learning_rate`` and ``weight_decay``.
    """

    def __init__(self, model: nn.Module, masters: Masters, wanted: dict[str, Any]):
        self._wanted = wanted
        kinds = {}
        for path, module in model.named_modules():
            for name, _ in module.named_parameters(prefix=path, recurse=False):
                if isinstance(module, nn.Embedding):
                    kinds[name] = "tables"
                elif isinstance(module, nn.Linear) and path.startswith("blocks") and name.endswith("weight"):
                    kinds[name] = "matrices"
                else:
                    kinds[name] = "rest"
        groups = {kind: [masters.named[name] for name in kinds if kinds[name] == kind] for kind in set(kinds.values())}
        decays = [
            {"params": groups["rest"], "weight_decay": wanted["weight_decay"]},
            {"params": groups["tables"], "weight_decay": 0.0},
        ]
        self._adam = torch.optim.AdamW(decays, lr=wanted["learning_rate"], betas=(0.9, 0.95), fused=True)
        self._muon = Muon(groups["matrices"], lr=wanted["matrix_rate"], weight_decay=wanted["weight_decay"])

    def step(self, share: float) -> None:
        """Takes one step at a share of both learning rates."""
        for optimizer, rate in ((self._adam, "learning_rate"), (self._muon, "matrix_rate")):
            for group in optimizer.param_groups:
                group["lr"] = self._wanted[rate] * share
            optimizer.step()

    def state(self) -> dict[str, Any]:
        """Returns what they remember."""
        return {"adam": self._adam.state_dict(), "muon": self._muon.state_dict()}

    def resume(self, state: dict[str, Any]) -> None:
        """Takes what ``state`` returned."""
        self._adam.load_state_dict(state["adam"])
        self._muon.load_state_dict(state["muon"])
