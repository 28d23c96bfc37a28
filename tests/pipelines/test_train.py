"""Train as the command line and the page use it: a process that is watched, stopped, killed, orphaned and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoints import store
from checkpoints.publishing import publish
from music.errors import StudioError
from pipelines import train as module
from pipelines.__main__ import main
from pipelines.train import TrainOptions, bases, go_on, start, train
from pipelines.training_run import KEEP, STOP, TrainingRun, training_runs, wait_for
from tests.training.finetuning.tiny import put_songs, put_tiny_base, zipped
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
FOREVER = 10_000_000
"""Steps of a training that only a stop ends."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    put_tiny_base(folder / "cache", folder)
    put_songs(folder / "music")
    return folder


@pytest.fixture
def music(shelf, tmp_path, monkeypatch):
    """A folder of songs, and a cache folder with the tiny base for this test alone; nothing goes on after it."""
    shutil.copytree(shelf / "cache", tmp_path / "cache")
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DEEPMUSIC_TRAINING_NICENESS", "0")
    monkeypatch.delenv("DEEPMUSIC_TRAINING", raising=False)
    yield shelf / "music"
    for run in training_runs():
        run.kill()


def options(name="mine", steps=10):
    return TrainOptions(name, "tiny", steps=steps, rate=10.0)


def under_way(run: TrainingRun) -> None:
    """Returns once a training learns."""
    until(lambda: run.status.phase == "training" and run.curve(), lambda: (run.status, log(run)))


def log(run: TrainingRun) -> str:
    return (run.folder / "log.txt").read_text()


def test_steps_rise_to_the_end_and_bring_the_latest_sample(music):
    steps = list(train(options(), music))
    shares = [step.done / step.total for step in steps]
    assert shares == sorted(shares) and shares[-1] == 1 and all(share < 1 for share in shares[:-1])
    assert steps[0].pieces and steps[-1].piece.note_count
    assert [step.status.phase for step in steps][-1] == "done"
    assert store.entry("mine").is_here and TrainingRun("mine").verdict.checkpoint == "mine"


def test_closing_stops_it_and_it_goes_on_where_it_was(music):
    run = TrainingRun("mine")
    steps = train(options(steps=FOREVER), music)
    for step in steps:
        if step.status.phase == "training" and run.curve():
            break
    steps.close()
    assert run.status.phase == "stopped" and not run.is_at_work and (run.folder / "state.pt").exists()
    stood = run.curve()[-1]["step"]
    process = go_on(run)
    until(lambda: run.curve() and run.curve()[-1]["step"] > stood or run.status.done > stood, lambda: run.status)
    run.ask(KEEP)
    for _ in wait_for(run, process):
        pass
    assert run.status.phase == "done" and run.verdict.steps > stood


def test_it_dies_with_the_program_that_started_it_and_goes_on_later(music):
    """As when the studio is killed with force: it saves where it stands, and ends."""
    program = (
        "import sys, time; from pathlib import Path; from pipelines.train import *; "
        f"start(TrainOptions('mine', 'tiny', steps={FOREVER}), Path(sys.argv[1])); time.sleep({2 * PATIENCE_S})"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(music)], cwd=ROOT)
    run = TrainingRun("mine")
    try:
        until(lambda: run.exists and run.folder.joinpath("log.txt").exists(), "the training")
        under_way(run)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    until(lambda: not run.is_at_work, lambda: run.status)
    assert run.status.phase == "stopped" and (run.folder / "state.pt").exists()


def test_killed_with_force_it_counts_as_stopped(music):
    process = start(options(steps=FOREVER), music)
    run = TrainingRun("mine")
    under_way(run)
    process.kill()
    process.wait()
    assert run.status.phase == "stopped" and "interrupted" in run.status.message
    with pytest.raises(StudioError, match="Nothing that 'mine' learned was saved yet"):
        go_on(run, keep=True)
    process = go_on(run)
    under_way(run)
    run.ask(KEEP)
    assert list(wait_for(run, process))[-1].phase == "done"


def test_a_terminated_one_saves_first(music):
    process = start(options(steps=FOREVER), music)
    run = TrainingRun("mine")
    under_way(run)
    process.terminate()
    assert process.wait(PATIENCE_S) == 0
    assert run.status.phase == "stopped" and (run.folder / "state.pt").exists()


def test_one_at_a_time(music):
    process = start(options(steps=FOREVER), music)
    with pytest.raises(StudioError, match="'mine' is being trained"):
        start(options("other"), music)
    assert not TrainingRun("other").exists
    with pytest.raises(StudioError, match="Stop it first"):
        TrainingRun("mine").remove()
    TrainingRun("mine").ask(STOP)
    process.wait(PATIENCE_S)
    TrainingRun("mine").remove()
    assert training_runs() == []


