"""A worker of toys, and the studio as a new visitor sees it with that worker."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.worker import Worker
from studio import jobs
from tests.studio.visitor import ROOT


@pytest.fixture(scope="module")
def toy_worker():
    worker = Worker("tests.studio.toy_verbs")
    yield worker
    worker.close()


@pytest.fixture
def page(toy_worker, monkeypatch):
    """The Generate page, with a worker that writes scales."""
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: toy_worker)
    yield AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=90).run()
    jobs.registry.cache_clear()
