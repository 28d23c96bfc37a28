from __future__ import annotations

import json

import numpy as np
import pytest

from training.__main__ import main

SCALE = {"C": (60, 62, 64, 65, 67, 69, 71), "A minor": (57, 59, 60, 62, 64, 65, 68)}


@pytest.fixture
def data(tmp_path):
    """Returns a folder of lead sheets and chorales, in made-up tunes that begin and end on the tonic."""
    rng = np.random.default_rng(3)

    def item(number: int) -> dict:
        scale, shift = SCALE["A minor" if number % 2 else "C"], int(rng.integers(12))
        steps = [0, *rng.choice(7, 22, p=[0.25, 0.1, 0.2, 0.1, 0.2, 0.1, 0.05]), 0]
        melody = [[beat, 1, scale[step] + shift] for beat, step in enumerate(steps)]
        return {
            "id": str(number),
            "split": "valid" if number % 4 > 1 else "train",
            "time_sigs": [[0, 4, 4]],
            "keys": [[0, (shift * 7 + 5) % 12 - 5, number % 2]],
            "melody": melody,
            "chords": [[0, 24, None, (scale[0] + shift) % 12, None, [(scale[i] + shift) % 12 for i in (0, 2, 4)]]],
            **dict.fromkeys("SATB", melody),
            "similar_to_jsb_valid": number % 4 > 1,
        }

    for folder, names in {
        "leadsheets": ("pop909", "openewld_pd", "openewld_other", "cmd", "rs200"),
        "chorales": ("music21_chorales",),
    }.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.jsonl").write_text("\n".join(json.dumps(item(n)) for n in range(16)))
    return tmp_path


def test_the_weights_are_printed_to_paste_and_repeat(data, capsys):
    printed = []
    for _ in range(2):
        assert main(["melody_key", "--data", str(data)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    table = {}
    exec(printed[0].partition("\n\n")[2].partition("\n\n")[0], {"np": np}, table)
    assert table["WEIGHTS"].shape == (2, 6, 12) and np.abs(table["WEIGHTS"]).max() > 0.5
    (line,) = [line for line in printed[0].splitlines() if "all lead sheets" in line]
    songs, exact, signature, *_ = line.removeprefix("  all lead sheets").split()
    assert int(songs) == 40 and float(exact[:-1]) > 75 and float(signature[:-1]) >= float(exact[:-1])


def test_too_little_to_learn_from_is_said(data, capsys):
    for path in (data / "leadsheets").iterdir():
        path.write_text("")
    assert main(["melody_key", "--data", str(data)]) == 2
    assert "0 lead sheets" in capsys.readouterr().err
