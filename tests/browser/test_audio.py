"""The Audio page in a real browser: record with Chromium's own microphone, say it in words, hear and see it, and go on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "toy_studio.py"  # it hears as the real one does; toys write and play
SECONDS = 4


@pytest.fixture
def page(serve, open_page):
    page = open_page(f"{serve(APP)}/audio")
    page.locator(".st-key-make-music button").wait_for()
    return page


def record(page) -> None:
    """Records until there is a sound to hear."""
    page.get_by_role("radio", name="Record").click()
    page.get_by_role("button", name="Record", exact=True).click()
    page.locator("[data-testid=stAudioInputWaveformTimeCode]").get_by_text(re.compile("00:0[2-9]|00:[1-9]")).wait_for()
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_text("Recording.wav").wait_for()


def drawn(page, key: str, count: int) -> None:
    page.locator(f".st-key-{key} .pictures[data-drawn='{count}']").wait_for()


def test_record_say_write_hear_and_open_in_remix(page):
    record(page)
    drawn(page, "sound-pictures", 1)
    page.get_by_text("LUFS").wait_for()
    words = page.get_by_role("textbox", name="In words")
    words.fill("calm piano, slow")
    words.press("Control+Enter")
    page.get_by_role("button", name="“slow”").wait_for()  # as it was understood
    until_at_rest(page)
    length = page.get_by_role("spinbutton", name="Length (seconds)")
    length.fill(str(SECONDS))
    length.press("Tab")
    until_at_rest(page)
    page.locator(".st-key-make-music button").click()

    player = Driver(page.locator(".st-key-player")).ready()
    player.until(lambda state: state["notes"] == SECONDS)  # the toy writes one a second
    assert player.play()["level"] > 0
    player.root.get_by_role("button", name="Stop").click()
    player.root.get_by_role("button", name="Mute").first.wait_for()
    drawn(page, "compared", 2)
    beats = page.locator(".st-key-compared canvas[role=img]")
    assert [name for name in beats.evaluate_all("all => all.map(each => each.getAttribute('aria-label'))") if name]

    page.get_by_role("radio", name="Pure").click()
    until(lambda: "unmixed" in (player.root.get_attribute("class") or ""), "the sound without a mixer")
    assert player.ready().play()["level"] > 0
    assert player.root.get_by_role("button", name="Mute").filter(visible=True).count() == 0
    player.root.get_by_role("button", name="Stop").click()

    notes = player.state()["notes"]
    page.get_by_role("button", name="Open in Remix").click()
    page.locator(".st-key-remix button").wait_for()
    assert player.until(lambda state: state.get("selection"))["notes"] == notes


def test_phone(serve, open_page):
    page = open_page(f"{serve(APP)}/audio", width=390, height=844, has_touch=True, is_mobile=True)
    page.locator(".st-key-make-music button").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = (
        page.get_by_role("radiogroup", name="Begin with")
        .get_by_role("radio")
        .evaluate_all("all => all.map(each => each.getBoundingClientRect()).map(box => [box.top, box.height])")
    )
    assert len({top for top, _ in sizes}) == 1 and min(height for _, height in sizes) > 60
