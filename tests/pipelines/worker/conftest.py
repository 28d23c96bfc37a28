"""A worker of toys whose processes are this machine's, and one whose processes are a cluster's where Ray is there."""

from __future__ import annotations

import pytest

from pipelines.worker.pool import Worker

VERBS = "tests.studio.toy_verbs"


@pytest.fixture(scope="module")
def new_worker():
    """Returns a function that gives a new worker of toys with two processes that write."""
    workers = []

    def make() -> Worker:
        workers.append(Worker(VERBS, workers=2))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


@pytest.fixture(scope="module")
def worker(new_worker):
    """A worker that writes two things at once."""
    return new_worker()
