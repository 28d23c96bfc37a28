"""Health, figures, limits and the end of a studio that many share."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from music.errors import StudioError
from music.piece import Piece
from pipelines.options.generate import GenerateOptions
from pipelines.worker.pool import Worker
from studio import jobs, limits, operation, visitors
from studio.projects.library import Library, folder_problem, new_id
from studio.projects.song import Song, Writing
from studio.scratch import Scratch
from tests.studio.projects.test_library import project
from tests.studio.toy_verbs import UNTIL_STOPPED
from tests.studio.visitor import ROOT
from tests.waiting import PATIENCE_S, until

VERBS = "tests.studio.toy_verbs"


@pytest.fixture
def registry(monkeypatch):
    worker = Worker(VERBS, workers=1)
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: worker)
    yield jobs.registry()
    worker.close()
    jobs.registry.cache_clear()


@pytest.fixture
def client(registry):
    return TestClient(Starlette(routes=operation.routes(lambda: registry)))


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    """Returns each figure by its name and the values of its labels, in the order of their names."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def test_figures_tell_of_jobs_processes_and_memory(registry, client):
    before = figures(client)
    registry.ask("write", Piece.empty(), 2, 0.0, owner="ann")
    with pytest.raises(StudioError):
        registry.ask("refuse", owner="ann")
    running = registry.submit("write", Piece.empty(), 100_000, 0.02, owner="ann")
    until(lambda: running.update is not None, "its first Step")
    waiting = registry.submit("write", Piece.empty(), 1, 0.0, owner="bob")
    now = figures(client)
    for name in (("done", "write"), ("failed", "refuse")):
        assert now["deepmusic_jobs_total", *name] - before.get(("deepmusic_jobs_total", *name), 0.0) == 1
    assert now["deepmusic_job_seconds_count", "write"] >= 1 and now["deepmusic_job_wait_seconds_count", "write"] >= 1
    assert (now["deepmusic_jobs_running", "model"], now["deepmusic_jobs_waiting", "model"]) == (1, 1)
    assert now["deepmusic_workers_alive", "model"] == 1
    assert now["deepmusic_memory_bytes", "pages"] > 2**20 and now["deepmusic_memory_bytes", "model 1"] > 2**20
    for job, owner in ((running, "ann"), (waiting, "bob")):
        registry.forget(job.id, owner)


def test_health_says_why_work_cannot_be_done(registry, client):
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok")
    registry.problem = "The music engine does not start. The server's log says why."
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (503, registry.problem)


def test_log_lines_name_the_job(registry, caplog):
    caplog.set_level("INFO", "studio.jobs")
    job = registry.submit("write", Piece.empty(), 1, 0.0, owner="ann")
    assert job.over.wait(PATIENCE_S)
    lines = [record.getMessage() for record in caplog.records if f"job={job.id}" in record.getMessage()]
    assert ["state=running" in lines[0], "state=done" in lines[-1]] == [True, True]
    assert all("verb=write" in line for line in lines)


def test_what_is_written_when_the_studio_ends_is_kept(registry, monkeypatch):
    song = visitors.enter(Song(), "a session")
    monkeypatch.setenv(limits.STOP_SECONDS, "0.1")
    options = GenerateOptions(bars=8, seed=UNTIL_STOPPED)
    job = registry.submit("generate", Piece.empty(), options, owner=song.id)
    song.writing = Writing(job.id, None, options, "")
    until(lambda: job.update is not None, "its first Step")
    operation.close()
    kept = visitors.autosave().library.read(song.id)
    assert len(kept.takes) == 1 and 0 < kept.takes[0].pieces[0].note_count < 8
    assert song.writing is None
    visitors.forget(song.id)


def test_the_disk_for_songs_has_an_end(songs_folder, monkeypatch):
    library, first, second = Library(songs_folder), new_id(), new_id()
    library.write(first, project("First"))
    monkeypatch.setenv(limits.SONGS_MB, str(1.5 * library.path(first).stat().st_size / 2**20))
    with pytest.raises(StudioError, match="disk for songs is full"):
        library.write(second, project("Second"))
    library.write(first, project("F"))
    library.delete(first)
    library.write(second, project("Second"))


def test_limits_are_read_and_nonsense_is_refused(monkeypatch):
    assert (limits.jobs_a_visitor(), limits.upload_mb(200), limits.songs_bytes()) == (2, 200, None)
    for name, value in ((limits.VISITOR_JOBS, "5"), (limits.UPLOAD_MB, "10"), (limits.SONGS_MB, "100")):
        monkeypatch.setenv(name, value)
    assert (limits.jobs_a_visitor(), limits.upload_mb(200), limits.upload_mb(8)) == (5, 10, 8)
    assert limits.songs_bytes() == 100 * 2**20
    limits.check()
    monkeypatch.setenv(limits.UPLOAD_MB, "much")
    with pytest.raises(StudioError, match="DEEPMUSIC_UPLOAD_MB is 'much'"):
        limits.check()


def test_a_home_that_cannot_be_written_gives_one_sentence_and_what_to_do(tmp_path, monkeypatch):
    assert folder_problem() == ""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.delenv("DEEPMUSIC_SONGS")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    problem = folder_problem()
    assert problem.startswith("Songs cannot be kept in ") and "DEEPMUSIC_SONGS" in problem and "\n" not in problem


def test_private_sound_of_a_killed_server_goes_with_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, sys, tempfile; from studio.scratch import Scratch; tempfile.tempdir = sys.argv[1]\n"
        "made = Scratch('sound-'); (made.path / 'mix.ogg').write_bytes(b'private'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, timeout=PATIENCE_S)
    (left,) = tmp_path.iterdir()
    assert (left / "mix.ogg").exists()
    mine, other = Scratch("sound-"), Scratch("sound-")
    assert {*tmp_path.iterdir()} == {mine.path, other.path}
