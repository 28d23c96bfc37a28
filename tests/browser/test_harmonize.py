"""The Harmonize page in a real browser, with toys for model and sound: type chords, accompany, redo a bar, mute, read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from music.files.midi import midi_bytes
from tests.browser.apps import handmade
from tests.browser.conftest import playwright
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "toy_studio.py"


@pytest.fixture
def page(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize")
    upload(page)
    return page


@pytest.fixture
def player(page) -> Driver:
    return Driver(page.locator(".st-key-player"))


def upload(page) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "mine.mid", "mimeType": "audio/midi", "buffer": midi_bytes(handmade.piece())}
    )
    Driver(page.locator(".st-key-player")).until(lambda state: state.get("side") == "mine.mid")


def wait_for_cells(page, texts: list[str], what: str = "value") -> None:
    """Returns once the cells of the grid show these texts; ``what`` is placeholder for the gray ones."""

    def cells() -> list[str]:
        grid = page.locator(".chart")
        return grid.evaluate("(grid, what) => [...grid.querySelectorAll('input')].map((cell) => cell[what])", what)

    until(lambda: cells()[: len(texts)] == texts, cells)


def shows(side: str):
    return lambda state: state.get("side") == side


def test_type_chords_accompany_and_redo_one_bar(page, player):
    field = page.get_by_role("textbox", name="Chords", exact=True)
    field.fill("Am F C G")
    field.press("Enter")
    wait_for_cells(page, ["Am", "F", "C", "G"] * 2)
    page.locator(".st-key-harmonize button").click()
    player.until(shows("Take 2, version 1"))

    page.get_by_role("button", name="Clear", exact=True).click()
    wait_for_cells(page, [""] * 8)
    wait_for_cells(page, ["Am", "F", "C", "G"] * 2, "placeholder")
    third = page.get_by_role("textbox", name="Bar 3", exact=True)
    third.fill("H7")
    third.press("Enter")
    page.get_by_text("Bar 3: 'H7' is not a chord symbol.").wait_for()
    third.fill("E7 A")
    third.press("Enter")
    focused = "grid => grid.getRootNode().activeElement.ariaLabel"
    until(lambda: page.locator(".chart").evaluate(focused) == "Bar 4", "the focus on the next bar")
    page.get_by_role("button", name="Only bar 3").click()
    state = player.until(lambda state: state.get("side") == "Take 3, version 1" and state["changed"] >= 0)
    assert state["changed"] == 2 and state["notes"] == 8 * 8 + 9
    page.get_by_role("button", name="Clear", exact=True).click()
    wait_for_cells(page, ["Am", "F", "E7 A", "G", "Am"], "placeholder")


def test_a_sheet_of_chords_is_pasted_and_bars_are_chosen_on_the_roll(page, player):
    first = page.get_by_role("textbox", name="Bar 2", exact=True)
    first.focus()
    first.evaluate(
        """field => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text', 'C G\\nAm');
          field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true, cancelable: true }));
        }"""
    )
    wait_for_cells(page, ["", "C G", "Am", ""])
    wait_for_cells(page, ["C", "C G", "Am", "Am"], "placeholder")
    page.locator(".st-key-harmonize button").click()
    player.until(lambda state: state["side"] == "Take 2, version 1" and state["selection"] == "All 8 bars")
    player.drag_roll(0.64, 0.74)
    page.get_by_role("button", name="Harmonize bar 6 again").click()
    assert player.until(lambda state: state.get("side") == "Take 3, version 1")["selection"] == "Bar 6"


def test_the_sheet_follows_the_sound_has_views_and_stays_open_and_halves_are_muted_with_one_press(page, player):
    page.locator(".st-key-control-harmonize-style").get_by_role("radio", name="Bass").click()
    page.locator(".st-key-harmonize button").click()
    player.until(shows("Take 2, version 1"))
    page.get_by_text("Sheet music", exact=True).click()
    page.get_by_role("radio", name="Score", exact=True).wait_for()
    sheet, picture = page.locator(".st-key-sheet .sheet"), page.locator(".st-key-sheet img")
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the score")
    until_at_rest(page)
    score, box = picture.get_attribute("src"), picture.bounding_box()
    _, left, top, width, height, second, _ = sheet.evaluate("sheet => sheet.pages.data.sheet.bars[2]")
    place = {"x": (left + width / 2) * box["width"], "y": (top + height / 2) * box["height"]}
    page.locator(".st-key-sheet .paper").click(position=place)
    player.until(lambda state: state["time"] == second > 0)
    playwright.expect(sheet).to_have_attribute("data-bar", "2")
    player.play()
    playwright.expect(sheet).to_have_attribute("data-bar", re.compile("[3-7]"))
    player.pause()
    page.get_by_role("radio", name="Lead sheet", exact=True).click()
    playwright.expect(page.locator(".st-key-sheet img")).not_to_have_attribute("src", score)
    page.locator(".st-key-harmonize button").click()
    player.until(shows("Take 3, version 1"))
    page.get_by_role("radio", name="Lead sheet", exact=True, checked=True).wait_for()  # it stays open, in the same view

    page.locator(".st-key-control-harmonize-style").get_by_role("radio", name="Band").click()
    page.locator(".st-key-harmonize button").click()
    player.until(shows("Take 4, version 1"))
    player.ready()
    assert player.state()["gains"] == [1, 1, 1]
    player.root.get_by_role("button", name="Mute accompaniment").click()
    player.until(lambda state: state["gains"] == [1, 0, 0])
    player.root.get_by_role("button", name="Mute accompaniment").click()
    player.root.get_by_role("button", name="Mute melody").click()
    player.until(lambda state: state["gains"] == [0, 1, 1])
    player.root.get_by_role("button", name="Before", exact=True).click()
    assert player.until(shows("Before"))["gains"].count(0) == 1  # its melody too


def test_phone(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize", width=390, height=844, has_touch=True, is_mobile=True)
    upload(page)
    cells = page.locator(".chart").evaluate(
        "grid => [...grid.querySelectorAll('input')].map((cell) => cell.getBoundingClientRect())"
    )
    assert cells[0]["y"] == cells[3]["y"] < cells[4]["y"] and min(cell["width"] for cell in cells) > 70
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
