"""The bar of sections in a real browser, with toys for model and sound: looped, dragged, locked, written again, undone."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.conftest import playwright
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "toy_studio.py"
expect = playwright.expect


def names(player) -> list[str]:
    """Returns what stands on the bar."""
    return player.root.locator(".form button span").all_inner_texts()


def test_a_song_is_arranged_on_the_bar(serve, open_page):
    page = open_page(serve(APP))
    field = page.get_by_label("What the song is to be")
    field.fill("a song for strings and piano, ABCA, 40 seconds")
    field.press("Enter")
    player = Driver(page.locator(".st-key-player"))
    player.root.wait_for()
    player.until(lambda state: state.get("side") == "Take 1")
    player.ready()
    until_at_rest(page)
    assert names(player) == ["A", "B", "C", "A"]
    bar = player.root.get_by_role("group", name="Sections").get_by_role("button")
    tools = player.root.get_by_role("toolbar", name="Section")

    begins = []
    for number in (1, 2):
        bar.nth(number).click()
        begins.append(player.state()["time"])
    bar.nth(1).dblclick()  # the second press of two takes nothing back
    assert 1 < begins[0] + 1 < begins[1]
    assert player.state()["loop"] == {"on": True, "from": begins[0], "to": begins[1]}
    assert player.state()["time"] == begins[0]
    tools.get_by_role("button", name="Lock").click()
    tools.get_by_role("button", name="Unlock").wait_for()
    expect(bar.nth(1)).to_have_attribute("aria-label", re.compile(", locked$"))
    bar.nth(1).click()
    assert not player.until(lambda state: not state["loop"]["on"])["playing"] and tools.is_hidden()

    until_at_rest(page)
    bar.nth(3).scroll_into_view_if_needed()
    start, goal = (bar.nth(place).bounding_box() for place in (3, 0))
    player.drag_to((start["x"] + 9, start["y"] + 9), (goal["x"] + 9, goal["y"] + 9))
    player.until(lambda state: state["side"] == "Take 2")
    until(lambda: names(player) == ["A", "A", "B", "C"], lambda: names(player))
    expect(bar.nth(2)).to_have_attribute("aria-label", re.compile(", locked$"))
    until_at_rest(page)
    bar.nth(3).click()
    tools.get_by_role("button", name="Write again").click()
    player.until(lambda state: state["side"] == "Take 3")
    page.locator("[class*='st-key-stage-']").get_by_text("Wrote C again").wait_for()
    until_at_rest(page)
    if tools.is_hidden():
        bar.nth(3).click()
    tools.get_by_role("button", name="Remove").click()
    player.until(lambda state: state["side"] == "Take 4")
    until(lambda: names(player) == ["A", "A", "B"], lambda: names(player))
    page.locator(".st-key-take-bar").get_by_role("button", name="Undo").click()
    until(lambda: names(player) == ["A", "A", "B", "C"], lambda: names(player))
    page.get_by_role("link", name="Songs", exact=True).click()
    page.get_by_text("moved the second A before the first A").first.wait_for()
