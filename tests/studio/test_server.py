"""The real server, met by its websocket: visitors at once, and an end at which nothing is lost."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import visitors
from benchmarks.browser_session import BrowserSession
from studio.projects.project import read_project
from tests.browser.conftest import free_port, start_server
from tests.studio.visitor import ROOT
from tests.waiting import PATIENCE_S

TOYS = ROOT / "tests" / "browser" / "apps" / "toy_studio.py"


def alone(work, *arguments):
    """Returns what work returns that runs a loop of its own: in a thread, as a browser's tests before leave theirs running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work, *arguments).result()


async def stopped_while_writing(address: str, stop) -> None:
    """Has music written that does not end by itself, and stops the server once some of it is there."""
    browser = BrowserSession(address)
    await browser.open()
    await browser.act(page="Generate")
    await browser.fill("Seed", 0)  # slowly: a bar in a tenth of a second
    await browser.fill("Length", 200)
    await browser.press("Generate")
    await browser.until(
        lambda: any(getattr(each, "label", "") == "Stop and keep" for each in browser.elements.values()),
        "the first Step",
        PATIENCE_S,
    )
    stop()
    await browser.close()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_written_is_kept_when_the_server_is_told_to_end(sign, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_STOP_SECONDS", "0.1")
    port = free_port()
    server = start_server(TOYS, port, tmp_path)
    alone(asyncio.run, stopped_while_writing(f"http://127.0.0.1:{port}", lambda: server.send_signal(sign)))
    server.wait(PATIENCE_S)
    (kept,) = (tmp_path / "songs").glob("*.deepmusic")
    (take,) = read_project(Path(kept)).takes
    assert 0 < take.pieces[0].note_count < 200


def test_visitors_at_once_see_no_error_and_no_song_of_another():
    tally, log, memory, _ = alone(visitors._run, 2, 0.01, 1)
    assert (tally.errors, tally.mixed) == ([], 0)
    assert tally.done["compose"] == 2 and len(tally.first_pages) == 2
    assert log.count("verb=compose state=done") == 2 and memory["pages"] > 0 and memory["model 1"] > 0
