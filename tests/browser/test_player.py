"""The player in a real browser, with a piece and sound made by hand: three tracks, each a tone of its own."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.browser.apps import handmade
from tests.browser.driver import Driver

APP = Path(__file__).parent / "apps" / "player_app.py"
SECONDS = handmade.BARS * handmade.BAR_S


@pytest.fixture(scope="module")
def page(serve, open_page):
    return open_page(serve(APP))


@pytest.fixture
def player(page) -> Driver:
    """The player of a page that the tests share, as it was at first."""
    player = Driver(page).ready()
    player.reset("Result")
    return player


def near(seconds: float, within: float):
    return lambda state: abs(state["time"] - seconds) < within


def test_play_pause_and_stop(player):
    assert player.state()["time"] == 0
    player.play()
    player.advance()
    player.pause()
    held = player.until(lambda state: not state["playing"])["time"]
    assert held > 0.3
    assert player.state()["time"] == held
    player.play()
    assert player.advance()["time"] > held  # goes on from where it was
    player.root.get_by_role("button", name="Stop").click()
    assert player.until(lambda state: not state["playing"])["time"] == 0


def test_click_on_the_roll_seeks(player):
    player.press_roll(0.5)
    player.until(near(SECONDS / 2, 0.2))
    player.play()
    player.press_roll(0.25)
    player.until(lambda state: SECONDS / 4 - 0.1 < state["time"] < SECONDS / 2)
    assert player.advance()["playing"]


def test_the_playhead_stands_in_one_place_on_roll_and_overview(page, player):
    player.press_roll(0.3)
    player.until(near(0.3 * SECONDS, 0.2))
    head = player.root.locator(".overview i").bounding_box()
    roll = player.root.locator(".over").bounding_box()
    share = player.state()["time"] / SECONDS
    assert abs(head["x"] + head["width"] / 2 - (roll["x"] + 50 + share * (roll["width"] - 50))) < 1.5


def test_playing_ends_at_the_end(player):
    player.press_roll(0.97)
    player.until(near(0.97 * SECONDS, 0.3))
    player.root.get_by_role("button", name="Play", exact=True).click()
    player.until(lambda state: not state["playing"] and state["time"] == 0)


def loud(*gains: float):
    """Returns a test for a state in which the three tones sound with these gains."""
    level = handmade.AMPLITUDE * math.sqrt(sum(gain**2 for gain in gains) / 2)
    return lambda state: abs(state["level"] - level) < 0.08 * level + 1e-3


def test_the_words_follow_the_sound_and_every_place_that_is_pressed(player):
    words, now = player.root.locator(".karaoke .sung"), player.root.locator(".karaoke .now")
    player.press_roll((2 * handmade.BAR_S + 1.5) / SECONDS)  # the second beat of the third bar
    player.until(near(2 * handmade.BAR_S + 1.5, 0.2))
    assert (words.inner_text().strip(), now.inner_text().strip()) == ("Counting 3", "ing")
    assert player.root.locator(".karaoke .after").inner_text().strip() == "Counting 4"
    player.play()
    player.until(lambda state: 3 * handmade.BAR_S < state["time"])
    player.pause()
    bar = player.until(lambda state: not state["playing"])["time"] // handmade.BAR_S
    assert words.inner_text().strip() == f"Counting {bar + 1:.0f}"


def test_mixer_changes_what_is_heard(player):
    player.loop()
    player.play()
    player.until(loud(1, 1, 1))
    player.root.get_by_role("button", name="Mute Piano").click()
    player.until(lambda state: state["mode"] == "tracks")  # the mix may pass that level while it makes way
    assert player.until(loud(0, 1, 1))["gains"] == [0, 1, 1]
    player.root.get_by_role("button", name="Mute Piano").click()
    player.until(loud(1, 1, 1))
    player.root.get_by_role("button", name="Solo Drums").click()
    assert player.until(loud(0, 0, 1))["gains"] == [0, 0, 1]
    slider = player.root.get_by_label("Volume of Drums")
    slider.fill("50")
    assert player.until(loud(0, 0, 0.25))["gains"] == [0, 0, 0.25]
    slider.fill("0")
    player.until(loud(0, 0, 0))
    slider.dblclick(position={"x": 2, "y": 5})
    player.until(loud(0, 0, 1))
    assert player.state()["playing"]


def test_mixer_keeps_the_position(player):
    player.press_roll(0.25)
    player.play()
    player.root.get_by_role("button", name="Solo Bass").click()
    assert player.until(lambda state: state["mode"] == "tracks")["time"] > SECONDS / 4 - 0.1


def test_loop_of_two_bars(player):
    player.drag_ruler(0.27, 0.45)  # inside the third and fourth of eight bars
    loop = player.until(lambda state: state["loop"]["on"])["loop"]
    assert loop == {"on": True, "from": 2 * handmade.BAR_S, "to": 4 * handmade.BAR_S}
    player.press_roll(0.48)
    player.play()
    assert player.until(lambda state: state["time"] < 3 * handmade.BAR_S)["time"] > 1.9 * handmade.BAR_S
    assert player.state()["playing"]
    player.root.get_by_role("button", name="Loop").click()
    assert not player.state()["loop"]["on"]
    player.press_roll(0.49)
    player.until(lambda state: state["time"] > 4.05 * handmade.BAR_S)


def test_keyboard(page, player):
    page.mouse.click(700, 30)  # the focus is nowhere
    page.keyboard.press("Space")
    player.until(lambda state: state["playing"])
    page.keyboard.press("Space")
    player.until(lambda state: not state["playing"])
    player.root.get_by_role("button", name="Stop").click()
    for bar in (1, 2):
        page.keyboard.press("ArrowRight")
        assert player.state()["time"] == bar * handmade.BAR_S
    page.keyboard.press("ArrowLeft")
    assert player.state()["time"] == handmade.BAR_S


def test_tab_goes_on_from_the_roll_and_back(page, player):
    player.root.locator(".over").focus()
    page.keyboard.press("Tab")
    assert player.focused() == "Mute Piano"
    page.keyboard.press("Shift+Tab")
    assert player.focused() == "Position"
    page.keyboard.press("Shift+Tab")
    assert player.focused() == "MIDI devices"
    page.keyboard.press("Shift+Tab")
    assert player.focused() == "Edit"
    page.keyboard.press("Shift+Tab")
    assert player.focused() == "Zoom in"
    assert player.root.locator(".over").evaluate(
        "roll => ['F5', 'a'].every(key => roll.dispatchEvent(new KeyboardEvent('keydown', {key, cancelable: true})))"
    )  # the browser's keys are the browser's


def test_space_in_a_text_field_is_a_space(page, player):
    field = page.get_by_label("A name")
    field.click()
    page.keyboard.type("a b")
    assert field.input_value() == "a b"
    assert not player.state()["playing"]


def test_compare_keeps_position_and_goes_on(player):
    assert player.state()["side"] == "Result"
    player.press_roll(0.25)
    player.play()
    player.root.get_by_role("button", name="Input").click()
    state = player.until(lambda state: state["side"] == "Input" and state["playing"] and state["level"] > 0.005)
    assert SECONDS / 4 - 0.1 < state["time"]
    player.advance()


def test_rerun_neither_stops_nor_reloads_the_sound(page, player):
    loads = []
    page.on("request", lambda request: loads.append(request.url) if "/sound/" in request.url else None)
    before = player.play()["time"]
    page.locator(".st-key-again button").click()
    page.get_by_text("runs-1-").wait_for()
    after = player.advance()
    assert after["time"] > before
    assert (
        not [url for url in loads if not url.endswith(".ogg")] and len(loads) <= 1
    )  # the stream itself may ask for more


def test_small_rolls(page, player):
    small = page.get_by_role("img", name="Input")
    assert small.get_attribute("data-notes") == str(handmade.piece().note_count)


def test_phone(serve, open_page):
    page = open_page(serve(APP), width=390, height=844, has_touch=True, is_mobile=True)
    player = Driver(page).ready()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = player.root.locator(".over").bounding_box()
    page.touchscreen.tap(box["x"] + 50 + (box["width"] - 50) / 2, box["y"] + 150)
    player.until(near(SECONDS / 2, 0.3))
    player.root.get_by_role("button", name="Play", exact=True).tap()
    player.advance()
