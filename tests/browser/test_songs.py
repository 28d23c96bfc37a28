"""Songs that outlive a reload, a killed server and the visitor's patience, in a real browser."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from studio.projects.library import Entry, Library
from studio.projects.project import read_project
from tests.browser.conftest import ROOT, free_port, playwright, start_server
from tests.browser.driver import until_at_rest
from tests.waiting import PATIENCE_S, until

APP = ROOT / "tests" / "browser" / "apps" / "toy_studio.py"
TAKES = 2
expect = playwright.expect


class Server:
    """A studio that can be killed and started again at the same address, with the same songs."""

    def __init__(self, folder: Any) -> None:
        self.folder, self.port = folder, free_port()
        self.library = Library(folder / "songs")
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self.before: set[str] = set()

    def start(self) -> Server:
        self.process = start_server(APP, self.port, self.folder)
        return self

    def new(self) -> list[Entry]:
        """Returns the songs that this test has written, those changed last first."""
        return [entry for entry in self.library.entries() if entry.id not in self.before]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    server.process.terminate()
    server.process.wait(PATIENCE_S)


@pytest.fixture(autouse=True)
def songs_before(server) -> None:
    """Notes the songs of earlier tests, which are none of this one's."""
    server.before = {entry.id for entry in server.library.entries()}


def write_takes(page: Any, count: int) -> None:
    page.locator(".st-key-generate button").wait_for()
    for number in range(1, count + 1):
        page.locator(".st-key-generate button").click()
        page.locator(".st-key-take-bar").get_by_text(f"Take {number}, version 1").wait_for()


def address_of(page: Any) -> str:
    """Returns a page's address once it names the song."""
    until(lambda: "song=" in page.url, lambda: f"the song's address: {page.url}")
    return page.url


def to_songs(page: Any) -> None:
    page.get_by_role("link", name="Songs", exact=True).click()
    page.locator(".st-key-new-song button").first.wait_for()


def told(page: Any) -> list[str]:
    """Returns what the history says, once it is there."""
    page.get_by_role("heading", name="History").wait_for()
    steps = page.locator("[class*=st-key-history-]").get_by_text(re.compile("^wrote "))
    expect(steps).to_have_count(TAKES)
    return steps.all_inner_texts()


def test_nothing_is_lost_by_a_reload_nor_when_the_server_is_killed_with_force(server, open_page):
    page = open_page(f"{server.address}/generate")
    write_takes(page, TAKES)
    address = address_of(page)
    entry = until(
        lambda: next((e for e in server.new() if server.library.overview(e).takes == TAKES), None),
        "the song in its folder",
    )
    assert entry.id in address
    page.reload()
    page.locator(".st-key-take-bar").get_by_text(f"Take {TAKES}, version 1").wait_for()
    assert page.url == address and len(server.new()) == 1  # no copy was made
    to_songs(page)
    before = told(page)
    written = read_project(server.library.path(entry.id).read_bytes())

    server.kill()
    page.close()
    server.start()

    again = open_page(address.replace("/generate", "/songs"))
    assert told(again) == before and entry.id in address_of(again)
    again.get_by_role("link", name="Generate", exact=True).click()
    again.locator(".st-key-take-bar").get_by_text(f"Take {TAKES}, version 1").wait_for()
    write_takes_after = again.locator(".st-key-generate button")
    write_takes_after.click()
    again.locator(".st-key-take-bar").get_by_text(f"Take {TAKES + 1}, version 1").wait_for()
    until(lambda: server.library.overview(server.new()[0]).takes == TAKES + 1, "the third take")
    kept = read_project(server.library.path(entry.id).read_bytes())
    assert len(server.new()) == 1
    for old, new in zip(written.takes, kept.takes):
        assert [piece.fingerprint for piece in old.pieces] == [piece.fingerprint for piece in new.pieces]


def test_a_song_travels_as_a_file(server, open_page, tmp_path):
    page = open_page(f"{server.address}/generate")
    write_takes(page, TAKES)
    to_songs(page)
    before = told(page)
    title = page.locator("[class*=st-key-current-title] input")
    title.fill("Evening waltz")
    title.press("Enter")
    page.locator("[class*=st-key-song-]").get_by_text("Evening waltz", exact=True).first.wait_for()
    until_at_rest(page)
    with page.expect_download() as download:
        page.locator(".st-key-download-project button").first.click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "evening-waltz.deepmusic" and len(read_project(path.read_bytes()).takes) == TAKES

    visitor = open_page(f"{server.address}/songs")
    visitor.get_by_text("Open a project file").click()
    visitor.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)
    assert told(visitor) == before
    assert address_of(visitor).partition("song=")[2] != address_of(page).partition("song=")[2]
    visitor.locator("[class*=st-key-replay] button").first.click()
    visitor.get_by_text(re.compile("the same notes as Take .*, note for note")).wait_for()


def test_a_link_to_a_song_that_is_open_elsewhere_makes_no_copy_and_says_so(server, open_page):
    page = open_page(f"{server.address}/generate")
    write_takes(page, 1)
    for _ in range(3):
        other = open_page(address_of(page))
        other.get_by_text("This song is open in another window.").wait_for()
        other.locator(".player").wait_for()  # it can be heard
        assert other.url == page.url
        until_at_rest(other)
    assert len(server.new()) == 1

    other.get_by_role("button", name="Open it here").click()
    other.locator(".st-key-take-bar").get_by_text("Take 1, version 1").wait_for()
    assert other.url == page.url
    page.locator(".st-key-generate button").click()  # the first window has it no longer
    page.get_by_text("This song is open in another window.").wait_for()
    page.get_by_role("button", name="Make a copy").click()
    page.locator(".st-key-take-bar").get_by_text("Take 1, version 1").wait_for()
    until(lambda: len(server.new()) == 2, "the copy")
    until(lambda: page.url != other.url, "the address of the copy")
    write_takes(other, 0)
    other.locator(".st-key-generate button").click()
    other.locator(".st-key-take-bar").get_by_text("Take 2, version 1").wait_for()


def test_a_song_that_is_open_in_another_window_is_opened_from_the_list_by_asking(server, open_page):
    page = open_page(f"{server.address}/generate")
    write_takes(page, 1)
    other = open_page(f"{server.address}/songs")
    other.locator(f".st-key-song-{address_of(page).partition('song=')[2]}").get_by_role(
        "button", name="Open", exact=True
    ).click()
    other.get_by_text("This song is open in another window.").wait_for()
    other.get_by_role("button", name="New song").click()
    other.get_by_role("heading", name="A new song").wait_for()
    assert len(server.new()) == 1
