"""A worker of toys whose processes are this machine's, and one whose processes are a cluster's where Ray is there."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from pipelines.worker.pool import Worker
from tests.waiting import PATIENCE_S, until

VERBS = "tests.studio.toy_verbs"
HAS_RAY = importlib.util.find_spec("ray") is not None
NEEDS_RAY = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed. make test-cluster installs it.")
RAY = [sys.executable, "-m", "ray.scripts.scripts"]


class Cluster:
    """A Ray cluster of two machines that are both this one: a head, and a node that can be killed.

    Attributes:
        address: for DEEPMUSIC_WORKERS.
    """

    def __init__(self) -> None:
        with socket.socket() as one, socket.socket() as other:
            for each in (one, other):
                each.bind(("127.0.0.1", 0))
            self._port, client_port = one.getsockname()[1], other.getsockname()[1]
        head = [
            "--head",
            f"--port={self._port}",
            f"--ray-client-server-port={client_port}",
            "--include-dashboard=false",
        ]
        self._nodes = [self._start(*head)]
        self.address = f"ray://127.0.0.1:{client_port}"
        self.add_node()

    def add_node(self) -> None:
        """Adds a node of two cores."""
        self._nodes.append(self._start(f"--address=127.0.0.1:{self._port}"))

    def kill_node(self) -> None:
        """Kills the last node with all that runs on it, as a power cut would."""
        node = self._nodes.pop()
        os.killpg(node.pid, 9)
        node.wait(PATIENCE_S)

    def is_alive(self) -> bool:
        """Whether all nodes run."""
        return all(node.poll() is None for node in self._nodes)

    def close(self) -> None:
        """Ends the cluster."""
        while self._nodes:
            self.kill_node()

    @staticmethod
    def _start(*arguments: str) -> subprocess.Popen:
        command = [*RAY, "start", "--num-cpus=2", "--block", "--disable-usage-stats"]
        command += ["--node-ip-address=127.0.0.1", *arguments]
        environment = {**os.environ, "RAY_health_check_period_ms": "1000", "RAY_health_check_failure_threshold": "3"}
        return subprocess.Popen(
            command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of two nodes, to which this process is connected by Ray's client."""
    import ray

    from pipelines.worker import cluster as members

    made = Cluster()

    def connected() -> bool:
        assert made.is_alive(), "a node of the cluster has ended"
        try:
            members.connect(made.address)
        except Exception:
            return False
        return sum(node["Alive"] for node in ray.nodes()) == 2

    until(connected, "the cluster", every_s=1.0)
    yield made
    ray.shutdown()
    made.close()


@pytest.fixture(scope="module", params=["pool", pytest.param("ray", marks=NEEDS_RAY)])
def new_worker(request: pytest.FixtureRequest) -> Iterator[Callable[[], Worker]]:
    """Returns a function that gives a new worker of toys with two members that write."""
    workers = []
    patch = pytest.MonkeyPatch()
    if request.param == "ray":
        patch.setenv("DEEPMUSIC_WORKERS", request.getfixturevalue("cluster").address)

    def make() -> Worker:
        workers.append(Worker(VERBS, workers=2))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()
    patch.undo()


@pytest.fixture(scope="module")
def worker(new_worker: Callable[[], Worker]) -> Worker:
    """A worker that writes two things at once."""
    return new_worker()
