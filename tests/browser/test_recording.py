"""A tune in a real browser: hummed by Chromium's microphone on Harmonize and Compose, seen as notes, given chords, made a theme."""

from __future__ import annotations

from pathlib import Path

from tests.browser.driver import Driver, until_at_rest

APP = Path(__file__).parent / "apps" / "toy_studio.py"  # it hears as the real one does; toys write and play


def record(page) -> Driver:
    """Hums a few seconds; returns the player once the notes are in it."""
    page.get_by_role("button", name="Record", exact=True).click()
    page.locator("[data-testid=stAudioInputWaveformTimeCode]").get_by_text("00:05").wait_for()
    page.get_by_role("button", name="Stop recording").click()
    player = Driver(page.locator(".st-key-player"))
    player.root.wait_for()
    player.until(lambda state: state.get("notes", 0) > 3)
    page.locator(".st-key-heard-notes .pictures[data-drawn='1']").wait_for()
    page.get_by_text("I hear one", exact=False).wait_for()
    return player


def test_a_hummed_tune_is_seen_and_gets_chords(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize")
    player = record(page)
    notes = player.state()["notes"]
    until_at_rest(page)
    page.locator(".st-key-harmonize button").click()
    player.until(lambda state: state.get("side") == "Take 2, version 1" and state["notes"] > notes)
    page.get_by_text("How Recording.wav is written down").click()
    page.get_by_role("combobox", name="Grid").wait_for()
    page.get_by_role("radio", name="One voice").click()
    until_at_rest(page)
    page.get_by_role("button", name="Write it down again").click()
    assert player.until(lambda state: state.get("side") == "Take 3")["notes"] == notes


def test_a_hummed_theme_is_a_sketch(serve, open_page):
    page = open_page(serve(APP), width=800)
    record(page)
    page.get_by_text("Sketch:").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
