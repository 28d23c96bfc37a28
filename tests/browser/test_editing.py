"""The roll edited by hand in a real browser: by pointer, by keys, by touch; and kept as a take of a song."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.apps import handmade
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

APPS = Path(__file__).parent / "apps"
EIGHTH_S = handmade.BAR_S / 8
FIRST = [63, 67, 70]  # the first chord of the piano in the piece that is edited, 220 ticks long


@pytest.fixture(scope="module")
def page(serve, open_page):
    return open_page(serve(APPS / "player_app.py"))


@pytest.fixture
def player(page) -> Driver:
    """The player of a page that the tests share, with the piano's first two bars to edit."""
    player = Driver(page).ready()
    if player.state()["editing"]:
        button(player, "Discard").click() if button(player, "Discard").is_enabled() else None
        button(player, "Edit").click()
        player.until(lambda state: not state["editing"])
    player.reset("Result")
    for _ in range(2):
        button(player, "Zoom in").click()
    player.edit()
    player.root.get_by_label("Track to edit", exact=True).select_option(label="Piano")
    player.root.get_by_label("Snap to").select_option("1/16")
    button(player, "Select and move notes").click()
    player.until(lambda state: state["unkept"] == 0 and state["undoable"] == 0)
    return player


def button(player, name):
    return player.root.get_by_role("button", name=name, exact=True)


def middle(player, step: int, pitch: int) -> tuple[float, float]:
    """Returns the middle of a note of the piano that begins at this eighth."""
    return player.spot((step + 0.4) * EIGHTH_S, pitch)


def click(player, spot, **options):
    player.root.page.mouse.click(*spot, **options)


def kept(page, player) -> dict:
    """Returns what is sent when the changes are kept."""
    before = page.locator("[data-testid=stCode]").inner_text()
    button(player, "Keep changes").click()
    told = until(lambda: (text := page.locator("[data-testid=stCode]").inner_text()) != before and text, "what is sent")
    return {name: values for name, values in json.loads(told).items() if values}


def test_a_note_is_moved_heard_and_taken_back(page, player):
    heard = player.state()["auditions"]
    player.drag_to(middle(player, 0, 63), middle(player, 2, 65))
    state = player.until(lambda state: state["undoable"] == 1)
    assert (state["unkept"], state["selected"]) == (1, 1) and state["auditions"] > heard + 1
    page.keyboard.press("Control+z")
    assert player.until(lambda state: state["undoable"] == 0)["unkept"] == 0
    page.keyboard.press("Control+Shift+z")
    player.until(lambda state: state["unkept"] == 1)
    assert kept(page, player) == {"changed": [[0, 0, 480, 220, 65, 50]]}


def test_a_touched_note_sounds_at_once(player):

    def heard() -> bool:  # it is short: a machine that just does something else misses it
        click(player, middle(player, 0, 63))
        return player.state()["level"] > 0.005

    until(heard, "a sound")
    player.until(lambda state: state["level"] == 0)
    assert not player.state()["playing"]


def test_notes_are_drawn_resized_and_deleted(page, player):
    page.mouse.dblclick(*player.spot(0.3, 74))
    player.until(lambda state: (state["unkept"], state["selected"]) == (1, 1))
    button(player, "Draw notes (B)").click()
    player.drag_to(player.spot(1.05, 75), player.spot(1.95, 75))
    player.until(lambda state: state["unkept"] == 2)
    start = EIGHTH_S * 220 / 240  # where the first note ends, less a little
    player.drag_to(player.spot(start - 0.01, 67), player.spot(0.99, 67))
    player.until(lambda state: state["unkept"] == 3)
    click(player, middle(player, 0, 70))
    page.keyboard.press("Delete")
    player.until(lambda state: state["unkept"] == 4)
    sent = kept(page, player)
    assert sent["removed"] == [[0, 2]] and sent["changed"] == [[0, 1, 0, 480, 67, 50]]
    assert sent["added"] == [[0, 120, 120, 74, 90], [0, 480, 480, 75, 90]]


def test_a_rectangle_shift_and_all_select(page, player):
    player.drag_to(player.spot(-0.0 + 0.001, 71), middle(player, 0, 62))
    assert player.until(lambda state: state["selected"])["selected"] == 3
    page.keyboard.down("Shift")
    click(player, middle(player, 0, 67))
    page.keyboard.up("Shift")
    player.until(lambda state: state["selected"] == 2)
    page.keyboard.press("Control+a")
    notes = player.until(lambda state: state["selected"] > 2)["selected"]
    assert notes == handmade.BARS * 8 * 3  # of the piano only
    page.keyboard.press("Escape")
    player.until(lambda state: state["selected"] == 0)


