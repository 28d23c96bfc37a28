"""Fingerprints stay while the notes do, and tell what has changed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import symusic

from benchmarks import fingerprints
from benchmarks.__main__ import main
from benchmarks.fingerprint_grid import GRID, write_sources

LINES = {
    "sheet": "sheet tune.mid OUT.musicxml",
    "new": "generate --out OUT.mid --bars 1 --seed 1",
    "report": "inspect waltz.mid",
}


@pytest.fixture
def lines(monkeypatch):
    monkeypatch.setattr(fingerprints, "GRID", LINES)
    return lambda **other: monkeypatch.setattr(fingerprints, "GRID", LINES | other)


def test_only_what_changed_is_told(lines, tmp_path, capsys):
    before, after = str(tmp_path / "before.json"), str(tmp_path / "after.json")
    assert main(["fingerprints", before]) == 0
    assert set(json.loads(Path(before).read_text())) == {
        "sheet says", "sheet.musicxml", "new says", "new.mid", "report says"
    }  # fmt: skip
    assert main(["fingerprints", after, "--against", before]) == 0
    assert "5 are equal, 0 are not: none" in capsys.readouterr().out
    lines(new="generate --out OUT.mid --bars 1 --seed 2", sheet="sheet nowhere.mid OUT.musicxml")
    assert main(["fingerprints", after, "--against", before]) == 1
    printed = capsys.readouterr().out
    assert "2 are equal, 3 are not: sheet says, sheet.musicxml, new.mid" in printed
    assert "GONE     sheet.musicxml" in printed and "nowhere.mid" in printed


@pytest.mark.parametrize("content", [None, "no JSON", "[1, 2]"])
def test_what_is_no_fingerprint_is_refused_before_any_work(lines, tmp_path, content):
    if content:
        (tmp_path / "before.json").write_text(content)
    with pytest.raises(SystemExit) as ended:
        main(["fingerprints", str(tmp_path / "after.json"), "--against", str(tmp_path / "before.json")])
    assert ended.value.code == 2 and not (tmp_path / "after.json").exists()


def _louder(score):
    score.tracks[0].notes[3].velocity += 1


def _longer(score):
    score.tracks[1].notes[0].duration += 1


def _other_player(score):
    score.tracks[2].program = 34


def _slower(score):
    score.tempos[1].qpm -= 1


def _renamed_chord(score):
    score.markers[0].text = "chord: F"


def _turned_down(score):
    score.tracks[1].controls[0].value -= 1


@pytest.mark.parametrize("change", [_louder, _longer, _other_player, _slower, _renamed_chord, _turned_down])
def test_each_note_and_sign_counts(tmp_path, change):
    write_sources(tmp_path)
    score = symusic.Score(tmp_path / "band.mid")
    score.markers.append(symusic.TextMeta(0, "chord: Dm"))
    score.dump_midi(tmp_path / "was.mid")
    change(score)
    score.dump_midi(tmp_path / "is.mid")
    assert fingerprints.fingerprint(tmp_path / "was.mid") != fingerprints.fingerprint(tmp_path / "is.mid")
    score.dump_midi(tmp_path / "again.mid")
    assert fingerprints.fingerprint(tmp_path / "is.mid") == fingerprints.fingerprint(tmp_path / "again.mid")


def test_dates_and_versions_of_sheets_do_not_count(tmp_path):
    for name, date in (("a", "2024-01-01"), ("b", "2025-02-02")):
        (tmp_path / f"{name}.musicxml").write_text(f"<a><encoding-date>{date}</encoding-date><note/></a>")
    (tmp_path / "c.musicxml").write_text("<a><encoding-date>2024-01-01</encoding-date><rest/></a>")
    a, b, c = (fingerprints.fingerprint(tmp_path / f"{name}.musicxml") for name in "abc")
    assert a == b != c


def test_a_line_reads_only_what_is_there_by_then():
    there = ["tune.mid", "waltz.mid", "band.mid", "drums.mid"]
    for name, line in GRID.items():
        read = [
            word for word in shlex.split(line) if word.endswith((".mid", ".json", ".musicxml")) and "OUT" not in word
        ]
        assert all(word.startswith(tuple(there)) for word in read), name
        there += [f"{name}{end}" for end in (".", "-1.", "-2.", "/")]
