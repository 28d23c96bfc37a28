from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from music.errors import StudioError
from music.piece import Piece
from pipelines.worker.pool import Worker
from pipelines.worker.verbs import DEAF_S
from pipelines.worker.verbs import VERBS as REAL
from studio import jobs
from studio.jobs import Registry
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
VERBS = "tests.studio.toy_verbs"


@pytest.fixture(scope="module")
def worker():
    worker = Worker(VERBS, workers=1)
    yield worker
    worker.close()


@pytest.fixture
def registry(worker):
    return Registry(worker)


def finish(registry, job, owner="ann"):
    until(lambda: not registry.poll(job.id, owner).live, f"the end of '{job.verb}'")
    return job


def test_a_job_shows_its_progress_and_ends_with_the_finished_piece(registry, tmp_path):
    gate = tmp_path / "gate"
    job = registry.submit("write", Piece.empty(), 8, 0.0, str(gate), owner="ann")
    until(lambda: registry.poll(job.id, "ann").update is not None, "its first Step")
    assert job.state == "running" and 0 < job.update.done < 8
    gate.touch()
    finish(registry, job)
    assert job.state == "done" and job.result.done == 8 and job.result.piece.note_count == 8


def test_stop_keeps_the_music_so_far(registry):
    job = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: job.update is not None, "its first Step")
    registry.stop(job.id, "ann")
    finish(registry, job)
    assert job.state == "stopped" and 0 < job.result.piece.note_count < 100_000


def test_waiting_jobs_know_their_place_and_can_be_taken_back(registry):
    first = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    second = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")
    third = registry.submit("write", Piece.empty(), 1, 0.0, owner="cyd")
    until(lambda: first.state == "running", "its start")
    assert [registry.position(job) for job in (first, second, third)] == [0, 1, 2]
    registry.stop(second.id, "bob")
    assert second.state == "stopped" and second.result is None and registry.position(third) == 1
    registry.stop(first.id, "ann")
    assert finish(registry, third, "cyd").state == "done"


def test_the_queue_is_bounded_for_all_and_for_each(registry, monkeypatch):
    monkeypatch.setitem(jobs.MAX_WAITING, "model", 2)
    blocking = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: blocking.state == "running", "its start")
    others = [("ann", registry.submit("write", Piece.empty(), 1, 0.0, owner="ann"))]
    with pytest.raises(StudioError, match="under way already"):
        registry.submit("write", Piece.empty(), 1, 0.0, owner="ann")
    others.append(("bob", registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")))
    with pytest.raises(StudioError, match="queue is full"):
        registry.submit("write", Piece.empty(), 1, 0.0, owner="cyd")
    registry.stop(blocking.id, "ann")
    for owner, job in others:
        assert finish(registry, job, owner).state == "done"


def test_windows_of_one_visitor_count_together_and_others_come_between(worker):
    registry = Registry(worker, visitor_of=lambda owner: owner.split()[0])
    blocking = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann 1")
    until(lambda: blocking.state == "running", "its start")
    again = registry.submit("write", Piece.empty(), 1, 0.0, owner="ann 2")
    with pytest.raises(StudioError, match="You have 2 jobs under way already"):
        registry.submit("write", Piece.empty(), 1, 0.0, owner="ann 3")
    other = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob 1")
    assert [registry.position(job) for job in (other, again)] == [1, 2]
    registry.stop(blocking.id, "ann 1")
    assert finish(registry, again, "ann 2").began > finish(registry, other, "bob 1").began


def test_who_waits_is_told_how_long_by_what_was_measured(registry):
    assert finish(registry, registry.submit("write", Piece.empty(), 4, 0.01, owner="ann")).state == "done"
    running = registry.submit("write", Piece.empty(), 1000, 0.02, owner="ann")
    until(lambda: running.update is not None and running.update.done > 100, "a tenth of it")
    first = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")
    second = registry.submit("write", Piece.empty(), 1, 0.0, owner="cyd")
    assert 0 < registry.wait_s(first) < registry.wait_s(second) < 1000
    assert registry.wait_s(running) is None
    for job, owner in ((running, "ann"), (first, "bob"), (second, "cyd")):
        registry.forget(job.id, owner)


def test_a_studio_that_closes_says_so_and_keeps_what_there_is():
    worker = Worker(VERBS, workers=1)
    registry = Registry(worker)
    running = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: running.update is not None, "its first Step")
    waiting = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")
    registry.close(patience_s=0.0)
    assert running.state == "stopped" and 0 < running.result.piece.note_count
    assert waiting.state == "failed" and "Start it again" in waiting.error
    with pytest.raises(StudioError, match="being closed"):
        registry.submit("write", Piece.empty(), 1, 0.0, owner="cyd")
    assert worker.alive() == {"model": 0, "media": 0, "download": 0}


def test_a_closed_tab_frees_its_place(worker, monkeypatch):
    monkeypatch.setattr(jobs, "ABSENT_S", 0.3)
    registry = Registry(worker, is_present=lambda owner: owner == "hidden tab")
    closed = registry.submit("write", Piece.empty(), 100_000, 0.01, owner="closed tab")
    also_closed = registry.submit("write", Piece.empty(), 100_000, 0.01, owner="closed tab")
    hidden = registry.submit("write", Piece.empty(), 60, 0.01, owner="hidden tab")
    assert closed.over.wait(PATIENCE_S) and closed.state == "stopped"
    assert also_closed.over.wait(PATIENCE_S) and also_closed.state == "stopped"
    assert hidden.over.wait(PATIENCE_S) and hidden.state == "done"


def test_nobody_sees_or_stops_the_job_of_another(registry):
    job = registry.submit("write", Piece.empty(), 5, 0.05, owner="ann")
    assert registry.poll(job.id, "bob") is None
    registry.stop(job.id, "bob")
    registry.forget(job.id, "bob")
    assert finish(registry, job).state == "done"


def test_two_visitors_get_each_their_own(registry):
    long = registry.submit("write", Piece.empty(), 7, 0.01, owner="ann")
    short = registry.submit("write", Piece.empty(), 3, 0.01, owner="bob")
    assert finish(registry, long).result.piece.note_count == 7
    assert finish(registry, short, "bob").result.piece.note_count == 3


def test_refusals_are_sentences_and_bugs_say_that_they_are(registry):
    assert finish(registry, registry.submit("refuse", owner="ann")).error == "That is not music. Give a MIDI file."
    job = finish(registry, registry.submit("bug", owner="ann"))
    assert job.state == "failed" and "bug" in job.error and "ZeroDivisionError" not in job.error


def test_after_a_crash_the_job_fails_and_the_next_one_works(registry):
    job = finish(registry, registry.submit("die", owner="ann"))
    assert job.state == "failed" and "stopped unexpectedly" in job.error
    assert finish(registry, registry.submit("write", Piece.empty(), 2, 0.0, owner="ann")).state == "done"


def test_sound_does_not_wait_for_a_long_generation(registry):
    job = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: job.state == "running", "its start")
    assert registry.ask("echo", "heard", owner="ann") == "heard"
    assert job.live
    registry.stop(job.id, "ann")
    finish(registry, job)