def test_uploaded_files_are_kept_until_they_were_read(music, tmp_path):
    files = [(f"deep/{path.name}", path.read_bytes()) for path in sorted(music.iterdir())]
    for name, given in (("many", files), ("zip", [("x.zip", zipped(music, tmp_path / "x.zip").read_bytes())])):
        run = TrainingRun(name)
        list(wait_for(run, start(options(name, steps=2), given, asker="her")))
        assert run.status.phase == "done", run.status
        assert len(run.found.used) == len(files) and run.request["asker"] == "her"
        assert not (run.folder / module.UPLOAD).exists()
    with pytest.raises(StudioError, match="one zip alone"):
        start(options("both"), [*files, ("x.zip", b"PK")])


def test_names_that_are_taken_and_bases_that_cannot_learn_are_refused_before_anything(music, monkeypatch):
    for wanted, words in (
        (TrainOptions("tiny", "tiny"), "already"),
        (TrainOptions("generate-small"), "already"),
        (TrainOptions("x", "basic-pitch"), "cannot learn from notes"),
        (TrainOptions("x", "words-small"), "cannot learn from notes"),
        (TrainOptions("x", "nothing"), "no checkpoint"),
    ):
        with pytest.raises(StudioError, match=words):
            start(wanted, music)
    monkeypatch.setenv("DEEPMUSIC_TRAINING", "0")
    with pytest.raises(StudioError, match="switched off"):
        start(options(), music)
    assert training_runs() == []


def test_what_is_wrong_with_the_music_as_a_whole_is_said_before_anything(music, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    for place in (tmp_path / "empty", tmp_path / "text.zip", tmp_path / "gone"):
        with pytest.raises(StudioError):
            start(options(), place)
    assert training_runs() == []


def test_one_file_fails_with_a_sentence_and_the_name_is_free_again(music, tmp_path):
    alone = put_songs(tmp_path / "alone", range(1))
    with pytest.raises(StudioError, match="Only one different piece"):
        list(train(options(), alone))
    assert list(train(options(steps=2), music))[-1].status.phase == "done"


@pytest.mark.parametrize(
    "values",
    [{"minutes": 0}, {"minutes": 1e9}, {"minutes": float("nan")}, {"steps": 0}, {"rate": 0}, {"seed": -1}],
)
def test_options_are_checked(values):
    with pytest.raises(StudioError):
        TrainOptions(**{"name": "x", **values})


@pytest.mark.parametrize("name", ["", "a b", "../x", "x/y", "-x", "ä", "x" * 61])
def test_names_are_checked(name):
    with pytest.raises(StudioError):
        TrainOptions(name)


def test_all_that_ships_and_writes_notes_can_learn_and_nothing_else(music):
    assert [each.name for each in bases()] == [
        "generate-small", "harmonize-small", "lstm-chords", "lstm-notes", "remix-small", "tiny",
    ]  # fmt: skip


def test_the_command_line_trains_reports_and_says_what_came_of_it(music, tmp_path, capsys):
    with_junk = tmp_path / "music"
    shutil.copytree(music, with_junk)
    (with_junk / "broken.mid").write_bytes(b"MThd")
    arguments = ["train", str(with_junk), "--name", "mine", "--base", "tiny", "--steps", "4", "--rate", "10"]
    assert main(arguments) == 0
    said = capsys.readouterr().err
    assert "6 files are used; of them 1 are kept back" in said and "Skipped broken.mid" in said
    assert "nats a note instead of" in said and "'mine'" in said
    assert main(arguments) == 2 and "already" in capsys.readouterr().err
    assert main(["train", "--name", "other", "--resume"]) == 2
    assert main(["train", "--name", "mine", "--resume", "--minutes", "3"]) == 2
    assert "own music and options" in capsys.readouterr().err
    assert main(["train", "--name", "other"]) == 2
    assert "nothing to learn from" in capsys.readouterr().err


def test_control_c_stops_it_and_says_how_to_go_on(music):
    command = [sys.executable, "-m", "pipelines", "train", str(music), "--name", "mine", "--base", "tiny"]
    terminal = subprocess.Popen(
        [*command, "--steps", str(FOREVER)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background may ignore it
    )
    run = TrainingRun("mine")
    until(lambda: (run.folder / "log.txt").exists(), "the training")
    under_way(run)
    terminal.send_signal(signal.SIGINT)
    _, said = terminal.communicate(timeout=PATIENCE_S)
    assert terminal.returncode == 2 and "--resume" in said and "Traceback" not in said
    assert run.status.phase == "stopped"


def test_a_full_disk_is_a_sentence(music, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TrainingRun, "write", full)
    with pytest.raises(StudioError, match="no space left"):
        start(options(), music)
    assert training_runs() == []


def test_the_result_can_be_published_by_whoever_says_under_which_license(music, tmp_path):
    list(train(options(steps=2), music))
    with pytest.raises(StudioError, match="Say --license"):
        publish(["mine"], tmp_path / "published")
    (found,) = publish(["mine"], tmp_path / "published", licence="CC BY 4.0")
    assert (tmp_path / "published" / f"mine-{found.sha256[:8]}.safetensors").is_file()
    assert "tuned from `tiny`" in (tmp_path / "published" / "mine.md").read_text()
