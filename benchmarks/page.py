"""Milliseconds until a page stands in a real browser, cold and warm, and from a click to its answer, idle and beside a job.

Cold is a browser that has never been here; warm is another visit of the same one. A page stands when its main control can be
seen. Server, workers and browser share this machine's cores. The least is what the studio needs, the middle what a visitor of
this machine waited while it was measured.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.roll import chromium

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 120.0
PAGES = {
    "compose": ".st-key-compose button",
    "generate": ".st-key-generate button",
    "remix": "[data-testid=stFileUploader]",
    "harmonize": "[data-testid=stFileUploader]",
    "audio": "[data-testid=stFileUploader], .recorder",
    "train": "[data-testid=stFileUploader]",
    "songs": "[data-testid=stFileUploader]",
    "checkpoints": "[data-testid=stMarkdownContainer]",
}
"""The main control of each page of the studio."""

FIRST = "compose"
"""Is at the studio's own address."""

WATCH = """
(() => {
  const seen = (window.seen = { at: null, sent: 0, came: 0, bytes: 0, runs: 0 });
  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (seen.at !== null) return;
        seen.came++;
        seen.bytes += data.byteLength ?? data.size ?? data.length;
      });
    }
    send(data) { if (seen.at === null) seen.sent++; super.send(data); }
  };
  const look = () => {
    const found = document.querySelector(SELECTOR);
    if (found && found.getClientRects().length) seen.at = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})();
"""
"""Notes when the main control can be seen, and what went over the websocket until then."""

CLICK = """
() => new Promise((done) => {
  const text = () => document.querySelector('[data-testid=stMain]').innerText;
  const before = text();
  const began = performance.now();
  const look = () => (text() !== before ? done(performance.now() - began) : requestAnimationFrame(look));
  const genres = [...document.querySelectorAll('[role=radio]')].filter((chip) => WORDS.includes(chip.innerText.trim()));
  const other = genres.find((chip) => chip.ariaChecked !== 'true');
  other.click();
  look();
})
"""
"""Chooses another genre on the Generate page, which shows other styles then, and waits for that."""

GENRES = ("Jazz", "Rock")
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"
FLAGS = ("--no-sandbox", "--disable-gpu")
VIEWPORT = {"width": 1400, "height": 950}
VISITS_BEFORE = 3
"""Chromium keeps compiled what it has met that often."""


class Visit(NamedTuple):
    """One look at a page: milliseconds until it stood, those that the page's own thread worked, and what went over the websocket."""

    ms: float
    work_ms: float
    sent: int
    came: int
    kilobytes: float


def main(arguments: list[str]) -> None:
    """Prints a table of milliseconds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="how often each page is looked at (default: 5)")
    parser.add_argument("--pages", default=",".join(PAGES), help="which pages (default: all)")
    parser.add_argument(
        "--clicks", type=int, default=10, help="how often is clicked, idle and beside a job (default: 10)"
    )
    asked = parser.parse_args(arguments)
    with studio() as address, browser() as chromium_here:
        print(f"{'milliseconds':<34}   least   middle   browser's work   messages out, in, kB")
        for name in asked.pages.split(","):
            path = "" if name == FIRST else name
            for kind, visits in visit(chromium_here, f"{address}/{path}", PAGES[name], asked.repeats).items():
                print(_line(f"{name}, {kind}", [each.ms for each in visits]) + _traffic(visits), flush=True)
        for kind, times in click(chromium_here, address, asked.clicks).items():
            print(_line(f"a click is answered, {kind}", times), flush=True)


def _line(what: str, times: list[float]) -> str:
    return f"{what:<34}{min(times):8.0f}{statistics.median(times):9.0f}"


def _traffic(visits: list[Visit]) -> str:
    last = visits[-1]
    return f"{min(each.work_ms for each in visits):17.0f}{last.sent:15}{last.came:5}{last.kilobytes:6.0f}"


@contextmanager
def studio() -> Iterator[str]:
    """Gives the address of a studio of its own, which keeps its songs in a folder that goes with it."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
        command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
        environment = {**os.environ, "DEEPMUSIC_SONGS": folder, "PYTHONPATH": str(ROOT)}
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(lambda: urllib.request.urlopen(f"{address}/_stcore/health", timeout=10).close())
            yield address
        finally:
            server.terminate()
            server.wait()


def _wait(answer: Callable[[], None]) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return answer()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def browser() -> Iterator[Any]:
    """Gives a chromium that has been nowhere; its contexts remember nothing of each other.

    Raises:
        StudioError: there is none.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        found = tools.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield found
        found.close()


@contextmanager
def visitor(browser: Any, folder: str) -> Iterator[Any]:
    """Gives a browser's context that keeps what it has loaded, compiled too, as that of somebody who comes every day."""
    found = browser.browser_type.launch_persistent_context(
        folder, executable_path=chromium(), args=FLAGS, viewport=VIEWPORT
    )
    found.set_default_timeout(1000 * PATIENCE_S)
    yield found
    found.close()


def visit(browser: Any, address: str, control: str, repeats: int) -> Mapping[str, list[Visit]]:
    """Returns visits of a page, by browsers that have never been there and by one that has."""
    found: dict[str, list[Visit]] = {"cold": [], "warm": []}
    with tempfile.TemporaryDirectory() as folder, visitor(browser, folder) as regular:
        regular.add_init_script(WATCH.replace("SELECTOR", repr(control)))
        for _ in range(VISITS_BEFORE):
            _look(regular, address)
        for _ in range(repeats):
            new = browser.new_context(viewport=VIEWPORT)
            new.set_default_timeout(1000 * PATIENCE_S)
            new.add_init_script(WATCH.replace("SELECTOR", repr(control)))
            found["cold"].append(_look(new, address))
            new.close()
            found["warm"].append(_look(regular, address))
    return found


def _look(context: Any, address: str) -> Visit:
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(address)
    page.wait_for_function("seen.at !== null")
    figures = {each["name"]: each["value"] for each in tools.send("Performance.getMetrics")["metrics"]}
    seen = page.evaluate("seen")
    page.locator(AT_REST).wait_for()
    page.close()
    return Visit(seen["at"], 1000 * figures["TaskDuration"], seen["sent"], seen["came"], seen["bytes"] / 1000)


def click(browser: Any, address: str, repeats: int) -> Mapping[str, list[float]]:
    """Returns milliseconds from a click to its answer while nothing runs, and while music is written."""
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    page.goto(f"{address}/generate")
    rest = page.locator(AT_REST)
    page.locator(PAGES["generate"]).wait_for()
    rest.wait_for()

    def clicks() -> list[float]:
        found = []
        for _ in range(repeats):
            found.append(page.evaluate(CLICK.replace("WORDS", repr(list(GENRES)))))
            page.wait_for_timeout(500)
        return found

    clicks()  # the first ones fill caches
    idle = clicks()
    page.get_by_label("Length", exact=True).fill("200")
    page.get_by_label("Length", exact=True).press("Tab")
    rest.wait_for()
    page.locator(PAGES["generate"]).click()
    page.get_by_text("Writing bar").first.wait_for()
    busy = clicks()
    context.close()
    return {"idle": idle, "while music is written": busy}
