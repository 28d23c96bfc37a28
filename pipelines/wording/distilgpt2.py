"""DistilGPT-2 where it has been pulled: a text as the mean of its last hidden states, and the model itself for who needs it.

What is trained on the vectors of words-small reads those of DistilGPT-2 through a ridge regression between the two, which
is fitted on our captions the first time and kept beside the checkpoint. torch and transformers are imported when it is
loaded, not before, so that pages may import this.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from checkpoints.store import entry, verify
from checkpoints.word_vectors import NAME as TABLE
from checkpoints.word_vectors import WIDTH
from music.errors import StudioError
from pipelines.wording.captions import made_up, spoken

NAME = "distilgpt2"
CAPTIONS = 800
RIDGE = 1.0
"""How many captions the regression is fitted on, and its penalty on standardized states: by ear, not measured."""

_BATCH = 16
_MOST_TOKENS = 1024


@dataclass(frozen=True)
class LanguageModel:
    """DistilGPT-2 in memory.

    Attributes:
        model: a ``GPT2LMHeadModel`` in eval mode, single precision, without gradients.
        tokenizer: its tokenizer, which pads on the right.
        folder: of its files.
        sha256: of its weights.
    """

    model: Any
    tokenizer: Any
    folder: Path
    sha256: str


def is_here() -> bool:
    """Returns whether DistilGPT-2 has been pulled."""
    return entry(NAME).is_here


def load() -> LanguageModel:
    """Returns DistilGPT-2, loaded once.

    Raises:
        StudioError: it has not been pulled, or its files are not the registered ones.
    """
    wanted = entry(NAME)
    if not wanted.is_here:
        raise StudioError(f"'{NAME}' is not on this machine. {wanted.remedy}")
    return _load(wanted.path, wanted.sha256)


@lru_cache(1)
def _load(path: Path, sha256: str) -> LanguageModel:
    verify(entry(NAME))
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path.parent, local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(path.parent, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise StudioError(f"'{NAME}' cannot be loaded. {entry(NAME).remedy}") from error
    tokenizer.pad_token, tokenizer.padding_side = tokenizer.eos_token, "right"
    return LanguageModel(model.float().eval().requires_grad_(False), tokenizer, path.parent, sha256)


def encode(texts: Sequence[str], by_words: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
    """Returns texts' vectors in the space of words-small, float32 [texts, WIDTH]; zeros for a text without a letter.

    Args:
        texts: of which the first 1,024 tokens are read.
        by_words: gives the vectors of words-small, float32 [texts, WIDTH].

    Raises:
        StudioError: as ``load``.
    """
    language_model = load()
    made = np.zeros((len(texts), WIDTH), np.float32)
    rows = [row for row, text in enumerate(texts) if any(sign.isalpha() for sign in text)]
    if rows:
        weights, bias = _mapping(language_model, by_words)
        made[rows] = states([texts[row] for row in rows], language_model) @ weights + bias
    return made


def states(texts: Sequence[str], language_model: LanguageModel) -> np.ndarray:
    """Returns the means of the last hidden states of texts, float32 [texts, hidden]; a long text's beginning is read."""
    import torch

    core, parts = language_model.model.base_model, []
    plain = [" ".join(text.encode("utf-8", "replace").decode("utf-8").split()) for text in texts]
    most = min(_MOST_TOKENS, language_model.model.config.n_positions)
    with torch.inference_mode():
        for start in range(0, len(plain), _BATCH):
            batch = language_model.tokenizer(
                plain[start : start + _BATCH], padding=True, truncation=True, max_length=most, return_tensors="pt"
            )
            mask = batch["attention_mask"][:, :, None].float()
            last = core(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
            parts.append((last * mask).sum(1) / mask.sum(1).clamp(min=1))
    return torch.cat(parts).numpy()


def _mapping(
    language_model: LanguageModel, by_words: Callable[[Sequence[str]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights [hidden, WIDTH] and bias [WIDTH] from its states to the space of words-small, fitted if need be."""
    table = entry(TABLE).sha256
    path = language_model.folder / f"to-{TABLE}-{language_model.sha256[:8]}-{table[:8]}.safetensors"
    try:
        kept = load_file(path)
        return kept["weights"], kept["bias"]
    except (OSError, SafetensorError, KeyError):
        weights, bias = _fitted(language_model, by_words)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file({"weights": weights, "bias": bias}, part)
        os.replace(part, path)
    except (OSError, SafetensorError):  # good to have, no more
        part.unlink(missing_ok=True)
    return weights, bias


def _fitted(
    language_model: LanguageModel, by_words: Callable[[Sequence[str]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the ridge regression from its states to the vectors of words-small, over captions."""
    rng = np.random.default_rng(0)
    captions = [spoken(made_up(rng), rng)[0] for _ in range(CAPTIONS)]
    found = states(captions, language_model).astype(np.float64)
    meant = by_words(captions).astype(np.float64)
    center, spread = found.mean(axis=0), found.std(axis=0) + 1e-6
    scaled = (found - center) / spread
    weights = np.linalg.solve(
        scaled.T @ scaled + RIDGE * np.eye(scaled.shape[1]), scaled.T @ (meant - meant.mean(axis=0))
    )
    weights /= spread[:, None]
    return weights.astype(np.float32), (meant.mean(axis=0) - center @ weights).astype(np.float32)
