"""From poems to a checkpoint that writes lyrics, and its figures; a tiny one that has learned next to nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import torch

from checkpoints.loading import load
from music.errors import StudioError
from music.piece import Piece
from music.words.pronunciation import rhymes, syllable_count
from pipelines.lyrics import write_lyrics
from pipelines.options.lyrics import LyricsOptions
from tests.training.data.test_verses import write
from training.__main__ import main
from training.quality import lyrics as quality

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Texts, shards of them, a recipe of tiny sizes, and a run of it."""
    home = tmp_path_factory.mktemp("lyrics")
    assert main(["verses", str(write(home / "texts")), "--out", str(home / "shards"), "--vocabulary", "420"]) == 0
    recipe = (ROOT / "training" / "recipes" / "lyrics-small.toml").read_text(encoding="utf-8")
    for old, new in (("lyrics-small", "tiny-lyrics"), ("width = 256", "width = 16"), ("layers = 5", "layers = 1")):
        assert old in recipe
        recipe = recipe.replace(old, new)
    (home / "recipe.toml").write_text(recipe, encoding="utf-8")
    assert run(home, 3) == 0
    return home


def run(home: Path, steps: int) -> int:
    """Trains up to so many steps."""
    arguments = [str(home / "recipe.toml"), "--shards", str(home / "shards"), "--run", str(home / "run")]
    return main(["train", *arguments, "--steps", str(steps), "--set", "stages=[{until=1.0, batch=2}]"])


@pytest.fixture
def exported(home, tmp_path, monkeypatch) -> str:
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path))
    assert main(["export", str(home / "run")]) == 0
    return "tiny-lyrics"


def test_a_run_goes_on_with_both_optimizers_where_it_stood(home):
    before = torch.load(home / "run" / "state.pt", weights_only=True)
    assert set(before["optimizer"]) == {"muon", "adam"}
    assert run(home, before["step"] + 2) == 0
    after = torch.load(home / "run" / "state.pt", weights_only=True)
    assert after["step"] == before["step"] + 2 and after["notes"] > before["notes"]
    assert not torch.equal(
        after["model"]["transformer.h.0.mlp.c_fc.weight"], before["model"]["transformer.h.0.mlp.c_fc.weight"]
    )


def test_what_has_learned_nothing_keeps_to_rhyme_and_length_all_the_same(exported):
    options = LyricsOptions(
        text="the sea", verses=1, lines=2, chorus=False, rhyme="AABB", syllables=4, checkpoint=exported
    )
    (*_, step) = write_lyrics(Piece.empty(), options)
    one, two = step.piece.lyrics
    assert rhymes(one, two) and syllable_count(one) == syllable_count(two) == 4
    assert step.piece.history[-1]["checkpoint"] == {"name": exported, "sha256": load(exported).entry.sha256}


def test_its_card_names_the_texts_and_what_is_counted(exported, tmp_path):
    card = (tmp_path / "tiny-lyrics.md").read_text()
    assert "models/gpt2.py" in card and "M tokens read" in card and "| train | valid | words |" in card
    assert "public-domain-poetry" in card and "OpenScore" in card


def test_perplexity_stands_beside_two_floors(home, exported, capsys):
    assert main(["evaluate", exported, "--shards", str(home / "shards"), "--windows", "1"]) == 0
    out = capsys.readouterr().out
    assert "unigram" in out and "bigram" in out
    row = next(line for line in out.splitlines() if line.startswith("poems"))
    _, texts, words, unigram, bigram, ours, nats = row.split()
    assert (texts, words) == ("2", "112")
    assert float(bigram) < float(unigram.replace(",", "")) and float(ours.replace(",", "")) > 1 and float(nats) > 0


def lyric(*stanzas: str, **options) -> quality.Written:
    return quality.Written(
        LyricsOptions(**{"text": "rain", "rhyme": "ABAB", "syllables": 4, **options}),
        tuple(tuple(stanza.split("/")) for stanza in stanzas),
        1.0,
    )


def test_what_is_kept_is_counted():
    good = lyric("the rain at night/we follow on/is soft and light/till it is gone")
    bad = lyric("the rain/we follow on/is soft and slow/till it is here")
    assert quality.kept_syllables(good) == 1 and quality.kept_syllables(bad) == 0.75
    assert quality.kept_rhymes(bad) == 0
    assert quality.said(good) == 1 and quality.said(lyric("the sun/is here")) == 0


def test_loops_and_copies_are_counted():
    lines = ["we go on and on", "we go on and on"]
    assert quality.again(lines) == 0.5 and quality.again(["a b", "c d"]) == 0
    assert quality.looped(lines) == pytest.approx(2 / 7)
    known = set(quality.runs(["one two three four five six seven"], 6))
    assert quality.copied([["one two three", "four five six"]], known) == 1
    assert quality.copied([["six five four three two one"]], known) == 0


def test_figures_need_the_texts():
    with pytest.raises(StudioError, match="--data"):
        quality.figures(argparse.Namespace(data=None))
