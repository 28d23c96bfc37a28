"""A tune in a real browser: hummed by Chromium's microphone on Harmonize and Compose, seen as notes, given chords, made a theme."""

from __future__ import annotations

from pathlib import Path

from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "toy_studio.py"  # it hears as the real one does; toys write and play


def heard(page) -> dict[str, str]:
    """Returns what the recorder says of itself: its state, the seconds it has and how loud it hears."""
    return page.locator(".recorder").evaluate("root => ({...root.dataset})")


def record(page, counted: bool = False) -> Driver:
    """Hums a few seconds; returns the player once the notes are in it."""
    page.get_by_label("Count in", exact=True).set_checked(counted)
    page.locator(".recorder .record").click()
    if counted:
        until(lambda: heard(page)["state"] == "counting", lambda: f"the count-in: {heard(page)}")
    until(lambda: float(heard(page)["seconds"]) > 5, lambda: f"five seconds: {heard(page)}")
    until(lambda: float(heard(page)["level"]) > 0.01, lambda: f"a sound: {heard(page)}")
    page.locator(".recorder .record.on").click()
    player = Driver(page.locator(".st-key-player"))
    player.root.wait_for()
    player.until(lambda state: state.get("notes", 0) > 3 and state["waved"])
    page.get_by_text("I hear one", exact=False).wait_for()
    return player


def test_a_hummed_tune_is_seen_mended_by_clicks_gets_chords_and_is_written_down_again(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize")
    player = record(page, counted=True)
    notes = player.state()["notes"]
    until_at_rest(page)
    player.edit()
    page.keyboard.press("Home")
    page.keyboard.press(".")
    player.until(lambda state: state["selected"] == 1)
    page.keyboard.press("s")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.keyboard.press("ArrowUp")
    player.until(lambda state: state["unkept"] == 2)
    player.root.get_by_role("button", name="Keep changes").click()
    state = player.until(lambda state: state["side"] == "Take 2" and state["notes"] == notes + 1)
    assert state["waved"]
    until_at_rest(page)
    page.locator(".st-key-harmonize button").click()
    player.until(lambda state: state["side"] == "Take 3, version 1" and state["notes"] > notes + 1)
    page.get_by_text("How Recording.wav is written down").click()
    page.get_by_role("combobox", name="Grid").wait_for()
    page.get_by_role("radio", name="One voice").click()
    until_at_rest(page)
    page.get_by_role("button", name="Write it down again").click()
    assert player.until(lambda state: state.get("side") == "Take 4")["notes"] == notes


def test_a_browser_without_a_microphone_says_what_to_do(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize")
    page.locator(".recorder .record").wait_for()
    deny = "async () => { throw new DOMException('', 'NotAllowedError') }"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {deny} }}")
    page.locator(".recorder .record").click()
    page.get_by_text("The browser gives no microphone to this page.", exact=False).wait_for()
    page.locator(".recorder .record").wait_for()


def test_a_hummed_theme_is_a_sketch(serve, open_page):
    page = open_page(serve(APP), width=800)
    record(page)
    page.get_by_text("Sketch:").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
