"""A studio server and a real browser for the tests of this folder."""

from __future__ import annotations

import functools
import os
import random
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.browser.driver import give_files, playwright, until_at_rest
from tests.conftest import INSTALL_CHROMIUM, NO_CHROMIUM
from tests.pipelines.sounds import a_hum
from tests.waiting import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",  # a microphone that hums a tune, see browser
    "--use-fake-ui-for-media-stream",  # and may be used without asking
    "--host-resolver-rules=MAP studio.test 127.0.0.1",  # another name of this machine
)
ACTS = ("click", "dblclick", "tap", "fill", "press", "set_checked", "select_option", "set_input_files", "focus")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

playwright.expect.set_options(timeout=1000 * PATIENCE_S)


PORTS = range(12_000, 32_000)
"""Below those that Linux gives to whoever calls somewhere: one of these might be taken until a server asks for it."""


def free_port() -> int:
    """Returns a port at which nobody answers."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as free:
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def start_server(app: Path, port: int, folder: Path, base_path: str = "") -> subprocess.Popen:
    """Returns the process of a studio that answers at this port, below this path; its songs and its log lie in the folder."""
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    options = {
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "server.baseUrlPath": base_path,
    }
    command += [word for name, value in options.items() for word in (f"--{name}", value)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DEEPMUSIC_SONGS": str(folder / "songs")}
    log = folder / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)

    health = "/".join(filter(None, (f"http://127.0.0.1:{port}", base_path, "_stcore/health")))

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(health, timeout=10).close()
        except OSError:
            return False
        return True

    until(answers, lambda: f"the server:\n{log.read_text()}", every_s=0.1)
    return process


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Returns a function that serves an app as the environment says and returns its address; all servers end with the tests."""
    running: dict[object, tuple[subprocess.Popen, str]] = {}

    def start(app: Path) -> str:
        settings = {name: value for name, value in os.environ.items() if name.startswith(("DEEPMUSIC_", "HF_"))}
        key = app, *sorted(settings.items())
        if key not in running:
            port = free_port()
            running[key] = start_server(app, port, tmp_path_factory.mktemp("server")), f"http://127.0.0.1:{port}"
        return running[key][1]

    yield start
    for process, _ in running.values():
        process.terminate()
    for process, _ in running.values():
        process.wait(PATIENCE_S)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A chromium: the system's, or the one that playwright brought. Its microphone hums TUNE over and over."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    with playwright.sync_playwright() as tools:
        if path is None and not Path(tools.chromium.executable_path).exists():
            pytest.skip(f"{NO_CHROMIUM}. Install it with: {INSTALL_CHROMIUM}")
        hum, sound = tmp_path_factory.mktemp("microphone") / "hum.wav", a_hum()
        soundfile.write(hum, sound.samples, sound.rate_hz)
        heard = f"--use-file-for-fake-audio-capture={hum}"
        chromium = tools.chromium.launch(executable_path=path, args=(*FLAGS, heard))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def window(browser: Any) -> Callable[..., Any]:
    """Returns a function that gives a browser's window; windows of the same kind share what was loaded before."""
    windows: dict[str, Any] = {}

    def get(**options: Any) -> Any:
        kind = repr(sorted(options.items()))
        if kind not in windows:
            windows[kind] = browser.new_context(accept_downloads=True, reduced_motion="reduce", **options)
            windows[kind].set_default_timeout(1000 * PATIENCE_S)
            windows[kind].add_init_script(path=Path(__file__).with_name("at_rest.js"))
        return windows[kind]

    return get


@pytest.fixture(scope="session", autouse=True)
def acts_begin_at_rest() -> Iterator[None]:
    """Lets each act of a test on a part of a page begin once the page is at rest, however slow the machine is."""

    def at_rest(act: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(act)
        def acts(part: Any, *arguments: Any, **options: Any) -> Any:
            until_at_rest(part.page)
            if act.__name__ == "set_input_files":
                return give_files(act, part, *arguments, **options)
            return act(part, *arguments, **options)

        return acts

    with pytest.MonkeyPatch.context() as patch:
        for name in ACTS:
            patch.setattr(playwright.Locator, name, at_rest(getattr(playwright.Locator, name)))
        yield


@pytest.fixture(scope="module")
def pages() -> Iterator[list[Any]]:
    """The pages of this file's tests that are open."""
    open_pages: list[Any] = []
    yield open_pages
    for page in open_pages:
        page.close()


@pytest.fixture(autouse=True)
def close_pages(pages: list[Any]) -> Iterator[None]:
    """Closes the pages that a test has opened: an open page goes on asking its server."""
    before = len(pages)
    yield
    for page in pages[before:]:
        page.close()
    del pages[before:]


@pytest.fixture(scope="module")
def open_page(window: Callable[..., Any], pages: list[Any]) -> Iterator[Callable[..., Any]]:
    """Returns a function that opens an address in a visitor's session of its own; no page may have thrown a script error."""
    errors = []

    def start(address: str, width: int = 1400, height: int = 950, **options: Any) -> Any:
        page = window(viewport={"width": width, "height": height}, **options).new_page()
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        until_at_rest(page)
        return page

    yield start
    assert not errors
