"""A studio server and a real browser for the tests of this folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="The browser tests need playwright: pip install -r requirements-dev.txt."
)

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

playwright.expect.set_options(timeout=60_000)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Returns a function that serves an app and returns its address; all servers end with the tests."""
    running: dict[Path, tuple[subprocess.Popen, str]] = {}

    def start(app: Path) -> str:
        if app in running:
            return running[app][1]
        port, log = _port(), tmp_path_factory.mktemp("server") / "log"
        address = f"http://127.0.0.1:{port}"
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            str(app),
            "--server.port",
            str(port),
            "--server.address",
            "127.0.0.1",
        ]
        options = [
            "--server.headless",
            "true",
            "--server.fileWatcherType",
            "none",
            "--browser.gatherUsageStats",
            "false",
        ]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*command, *options], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=out, stderr=out
            )
        running[app] = process, address
        deadline = time.monotonic() + START_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                return address
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)

    yield start
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A chromium: the system's, or the one that playwright brought."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    with playwright.sync_playwright() as tools:
        if path is None and not Path(tools.chromium.executable_path).exists():
            pytest.skip("There is no chromium on this machine. Install it with: apt-get install chromium")
        chromium = tools.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Returns a function that opens an address in a visitor's session of its own; no page may have thrown a script error."""
    contexts, errors = [], []

    def start(address: str, width: int = 1400, height: int = 950, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not errors
