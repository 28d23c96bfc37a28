"""An encoder-decoder Transformer small enough to be looked through, with every weight away from zero."""

from __future__ import annotations

import torch

from models.seq2seq import Seq2Seq, Seq2SeqConfig

SIZES, PREFIX = (7, 5, 9), 12
REACH, MEMORY = 40, 8


def tiny_model(seed: int = 0, **changes) -> Seq2Seq:
    """Returns a model in eval mode; biases, which begin at zero, are random too."""
    values = {
        "encoder_layers": 2, "decoder_layers": 2, "width": 32, "heads": 2, "hidden": 48, "head_hidden": 24,
        "reach": REACH, "memory": MEMORY, **changes,
    }  # fmt: skip
    torch.manual_seed(seed)
    model = Seq2Seq(Seq2SeqConfig(SIZES, PREFIX, **values))
    for name, parameter in model.named_parameters():
        torch.nn.init.normal_(parameter, std=0.25)
        if name.startswith("prefix"):
            parameter.data[0] = 0
    return model.eval().requires_grad_(False)


def some_notes(batch: int, count: int, seed: int = 1) -> torch.Tensor:
    """Returns random notes [batch, count, 3], none of them padding."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(1, size, (batch, count), generator=generator) for size in SIZES], dim=-1)


def some_times(batch: int, count: int, seed: int = 3) -> torch.Tensor:
    """Returns random onsets [batch, count], never falling, 2 apart on the average."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 5, (batch, count), generator=generator).cumsum(1)


def some_prefix(batch: int, length: int = 4, seed: int = 2) -> torch.Tensor:
    """Returns random condition ids [batch, length], none of them padding."""
    return torch.randint(1, PREFIX, (batch, length), generator=torch.Generator().manual_seed(seed))
