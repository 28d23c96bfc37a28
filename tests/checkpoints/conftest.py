"""What tests of downloads stand on: a hostile server, short waits and a limit of time."""

from __future__ import annotations

import os
import signal

import pytest

from checkpoints import downloading
from tests.checkpoints.door import DATA
from tests.checkpoints.hostile_server import HostileServer
from tests.waiting import PATIENCE_S

SECONDS = round(2 * PATIENCE_S)
QUICK = {
    "ANSWER_SECONDS": 5.0,
    "STALL_SECONDS": 5.0,
    "SLOWEST_BYTES_PER_SECOND": 20_000,
    "END_SECONDS": 5.0,
    "POLL_SECONDS": 0.02,
    "REPORT_SECONDS": 0.0,
    "PAUSE_SECONDS": 0.01,
    "LONGEST_PAUSE_SECONDS": 0.3,
    "GAIN_BYTES": 100_000,
}


@pytest.fixture
def in_time():
    """A test that hangs fails."""

    def too_long(*_):
        pytest.fail(f"still not done after {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def quick_and_alone(monkeypatch):
    """Waits are short, and nothing of the surroundings counts."""
    for name, value in QUICK.items():
        monkeypatch.setattr(downloading, name, value)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("HF_", "HUGGING", "DEEPMUSIC_")):
            monkeypatch.delenv(name)


@pytest.fixture
def impatient(monkeypatch):
    """Servers that keep us waiting are given up soon."""
    monkeypatch.setattr(downloading, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(downloading, "STALL_SECONDS", 0.3)
    monkeypatch.setattr(downloading, "TRIES", 2)


@pytest.fixture
def server():
    with HostileServer() as found:
        found.files["/x.bin"] = DATA
        found.files["/good/x.bin"] = DATA
        yield found


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "x.bin"
