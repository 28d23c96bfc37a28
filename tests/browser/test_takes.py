"""Takes and songs in a real browser, with toys for model and sound: what is compared, and which words go with which."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import playwright
from tests.browser.driver import Driver, choose, until_at_rest

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
    choose(generated, "Compare with", "Take 1, version 2")
    expect(sides.get_by_role("button")).to_have_text(["Take 1, version 2", "Take 2, version 1"])
    sides.get_by_role("button", name="Take 1, version 2").click()
    player.until(lambda state: state["side"] == "Take 1, version 2")
    choose(generated, "Compare with", "Nothing")
    expect(sides).to_be_hidden()


@pytest.fixture
def compose(serve, open_page):
    """The Compose page."""
    page = open_page(serve(APP))
    page.get_by_label("What the song is to be").wait_for()
    return page


def composed(page, sentence: str, take: str = "Take 1") -> str:
    """Returns the song's address once this take was composed from the sentence."""
    field = page.get_by_label("What the song is to be")
    field.fill(sentence)
    field.press("Enter")
    expect(page.locator(".st-key-stages")).to_contain_text("theme")
    expect(page.locator(".st-key-take-bar h4")).to_have_text(take)
    page.locator(".st-key-writing").wait_for(state="detached")
    until_at_rest(page)
    return page.url


def set_key(page, name: str) -> None:
    """Sets the chip of the key by hand."""
    page.locator(".st-key-wish-key button:visible").click()
    page.get_by_test_id("stPopoverBody").get_by_role("combobox").fill(name)
    page.get_by_role("option", name=name, exact=True).click()
    page.keyboard.press("Escape")


def test_another_sentence_is_another_song_and_the_first_stays_in_the_list(compose):
    first = composed(compose, "a slow waltz for strings and piano, 15 seconds")
    field = compose.get_by_label("What the song is to be")
    field.fill("jazz trio at night, 15 seconds")
    expect(compose.get_by_text("Other words, another song")).to_be_visible()
    until_at_rest(compose)
    compose.get_by_role("button", name="Compose", exact=True).click()
    kept = compose.get_by_role("link", name="A slow waltz for strings and piano, 15 seconds stays under Songs")
    kept.wait_for()
    compose.locator(".st-key-writing").wait_for(state="detached")
    expect(compose.locator(".st-key-take-bar h4")).to_have_text("Take 1")
    assert compose.url != first
    kept.click()
    listed = compose.locator("[class*=st-key-song-]")
    expect(listed.get_by_text("Jazz trio at night, 15 seconds", exact=True)).to_be_visible()
    waltz = listed.filter(has_text="A slow waltz for strings and piano, 15 seconds").last
    waltz.get_by_role("button", name="Open", exact=True).click()
    compose.get_by_role("link", name="Compose", exact=True).click()
    expect(compose.get_by_label("What the song is to be")).to_have_value(
        "a slow waltz for strings and piano, 15 seconds"
    )
    expect(compose.locator(".st-key-take-bar h4")).to_have_text("Take 1")


def test_a_re_roll_takes_the_key_that_was_set_on_its_chip(compose):
    composed(compose, "a tune in G major, 15 seconds")
    theme = compose.locator("[class*='st-key-stage-0-']")
    expect(theme).to_contain_text("G major")
    set_key(compose, "A minor")
    expect(compose.get_by_text("Not in Take 1 yet: Key.")).to_be_visible()
    until_at_rest(compose)
    theme.get_by_role("button", name="Re-roll").click()
    expect(compose.locator(".st-key-take-bar h4")).to_have_text("Take 2")
    expect(theme).to_contain_text("A minor")
    expect(compose.get_by_text("Not in Take")).to_have_count(0)


def test_words_follow_the_take_and_those_on_the_dice_button_are_whole(compose):
    composed(compose, "a tune, 15 seconds")
    set_key(compose, "A minor")
    until_at_rest(compose)
    compose.get_by_role("button", name="Compose", exact=True).click()
    expect(compose.locator(".st-key-take-bar h4")).to_have_text("Take 2")
    compose.get_by_role("button", name="Undo").click()
    expect(compose.locator(".st-key-take-bar h4")).to_have_text("Take 1")
    expect(compose.locator(".st-key-wish-key button:visible")).not_to_contain_text("A minor")
    compose.get_by_label("What the song is to be").fill("something else")
    compose.get_by_role("button", name="Use the words of Take 1").click()
    expect(compose.get_by_label("What the song is to be")).to_have_value("a tune, 15 seconds")
    compose.locator(".st-key-wish-seed button:visible").click()
    words = compose.get_by_role("button", name="Throw the dice").get_by_text("Throw the dice")
    words.wait_for()
    assert words.evaluate("words => words.parentElement.scrollWidth <= words.parentElement.clientWidth")
