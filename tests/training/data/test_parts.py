"""Many files in many processes: the same shards, and no file costs more than itself."""

from __future__ import annotations

import json
import os
import shutil
import time

import numpy as np
import pytest

from training.__main__ import main
from training.data import parts as parts_module
from training.data.parts import joined, parts


def make(sources: list[str]) -> dict[str, np.ndarray]:
    """Stands for a reader: of files it counts the bytes; one takes its process along."""
    if "crash" in sources:
        os._exit(9)
    return {"sizes": np.array([len(source) for source in sources])}


def lost(sources: list[str]) -> dict[str, np.ndarray]:
    return {"sizes": np.array([-1 for _ in sources])}


def read(folder, sources, jobs=1, of=make):
    found = [np.load(path)["sizes"] for path, _ in parts(sources, of, lost, str, folder, jobs)]
    return np.concatenate(found).tolist()


@pytest.fixture(autouse=True)
def small_lots(monkeypatch):
    monkeypatch.setattr(parts_module, "LOT", 2)


def test_parts_come_in_order_and_are_made_once(tmp_path):
    sources = ["a", "bb", "ccc", "dddd", "eeeee"]
    assert read(tmp_path, sources) == [1, 2, 3, 4, 5]
    made = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(made) == 3

    def never(sources):
        raise AssertionError("made again")

    assert read(tmp_path, sources, of=never) == [1, 2, 3, 4, 5]
    assert read(tmp_path, [*sources, "ffffff", "ggggggg"]) == [1, 2, 3, 4, 5, 6, 7]


def test_several_processes_give_the_same_and_a_crash_costs_one_file(tmp_path):
    sources = ["a", "bb", "ccc", "crash", "eeeee", "ffffff", "ggggggg"]
    assert read(tmp_path, sources, jobs=2) == [1, 2, 3, -1, 5, 6, 7]
    assert read(tmp_path, sources, jobs=2) == [1, 2, 3, -1, 5, 6, 7]


def test_what_takes_too_long_is_ended():
    with pytest.raises(TimeoutError), parts_module.within(0.01):
        while True:
            time.sleep(0.001)


def test_parts_are_joined_in_order():
    assert joined([{"sizes": np.array([1, 2])}, {"sizes": np.array([3])}])["sizes"].tolist() == [1, 2, 3]


def test_shards_are_the_same_with_several_processes_and_after_an_end_in_between(songs, tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "LOT", 4)
    for name, arguments in (("one", []), ("two", ["--jobs", "2"])):
        assert main(["prepare", str(songs), "--out", str(tmp_path / name), *arguments]) == 0

    begun = tmp_path / "ended"
    begun.mkdir()
    saved = parts_module._save
    monkeypatch.setattr(
        parts_module, "_save", lambda path, part: saved(path, part) if len(os.listdir(begun / "parts")) < 2 else 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        main(["prepare", str(songs), "--out", str(begun)])
    monkeypatch.setattr(parts_module, "_save", saved)
    assert len(os.listdir(begun / "parts")) == 2
    assert main(["prepare", str(songs), "--out", str(begun)]) == 0

    wanted = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert {*wanted} == {"rows.npy", "windows.npy", "prefixes.npy", "index.json"}
    for name in ("two", "ended"):
        assert {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} == wanted


def test_a_file_that_changes_is_read_again(songs, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(songs, folder)
    assert main(["prepare", str(folder), "--out", str(tmp_path / "out")]) == 0
    before = json.loads((tmp_path / "out" / "index.json").read_text())
    (tmp_path / before["pieces"][0][0]).unlink()
    assert main(["prepare", str(folder), "--out", str(tmp_path / "out")]) == 0
    assert len(json.loads((tmp_path / "out" / "index.json").read_text())["pieces"]) == len(before["pieces"]) - 1


def test_more_lots_than_are_read_ahead_come_in_order(tmp_path):
    sources = ["a" * length for length in range(1, 24)]
    assert read(tmp_path, sources, jobs=2) == [*range(1, 24)]


def test_what_names_neither_processes_nor_a_cluster_is_refused(songs, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["prepare", str(songs), "--out", str(tmp_path), "--jobs", "many"])
    assert "--jobs" in capsys.readouterr().err
