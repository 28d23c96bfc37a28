"""DistilGPT-2 is pulled file by file, checked, and read in the place of words-small; a tiny one of our own stands in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from checkpoints import store
from checkpoints.__main__ import main
from checkpoints.self_test import check
from checkpoints.store import entry, file_sha256, read_registry, remove, write_registry
from music.errors import StudioError
from music.piece import Piece
from music.words.pronunciation import rhymes, syllable_count
from pipelines.lyrics import checkpoint_of, write_lyrics
from pipelines.options.lyrics import LyricsOptions
from pipelines.wording import distilgpt2
from pipelines.wording.captions import caption, made_up
from pipelines.wording.encoder import by_words, encode
from pipelines.wording.reading import read_words
from tests.checkpoints.hostile_server import HostileServer, serve

ROOT = Path(__file__).parents[3]
COMMIT = "2290a62682d06624634c1f46a6ad5be0f47f38aa"
FILES = ("config.json", "tokenizer.json")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The folder of a tiny GPT-2 that has learned nothing, and its tokenizer."""
    import torch

    folder, rng = tmp_path_factory.mktemp("tiny"), np.random.default_rng(0)
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator([caption(made_up(rng), rng) for _ in range(200)], 400, special_tokens=["<|endoftext|>"])
    PreTrainedTokenizerFast(tokenizer_object=trained._tokenizer, eos_token="<|endoftext|>").save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=400, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def hub(tiny, tmp_path, monkeypatch):
    """A hub of our own that has the tiny model, under the name and commit of the real one, in a cache of its own."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(distilgpt2, "CAPTIONS", 100)
    for name in ("DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE", "DEEPMUSIC_MIRRORS"):
        monkeypatch.delenv(name, raising=False)
    base, weights = f"hf://distilbert/distilgpt2@{COMMIT}", tiny / "model.safetensors"
    listed = read_registry(store.REGISTRY)
    listed["distilgpt2"] |= {
        "bytes": weights.stat().st_size,
        "sha256": file_sha256(weights),
        "companions": [[f"{base}/{file}", (tiny / file).stat().st_size, file_sha256(tiny / file)] for file in FILES],
    }
    write_registry(tmp_path / "registry.toml", listed)
    monkeypatch.setattr(store, "REGISTRY", tmp_path / "registry.toml")
    with HostileServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.base)
        for file in (*FILES, "model.safetensors"):
            server.files[f"/distilbert/distilgpt2/resolve/{COMMIT}/{file}"] = (tiny / file).read_bytes()
        yield server


def test_it_is_listed_with_license_commit_and_sums():
    listed = entry("distilgpt2")
    assert (listed.kind, listed.details["licence"], listed.bytes) == ("transformers", "Apache-2.0", 352_824_413)
    assert {each.path.name for each in listed.companions} == {
        "config.json",
        "tokenizer.json",
        "vocab.json",
        "merges.txt",
    }
    assert all(f"@{COMMIT}/" in source for source in (*listed.sources, *(each.source for each in listed.companions)))


def test_it_is_away_until_it_is_pulled_and_words_small_reads_meanwhile(hub):
    assert entry("distilgpt2").state == "away" and not distilgpt2.is_here()
    assert np.array_equal(encode(["slow piano"]), by_words(["slow piano"]))
    with pytest.raises(StudioError, match="pull distilgpt2"):
        encode(["slow piano"], "distilgpt2")


def test_it_is_pulled_verified_used_and_removed(hub, capsys):
    assert main(["pull", "distilgpt2"]) == 0
    folder = entry("distilgpt2").path.parent
    assert {path.name for path in folder.iterdir()} >= {*FILES, "model.safetensors"}
    assert check(entry("distilgpt2")) == "whole" and main(["pull", "distilgpt2"]) == 0
    assert "whole already" in capsys.readouterr().out
    made = encode(["slow dark piano", "Loud brass!", "", "…"])
    assert made.shape == (4, 128) and made.dtype == np.float32 and np.isfinite(made).all()
    assert made[0].any() and not made[2:].any() and not np.array_equal(made[0], by_words(["slow dark piano"])[0])
    assert np.array_equal(read_words("slow dark piano").vector, encode(["slow dark piano"])[0])
    assert np.array_equal(read_words("slow", encoder="words-small").vector, by_words(["slow"])[0])
    assert remove("distilgpt2") and not folder.exists() and entry("distilgpt2").state == "away"


def test_its_vectors_lie_in_the_space_of_words_small(hub):
    assert main(["pull", "distilgpt2"]) == 0
    rng = np.random.default_rng(0)  # those that it was fitted on
    captions = [caption(made_up(rng), rng) for _ in range(100)]
    found, meant = encode(captions), by_words(captions)
    assert ((found - meant) ** 2).mean() < 0.95 * ((meant - meant.mean(axis=0)) ** 2).mean()


def test_the_fit_is_kept_for_the_next_time(hub, monkeypatch):
    assert main(["pull", "distilgpt2"]) == 0
    first = encode(["slow piano"])
    monkeypatch.setattr(distilgpt2, "_fitted", lambda *_: pytest.fail("fitted again"))
    assert np.array_equal(encode(["slow piano"]), first)


def test_a_long_text_and_odd_letters_are_read(hub):
    assert main(["pull", "distilgpt2"]) == 0
    assert np.isfinite(encode(["slow dark piano " * 700, "\ud800 ж 🎹 x"])).all()


def test_a_cut_download_goes_on_and_a_damaged_file_is_refused(hub):
    path = f"/distilbert/distilgpt2/resolve/{COMMIT}/model.safetensors"
    hub.script[path] = [serve(cut=5000)]
    assert main(["pull", "distilgpt2"]) == 0
    assert any("range" in seen.headers for seen in hub.asked(path))
    weights = entry("distilgpt2").path
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    distilgpt2._load.cache_clear()
    with pytest.raises(StudioError, match="damaged"):
        encode(["slow"])


def test_importing_it_loads_neither_torch_nor_transformers():
    code = "import sys, pipelines.wording.reading\nprint({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_it_writes_lyrics_within_rhyme_and_length_as_the_one_that_ships(hub):
    assert checkpoint_of(LyricsOptions()) == "lyrics-small"
    assert main(["pull", "distilgpt2"]) == 0
    options = LyricsOptions(text="a calm piano", verses=1, lines=2, chorus=False, rhyme="AABB", syllables=5, seed=1)
    (*_, step) = write_lyrics(Piece.empty(), options)
    one, two = step.piece.lyrics
    assert rhymes(one, two)
    assert [syllable_count(line) for line in step.piece.lyrics] == [5, 5]
    recipe = step.piece.history[-1]
    assert (recipe["checkpoint"]["name"], recipe["options"]["checkpoint"]) == ("distilgpt2", "distilgpt2")
