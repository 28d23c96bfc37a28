"""The benchmark of whole songs counts every part of the work, once."""

from __future__ import annotations

import os

import pytest

from benchmarks.__main__ import main
from benchmarks.compose import measure, peak_bytes, table
from tests.pipelines.song.toy_stages import STAGES

pytest.importorskip("soundfile")


@pytest.fixture(scope="module")
def found():
    from pipelines import compose

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "RUN", dict(STAGES))
        yield measure("a song for piano and drums", 30.0, 1, os.cpu_count(), began=0.0)


def test_each_stage_and_file_is_timed_for_the_first_song_and_the_next(found):
    parts = ["understanding, planning", "theme", "sections", "harmony", "mix", "the folder's files", "zip"]
    assert list(found["again"]) == parts and list(found["first"]) == ["start and imports", *parts]
    assert {"sound: all stems", "MP3", "WAV", "MusicXML", "lead sheet PDF", "score PDF"} <= set(found["files"])
    assert all(
        wall >= 0 and cpu >= 0
        for spent in (found["first"], found["again"], found["files"])
        for wall, cpu in spent.values()
    )
    assert 10**8 < peak_bytes() < 10**11


def test_the_table_adds_up_and_says_whether_goals_are_met(found):
    first, again = {"start and imports": (5.0, 4.0), "theme": (20.0, 19.0)}, {"theme": (12.0, 11.0)}
    quick = found | {"seconds": 60.0, "peak_gb": 0.9, "first": first, "again": again}
    rows = {line.split("  ")[0]: line.split("  ")[1:] for line in table(quick)}
    assert [float(cell) for cell in rows["in all"] if cell] == [25.0, 12.0, 11.0]
    assert " ".join(rows["music over seconds"]).split() == ["2.40", "x", "5.00", "x", "5.45", "x"]
    assert [cell.strip() for cell in rows["goal 3 x"] if cell.strip()] == ["not met", "met"]
    assert any(line.startswith("peak memory 0.90 GB") and line.endswith(": met") for line in table(quick))


def test_a_song_that_cannot_be_is_refused_with_the_reason(capfd):
    assert main(["compose", "--seconds", "3"]) == 2
    assert "10 to 300" in capfd.readouterr().err
