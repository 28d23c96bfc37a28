"""What there is to know of each architecture that a checkpoint may have, in one place.

Pages ask too: nothing is imported before it is needed, and then torch alone, as training does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture:
    """A kind of model.

    Attributes:
        name: in recipes and in the registry.
        class_name: of its model; that of the config is the same with "Config" after it.
        learns: the name of its module in ``training/tasks``; empty for one that is not trained here.
        judged_by: the name of its module in ``training/likelihood``; empty likewise.
        self_test: "module:function" that lets a checkpoint write the notes of its self-test.
        styles: whether it knows styles and can be held to new ideas.
        wishes: whether it follows wishes for a genre, a key, players and a density; one that does not plays the piano.
        reads: what it reads and writes: "octuples" or "patches" (see music/tokens), "words", whose vocabulary is inside the
            model, or "sound", which needs none.
        any_dialect: whether it also reads octuples of other vocabularies than the studio's, see ``music.tokens.dialects``.
        home: the module of its model, where that is not the one in ``models`` that has its name.
        apart: the part of the model whose weights lie in a file beside the others, as one file would be too large for git.
    """

    name: str
    class_name: str
    learns: str
    judged_by: str
    self_test: str
    styles: bool = False
    wishes: bool = True
    reads: str = "octuples"
    any_dialect: bool = False
    home: str = ""
    apart: str = ""

    @property
    def module(self) -> str:
        """The name of the module of its model."""
        return self.home or f"models.{self.name}"

    @property
    def model(self) -> type[nn.Module]:
        """Its class, made of a config."""
        return getattr(importlib.import_module(self.module), self.class_name)

    @property
    def config(self) -> type:
        """The class of its config, made of what stands in a checkpoint's header."""
        return getattr(importlib.import_module(self.module), f"{self.class_name}Config")

    def load_self_test(self) -> Callable[..., Any]:
        """Returns what writes the notes of its self-test."""
        module, _, name = self.self_test.partition(":")
        return getattr(importlib.import_module(module), name)


ARCHITECTURES: dict[str, Architecture] = {
    each.name: each
    for each in (
        Architecture(
            "transformer_xl",
            "TransformerXL",
            learns="next_note",
            judged_by="next_note",
            self_test="checkpoints.self_test_notes:continue_tune",
        ),
        Architecture(
            "hinted_transformer_xl",
            "HintedTransformerXL",
            learns="hinted_next_note",
            judged_by="next_note",
            self_test="checkpoints.self_test_notes:continue_tune_with_hints",
            styles=True,
            home="models.hinted.transformer_xl",
        ),
        Architecture(
            "lstm",
            "NoteLSTM",
            learns="piano",
            judged_by="piano",
            self_test="checkpoints.self_test_notes:continue_piano",
            wishes=False,
        ),
        Architecture(
            "musicbert",
            "MusicBERT",
            learns="masked_fields",
            judged_by="masked_fields",
            self_test="checkpoints.self_test_notes:fill_hidden_notes",
            any_dialect=True,
        ),
        Architecture(
            "hinted_musicbert",
            "HintedMusicBERT",
            learns="hinted_masked_fields",
            judged_by="masked_fields",
            self_test="checkpoints.self_test_notes:fill_hidden_notes_with_hints",
            home="models.hinted.musicbert",
        ),
        Architecture(
            "seq2seq",
            "Seq2Seq",
            learns="accompaniment",
            judged_by="accompaniment",
            self_test="checkpoints.self_test_notes:accompany_tune",
        ),
        Architecture(
            "harmonizer",
            "Harmonizer",
            learns="harmonizing",
            judged_by="accompaniment",
            self_test="checkpoints.self_test_notes:harmonize_tune",
            apart="band",
        ),
        Architecture(
            "bigru",
            "BiGRU",
            learns="hidden_patches",
            judged_by="hidden_patches",
            self_test="checkpoints.self_test_notes:fill_patches",
            reads="patches",
        ),
        Architecture(
            "gpt2",
            "GPT2",
            learns="verse",
            judged_by="verse",
            self_test="checkpoints.self_test_notes:foretell_words",
            reads="words",
        ),
        Architecture(
            "basic_pitch",
            "BasicPitch",
            learns="",
            judged_by="",
            self_test="checkpoints.self_test_notes:hear_tones",
            reads="sound",
        ),
    )
}
