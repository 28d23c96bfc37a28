"""``python -m training grooves``: patterns from made-up arrangements, and from what a person wrote."""

from __future__ import annotations

import json

import pytest
import symusic

from training import grooves
from training.__main__ import main

RECIPE = """walking = []
[learned]
oompah = "oom"
[[written]]
name = "two step"
places = 8
kick = "X---x---"
bass = "1---5---"
chords = "--x~--x-"
"""


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Makes a data set of one style in two pieces, and a recipe that asks for it."""
    folder = tmp_path / "grooves"
    (folder / "midi").mkdir(parents=True)
    rows = []
    for number, root in enumerate((0, 7)):
        score = symusic.Score(192)
        drums, bass, chord = (
            symusic.Track("Drum", 0, True),
            symusic.Track("Bass", 33, False),
            symusic.Track("Chord", 0, False),
        )
        for bar in range(8):
            at = bar * 768 + (3 if number else 0)  # a player is not quite in time
            drums.notes.extend([symusic.Note(at + beat * 192, 10, 36, 90) for beat in (0, 2)])
            if bar == 2 and not number:
                drums.notes.append(symusic.Note(at + 100, 10, 49, 90))  # once is no pattern
            bass.notes.extend([symusic.Note(at, 180, 36 + root, 100), symusic.Note(at + 384, 180, 36 + root - 5, 80)])
            for beat in (1, 3):
                chord.notes.extend([symusic.Note(at + beat * 192, 90, 60 + root + step, 70) for step in (0, 4, 7)])
        melody = symusic.Track("Melody", 73, False)
        melody.notes.append(symusic.Note(0, 6000, 80, 90))
        score.tracks.extend([melody, drums, bass, chord])
        score.dump_midi(str(folder / "midi" / f"{number}.mid"))
        kinds = [["Oom", "main"]] * 7 + [["OomEnd", "end"]]
        chords = [[4 * n, 4, "C:maj", root, root] for n in range(8)]
        rows.append({"file": f"midi/{number}.mid", "style": "oom", "split": "train", "bar_grooves": kinds, "chords": chords,
                     "beats_per_bar": 4, "bars": 8})  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)
    monkeypatch.setattr(grooves, "RECIPE", recipe)
    return tmp_path


def test_a_pattern_is_what_most_bars_have_in_common(data, capsys):
    out = data / "table.json"
    assert main(["grooves", "--data", str(data), "--out", str(out)]) == 0
    table = json.loads(out.read_text())
    assert list(table) == ["oompah", "two step"] and "2 styles" in capsys.readouterr().out
    learned = table["oompah"]["variants"][0]
    assert learned["drums"] == [[[0, 36, 90], [24, 36, 90]]]
    assert learned["bass"] == [[[0, 11, 100, 1], [24, 11, 80, 5]]]
    assert learned["chords"] == [{"program": 0, "bars": [[[12, 6, 70], [36, 6, 70]]]}]
    written = table["two step"]["variants"][0]
    assert written["chords"][0]["bars"] == [[[12, 12, 80], [36, 6, 80]]]
    assert [row[3] for row in written["bass"][0]] == [1, 5]


def test_a_style_that_the_data_lack_and_a_folder_without_data_are_refused(data, capsys):
    grooves.RECIPE.write_text(RECIPE.replace('"oom"', '"polka"'))
    assert main(["grooves", "--data", str(data), "--out", str(data / "t.json")]) == 2
    assert "polka" in capsys.readouterr().err
    assert main(["grooves", "--data", str(data / "none"), "--out", str(data / "t.json")]) == 2
    assert "grooves.tar.xz" in capsys.readouterr().err