def test_work_that_takes_too_long_is_ended(registry, monkeypatch):
    with pytest.raises(StudioError, match="too long"):
        registry.ask("overdue", owner="ann")
    monkeypatch.setattr("pipelines.worker.member.PATIENCE_S", 0.2)
    job = registry.submit("sleep", 600.0, owner="ann")  # does not listen
    until(lambda: job.state == "running", "its start")
    registry.stop(job.id, "ann")
    assert job.over.wait(PATIENCE_S)
    assert registry.ask("echo", 1, owner="ann") == 1


def test_a_stop_is_heard_by_work_that_does_not_listen_and_others_go_on(worker, registry):
    worker.start()
    process = worker._members["media"][0]._process
    other = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="bob")
    until(lambda: other.update is not None, "its first Step")
    for _ in range(3):
        job = registry.submit("spin", owner="ann")
        until(lambda: job.state == "running", "its start")  # noqa: B023
        registry.stop(job.id, "ann")
        assert finish(registry, job).state == "stopped"
    with pytest.raises(StudioError, match="too long"):
        registry.ask("spin over time", owner="ann")
    assert registry.ask("echo", "heard", owner="ann") == "heard"
    assert other.live
    registry.stop(other.id, "bob")
    assert finish(registry, other, "bob").result.piece.note_count > 0
    assert process.poll() is None


@pytest.mark.parametrize("verb", [name for name, verb in REAL.items() if verb.lane != "download"])
def test_every_verb_can_be_told_to_stop(verb):
    """It asks ``tell`` as it goes, or is ended where it stands within a second."""
    asks = "tell" in inspect.getsource(REAL[verb].run).partition("\n")[2]
    assert asks or REAL[verb].patience_s == DEAF_S


def test_finished_jobs_are_forgotten(registry, monkeypatch):
    job = finish(registry, registry.submit("write", Piece.empty(), 1, 0.0, owner="ann"))
    monkeypatch.setattr(jobs, "KEEP_S", 0.0)
    registry.ask("echo", 1, owner="ann")
    assert registry.poll(job.id, "ann") is None


def test_the_worker_goes_when_its_parent_does():
    code = f"""
from pipelines.worker.pool import Worker
from pipelines.worker.verbs import DEAF_S
from pipelines.worker.verbs import VERBS as REAL
worker = Worker({VERBS!r}, workers=1); worker.start(); print(worker._members['model'][0]._process.pid, flush=True)
import os; os.kill(os.getpid(), 9)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S
    )
    stat = Path(f"/proc/{int(ended.stdout)}/stat")

    def is_over() -> bool:
        try:
            return stat.read_text().split()[2] == "Z"
        except OSError:  # it may go while we look
            return True

    until(is_over, "the end of the worker")
