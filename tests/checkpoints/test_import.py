from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from checkpoints import loading
from checkpoints.__main__ import main
from checkpoints.importing import import_musicbert
from checkpoints.store import entries, file_sha256, register, verify
from models.musicbert import MusicBERT, MusicBERTConfig
from music.errors import StudioError
from music.tokens.dialects import official, studio
from tests.checkpoints.fairseq_files import DATA, GENUINE, TINY, save
from tests.loaded import nothing_loaded


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(folder))
    nothing_loaded(monkeypatch)
    return folder


def test_an_imported_checkpoint_gives_the_logits_of_the_original(cache, capsys):
    assert main(["import", str(GENUINE)]) == 0
    assert "musicbert-tiny: 0.3 M parameters" in capsys.readouterr().out
    checkpoint = loading.load("musicbert-tiny")
    assert checkpoint.dialect is official()
    with np.load(DATA / "model_io.npz") as file:
        tokens, notes = torch.from_numpy(file["tokens"].astype(np.int64)), file["notes"]
        expected = file["every_fifth_logits"]
    logits = np.concatenate([row[:n].flatten(0, 1).numpy() for row, n in zip(checkpoint.model(tokens), notes)])
    np.testing.assert_allclose(logits[::5], expected, rtol=0, atol=1e-4)


def test_the_header_and_the_registry_say_what_it_is(cache):
    found = import_musicbert(GENUINE, "mine")
    assert sorted(path.name for path in cache.iterdir()) == ["mine.safetensors", "registry.toml"]
    verify(found)
    assert (found.name, found.task, found.architecture) == ("mine", "remix", "musicbert")
    assert found.details["parameters"] == 329_941
    with safe_open(found.path, "pt") as file:
        header = file.metadata()
    assert header["tokenizer"] == found.tokenizer == official().digest
    assert header["source_sha256"] == found.details["source_sha256"] == file_sha256(GENUINE)
    assert header["architecture"] == "musicbert"
    assert json.loads(header["config"])["heads"] == 4


def test_importing_again_changes_nothing_and_mends_what_is_damaged(cache):
    path = import_musicbert(GENUINE).path
    whole, registry = path.read_bytes(), (cache / "registry.toml").read_text()
    assert import_musicbert(GENUINE).path.read_bytes() == whole
    path.write_bytes(whole[:-1000])
    import_musicbert(GENUINE)
    assert path.read_bytes() == whole
    path.unlink()
    import_musicbert(GENUINE)
    assert path.read_bytes() == whole
    assert (cache / "registry.toml").read_text() == registry


def test_another_checkpoint_is_not_overwritten(cache, tmp_path):
    before = import_musicbert(GENUINE, "mine")
    other = save(tmp_path / "mine.pt")
    for name in ("mine", "generate-small"):
        with pytest.raises(StudioError, match=f"another checkpoint '{name}' already"):
            import_musicbert(other, name)
    (cache / "stray.safetensors").write_bytes(b"somebody's")
    with pytest.raises(StudioError, match="another checkpoint 'stray' already"):
        import_musicbert(other, "stray")
    verify(before)
    assert (cache / "stray.safetensors").read_bytes() == b"somebody's"
    assert import_musicbert(other, "yours").name == "yours"
    assert {"mine", "yours", "generate-small"} <= set(entries())
    assert not list(cache.glob("*.part"))


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "", ".hidden", "two words", "a.b", "x" * 61, "é", "a\n"])
def test_names_that_are_paths_are_refused(cache, name, capsys):
    assert main(["import", str(GENUINE), "--name", name]) == 2
    assert "cannot be the name" in capsys.readouterr().err
    assert not cache.exists()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("checkpoint_last_musicbert_Jazz v2.pt", "musicbert-jazz-v2"),
        ("checkpoint_best.pt", "musicbert-imported"),
        ("曲.pt", "musicbert-imported"),
        ('x"]\n[y.pt', "musicbert-x-y"),
        ("😀.pt", "musicbert-imported"),
    ],
)
def test_a_checkpoint_without_a_name_is_called_after_its_file(cache, tmp_path, file, name):
    assert import_musicbert(save(tmp_path / file)).name == name
    assert loading.load(name).model.config == TINY
    assert entries()[name].details["source"] == file.replace("\n", "")


def test_the_models_of_the_authors_have_their_names(cache, tmp_path):
    sizes = {"layers": 4, "width": 512, "hidden": 2048, "heads": 8}
    with torch.device("meta"):
        names = {k: v.shape for k, v in MusicBERT(MusicBERTConfig(1237, max_notes=8, **sizes)).state_dict().items()}
    settings = {
        f"encoder_{k}": v for k, v in zip(("layers", "embed_dim", "ffn_embed_dim", "attention_heads"), sizes.values())
    }
    model = {key: torch.zeros(shape, dtype=torch.float16) for key, shape in names.items()}
    torch.save({"cfg": {"model": settings}, "model": model}, tmp_path / "downloaded.pt")
    assert import_musicbert(tmp_path / "downloaded.pt").name == "musicbert-small"


def test_a_folder_that_cannot_be_written_is_named(cache, tmp_path):
    cache.write_text("a file where the folder should be")
    with pytest.raises(StudioError, match="cannot be written"):
        import_musicbert(GENUINE)


def test_a_refused_file_leaves_nothing_and_says_so(cache, tmp_path, capsys):
    (tmp_path / "x.pt").write_bytes(b"PK\x03\x04 rest is lost")
    assert main(["import", str(tmp_path / "x.pt")]) == 2
    assert capsys.readouterr().err == "'x.pt' is cut short or damaged. Download it again.\n"
    assert not cache.exists()


def test_weights_of_one_dialect_are_not_read_as_another(cache):
    found = import_musicbert(GENUINE, "mine")
    values = tomllib.loads((cache / "registry.toml").read_text())["mine"]
    register(cache / "registry.toml", "mine", values | {"tokenizer": studio().digest})
    with pytest.raises(StudioError, match="does not fit its own description"):
        loading.load("mine")
    register(cache / "registry.toml", "mine", values | {"architecture": "transformer_xl"})
    with pytest.raises(StudioError, match="other vocabularies"):
        loading.load("mine")
    register(cache / "registry.toml", "mine", values)
    assert loading.load("mine").entry == found


def test_what_ships_reads_the_dialect_of_the_studio():
    assert loading.load("generate-small").dialect is studio()


def test_a_registry_keeps_its_other_entries(tmp_path):
    registry = tmp_path / "registry.toml"
    register(registry, "b", {"file": "b", "bytes": 3, "data": ["x"]})
    register(registry, "a", {"file": 'quote"d', "bytes": 1, "source": "曲😀.pt"})
    register(registry, "b", {"file": "b", "bytes": 4, "data": []})
    found = tomllib.loads(registry.read_text(encoding="utf-8"))
    assert found == {
        "a": {"file": 'quote"d', "bytes": 1, "source": "曲😀.pt"},
        "b": {"file": "b", "bytes": 4, "data": []},
    }
