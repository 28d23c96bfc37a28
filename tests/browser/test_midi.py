"""A MIDI keyboard and MIDI instruments in a real browser, with toys for both."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.browser.driver import Driver
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
NOTE_ON, NOTE_OFF, CONTROL, PROGRAM = 0x90, 0x80, 0xB0, 0xC0
PEDAL, VOLUME, ALL_OFF = 64, 7, 123


@pytest.fixture
def player(serve, open_page) -> Driver:
    page = open_page("about:blank")
    page.add_init_script(path=APPS / "toy_midi.js")
    page.goto(serve(APPS / "player_app.py"))
    player = Driver(page).ready()
    button(player, "MIDI devices").click()
    player.root.get_by_text("Keyboard: Toy keys").wait_for()
    return player


def button(player: Driver, name: str):
    return player.root.get_by_role("button", name=name, exact=True)


def say(player: Driver, *messages: tuple[int, int, int]) -> None:
    for message in messages:
        player.root.page.evaluate("bytes => toyMidi.say(...bytes)", list(message))


def kept(player: Driver) -> dict:
    code = player.root.page.locator("[data-testid=stCode]")
    before = code.inner_text()
    button(player, "Keep changes").click()
    told = until(lambda: (text := code.inner_text()) != before and text, "what is sent")
    return {name: values for name, values in json.loads(told).items() if values}


def test_what_is_played_is_heard_recorded_on_the_grid_and_entered_step_by_step(player):
    player.edit()
    player.root.get_by_label("Track to edit", exact=True).select_option(label="Piano")
    button(player, "Record").click()
    player.root.get_by_text(re.compile("Counting in|Recording into Piano")).wait_for()
    player.root.get_by_text("Recording into Piano").wait_for()
    heard = player.until(lambda state: state["playing"] and state["time"] > 0.2)["auditions"]
    say(player, (CONTROL, PEDAL, 127), (NOTE_ON, 84, 101), (NOTE_OFF, 84, 0), (NOTE_ON, 86, 33))
    player.advance(0.6)
    say(player, (NOTE_ON, 86, 0), (CONTROL, PEDAL, 0))
    assert player.until(lambda state: state["selected"] == 2)["auditions"] == heard + 2
    player.root.page.keyboard.press("r")
    player.root.get_by_text("2 notes recorded.").wait_for()
    player.until(lambda state: not state["playing"] and state["undoable"] == 1)
    first, second = kept(player)["added"]
    assert [first[0], *first[3:]] == [0, 84, 101] and second[3:] == [86, 33]
    assert all(value % 120 == 0 for note in (first, second) for value in note[1:3])
    assert first[2] >= 240  # the pedal held it

    player.root.get_by_label("Snap to").select_option("1/4")
    button(player, "Stop").click()
    button(player, "Discard").click() if button(player, "Discard").is_enabled() else None
    button(player, "Step input").click()
    say(
        player,
        (NOTE_ON, 90, 50),
        (NOTE_ON, 93, 60),
        (NOTE_OFF, 90, 0),
        (NOTE_OFF, 93, 0),
        (NOTE_ON, 88, 70),
        (NOTE_OFF, 88, 0),
    )
    player.until(lambda state: state["undoable"] == 3)
    assert kept(player)["added"] == [[0, 0, 480, 90, 50], [0, 0, 480, 93, 60], [0, 480, 480, 88, 70]]


def test_the_song_plays_on_instruments_in_time_and_falls_silent(player):
    page = player.root.page
    player.root.get_by_label("Play on", exact=True).select_option(label="Play on Toy synth")
    assert player.root.get_by_label("Volume", exact=True).input_value() == "0"
    button(player, "Play").click()

    def sent_hats() -> list[float]:
        return page.evaluate(
            "toyMidi.output.sent.filter(([on, key]) => on === 0x99 && key === 42).map((each) => each[3])"
        )

    player.advance(1.2)
    hats = until(lambda: len(sent := sent_hats()) >= 3 and sent, "three strokes of the hi-hat")
    sent = page.evaluate("toyMidi.output.sent")
    assert {message[0]: message[1] for message in sent if message[0] & 0xF0 == PROGRAM} == {0xC0: 0, 0xC1: 33, 0xC9: 0}
    assert [message[:3] for message in sent if message[1] == VOLUME] == [[0xB0, 7, 100], [0xB1, 7, 100], [0xB9, 7, 100]]
    assert hats == sorted(hats)
    player.root.get_by_role("button", name="Mute Piano").click()
    page.evaluate("toyMidi.output.sent.length = 0")
    button(player, "Stop").click()
    silent = until(lambda: (now := page.evaluate("toyMidi.output.sent")) and now[-1][1] == ALL_OFF and now, "the end")
    assert {message[0] for message in silent if message[1] == ALL_OFF} == {0xB0, 0xB1, 0xB9}
    player.root.get_by_label("Play on", exact=True).select_option(label="Play in the browser")
    assert player.root.get_by_label("Volume", exact=True).input_value() == "100"


def test_it_is_hidden_where_there_is_none_and_says_where_it_was_denied(serve, open_page):
    page = open_page("about:blank")
    page.add_init_script("delete Navigator.prototype.requestMIDIAccess")
    page.goto(serve(APPS / "player_app.py"))
    player = Driver(page).ready().edit()
    page.keyboard.press("?")
    player.root.get_by_text("An octave up").wait_for()
    assert not button(player, "MIDI devices").is_visible() and not player.root.get_by_text("Record from").is_visible()
    page.add_init_script(path=APPS / "toy_midi.js")
    page.add_init_script("toyMidi.denied = true")
    page.reload()
    player.ready()
    button(player, "MIDI devices").click()
    player.root.get_by_text("The browser did not allow MIDI").wait_for()
    page.evaluate("toyMidi.denied = false")
    button(player, "MIDI devices").click()
    player.root.get_by_text("Keyboard: Toy keys").wait_for()
