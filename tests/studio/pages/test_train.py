"""The Train page as a visitor uses it, with a training that is really made; the browser test drops the files."""

from __future__ import annotations

import shutil

import pytest
from streamlit.testing.v1 import AppTest

from checkpoints import store
from pipelines.train import TrainOptions, start, train
from pipelines.training_run import STOP, TrainingRun, training_runs
from studio import jobs
from studio.session import WIDGET
from tests.studio.visitor import ROOT, control, press, song_of
from tests.training.finetuning.tiny import put_songs, put_tiny_base
from tests.waiting import PATIENCE_S, until, until_shown

FOREVER = 10_000_000


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """A cache folder with a tiny base and a finished training, and a folder of songs."""
    folder = tmp_path_factory.mktemp("shelf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "cache"))
        patch.setenv("DEEPMUSIC_TRAINING_NICENESS", "0")
        put_tiny_base(folder / "cache", folder)
        music = put_songs(folder / "music")
        (music / "broken.mid").write_bytes(b"MThd")
        list(train(TrainOptions("learned", "tiny", steps=8, rate=10.0), music))
    return folder


@pytest.fixture
def page(shelf, tmp_path, monkeypatch, toy_worker):
    shutil.copytree(shelf / "cache", tmp_path / "cache")
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DEEPMUSIC_TRAINING_NICENESS", "0")
    monkeypatch.delenv("DEEPMUSIC_TRAINING", raising=False)
    monkeypatch.setenv("DEEPMUSIC_SHARED", "0")
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: toy_worker)
    yield AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S).run()
    for run in training_runs():
        run.kill()
    jobs.registry.cache_clear()


def open_train(page):
    page.switch_page("studio/pages/train.py").run()
    assert not page.exception
    return page


def texts(page):
    return " ".join(each.value for kind in ("markdown", "caption", "info", "error") for each in page.get(kind))


def test_the_verdict_is_shown_and_the_result_is_one_press_from_writing(page):
    verdict = TrainingRun("learned").verdict
    open_train(page)
    assert verdict.sentences[0].split(":")[0] in texts(page)
    before, after = (f"{value:.2f}" for value in (verdict.before, verdict.after))
    assert page.metric[0].value == after and before in texts(page)
    assert "1 skipped" in " ".join(each.label for each in page.expander)
    press(page, "Write with it")
    page.switch_page("studio/pages/generate.py").run()
    assert control(page, "checkpoint").value == "learned"


def test_a_sample_becomes_a_take(page):
    open_train(page)
    before = len(song_of(page).takes)
    press(page, "Take it into this song")
    take = song_of(page).takes[-1]
    assert len(song_of(page).takes) == before + 1 and take.label == "Sample of learned"
    assert (
        take.pieces[0].fingerprint == TrainingRun("learned").piece(TrainingRun("learned").samples[-3].own).fingerprint
    )


def test_what_is_at_work_is_shown_stopped_and_goes_on(page, shelf):
    run = TrainingRun("mine")
    start(TrainOptions("mine", "tiny", steps=FOREVER), shelf / "music")
    until(lambda: run.curve(), lambda: run.status)
    open_train(page)
    assert "learns in the background" in texts(page)
    assert not any(button.label == "Learn" for button in page.button)
    press(page, "Stop")
    until_shown(page, lambda page: any(button.label == "Go on" for button in page.button), lambda: run.status)
    assert run.status.phase == "stopped"
    press(page, "Go on")
    until(lambda: run.status.phase == "training", lambda: run.status)
    open_train(page)
    press(page, "Stop and keep")
    until_shown(page, lambda page: run.status.phase == "done", lambda: run.status)
    assert store.entry("mine").is_here or run.verdict.checkpoint == ""


def test_a_training_is_removed_and_its_checkpoint_stays(page):
    open_train(page)
    press(page, "Remove learned")
    assert not TrainingRun("learned").exists and store.entry("learned").is_here


def test_a_damaged_training_is_said_can_be_removed_and_hides_no_other(page):
    """A folder that was cut off by a full disk, or copied from elsewhere."""
    files = ("request", "status", "found", "samples", "verdict")
    for file in files:
        broken = TrainingRun(f"broken-{file}")
        shutil.copytree(TrainingRun("learned").folder, broken.folder)
        (broken.folder / f"{file}.json").write_text('{"began": "now", "phase": 3}')
    shutil.copytree(TrainingRun("learned").folder, TrainingRun("learned").folder.with_name("copy of it"))
    open_train(page)
    labels = [each.label for each in page.expander]
    assert all(any(f"broken-{file}" in label for label in labels) for file in files)
    for file in files:
        page.session_state[f"{WIDGET}training broken-{file}"] = True
        page.run()
        assert not page.exception, file
    assert len(page.metric) >= 6  # those whose verdict is whole show it
    assert "cannot be read. Remove it" in texts(page)
    press(page, "Remove broken-request")
    assert not page.exception and not TrainingRun("broken-request").exists and TrainingRun("learned").exists


def test_others_see_neither_files_nor_results(page, shelf, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_SHARED", "1")
    process = start(TrainOptions("hers", "tiny", steps=FOREVER), shelf / "music", asker="somebody")
    open_train(page)
    assert "Somebody else trains" in texts(page) and "hers" not in texts(page) and "learned" not in texts(page)
    TrainingRun("hers").ask(STOP)
    process.wait(PATIENCE_S)


def test_switched_off_it_says_so(page, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_TRAINING", "0")
    open_train(page)
    assert "switched off" in texts(page) and not any(button.label == "Learn" for button in page.button)


def test_curves_of_the_models_that_ship_are_there(page):
    open_train(page)
    chosen = control(page, "train curve")
    assert {"generate-small", "harmonize-small", "remix-small", "lstm-notes", "lstm-chords"} <= set(chosen.options)
    for name in chosen.options:
        control(page, "train curve").set_value(name)
        page.run()
        assert not page.exception and "M notes read" in texts(page)
