"""A Transformer-XL small enough to be looked through, with every weight away from zero."""

from __future__ import annotations

import torch

from models.transformer_xl import TransformerXL, TransformerXLConfig

SIZES, EXTRA, PREFIX = (7, 5, 9), (4,), 12


def tiny_model(seed: int = 0, **changes) -> TransformerXL:
    """Returns a model of two layers in eval mode; biases, which begin at zero, are random too."""
    values = {"layers": 2, "width": 32, "heads": 2, "hidden": 48, "head_hidden": 24, **changes}
    torch.manual_seed(seed)
    model = TransformerXL(TransformerXLConfig(SIZES, EXTRA, PREFIX, **values))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.25)
    return model.eval().requires_grad_(False)


def some_notes(batch: int, count: int, seed: int = 1) -> torch.Tensor:
    """Returns random notes [batch, count, 4]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(1, size, (batch, count), generator=generator) for size in SIZES + EXTRA], dim=-1)


def some_prefix(batch: int, length: int = 5, seed: int = 2) -> torch.Tensor:
    """Returns random condition ids [batch, length], none of them padding."""
    return torch.randint(1, PREFIX, (batch, length), generator=torch.Generator().manual_seed(seed))
