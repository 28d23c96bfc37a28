"""A worker of toys, and the studio as a new visitor sees it with that worker."""

from __future__ import annotations

from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from pipelines.worker.pool import Worker
from studio import jobs
from studio.widgets import downloads
from tests.studio.visitor import GENERATE, ROOT
from tests.waiting import PATIENCE_S


@pytest.fixture(scope="session", autouse=True)
def packages_are_scanned_once():
    """Streamlit looks for components in all installed packages each time a page is opened, for longer than it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def songs_folder(tmp_path, monkeypatch):
    """The folder of this test's songs: never the user's own."""
    folder = tmp_path / "songs"
    monkeypatch.setenv("DEEPMUSIC_SONGS", str(folder))
    return folder


@pytest.fixture(scope="module")
def toy_worker():
    worker = Worker("tests.studio.toy_verbs", workers=1)
    yield worker
    worker.close()


@pytest.fixture(scope="session")
def real_worker():
    """A worker with the real models."""
    worker = Worker(workers=1)
    yield worker
    worker.close()


@pytest.fixture
def real_studio(real_worker, monkeypatch):
    """The studio as a new visitor sees it, with the real worker."""
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: real_worker)
    yield AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S).run()
    jobs.registry.cache_clear()


@pytest.fixture
def compose(toy_worker, monkeypatch):
    """The Compose page, which is the first one, with a worker that writes scales."""
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: toy_worker)
    yield AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S).run()
    jobs.registry.cache_clear()


@pytest.fixture
def page(compose):
    """The Generate page, with the same worker."""
    return compose.switch_page(GENERATE).run()


@pytest.fixture
def offered(monkeypatch):
    """Returns a function that gives the labels of the files which the page offers since its last run."""
    shown = []
    monkeypatch.setattr(downloads, "download_bar", lambda offers, key: shown.append([each.label for each in offers]))
    return lambda: shown[-1]
