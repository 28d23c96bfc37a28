"""How many processes write music where nobody says how many."""

from __future__ import annotations

import mmap
import os

import pytest

from music.errors import StudioError
from pipelines.worker import memory, pool


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers"),
    [(2, 24, 1), (1, 24, 1), (16, 64, 15), (16, 8, 6), (4, 0.5, 1), (8, 0, 1)],
)
def test_cores_and_memory_decide_and_one_core_stays_free(monkeypatch, cores, gigabytes, workers):
    monkeypatch.setattr(memory, "cores", lambda: cores)
    monkeypatch.setattr(memory, "memory_bytes", lambda: int(gigabytes * 2**30))
    assert memory.default_workers() == workers


def test_a_container_has_the_cores_and_the_memory_that_it_was_given(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    whole = memory.cores()
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text("1073741824\n")
    assert memory.cores() == 1 <= whole and memory.memory_bytes() == 2**30
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.cores() == whole and memory.memory_bytes() > 2**30


def test_the_environment_wins_and_nonsense_is_refused(monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_WORKERS", "5")
    worker = pool.Worker("tests.studio.toy_verbs")
    assert worker.slots("model") == 5 and worker.slots("media") == 3
    for nonsense in ("many", "-1", "0"):
        monkeypatch.setenv("DEEPMUSIC_WORKERS", nonsense)
        with pytest.raises(StudioError, match="DEEPMUSIC_WORKERS"):
            pool.Worker("tests.studio.toy_verbs")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="what a process holds is not told here")
def test_a_process_holds_what_is_its_own_and_not_what_it_maps(tmp_path):
    size = 64 * 2**20
    (tmp_path / "weights").write_bytes(bytes(size))
    before = memory.own_bytes(os.getpid())
    with (tmp_path / "weights").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert len(bytes(mapped[:: mmap.PAGESIZE])) == size // mmap.PAGESIZE  # each page is there
        assert memory.own_bytes(os.getpid()) - before < size / 4
    own = bytearray(os.urandom(size))
    assert memory.own_bytes(os.getpid()) - before > size * 3 / 4 and own
