"""The table of word vectors: which words it has, what becomes of their vectors, and that what ships is what its recipe makes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from checkpoints.word_vectors import WIDTH, read_table, word_vectors
from music.errors import StudioError
from training import word_vectors as made
from training.__main__ import main
from training.word_attributes import fitted, write_heads


def test_words_are_those_needed_then_the_commonest(monkeypatch):
    monkeypatch.setattr(made, "MOST_WORDS", 4)
    words = made.table_words(["the", "of", "cat", "dog"], {"zither"}, Counter({"dog": 1, "moor": 30, "rare": 2}))
    assert words == ["the", "of", "dog", "zither"]


def test_a_table_and_what_tells_its_attributes_come_back_from_their_file(tmp_path, monkeypatch):
    monkeypatch.setattr(made, "CAPTIONS", 200)
    words = list(word_vectors().rows)
    full = np.random.default_rng(0).normal(size=(len(words), 140)).astype(np.float32)
    path = tmp_path / "table.safetensors"
    made.write_table(path, words, full, {"slow", "fast"})
    first = path.read_bytes()
    made.write_table(path, words, full, {"slow", "fast"})
    assert path.read_bytes() == first
    write_heads(path, {"mode": (np.ones((3, WIDTH), np.float32), np.zeros(3, np.float32))})
    table = read_table(path)
    assert list(table.rows) == words and table.heads["mode"].classes == ("major", "minor")
    small, _ = made.reduced(full, np.array([word in ("slow", "fast") for word in words]))
    assert np.abs(table.vectors - small).max() < np.abs(small).max() / 200


def test_what_ships_is_what_its_recipe_makes():
    table = word_vectors()
    weights, bias = fitted(table, "mode")
    assert np.allclose(weights, table.heads["mode"].weights, atol=0.05 * np.abs(weights).max())
    assert np.allclose(bias, table.heads["mode"].bias, atol=0.05)


def test_another_encoder_is_refused(tmp_path, capsys):
    assert main(["word_vectors", str(tmp_path), "--texts", str(tmp_path)]) == 2
    assert "does not hold the encoder" in capsys.readouterr().err


def test_texts_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(StudioError, match="jsonl"):
        list(made.texts_in(tmp_path))


def test_figures_of_music_need_shards(capsys):
    assert main(["evaluate", "generate-small"]) == 2
    assert "--shards" in capsys.readouterr().err