def test_loudness_is_dragged_in_the_strip_below(page, player):
    place = player.state()["place"]
    x, _ = player.spot(0.002, 63)
    top = player.spot(0, 63)[1] - (place["floor"] - (63 - place["low"] + 0.5) * place["row"])
    click(player, middle(player, 0, 70))
    player.drag_to((x + 3, top + place["height"] + 20), (x + 3, top + place["height"] + 7))
    player.until(lambda state: state["undoable"] == 1)
    ((_, note, *_, velocity),) = kept(page, player)["changed"]
    assert note == 2 and velocity > 110


def test_a_new_track_gets_an_instrument_and_notes(page, player):
    player.root.get_by_label("Track to edit", exact=True).select_option(label="New track …")
    player.root.get_by_label("Instrument of the track").select_option(label="Violin")
    page.mouse.dblclick(*player.spot(0.05, 72))
    player.until(lambda state: (state["unkept"], state["selected"]) == (2, 1))
    assert kept(page, player) == {"added": [[3, 0, 120, 72, 90]], "tracks": [["Violin", 40, False]]}


def test_arrows_are_the_players_own_while_nothing_is_selected(page, player):
    page.keyboard.press("ArrowRight")
    player.until(lambda state: abs(state["time"] - handmade.BAR_S) < 0.1)
    page.keyboard.press(".")
    player.until(lambda state: state["selected"] == 1)
    page.keyboard.press("ArrowRight")
    assert abs(player.until(lambda state: state["unkept"] == 1)["time"] - handmade.BAR_S) < 0.1


def test_tab_leaves_the_roll_and_edits_outlive_a_rerun(page, player):
    click(player, middle(player, 0, 63))
    page.keyboard.press("Delete")
    player.until(lambda state: state["unkept"] == 1)
    page.keyboard.press("Tab")
    assert player.focused() != "Position"
    page.locator(".st-key-again button").click()
    page.get_by_text("runs-1-").wait_for()
    assert player.state()["unkept"] == 1
    button(player, "Input").click()
    player.until(lambda state: not state["editing"])
    button(player, "Edit · 1 not kept").wait_for()
    button(player, "Result").click()
    assert player.until(lambda state: state["editing"])["unkept"] == 1


def test_a_finger_moves_a_note(serve, open_page):
    page = open_page(serve(APPS / "player_app.py"), width=820, height=1180, has_touch=True, is_mobile=True)
    player = Driver(page).ready()
    button(player, "Zoom in").tap()
    player.edit()
    finger = page.context.new_cdp_session(page)
    (x, y), (to_x, to_y) = middle(player, 0, 63), middle(player, 1, 65)
    for kind, points in [
        ("touchStart", [(x, y)]),
        ("touchMove", [((x + to_x) / 2, y)]),
        ("touchMove", [(to_x, to_y)]),
        ("touchEnd", []),
    ]:
        points = [{"x": each[0], "y": each[1]} for each in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    player.until(lambda state: state["unkept"] >= 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 820


def test_edits_are_kept_heard_and_undone_with_the_song(serve, open_page):
    page = open_page(f"{serve(APPS / 'toy_studio.py')}/generate")
    page.locator(".st-key-generate button").wait_for()
    until_at_rest(page)
    page.locator(".st-key-generate button").click()
    player = Driver(page.locator(".st-key-player")).ready()
    notes = player.state()["notes"]
    player.edit()
    page.keyboard.press("Control+a")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Control+d")
    player.until(lambda state: state["unkept"] > notes)
    button(player, "Keep changes").click()
    state = player.until(
        lambda state: (
            state["side"] == "Take 2" and state["sound"] == "ready" and state["editing"] and not state["unkept"]
        )
    )
    assert state["notes"] == 2 * notes
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.keyboard.press("ArrowDown")
    player.until(lambda state: state["unkept"] == 2 * notes)
    page.get_by_role("link", name="Remix", exact=True).click()
    until_at_rest(page)
    if player.until(lambda state: state.get("unkept") == 2 * notes)["editing"]:  # the pages changed within a second
        button(player, "Edit").click()
    button(player, f"Edit · {2 * notes} not kept").click()  # they wait on the other page
    button(player, "Discard").click()
    player.until(lambda state: state["editing"] and state["unkept"] == 0)
    player.play()
    player.pause()
    page.locator(".st-key-take-bar").get_by_role("button", name="Undo").click()
    player.until(lambda state: state["side"].startswith("Take 1") and state["notes"] == notes)
    page.locator(".st-key-take-bar").get_by_role("button", name="Redo").click()
    player.until(lambda state: state["side"] == "Take 2")
    page.get_by_role("link", name="Songs", exact=True).click()
    page.get_by_text(f"transposed {notes} notes up 1 and drew {notes} notes", exact=False).first.wait_for()
