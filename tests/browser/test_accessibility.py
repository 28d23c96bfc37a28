"""What axe-core finds on every page: nothing that it calls serious or critical, in the light and in the dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import playwright
from tests.browser.driver import Driver, until_at_rest

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="This needs axe: pip install -r requirements-dev.txt."
)

APP = Path(__file__).parent / "apps" / "toy_studio.py"
PAGES = ("Compose", "Generate", "Remix", "Harmonize", "Train", "Songs", "Checkpoints")
OPTIONS = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}
"""With the rule on names that lack the visible words, which axe does not ask of itself."""

expect = playwright.expect


def violations(page, at_rest: bool = True) -> list[str]:
    """Returns what is serious or critical on a page, by default at rest: the rule, the place and what axe says of it."""
    if at_rest:
        until_at_rest(page)
    found = axe.Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, serve, open_page):
    """The studio with a song that was composed, with words that were not understood and a wish set by hand."""
    page = open_page(serve(APP), color_scheme=request.param)
    field = page.get_by_label("What the song is to be")
    field.fill("a slow waltz for strings and piano, AABA, no drums, 20 seconds, blorp")
    expect(page.get_by_text("Not understood")).to_be_visible()
    assert violations(page) == []
    field.press("Enter")
    expect(page.locator(".st-key-take-bar h4")).to_have_text("Take 1")
    page.locator(".st-key-writing").wait_for(state="detached")
    Driver(page.locator(".st-key-player")).until(lambda state: state.get("side") == "Take 1")
    return page


def test_the_tools_of_a_section_and_the_menu_of_a_stage_have_no_serious_violation(page):
    player = Driver(page.locator(".st-key-player"))
    player.root.locator(".form button").first.click()
    player.root.get_by_role("toolbar", name="Section").get_by_role("button", name="Lock").click()
    player.root.get_by_text("Locked: no model changes it").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Options").first.click()
    page.get_by_role("button", name="Apply").wait_for()  # a filled button, which stands outside of Streamlit's own page
    assert violations(page) == []
    page.keyboard.press("Escape")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_violation(page, name):
    page.get_by_role("link", name=name, exact=True).click()
    page.locator(f"[data-testid=stTopNavLink][aria-current=page]:has-text('{name}')").wait_for()
    if name not in ("Train", "Songs", "Checkpoints"):
        page.locator(".st-key-player .player").wait_for()
    assert violations(page) == []


def test_the_card_of_a_chord_the_roll_that_is_edited_and_the_recorder_have_no_serious_violation(page):
    page.get_by_role("link", name="Harmonize", exact=True).click()
    page.get_by_text("Another file or recording").click()
    page.locator(".recorder").wait_for()
    player = Driver(page.locator(".st-key-player"))
    player.root.locator(".chord-lane .symbols button").first.click()
    player.root.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    player.edit()
    page.keyboard.press("?")
    page.keyboard.press("Control+a")
    page.keyboard.press("ArrowUp")
    player.until(lambda state: state["unkept"] > 0)
    assert violations(page) == []
