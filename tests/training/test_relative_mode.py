"""``python -m training relative_mode`` on a made-up data set that writes its modes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import symusic

from music.files.midi import write_midi
from music.piece import Piece
from tests.training.conftest import score_of
from training.__main__ import main
from training.relative_mode import Heard, fitted

SCALE = {False: (60, 62, 64, 65, 67, 69, 71), True: (57, 59, 60, 62, 64, 65, 68)}


@pytest.fixture
def data(tmp_path):
    """Returns a folder of tunes over tonic basses, half of them in minor; every fourth is for validation."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "folk_pd"
    folder.mkdir()
    lines = []
    for number in range(32):
        minor = bool(number % 2)
        steps = [0, *rng.choice(7, 30, p=[0.25, 0.1, 0.2, 0.1, 0.2, 0.1, 0.05]), 0]
        tune = [(beat, 1, SCALE[minor][step]) for beat, step in enumerate(steps)]
        score = score_of((0, tune), (33, [(4 * bar, 4, SCALE[minor][0] - 24) for bar in range(8)]))
        score.key_signatures.append(symusic.KeySignature(0, 0, int(minor)))
        if number == 30:
            score.key_signatures.append(symusic.KeySignature(480, 1, 0))  # two keys: left out
        write_midi(Piece(score), folder / f"{number}.mid")
        split = "valid" if number % 8 > 5 else "train"
        lines.append({"file": f"{number}.mid", "name": str(number), "split": split})
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "sets.toml").write_text("[folk_pd]\n")
    return tmp_path


def test_weights_are_printed_to_paste_beside_how_often_they_are_right(data, capsys):
    assert main(["relative_mode", "--data", str(data), "--sets", str(data / "sets.toml")]) == 0
    printed = capsys.readouterr().out
    table = {}
    exec(printed.partition("\n\n")[0], {"np": np}, table)
    assert table["WEIGHTS"].shape == (4,) and (table["WEIGHTS"] >= 0).all()
    rows = {line.split("  ")[1]: line.split()[-8:] for line in printed.splitlines() if ": " in line}
    assert rows["train: folk_pd"][:4] == rows["train: all"][:4] == ["12", "12", "100.0%", "100.0%"]
    assert rows["valid: all"][:2] == ["3", "4"]


def test_both_modes_weigh_the_same():
    few, many = np.array([0.2, 0, 0, 0]), np.array([-0.2, 0, 0, 0])
    heard = [Heard("", "train", False, few)] * 2 + [Heard("", "train", True, many)] * 50
    weights, bias = fitted(heard)
    assert weights[0] > 1 and abs(bias) < 0.01
    assert np.allclose(weights[1:], 0)


def test_one_mode_alone_is_not_enough(data, capsys):
    lines = (data / "folk_pd" / "manifest.jsonl").read_text().splitlines()
    (data / "folk_pd" / "manifest.jsonl").write_text("\n".join(lines[::2]))
    assert main(["relative_mode", "--data", str(data), "--sets", str(data / "sets.toml")]) == 2
    assert "both modes" in capsys.readouterr().err
