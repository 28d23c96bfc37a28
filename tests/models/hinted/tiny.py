"""A hinted Transformer-XL small enough for tests, for the vocabulary of tests/models/past_notes.py."""

from __future__ import annotations

import torch

from models.hinted.transformer_xl import HintedTransformerXL, HintedTransformerXLConfig
from tests.models.past_notes import SIZES, TABLES

EXTRA, PREFIX = 12, 20


def tiny_config(**changed) -> HintedTransformerXLConfig:
    """Returns its sizes, some of them changed."""
    given = (SIZES, (EXTRA,), PREFIX, TABLES.durations, TABLES.bar_lengths)
    return HintedTransformerXLConfig(
        *given, **{"layers": 2, "width": 32, "heads": 2, "hidden": 48, "head_hidden": 24, **changed}
    )


def tiny_model() -> HintedTransformerXL:
    """Returns one as if trained: the backbone, all biases, norms and gates have their say."""
    torch.manual_seed(3)
    made = HintedTransformerXL(tiny_config())
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith(("output.weight", "down.weight", "bias")):
                parameter.normal_(std=0.1)
            if name.endswith("norm.weight"):
                parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()
