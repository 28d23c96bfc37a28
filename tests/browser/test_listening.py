"""The listening page in a real browser, from a file: it plays, everything follows the sound, and nothing is asked of any network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import playwright
from tests.browser.test_accessibility import violations
from tests.pipelines.listening.songs import HOSTILE, page_of, song
from tests.waiting import until

STUDIO = Path(__file__).parent / "apps" / "toy_studio.py"
expect = playwright.expect


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("listening") / "song.html"
    path.write_bytes(page_of(song()))
    return path


def state(page) -> dict[str, str]:
    return page.evaluate("({...document.body.dataset})")


def reached(page, seconds: float) -> dict[str, str]:
    """Returns the page's state once the sound is past this second."""
    return until(lambda: now if float((now := state(page))["time"]) >= seconds else None, f"second {seconds}")


def test_it_plays_from_a_file_everything_follows_and_nothing_is_loaded(file, open_page):
    page = open_page("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: asked.append(line.text))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text(" ".join(HOSTILE.split()))

    page.get_by_role("button", name="Play", exact=True).click()
    reached(page, 0.5)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.locator(".page").first.click(position=place_of_bar(page, 3))
    assert reached(page, 12)["sheetBar"] == "3" and state(page)["bar"] == "4"
    expect(page.locator(".karaoke .sung")).to_have_text("Counting 4 ")
    expect(page.locator(".sections [aria-current=true]")).to_have_text(HOSTILE[:40])
    line = page.locator(".page .line:not([hidden])")
    page.evaluate("scrollTo(0, 0)")
    expect(line).not_to_be_in_viewport()
    page.get_by_role("button", name="Follow the sheet").click()
    expect(line).to_be_in_viewport()

    page.get_by_role("slider", name="Position").press("Home")
    until(lambda: float(state(page)["time"]) == 0, "the beginning")
    expect(page.locator(".chord b")).to_have_text("Am7")
    page.locator("h1").click()
    page.keyboard.press("Space")
    reached(page, 0.3)
    page.keyboard.press("Space")
    with page.expect_download() as download:
        page.get_by_role("button", name="MIDI").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"MThd"
    assert [each for each in asked if not each.startswith(("file:", "data:", "blob:"))] == []
    assert "ran" not in state(page)


def place_of_bar(page, number: int) -> dict[str, float]:
    """Returns where on the first page of the sheet the middle of a bar is."""
    box = page.locator(".page").first.bounding_box()
    _, left, top, width, height, *_ = page.evaluate(f"song.sheet.bars[{number}]")
    return {"x": (left + width / 2) * box["width"], "y": (top + height / 2) * box["height"]}


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_it_is_clean_in_both_themes_and_fits_a_phone(file, open_page, scheme, width):
    page = open_page(file.as_uri(), width=width, height=844, color_scheme=scheme)
    page.get_by_text("The recipe").click()
    assert violations(page, at_rest=False) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_song_is_shared_by_a_link_that_plays_for_others_until_it_is_withdrawn(serve, open_page, browser):
    page = open_page(f"{serve(STUDIO)}/generate")
    page.locator(".st-key-generate button").click()
    page.locator(".st-key-take-bar").get_by_text("Take 1, version 1").wait_for()
    page.locator(".st-key-share button").first.click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    assert link.startswith(f"{serve(STUDIO)}/listen/")

    stranger = browser.new_context()
    other = stranger.new_page()
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    assert other.goto(link).status == 200
    other.get_by_role("button", name="Play", exact=True).click()
    reached(other, 0.3)
    assert {each for each in asked if not each.startswith("data:")} == {link}
    assert not stranger.cookies() and other.evaluate("self.origin") == "null"

    page.get_by_role("button", name="Withdraw the link").click()
    page.get_by_role("button", name="Make a link").wait_for()
    assert other.goto(link).status == 404
    stranger.close()
