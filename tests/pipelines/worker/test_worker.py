"""What a worker promises whoever asks it, whether its processes are this machine's or a cluster's."""

from __future__ import annotations

import threading

import pytest

from music.errors import StudioError
from music.piece import Piece
from pipelines.contract import Step
from pipelines.worker.pool import Worker
from tests.waiting import PATIENCE_S, join, until

VERBS = "tests.studio.toy_verbs"


class Asked(threading.Thread):
    """A question in a thread of its own, with its updates, and its result or error."""

    def __init__(self, worker: Worker, verb: str, *arguments) -> None:
        super().__init__(daemon=True)
        self._question = worker, verb, arguments
        self.updates, self.result, self.error = [], None, None
        self.stop = threading.Event()
        self.start()

    def run(self) -> None:
        worker, verb, arguments = self._question
        try:
            self.result = worker.ask(verb, arguments, self.updates.append, self.stop.is_set, "a-job")
        except StudioError as error:
            self.error = str(error)

    def under_way(self) -> Asked:
        until(lambda: self.updates, f"the first Step of '{self._question[1]}'")
        return self


def writing(worker: Worker) -> Asked:
    """Returns work that goes on until it is stopped."""
    return Asked(worker, "write", Piece.empty(), 100_000, 0.02).under_way()


def test_steps_come_as_they_are_written_and_the_last_is_the_result(worker, tmp_path):
    gate = tmp_path / "gate"
    asked = Asked(worker, "write", Piece.empty(), 8, 0.0, str(gate)).under_way()
    assert asked.is_alive() and all(isinstance(step, Step) and step.done < 8 for step in asked.updates)
    gate.touch()
    join([asked])
    assert asked.result.done == asked.result.total == 8 and asked.result.piece.note_count == 8


def test_stop_keeps_what_there_is(worker):
    asked = writing(worker)
    asked.stop.set()
    join([asked])
    assert 0 < asked.result.piece.note_count < 100_000


def test_several_write_at_once_and_each_gets_its_own(worker):
    assert worker.slots("model") == 2
    first, second = writing(worker), writing(worker)
    for asked, bars in ((first, 3), (second, 5)):
        asked.stop.set()
        join([asked])
        assert worker.ask("write", (Piece.empty(), bars, 0.0)).piece.note_count == bars


def test_refusals_are_sentences_and_bugs_say_that_they_are(worker):
    with pytest.raises(StudioError, match="That is not music"):
        worker.ask("refuse", ())
    with pytest.raises(StudioError, match="bug"):
        worker.ask("bug", ())


def test_a_crash_ends_nobody_elses_work_and_the_next_job_runs(worker):
    other = writing(worker)
    with pytest.raises(StudioError, match="stopped unexpectedly"):
        worker.ask("die", ())
    assert worker.ask("write", (Piece.empty(), 2, 0.0)).piece.note_count == 2
    assert other.is_alive()
    other.stop.set()
    join([other])
    assert other.error is None and other.result.piece.note_count > 0


def test_work_that_hears_nothing_is_ended_and_others_go_on(worker):
    other = writing(worker)
    with pytest.raises(StudioError, match="too long"):
        worker.ask("spin over time", ())
    assert worker.ask("echo", ("heard",)) == "heard"
    assert other.is_alive()
    other.stop.set()
    join([other])
    assert other.result.piece.note_count > 0


def test_sound_does_not_wait_while_all_write(worker):
    writers = [writing(worker), writing(worker)]
    assert worker.ask("echo", ("heard",)) == "heard"
    assert all(asked.is_alive() for asked in writers)
    for asked in writers:
        asked.stop.set()
    join(writers)


def test_minutes_a_job_may_be_limited(new_worker, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_JOB_MINUTES", "0.002")
    asked = Asked(new_worker(), "write", Piece.empty(), 100_000, 0.02)
    asked.join(PATIENCE_S)
    assert 0 < asked.result.piece.note_count < 100_000
