"""What there is to know of each architecture that a checkpoint may have, in one place. Needs torch alone, as training does."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from models.musicbert import MusicBERT, MusicBERTConfig
from models.seq2seq import Seq2Seq, Seq2SeqConfig
from models.transformer_xl import TransformerXL, TransformerXLConfig


@dataclass(frozen=True)
class Architecture:
    """A kind of model.

    Attributes:
        name: in recipes, in the registry and of its module in ``models``.
        model: its class, made of a config.
        config: the class of its config, made of what stands in a checkpoint's header.
        learns: the name of its modules in ``training/tasks`` and ``training/likelihood``.
        self_test: "module:function" that lets a checkpoint write the notes of its self-test.
        any_dialect: whether it also reads octuples of other vocabularies than the studio's, see ``music.tokens.dialects``.
    """

    name: str
    model: type[nn.Module]
    config: type
    learns: str
    self_test: str
    any_dialect: bool = False

    def load_self_test(self) -> Callable[..., Any]:
        """Returns what writes the notes of its self-test."""
        module, _, name = self.self_test.partition(":")
        return getattr(importlib.import_module(module), name)


ARCHITECTURES: dict[str, Architecture] = {
    each.name: each
    for each in (
        Architecture(
            "transformer_xl", TransformerXL, TransformerXLConfig, "next_note", "checkpoints.self_test:continue_tune"
        ),
        Architecture(
            "musicbert",
            MusicBERT,
            MusicBERTConfig,
            "masked_fields",
            "checkpoints.self_test:fill_hidden_notes",
            any_dialect=True,
        ),
        Architecture("seq2seq", Seq2Seq, Seq2SeqConfig, "accompaniment", "checkpoints.self_test:accompany_tune"),
    )
}
