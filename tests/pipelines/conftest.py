from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest
import torch
from safetensors.torch import save_file

from checkpoints import loading, store
from models.musicbert import MusicBERT, MusicBERTConfig
from music.dialects import Dialect, official, studio


def _register_random(folder, name: str, dialect: Dialect, seed: int) -> None:
    """Registers a MusicBERT that has learnt nothing but is sure of what it says: a worse one cannot be trained."""
    config = MusicBERTConfig(
        dialect.vocabulary, layers=1, width=16, hidden=16, heads=2, max_notes=dialect.max_notes + 2
    )
    torch.manual_seed(seed)
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
    """Makes the checkpoints "random" and "random-official" loadable."""
    folder = tmp_path_factory.mktemp("random")
    _register_random(folder, "random", studio(), 1)
    _register_random(folder, "random-official", official(), 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder))
        for name in ("random", "random-official"):
            loading.load(name)  # from now on it is in memory, wherever the cache folder is
        yield
        for name in ("random", "random-official"):
            loading._loaded.pop(name, None)
