from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from checkpoints import loading, store
from models.musicbert import MusicBERT, MusicBERTConfig
from music.dialects import Dialect, official, studio

MODELS: dict[str, tuple[Callable[[], Dialect], int]] = {
    "random": (studio, 510),
    "random-official": (official, 1000),
    "random-short": (studio, 7),
}
"""Dialect and window, in notes, of the checkpoints that ``random_models`` makes."""


def register_random(folder: Path, name: str, dialect: Dialect, notes: int) -> None:
    """Registers a MusicBERT that has learnt nothing but is sure of what it says: a worse one cannot be trained."""
    config = MusicBERTConfig(dialect.vocabulary, layers=1, width=16, hidden=16, heads=2, max_notes=notes + 2)
    torch.manual_seed(1)
    model = MusicBERT(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=1.0)
    path = folder / f"{name}.safetensors"
    save_file(model.state_dict(), path, metadata={"config": json.dumps(dataclasses.asdict(config))})
    values = {
        "file": path.name, "bytes": path.stat().st_size, "sha256": store.file_sha256(path), "task": "remix",
        "architecture": "musicbert", "tokenizer": dialect.digest, "licence": "MIT",
    }  # fmt: skip
    store.register(folder / "registry.toml", name, values)


@pytest.fixture(scope="session")
def random_models(tmp_path_factory) -> Iterator[None]:
    """Makes the checkpoints of MODELS loadable."""
    folder = tmp_path_factory.mktemp("random")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder))
        for name, (dialect, notes) in MODELS.items():
            register_random(folder, name, dialect(), notes)
            loading.load(name)  # from now on it is in memory, wherever the cache folder is
    yield
    for name in MODELS:
        loading._loaded.pop(name, None)
