"""Live controls in a real browser: the whole song changed without being written anew, the mix kept, practice, and early sound."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from music.files.midi import midi_bytes
from tests.browser.apps import handmade
from tests.browser.conftest import playwright
from tests.browser.driver import Driver, release, until_at_rest
from tests.browser.test_accessibility import violations
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
expect = playwright.expect
BEATS = 4  # of a bar, a second each


def button(player, name):
    return player.root.get_by_role("button", name=name, exact=True)


def told(page) -> str:
    """Returns what the list of takes says of the newest one."""
    until_at_rest(page)
    page.get_by_role("button", name="Takes", exact=True).click()
    words = page.locator("[data-testid=stPopoverBody] [data-testid=stCaptionContainer]").first.inner_text()
    page.keyboard.press("Escape")
    return words


def level_of(*gains: float) -> float:
    return handmade.AMPLITUDE * math.sqrt(sum(gain**2 for gain in gains) / 2)


def take_mp3(page, name: str) -> None:
    """Checks that the file is made when it is asked for, and comes under this name."""
    mp3 = page.get_by_role("group", name="Downloads").get_by_role("button").filter(has_text="MP3")
    with page.expect_download() as download:
        mp3.click()
    assert download.value.suggested_filename == name
    assert Path(download.value.path()).read_text() == f"{handmade.piece().note_count} notes as mp3"
    expect(mp3).to_have_text("MP3")


def test_key_tempo_swing_and_mix_are_takes_that_play_on_and_can_be_undone(serve, open_page):
    page = open_page(f"{serve(APPS / 'toy_studio.py')}/remix")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "mine.mid", "mimeType": "audio/midi", "buffer": midi_bytes(handmade.piece())}
    )
    player = Driver(page.locator(".st-key-player")).ready()
    player.drag_ruler(0.53, 0.58)  # the fifth bar is looped
    player.press_roll(0.55)
    player.play()
    button(player, "Song").click()
    for _ in range(2):
        button(player, "A semitone up").click()
    player.root.get_by_label("Tempo in beats a minute").fill("120")
    button(player, "Swung eighths: all players").click()
    assert violations(page) == []
    button(player, "Apply: make a take of it").click()
    state = player.until(lambda state: state["side"] == "Take 2" and state["playing"])
    assert state["changed"] == -1 and state["loop"] == {
        "on": True,
        "from": 2 * handmade.BAR_S,
        "to": 2.5 * handmade.BAR_S,
    }
    assert 2 * handmade.BAR_S <= state["time"] <= 2.5 * handmade.BAR_S  # twice as fast: the fifth bar still
    assert told(page) == "up 2 semitones, swung, tempo 120"
    page.get_by_text("120 BPM").first.wait_for()
    assert button(player, "Swung eighths: all players").get_attribute("aria-pressed") == "true"
    assert button(player, "Apply: make a take of it").is_disabled()

    take_mp3(page, "by-hand-take-2.mp3")

    button(player, "Stop").click()
    player.ready()
    button(player, "Pan and reverb").click()
    pan, level = (player.root.get_by_label(f"{what} of {who}") for what, who in (("Pan", "Piano"), ("Volume", "Drums")))
    pan.fill("0")
    level.fill("50")
    player.root.get_by_label("Reverb of Piano").fill("100")
    assert player.state()["gains"] == [1, 1, 0.25]
    assert violations(page) == []
    button(player, "Keep mix").click()
    state = player.until(lambda state: state["side"] == "Take 3" and state["sound"] == "ready")
    assert state["gains"] == [1, 1, 1] and (pan.input_value(), level.input_value()) == ("0", "50")
    assert told(page) == "Piano 100 % left and reverb 100, Drums level 50"
    assert not button(player, "Keep mix").is_visible()
    page.locator(".st-key-take-bar").get_by_role("button", name="Undo").click()
    player.until(lambda state: state["side"] == "Take 2")
    assert (pan.input_value(), level.input_value()) == ("64", "100")


@pytest.fixture(scope="module")
def page(serve, open_page):
    return open_page(serve(APPS / "player_app.py"))


@pytest.fixture
def player(page) -> Driver:
    """The player of a page that the tests share, as it was at first."""
    player = Driver(page).ready()
    player.reset("Result")
    release(player.root.locator(".keys [aria-pressed=true]"))
    return player


def test_metronome_and_count_in_click_on_every_beat(player):
    button(player, "Metronome").click()
    seen: list[dict] = []

    def a_bar_with_its_clicks() -> bool:
        """Whether a click was told for each beat of a bar: a page that stands still now and then misses some of others."""
        if not player.state()["playing"]:
            seen[:] = [player.play()]
        goal = seen[-1]["time"] + 1
        seen.append(player.until(lambda state: state["time"] >= goal or not state["playing"]))
        first, last = seen[-BEATS - 1 :][0], seen[-1]
        clicks, seconds = last["clicks"] - first["clicks"], last["time"] - first["time"]
        assert clicks <= seconds + 2 or not last["playing"]  # one told ahead, one that is just over
        return len(seen) > BEATS and last["playing"] and clicks >= int(seconds)

    until(a_bar_with_its_clicks, lambda: f"a bar with its clicks: {seen}")
    button(player, "Stop").click()
    button(player, "Metronome").click()
    before = player.until(lambda state: not state["playing"])["clicks"]
    button(player, "Count-in").click()
    button(player, "Play").click()
    player.until(lambda state: state["playing"])
    assert player.until(lambda state: state["time"] > 0.1)["clicks"] == before + BEATS
    button(player, "Stop").click()
    button(player, "Play").click()
    button(player, "Pause").click()  # in the middle of the clicks: those to come are taken back
    assert player.until(lambda state: not state["playing"])["clicks"] <= before + 2 * BEATS
    button(player, "Count-in").click()
    button(player, "Stop").click()


def test_half_speed_plays_what_the_mixer_says(player):
    button(player, "Half speed").click()
    state = player.play()
    assert (state["rate"], state["mode"]) == (0.5, "mix")
    player.until(lambda state: abs(state["level"] - level_of(1, 1, 1)) < 0.01)
    button(player, "Mute Piano").click()
    player.until(lambda state: abs(state["level"] - level_of(0, 1, 1)) < 0.01)
    button(player, "Half speed").click()
    player.until(lambda state: state["mode"] == "tracks" and abs(state["level"] - level_of(0, 1, 1)) < 0.01)
    button(player, "Mute Piano").click()
    button(player, "Stop").click()


def test_reverb_is_heard_while_its_slider_moves(player):
    button(player, "Pan and reverb").click()
    player.play()
    player.until(lambda state: state["mode"] == "mix" and abs(state["level"] - level_of(1, 1, 1)) < 0.005)
    player.root.get_by_label("Reverb of Bass <b>line</b>").fill("127")
    player.until(lambda state: state["mode"] == "tracks" and abs(state["level"] - level_of(1, 1, 1)) > 0.008)
    button(player, "As written").click()
    player.until(lambda state: abs(state["level"] - level_of(1, 1, 1)) < 0.008)
    button(player, "Stop").click()
    button(player, "Pan and reverb").click()


def test_letters_work_the_transport_and_are_listed(player):
    page = player.root.page
    page.get_by_label("A name").fill("hklhkl?")  # in a field they are letters
    page.mouse.click(700, 5)
    switches = {"l": "Loop", "k": "Metronome", "Shift+K": "Count-in", "h": "Half speed"}
    for pressed in ("true", "false"):
        for key, name in switches.items():
            page.keyboard.press(key)
            expect(button(player, name)).to_have_attribute("aria-pressed", pressed)
    page.keyboard.press("?")
    player.root.get_by_text("Half speed, at the same pitch").wait_for()
    assert violations(page) == []
    page.keyboard.press("?")
    player.root.get_by_text("Half speed, at the same pitch").wait_for(state="hidden")


WATCH = """root => {
  window.heard = [];
  const look = () => {
    window.heard.push([Number(root.dataset.time), Number(root.dataset.level), root.dataset.mode]);
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""


def test_the_beginning_plays_on_into_the_whole(serve, open_page, tmp_path):
    gate = tmp_path / "gate"
    page = open_page(f"{serve(APPS / 'player_app.py')}/?gate={gate}")
    player = Driver(page)
    player.root.wait_for()
    player.until(lambda state: state.get("sound") == "preparing" and button(player, "Play").is_enabled())
    assert player.play()["mode"] == "head"
    player.root.evaluate(WATCH)
    gate.touch()
    player.until(lambda state: state["mode"] == "whole")
    player.advance(0.5)
    heard = page.evaluate("cancelAnimationFrame(window.watching), window.heard")
    times, levels, modes = zip(*heard)
    assert {"head", "whole"} <= set(modes) and list(times) == sorted(times)
    assert min(levels) > 0.75 * level_of(1, 1, 1)  # it never stopped
    assert max(levels) < 1.1 * 1.5 * level_of(1, 1, 1)
    player.until(lambda state: abs(state["level"] - level_of(1, 1, 1)) < 0.01)
