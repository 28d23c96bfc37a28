"""``python -m training repetition`` on made-up pieces of which each bar is known."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from music.analysis.repetition import count
from music.files.midi import write_midi
from music.piece import Piece
from tests.training.conftest import score_of
from training.__main__ import main
from training.quality.repetition import PRIOR_BARS, Counted, rates, shipped

PITCHES = {"a": 60, "b": 62, "c": 64, "d": 65}
SETS = """
[pop909]
[folk_pd]
[synth_band]
synthetic = true
"""


def piece(letters: str, set_name: str = "one", genre: str | None = None) -> Counted:
    return Counted(set_name, genre, 1, count([letter.encode() for letter in letters]))


@pytest.fixture
def data(tmp_path):
    """Returns a folder of a pop set, a folk set and a synthetic set; a letter is a bar."""

    def write(name: str, pieces: list[tuple[str, str]], **more) -> None:
        (tmp_path / name).mkdir()
        lines = []
        for number, (split, letters) in enumerate(pieces):
            score = score_of((0, [(4 * bar, 1, PITCHES[letter]) for bar, letter in enumerate(letters)]))
            write_midi(Piece(score), tmp_path / name / f"{number}.mid")
            lines.append({"file": f"{number}.mid", "name": str(number), "split": split, **more})
        (tmp_path / name / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    write("pop909", [("train", "abcd" * 260), ("valid", "a" * 50), ("train", "abcd")])
    write("folk_pd", [("train", "ab")])
    write("synth_band", [("train", "aaaa")], grooves=["x"])
    (tmp_path / "sets.toml").write_text(SETS)
    return tmp_path


def test_the_file_holds_the_rates_of_real_training_music_by_genre(data, capsys):
    out = data / "rates.toml"
    arguments = ["repetition", "--data", str(data), "--sets", str(data / "sets.toml"), "--out", str(out)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "synth_band (synthetic)" in printed and "folk" in printed
    text = out.read_text()
    assert "python -m training repetition" in text and str(data) not in text
    found = tomllib.loads(text)
    assert set(found) == {"overall", "genre"} and set(found["genre"]) == {"pop"}  # folk has two bars only
    overall, pop = found["overall"], found["genre"]["pop"]
    assert (overall["pieces"], overall["bars"]) == (3, 1046)
    assert overall["same"] == 0 and overall["equal"] == [0, 0, 0, 0]
    assert overall["equal_bars"] == [1043, 0, 0, 0]
    # of the first piece 1036 bars repeat; but for the first of them, after a repeated one
    assert overall["repeat_bars"] == [8, 1, 1, 1, 1, 1031]
    assert overall["repeat"][1:] == [1, 1, 1, 1, 1]
    assert pop["repeated"] == pytest.approx(1036 / 1044, abs=1e-4)
    # one of seven bars of pop, none of one of folk, which counts as a set of a thousand bars
    rate = overall["repeat"][0]
    assert rate == pytest.approx(1 / (7 + 1.044), abs=1e-4)
    assert pop["repeat"][0] == pytest.approx((1 + PRIOR_BARS * rate) / (7 + PRIOR_BARS), abs=2e-4)


def test_sets_weigh_the_same_however_many_bars_they_have():
    found = rates([piece("aa" * 1000, "loops"), piece("ab" * 2000, "long"), piece("ab" * 2000, "long")])
    assert found["same"] == pytest.approx(0.5, abs=1e-3)
    small = rates([piece("aa" * 1000, "loops"), piece("ab" * 50, "small")])
    assert small["same"] == pytest.approx(1 / 1.1, abs=1e-3)  # a tenth of a set


def test_rates_that_nothing_was_counted_for_are_those_of_the_shorter_run():
    found = shipped([piece("aab" * 20)])
    assert list(found) == ["overall"]
    assert found["overall"]["equal"].tolist() == [found["overall"]["equal"][0], 0, 0, 0]
    assert np.isfinite(found["overall"]["repeat"]).all()


def test_without_real_training_music_it_says_so(data, capsys):
    (data / "sets.toml").write_text("[synth_band]\nsynthetic = true\n")
    assert main(["repetition", "--data", str(data), "--sets", str(data / "sets.toml")]) == 2
    assert "no real music" in capsys.readouterr().err
