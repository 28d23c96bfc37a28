"""GPT-2 (Radford et al. 2019, "Language models are unsupervised multitask learners"), small, with its vocabulary inside.

The network is that of the package transformers, so that the same code runs on it and on the DistilGPT-2 that can be pulled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class GPT2Config:
    """Sizes of the network.

    Attributes:
        vocabulary: tokens.
        vocabulary_bytes: of the description of the vocabulary.
        positions: tokens that are read at once, at most.
        width, layers, heads: of the blocks.
        dropout: while it learns.
    """

    vocabulary: int
    vocabulary_bytes: int
    positions: int = 256
    width: int = 256
    layers: int = 5
    heads: int = 4
    dropout: float = 0.0


class GPT2(nn.Module):
    """Tokens to logits of the next one; the table of the tokens is also that of the output.

    Attributes:
        config: its sizes.
        transformer: the ``GPT2Model`` of transformers.
        description: the vocabulary as the package tokenizers writes it (JSON), a number a byte.
    """

    description: Tensor

    def __init__(self, config: GPT2Config):
        super().__init__()
        from transformers import GPT2Config as Sizes
        from transformers import GPT2Model

        self.config = config
        self.transformer: Any = GPT2Model(
            Sizes(
                vocab_size=config.vocabulary,
                n_positions=config.positions,
                n_embd=config.width,
                n_layer=config.layers,
                n_head=config.heads,
                bos_token_id=None,
                eos_token_id=None,
                activation_function="gelu_pytorch_tanh",  # the same as GPT-2's, in one go
                resid_pdrop=config.dropout,
                embd_pdrop=config.dropout,
                attn_pdrop=config.dropout,
            )
        )
        self.register_buffer("description", torch.zeros(config.vocabulary_bytes))

    def forward(self, tokens: Tensor) -> Tensor:
        """Returns the logits of what follows each token, float32 [batch, tokens, vocabulary].

        Args:
            tokens: int64 [batch, tokens], not more than the config's positions.
        """
        hidden = self.transformer(input_ids=tokens, use_cache=False).last_hidden_state
        return F.linear(hidden, self.transformer.wte.weight)

    @property
    def vocabulary_text(self) -> str:
        """The description of its vocabulary.

        Raises:
            ValueError: it is no text.
        """
        return self.description.to(torch.uint8).cpu().numpy().tobytes().decode()


def described(text: str) -> Tensor:
    """Returns the description of a vocabulary, as the model keeps it, float32 [bytes]."""
    return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).float()
