"""What only a cluster has: machines that go, and a cluster that is not there."""

from __future__ import annotations

import sys

import pytest

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.generate import GenerateOptions
from pipelines.worker.pool import Worker
from studio.jobs import Registry
from tests.pipelines.worker.conftest import NEEDS_RAY, VERBS
from tests.pipelines.worker.test_worker import writing
from tests.training.data.test_parts import read
from tests.waiting import PATIENCE_S, join, until
from training.data import parts as parts_module


@pytest.fixture
def clustered(cluster, monkeypatch):
    """Returns a function that gives a worker of the cluster."""
    workers = []
    monkeypatch.setenv("DEEPMUSIC_WORKERS", cluster.address)

    def make(verbs: str = VERBS, count: int | None = 2) -> Worker:
        workers.append(Worker(verbs, workers=count))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


@NEEDS_RAY
def test_as_many_write_as_the_machines_have_cores_but_one(clustered):
    assert clustered(count=None).slots("model") == 3


@NEEDS_RAY
def test_real_music_is_written_with_the_code_and_the_checkpoints_that_are_sent(clustered):
    worker = clustered("pipelines.worker.verbs", 1)
    step = worker.ask("generate", (Piece.empty(), GenerateOptions(bars=2, seed=1)))
    assert step.done == step.total and step.piece.note_count > 0


@NEEDS_RAY
def test_training_music_is_prepared_on_a_cluster_and_a_crash_costs_one_file(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "LOT", 2)
    sources = ["a", "bb", "ccc", "crash", "eeeee", "ffffff", "ggggggg"]
    assert read(tmp_path, sources, jobs=cluster.address) == [1, 2, 3, -1, 5, 6, 7]
    assert read(tmp_path, sources, jobs=1) == [1, 2, 3, -1, 5, 6, 7]


@NEEDS_RAY
def test_visitors_take_turns_on_a_cluster_too(clustered):
    registry = Registry(clustered(count=1))
    first = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: first.update is not None, "its first Step")
    again = registry.submit("write", Piece.empty(), 1, 0.0, owner="ann")
    other = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")
    assert [registry.position(job) for job in (other, again)] == [1, 2]
    registry.stop(first.id, "ann")
    for job, owner in ((other, "bob"), (again, "ann")):
        assert job.over.wait(PATIENCE_S) and registry.poll(job.id, owner).state == "done"


@NEEDS_RAY
def test_a_machine_that_goes_takes_its_own_work_and_the_next_runs_elsewhere(clustered, cluster):
    worker = clustered(count=3)
    asked = [writing(worker) for _ in range(3)]  # three cores' work: some is on each of the two machines
    cluster.kill_node()
    until(lambda: any(not each.is_alive() for each in asked), "the end of what ran on the lost machine")
    lost = [each for each in asked if not each.is_alive()]
    assert all("stopped unexpectedly" in each.error for each in lost)
    assert worker.ask("write", (Piece.empty(), 2, 0.0)).piece.note_count == 2
    kept = [each for each in asked if each.is_alive()]
    for each in kept:
        each.stop.set()
    join(kept)
    assert all(each.result.piece.note_count > 0 for each in kept if each.error is None)
    assert kept and any(each.error is None for each in kept)
    cluster.add_node()


def test_without_ray_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_WORKERS", "ray")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StudioError, match=r"pip install -r requirements-cluster\.txt"):
        Worker(VERBS)
