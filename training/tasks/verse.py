"""The task of the language model of lyrics: the next token of poems and songs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from models.gpt2 import GPT2, GPT2Config, described
from training.data.verse_batches import UNSAID, VerseBatches, Verses

VALIDATION_BATCHES, VALIDATION_ROWS = 4, 16


class Task:
    """Next-token prediction (see training/train.py)."""

    unit = "token"
    load = Verses.load

    def __init__(self, recipe: dict[str, Any], verses: Verses, device: torch.device):
        self.recipe, self.verses, self.device = recipe, verses, device

    def build(self) -> GPT2:
        """Returns a new model with the recipe's sizes, which has the shards' vocabulary inside."""
        description = described(self.verses.vocabulary)
        size = len(json_vocabulary(self.verses.vocabulary))
        model = GPT2(GPT2Config(size, len(description), **self.recipe["model"]))
        model.description.copy_(description)
        return model

    def begin(self, stage: dict[str, Any], seed: int) -> None:
        """Starts to read as a stage of the recipe says."""
        self._stage = stage
        self._batches = VerseBatches(self.verses, self.recipe["weights"], np.random.default_rng(seed))

    def loss(self, model: GPT2) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Returns the summed nats of the next batch, the number of its tokens, and the same as a plain number."""
        nats, count = token_losses(
            model, *self._batches.batch(self._stage["batch"], model.config.positions), self.device
        )
        return nats, count, int(count)

    def validate(self, model: GPT2, stage: dict[str, Any]) -> float | None:
        """Returns nats a token on fixed validation rows, poems and songs in the shares of the recipe."""
        batches = VerseBatches(self.verses, self.recipe["weights"], np.random.default_rng(0), is_valid=True)
        total = tokens = 0.0
        for _ in range(VALIDATION_BATCHES):
            nats, count = token_losses(model, *batches.batch(VALIDATION_ROWS, model.config.positions), self.device)
            total, tokens = total + nats.item(), tokens + count.item()
        return total / tokens


def json_vocabulary(description: str) -> dict[str, int]:
    """Returns the ids of all tokens of a described vocabulary."""
    from pipelines.verse.vocabulary import Vocabulary

    return Vocabulary.read(description).tokenizer.get_vocab(with_added_tokens=True)


def token_losses(
    model: GPT2, read: np.ndarray, following: np.ndarray, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the summed nats of what follows each token read, and how many of these are learned."""
    target = torch.from_numpy(following).to(device).flatten()
    logits = model(torch.from_numpy(read).to(device)).flatten(0, 1)
    keep = target != UNSAID
    return F.cross_entropy(logits[keep].float(), target[keep], reduction="sum"), keep.sum()
