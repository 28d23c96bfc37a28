"""The lane of chords in a real browser, with toys for model and sound: read, walked by keys, changed, said where wrong, undone."""

from __future__ import annotations

from pathlib import Path

from music.files.midi import midi_bytes
from tests.browser.apps import handmade
from tests.browser.conftest import playwright
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "toy_studio.py"
expect = playwright.expect


def upload(page) -> Driver:
    """Returns the player of a page once it has eight bars without chord symbols."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "mine.mid", "mimeType": "audio/midi", "buffer": midi_bytes(handmade.piece())}
    )
    player = Driver(page.locator(".st-key-player"))
    player.until(lambda state: state.get("side") == "mine.mid")
    return player


def symbols(player) -> list[str]:
    """Returns what a screen reader says of each symbol."""
    return player.root.locator(".chord-lane .symbols button").evaluate_all("all => all.map((one) => one.ariaLabel)")


def test_chords_are_typed_chosen_and_followed(serve, open_page):
    page = open_page(f"{serve(APP)}/harmonize")
    player = upload(page)
    field = page.get_by_role("textbox", name="Chords", exact=True)
    field.fill("Am F C G")
    field.press("Enter")
    page.locator(".st-key-harmonize button").click()
    player.until(lambda state: state["side"] == "Take 2, version 1")
    assert symbols(player)[:3] == ["Am, bar 1", "F, bar 2", "C, bar 3"]

    lane = player.root.get_by_role("toolbar", name="Chords")
    lane.get_by_role("button", name="Am, bar 1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert player.focused() == "C, bar 3"
    page.keyboard.press("Enter")
    card = player.root.get_by_role("dialog", name="Chords of bar 3")
    for text, wrong in (("H7", "'H7' is not a chord symbol."), ("F G Am C Dm", "too few for 5 chords")):
        page.keyboard.type(text)  # over the symbol, which is selected
        page.keyboard.press("Enter")
        card.get_by_text(wrong).wait_for()
        until_at_rest(page)
        page.keyboard.press("Control+a")
    page.keyboard.type("E7 A")
    page.keyboard.press("Enter")
    player.until(lambda state: state["side"] == "Take 3")
    assert symbols(player)[:5] == ["Am, bar 1", "F, bar 2", "E7, bar 3", "A, bar 3", "G, bar 4"]

    player.ready()
    lane.get_by_role("button", name="A, bar 3").click()
    page.keyboard.press("Escape")
    assert player.focused() == "A, bar 3"
    player.root.get_by_role("button", name="Show the whole piece").click()
    player.drag_ruler(2.3 / handmade.BARS, 2.7 / handmade.BARS)  # the third bar comes again until it is seen
    player.press_roll(2.75 / handmade.BARS)
    player.play()
    player.until(lambda state: state["chord"] == "A")
    expect(lane.locator(".now")).to_have_attribute("aria-label", "A, bar 3")
    player.pause()
    player.until(lambda state: not state["playing"])

    lane.get_by_role("button", name="A, bar 3").click()
    player.root.get_by_role("dialog").get_by_role("button", name="Dm", exact=True).click()  # of the key
    state = player.until(lambda state: state["side"] == "Take 4")
    assert symbols(player)[2:4] == ["E7, bar 3", "Dm, bar 3"]
    assert abs(state["time"] - 2.75 * handmade.BAR_S) < handmade.BAR_S  # the visitor is still there
    page.locator(".st-key-take-bar").get_by_role("button", name="Undo").click()
    until(lambda: symbols(player)[2:4] == ["E7, bar 3", "A, bar 3"], lambda: symbols(player))
    page.get_by_role("link", name="Songs", exact=True).click()
    page.get_by_text("changed bar 3 to E7 Dm").first.wait_for()
    there = Driver(page.locator(".st-key-player").filter(has=page.locator(".chord-lane")))
    until(lambda: symbols(there)[:1] == ["Am, bar 1"], lambda: symbols(there))


def test_a_phone_hears_chords_where_there_are_none(serve, open_page):
    page = open_page(f"{serve(APP)}/remix", width=390, height=844, has_touch=True, is_mobile=True)
    player = upload(page)
    player.root.get_by_role("button", name="Show chords").tap()
    until(lambda: len(symbols(player)) >= 8, lambda: symbols(player))
    player.root.locator(".chord-lane .symbols button").first.tap()
    card = player.root.get_by_role("dialog", name="Chords of bar 1")
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card.get_by_role("textbox").fill("F")
    page.keyboard.press("Enter")
    player.until(lambda state: state["side"] == "Take 2")
    assert symbols(player)[0] == "F, bar 1"
    player.root.get_by_role("button", name="Show chords").wait_for(state="hidden")
