"""The Remix page in a real browser, with toys for model and sound: select on the roll, rewrite, compare, choose, undo."""

from __future__ import annotations

from pathlib import Path

import pytest

from music.files.midi import midi_bytes
from tests.browser.apps import handmade
from tests.browser.conftest import playwright
from tests.browser.driver import Driver

APP = Path(__file__).parent / "apps" / "toy_studio.py"
expect = playwright.expect
PIANO_IN_TWO_BARS = 2 * 8 * 3


@pytest.fixture
def page(serve, open_page):
    page = open_page(f"{serve(APP)}/remix")
    upload(page)
    return page


def upload(page) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "mine.mid", "mimeType": "audio/midi", "buffer": midi_bytes(handmade.piece())}
    )
    Driver(page.locator(".st-key-player")).until(lambda state: state.get("selection"))


@pytest.fixture
def player(page) -> Driver:
    return Driver(page.locator(".st-key-player"))


def selects(words: str):
    return lambda state: state["selection"] == words


def test_select_rewrite_compare_choose_and_undo(page, player):
    player.drag_roll(0.16, 0.36)  # inside the second and third of eight bars
    player.until(selects("Bars 2–3 · all tracks"))
    bars = page.get_by_role("textbox", name="Bars")
    expect(bars).to_have_value("2-3")
    player.root.get_by_role("button", name="Select Piano").click()
    player.until(selects("Bars 2–3 · Piano"))
    page.locator(".st-key-remix button").click()

    used = player.until(lambda state: state.get("side") == "Take 2, version 1" and state["changed"] >= 0)
    assert used["changed"] == PIANO_IN_TWO_BARS and used["selection"] == "Bars 2–3 · Piano"
    assert f"bright: changed ({PIANO_IN_TWO_BARS} of" in player.root.locator(".legend").inner_text()

    player.ready().press_roll(0.5)
    player.play()
    player.root.get_by_role("button", name="Before", exact=True).click()
    heard = player.until(lambda state: state["side"] == "Before" and state["playing"] and state["level"] > 0.005)
    assert heard["time"] > 0.45 * handmade.BARS * handmade.BAR_S and heard["changed"] == PIANO_IN_TWO_BARS
    assert "outlined" in player.root.locator(".legend").inner_text()
    player.root.get_by_role("button", name="Stop").click()

    page.get_by_role("button", name="Use this").click()
    player.until(lambda state: state["side"] == "Take 2, version 2")
    page.get_by_role("button", name="Undo").click()
    player.until(lambda state: state["side"] == "Take 2, version 1")
    page.get_by_role("button", name="Undo").click()
    assert player.until(lambda state: state["side"] == "mine.mid")["changed"] == -1


def test_fields_and_roll_stay_in_step(page, player):
    bars = page.get_by_role("textbox", name="Bars")
    bars.fill("2, 5-6")
    bars.press("Enter")
    player.until(selects("Bars 2, 5–6 · all tracks"))
    player.drag_roll(0.9, 0.95, shift=True)
    player.until(selects("Bars 2, 5–6, 8 · all tracks"))
    expect(bars).to_have_value("2, 5-6, 8")
    player.root.get_by_role("button", name="Lock Drums").click()
    player.until(selects("Bars 2, 5–6, 8 · all tracks · locked: Drums"))
    page.locator(".st-key-control-locked-tracks").get_by_text("Drums", exact=True).wait_for()
    player.root.locator(".over").focus()
    page.keyboard.press("Escape")
    player.until(selects("All 8 bars · all tracks · locked: Drums"))
    expect(bars).to_have_value("")
    assert player.state()["time"] == 0  # a drag is no press: nothing was sought

    page.locator(".st-key-remix button").click()
    changed = player.until(lambda state: state.get("side") == "Take 2, version 1" and state["changed"] >= 0)["changed"]
    assert changed == 8 * 8 * 4  # piano and bass


def test_no_bars_the_loop_of_the_selected_ones_and_drags_without_selecting(page, player):
    bars = page.get_by_role("textbox", name="Bars")
    bars.fill("abc")
    bars.press("Enter")
    player.until(selects("No bars · all tracks"))
    assert page.locator(".st-key-remix button").first.is_disabled()
    player.root.get_by_role("button", name="Select all").click()
    player.until(selects("All 8 bars · all tracks"))
    expect(bars).to_have_value("")

    player.drag_roll(0.51, 0.74)  # inside the fifth and sixth of eight bars
    player.until(selects("Bars 5–6 · all tracks"))
    player.ready().root.get_by_role("button", name="Loop").click()
    start, end = 4 * handmade.BAR_S, 6 * handmade.BAR_S
    assert player.until(lambda state: state["loop"]["on"])["loop"] == {"on": True, "from": start, "to": end}
    assert start <= player.play()["time"] < end
    player.press_roll(0.73)
    player.until(lambda state: state["playing"] and start + 0.1 < state["time"] < start + 2)  # it came round
    player.root.get_by_role("button", name="Loop").click()
    assert not player.state()["loop"]["on"]

    player.root.get_by_role("button", name="Stop").click()
    player.root.get_by_role("button", name="Select all").click()
    player.until(selects("All 8 bars · all tracks"))
    player.root.get_by_role("button", name="Select bars").click()
    for _ in range(2):
        player.root.get_by_role("button", name="Zoom in").click()
    quarter = handmade.BARS * handmade.BAR_S / 4
    player.press_roll(0.5)
    player.until(lambda state: abs(state["time"] - quarter / 2) < 0.2)
    player.drag_roll(0.8, 0.3)
    player.press_roll(0.5)
    player.until(lambda state: abs(state["time"] - quarter) < 0.3)
    assert player.state()["selection"] == "All 8 bars · all tracks"


def test_phone(serve, open_page):
    page = open_page(f"{serve(APP)}/remix", width=390, height=844, has_touch=True, is_mobile=True)
    upload(page)
    player = Driver(page.locator(".st-key-player"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = player.root.locator(".over")
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    width = place["width"] - 50
    swipe(page, place["x"] + 50 + 0.3 * width, place["x"] + 50 + 0.45 * width, place["y"] + 150)
    player.until(selects("Bars 3–4 · all tracks"))
    page.touchscreen.tap(place["x"] + 50 + width / 2, place["y"] + 150)
    player.until(lambda state: abs(state["time"] - handmade.BARS * handmade.BAR_S / 2) < 0.3)
    assert player.state()["selection"] == "Bars 3–4 · all tracks"


def swipe(page, start: float, end: float, y: float) -> None:
    """Draws a finger sideways over the page."""
    fingers = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", start), ("touchMove", (start + end) / 2), ("touchMove", end)):
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
