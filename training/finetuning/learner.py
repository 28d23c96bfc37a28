"""A model that learns on: its weights, what it reads, and how well it knows what was kept back."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import nn

from checkpoints.loading import Checkpoint, read
from checkpoints.store import RegistryEntry
from music.errors import StudioError
from training.train import new_optimizer, task_class, task_module

RATES = {
    "hinted_transformer_xl": 3e-4,
    "transformer_xl": 3e-4,
    "lstm": 1e-3,
    "musicbert": 1e-4,
    "hinted_musicbert": 1e-4,
    "seq2seq": 2e-4,
    "harmonizer": 2e-4,
}
"""Rates of learning for AdamW, a tenth to a half of those the bases were made with; see docs/training.md."""

SMALL_BATCH = 4
"""A batch is so many times smaller than the base's own: twenty files give more steps in ten minutes, not larger ones."""

WEIGHT_DECAY = 0.01


class Learner:
    """A checkpoint that learns on.

    Args:
        base: of whom it begins as a copy.
        shards: the folder of what it learns from.
        rate: factor on the rate of learning.
        seed: of what it reads.

    Raises:
        StudioError: the base does not say how it was trained.
    """

    def __init__(self, base: RegistryEntry, shards: Path, rate: float = 1.0, seed: int = 0):
        self.base = base
        self.checkpoint = read(base)
        with safe_open(base.path, "pt") as file:
            header = file.metadata()
        if "recipe" not in header:
            raise StudioError(
                f"'{base.name}' does not say how it was trained, so it cannot learn on. Choose another base."
            )
        self.recipe: dict[str, Any] = json.loads(header["recipe"])
        self.config = json.loads(header["config"])
        self.seed = seed
        self.stage = small(self.recipe.get("lanes") or self.recipe["stages"][-1])
        architecture = self.recipe["architecture"]
        if self.config.get(
            "band"
        ):  # which reads more of a band than is known of one's own files: the Transformer learns
            self.config = {**self.config, "band": None}
            self.checkpoint.model.band = None
        self.model: nn.Module = self.checkpoint.model.requires_grad_(True)
        data = task_module(architecture).Task.load(shards)
        self.index = {key: data.index[key] for key in ("tokenizer", "sets")}
        self.task = task_class(architecture)(self.recipe, data, torch.device("cpu"))
        if hasattr(self.task, "take"):
            self.task.take(self.model)
        wanted = {"learning_rate": RATES[architecture] * rate, "weight_decay": WEIGHT_DECAY, "embedding_speed": 1.0}
        self.rate = wanted["learning_rate"]
        self.optimizer = new_optimizer(self.model, {"optimizer": wanted})

    @property
    def unit(self) -> str:
        """What its loss is counted in, such as "note"."""
        return str(self.task.unit)

    def begin(self, step: int) -> None:
        """Starts to read, as after so many steps."""
        torch.manual_seed(self.seed + step)
        self.task.begin(self.stage, self.seed + 7919 * step)

    def learn(self, share: float) -> tuple[float, int]:
        """Takes one step at a share of the rate, and returns nats a unit before it, and how many notes were read."""
        self.model.train()
        nats, count, notes = self.task.loss(self.model)
        loss = nats / count.clamp(min=1)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * share
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item(), notes

    @torch.no_grad()
    def judge(self) -> float:
        """Returns nats a unit on fixed windows of what was kept back.

        Raises:
            StudioError: there is nothing in it that the model could be judged by.
        """
        self.model.eval()
        nats = self.task.validate(self.model, self.stage)
        if nats is None:
            raise StudioError("What was kept back holds nothing that this model could be checked on. Add more music.")
        return nats

    def weights(self) -> dict[str, torch.Tensor]:
        """Returns a copy of its weights."""
        return {name: tensor.detach().clone() for name, tensor in self.model.state_dict().items()}

    def lent(self, name: str, weights: Mapping[str, torch.Tensor]) -> Checkpoint:
        """Returns the model with these weights as a checkpoint of a name, for the pipelines to write with."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(weights)
        entry = dataclasses.replace(self.base, name=name, sha256="")
        return Checkpoint(model.eval().requires_grad_(False), entry, self.checkpoint.dialect)


def small(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a stage of a recipe with a smaller batch, whatever counts it: lanes, pieces or notes."""
    what = "batch" if "batch" in stage else "notes"
    return {**stage, what: max(1, stage[what] // SMALL_BATCH)}
