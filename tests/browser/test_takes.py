"""The takes of a song in a real browser, with toys for model and sound: what is compared with what, and which words go with which."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import playwright
from tests.browser.driver import Driver

APP = Path(__file__).parent / "apps" / "toy_studio.py"
expect = playwright.expect


@pytest.fixture
def generated(serve, open_page):
    """The Generate page with two takes written from nothing."""
    page = open_page(f"{serve(APP)}/generate")
    for number in (1, 2):
        page.locator(".st-key-generate button").click()
        expect(page.locator(".st-key-take-bar h4")).to_have_text(f"Take {number}, version 1")
    return page


def test_the_switch_to_the_other_take_is_there_as_soon_as_it_is_chosen(generated):
    player = Driver(generated.locator(".st-key-player"))
    sides = player.root.locator(".sides")
    expect(sides).to_be_hidden()
    generated.get_by_role("combobox", name="Compare with").click()
    generated.get_by_role("option", name="Take 1, version 2").click()
    expect(sides.get_by_role("button")).to_have_text(["Take 1, version 2", "Take 2, version 1"])
    sides.get_by_role("button", name="Take 1, version 2").click()
    player.until(lambda state: state["side"] == "Take 1, version 2")
    generated.get_by_role("combobox", name="Compare with").click()
    generated.get_by_role("option", name="Nothing").click()
    expect(sides).to_be_hidden()
