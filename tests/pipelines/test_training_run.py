"""What is read of a training's folder that was damaged, cut off or copied from elsewhere; no process is started."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from music.errors import StudioError
from pipelines.train import TrainOptions, go_on, options_of, start
from pipelines.training_run import STOP, Status, TrainingRun, training_runs, trainings_folder

FILES = ("request", "status", "found", "samples", "verdict", "process")
JUNK = (
    "",
    "{",
    "null",
    "[]",
    "[1, null]",
    "7",
    '"done"',
    "{}",
    '{"options": 3, "began": "now", "music": []}',
    '{"options": {"name": "x", "unknown": 1}, "music": "/"}',
    '{"options": {"name": "x", "minutes": "ten"}, "music": "/"}',
    '{"options": {"name": "x", "minutes": NaN}, "music": "/"}',
    '{"options": {"name": "x", "steps": 1.5}, "music": "/"}',
    '{"options": {"name": "x", "base": 1}, "music": "/"}',
    '{"phase": "dancing"}',
    '{"phase": ["done"]}',
    '{"phase": "training", "done": "much"}',
    '{"phase": "training", "total": Infinity}',
    '{"used": [], "skipped": [], "copies": 7, "shared": 0}',
    '{"used": [{"name": 1, "notes": 1, "split": "learned", "remark": ""}], "skipped": [], "copies": [], "shared": 0}',
    '[{"minute": "x", "number": 0, "own": "a.mid", "base": "b.mid"}]',
    '{"before": 1, "sentences": "x"}',
    '{"id": "1"}',
    '{"id": -1}',
    "[" * 100_000,
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A training that was stopped, as its folder says."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DEEPMUSIC_TRAINING", raising=False)
    return put_run("mine")


def put_run(name: str) -> TrainingRun:
    found = TrainingRun(name)
    found.folder.mkdir(parents=True)
    options = asdict(TrainOptions(name, "lstm-notes"))
    found.write("request.json", {"options": options, "music": "/nowhere", "asker": "", "began": 5.0})
    found.tell(Status("stopped", message="by hand"))
    return found


def test_whatever_its_files_hold_a_training_can_be_looked_at_and_removed(run):
    put_run("other")
    for file in FILES:
        whole = run.folder / f"{file}.json"
        before = whole.read_bytes() if whole.exists() else None
        for junk in JUNK:
            whole.write_text(junk)
            assert run in training_runs()
            assert run.status.phase in ("stopped", "failed", "done") and isinstance(run.began, float)
            assert run.found is None and run.verdict is None and run.samples == ()
            run.kill()
        whole.unlink()
        if before is not None:
            whole.write_bytes(before)
    run.remove()
    assert training_runs() == [TrainingRun("other")]


def test_what_cannot_be_read_of_a_request_is_said_and_nothing_starts(run):
    assert options_of(run).base == "lstm-notes"
    for junk in JUNK:
        (run.folder / "request.json").write_text(junk)
        with pytest.raises(StudioError, match=r"cannot be read\. Remove it|out of range|cannot be trained"):
            go_on(run)
    assert not (run.folder / "log.txt").exists()


def test_rows_of_a_curve_that_are_none_are_left_out(run):
    (run.folder / "curve.csv").write_text(
        "step,notes,seconds,learning_rate,train,valid\n0,0,0,1e-3,,5.0\n1,9,nan,1e-3,nan,5.0\n2,9,4,1e-3,nan,4.0\n"
    )
    assert [(row["step"], row["valid"], "train" in row) for row in run.curve()] == [(0, 5.0, False), (2, 4.0, False)]
    (run.folder / "curve.csv").write_bytes(b"\xff\x00\nstep\n")
    assert run.curve() == []


def test_folders_that_no_training_can_have_are_passed_over(run):
    for name in ("copy of mine", "..x", "ä", "mine.bak"):
        folder = trainings_folder() / name
        folder.mkdir()
        (folder / "request.json").write_text(json.dumps(run.request))
    assert training_runs() == [run]


def test_nothing_is_kept_of_what_never_saved_anything(run):
    with pytest.raises(StudioError, match="Nothing that 'mine' learned was saved"):
        go_on(run, keep=True)
    assert run.status.message == "by hand"


def test_a_start_never_touches_a_training_that_was_read(run, tmp_path):
    run.write("found.json", "damaged")
    with pytest.raises(StudioError, match="There is a training 'mine' already"):
        start(TrainOptions("mine", "lstm-notes"), tmp_path)
    assert run.exists and run.request["began"] == 5.0


def test_a_folder_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "file" / "cache"))
    assert training_runs() == []
    with pytest.raises(StudioError, match="cannot be written: not a directory"):
        start(TrainOptions("mine", "lstm-notes"), tmp_path)


def test_a_stop_that_finds_no_room_is_said(run):
    (run.folder / "ask").mkdir()
    with pytest.raises(StudioError, match="cannot be written"):
        run.ask(STOP)
    assert run.asked() == ""
