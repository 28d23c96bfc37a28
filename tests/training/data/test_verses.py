"""Poems and songs become token shards, and rows to learn from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from music.errors import StudioError
from pipelines.verse.vocabulary import LINES, SIGNS, Vocabulary
from training.__main__ import main
from training.data.verse_batches import UNSAID, VerseBatches, Verses
from training.data.verses import texts_in

POEM = """II.
"The night is long," the sailor said,
And all the lights are gone to bed;
The night is long, the road is far,
We follow but a single star.

O wind that blows across the bay,
And takes the summer leaves away,
And brings the winter to the door,
The sailor sails the sea no more."""
SONG = """1.
The star is bright The star is bright,
And all the night is long - er now;
And all the night is long - er now;
The sea is wide."""


def write(folder: Path) -> Path:
    rows = [
        {"kind": "poem", "lang": "en", "split": split, "title": "The Sailor", "text": POEM}
        for split in ["train"] * 6 + ["valid"] * 2
    ]
    rows += [
        {"kind": "song", "lang": "en", "split": split, "title": "Star", "text": SONG} for split in ("train", "valid")
    ]
    rows += [{"kind": "song", "lang": "de", "split": "train", "title": "Stern", "text": "Der Stern ist hell"}]
    folder.mkdir()
    (folder / "poems.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("verses")
    assert main(["verses", str(write(home / "texts")), "--out", str(home / "shards"), "--vocabulary", "420"]) == 0
    return home


def test_lines_are_cleaned(folder):
    poem = next(text for text in texts_in(folder / "texts") if text.kind == "poem")
    assert [len(stanza) for stanza in poem.stanzas] == [4, 4]
    assert poem.stanzas[0][:2] == ["the night is long, the sailor said,", "and all the lights are gone to bed;"]
    assert poem.stanzas[1][0].startswith("O wind")


def test_songs_are_cut_before_capitals_and_a_line_comes_once(folder):
    song = next(text for text in texts_in(folder / "texts") if text.kind == "song")
    assert song.stanzas[0][-2:] == ["and all the night is longer now;", "the sea is wide."]
    assert "and all the night is longer now;" not in song.stanzas[0][:-2]


def test_a_row_tells_length_and_last_word_before_each_line(folder):
    verses = Verses.load(folder / "shards")
    vocabulary = Vocabulary.read(verses.vocabulary)
    ids, said = verses.example(0, 0, 200, np.random.default_rng(0))
    written = "".join(SIGNS[n] if n < len(SIGNS) else vocabulary.decode([n]) for n in ids)
    assert "<8> said<write> the night is long, the sailor said,<line><8> bed<write>" in written
    assert "<stanza>" in written and written.endswith("<end>")
    assert not said[: list(ids).index(SIGNS.index(LINES)) + 1].any() and said[-1]


def test_batches_are_whole_rows_of_their_split(folder):
    batches = VerseBatches(Verses.load(folder / "shards"), {"poems": 0.5, "songs": 0.5}, np.random.default_rng(1))
    read, following = batches.batch(3, 40)
    assert read.shape == following.shape == (3, 40)
    learned = following[:, :-1] != UNSAID
    assert (following[:, :-1][learned] == read[:, 1:][learned]).all() and learned.any()


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(StudioError, match="no English texts"):
        texts_in(tmp_path)
