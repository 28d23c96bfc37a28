"""Checkpoints as fairseq writes them: a genuine one, and small ones of our own making."""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from models.musicbert import MusicBERT, MusicBERTConfig

DATA = Path(__file__).parents[1] / "data" / "musicbert"
GENUINE = DATA / "checkpoint_last_musicbert_tiny.pt"
TINY = MusicBERTConfig(vocabulary=1237, layers=2, width=16, hidden=24, heads=4, max_notes=6)
SETTINGS = {
    "encoder_layers": 2, "encoder_embed_dim": 16, "encoder_ffn_embed_dim": 24, "encoder_attention_heads": 4,
    "max_positions": 6, "activation_fn": "gelu", "pad": 1, "arch": "musicbert_tiny",
}  # fmt: skip
ENCODER = "encoder.sentence_encoder."


def tiny_weights() -> dict[str, torch.Tensor]:
    """Returns the weights of a model of the sizes TINY, always the same."""
    torch.manual_seed(0)
    return dict(MusicBERT(TINY).state_dict())


def save(path: Path, settings=(), tensors=(), without=(), **top: Any) -> Path:
    """Saves the tiny checkpoint as fairseq does and returns its path.

    Args:
        settings: of the command line, changed or added.
        tensors: changed or added.
        without: names of tensors to leave out.
        top: what else the file holds, or holds instead.
    """
    kept = {key: value for key, value in (tiny_weights() | dict(tensors)).items() if key not in without}
    namespace = argparse.Namespace(**(SETTINGS | dict(settings)))
    torch.save({"cfg": {"model": namespace}, "args": None, "model": kept} | top, path)
    return path


def rewritten(path: Path, change: Callable[[str, bytes], bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Returns a copy of an archive each of whose parts went through ``change(name, bytes)``."""
    made = path.with_name("rewritten.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", compression) as new:
        for part in old.namelist():
            new.writestr(part, change(part, old.read(part)))
    return made
