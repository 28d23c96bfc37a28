"""Lyrics on the command line."""

from __future__ import annotations

import json

import pytest

from pipelines.__main__ import main

SMALL = ["--text", "the sea", "--verses", "1", "--lines", "2", "--rhyme", "AABB", "--syllables", "5", "--no-chorus"]


def test_lyrics_are_written_with_their_recipe_and_made_again_from_it(tmp_path):
    out, again = tmp_path / "song.txt", tmp_path / "again.txt"
    assert main(["lyrics", *SMALL, "--seed", "3", "--out", str(out)]) == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2
    recipe = tmp_path / "song.recipe.json"
    assert json.loads(recipe.read_text(encoding="utf-8"))["options"]["seed"] == 3
    assert main(["lyrics", "--recipe", str(recipe), "--out", str(again)]) == 0
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--syllables", "many"], "no number of syllables such as 8"),
        (["--rhyme", "XYZ"], "The rhyme 'XYZ' is unknown. Choose one of"),
        (["--text", ""], "What the lyrics are about was not said. Give a few words"),
        (["--checkpoint", "nothing"], "nothing"),
    ],
)
def test_what_cannot_be_is_said_in_two_sentences(wrong, said, tmp_path, capsys):
    assert main(["lyrics", *SMALL, *wrong, "--out", str(tmp_path / "song.txt")]) == 2
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_another_ending_is_refused(tmp_path, capsys):
    assert main(["lyrics", *SMALL, "--out", str(tmp_path / "song.mp3")]) == 2
    assert "an ending that is not written here" in capsys.readouterr().err
