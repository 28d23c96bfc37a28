"""What a test knows of the player on a page: its buttons, and its state as told in data- attributes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.waiting import PATIENCE_S, until

playwright = pytest.importorskip(
    "playwright.sync_api", reason="The browser tests need playwright: pip install -r requirements-dev.txt."
)


def until_at_rest(page: Any, files: int = 0) -> None:
    """Returns once all that a page asked of its server has been answered and drawn.

    A click before that may meet a button that is just being replaced, or open a list that the page closes as it runs anew.

    Args:
        page: a page of Streamlit; others are always at rest.
        files: how many files it has been given by then, since it was loaded.

    Raises:
        AssertionError: it does not come to rest.
    """
    while True:
        try:
            late = page.evaluate("given => window.untilAtRest?.(...given)", [1000 * PATIENCE_S, files])
        except playwright.Error as error:
            if "context was destroyed" not in str(error):
                raise
        else:
            assert not late, late
            return


def give_files(act: Callable[..., None], field: Any, given: Any, **options: Any) -> None:
    """Gives files to a field, and returns once the page has run with them.

    Args:
        act: playwright's way to set a field's files.
        field: where files are given.
        given: the files, as playwright takes them.
        options: of playwright.
    """
    before = field.page.evaluate("window.filesGiven?.()") or 0
    act(field, given, **options)
    until_at_rest(field.page, before + (len(given) if isinstance(given, list) else 1))


def choose(page: Any, name: str, option: str, typed: bool = False) -> None:
    """Picks an option from a list. A page that runs anew may close the list under the hand: then it is opened again.

    Args:
        page: a page or a part of it.
        name: of the list.
        option: what is picked.
        typed: whether it is typed first; of a long list, only some options are there.
    """
    field, entry = page.get_by_role("combobox", name=name), page.get_by_role("option", name=option)

    def chosen() -> bool:
        until_at_rest(page)
        if typed:
            field.fill(option)
        elif not entry.is_visible():
            field.click()
        try:
            entry.click(timeout=5000)
        except playwright.TimeoutError:
            return False
        return True

    until(chosen, lambda: f"{option} in the list of {name}")
    until_at_rest(page)


def release(pressed: Any) -> None:
    """Presses all these buttons, which are found by being pressed, so that none of them is."""
    while pressed.count():
        pressed.first.click()


class Driver:
    """The player in this part of a page.

    Args:
        place: a playwright page or locator that holds one player.
    """

    def __init__(self, place: Any) -> None:
        self.root = place.locator(".player")

    def state(self) -> dict[str, Any]:
        """Returns time (s), playing, mode, gains, level (root mean square), loop, side and sound as they are now."""
        values = self.root.evaluate("root => ({...root.dataset})")
        plain = ("side", "mode", "sound", "selection", "chord")
        return {name: value if name in plain else json.loads(value) for name, value in values.items()}

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Returns the first state that fulfils the condition."""

        def met() -> dict[str, Any] | None:
            state = self.state()
            return state if condition(state) else None

        return until(met, lambda: f"the player, which stays at {self.state()}", every_s=0.03)

    def ready(self) -> Driver:
        """Returns the driver once the player's sound is there."""
        self.root.wait_for()
        self.until(lambda state: state.get("sound") == "ready")
        return self

    def reset(self, side: str) -> None:
        """Stops, and takes back what was set: loop, mutes, solos, volumes, zoom and side."""
        release(self.root.locator(".loop[aria-pressed=true], .strip button[aria-pressed=true]"))
        for slider in self.root.locator(".strip .level").all():
            slider.fill("100")
        self.root.locator(".sides").get_by_role("button", name=side).click()
        self.root.get_by_role("button", name="Show the whole piece").click()
        self.root.get_by_role("button", name="Stop").click()

    def loop(self) -> None:
        """Loops what is seen of the piece: so it plays on, however long a slow machine takes for what is to be heard."""
        self.root.get_by_role("button", name="Show the whole piece").click()
        self.root.get_by_role("button", name="Loop").click()
        self.until(lambda state: state["loop"]["on"])

    def play(self) -> dict[str, Any]:
        """Plays; returns the state once sound is heard."""
        self.root.get_by_role("button", name="Play", exact=True).click()
        return self.until(lambda state: state["playing"] and state["level"] > 0.005)

    def pause(self) -> None:
        """Pauses."""
        self.root.get_by_role("button", name="Pause", exact=True).click()

    def advance(self, seconds: float = 0.3) -> dict[str, Any]:
        """Returns the state once the sound has gone on for so long."""
        start = self.state()["time"]
        return self.until(lambda state: state["playing"] and state["time"] >= start + seconds)

    def focused(self) -> str:
        """Returns what the part that has the keyboard's focus is called."""
        return self.root.evaluate("root => root.getRootNode().activeElement?.ariaLabel ?? ''")

    def press_roll(self, share: float, down: float = 0.5) -> None:
        """Clicks the roll at this share of the visible time."""
        box = self._canvas()
        self.root.page.mouse.click(box["left"] + share * box["width"], box["top"] + down * box["height"])

    def drag_ruler(self, start: float, end: float) -> None:
        """Drags over the bar numbers between these shares of the visible time."""
        self._drag(start, end, down_px=12)

    def drag_roll(self, start: float, end: float, shift: bool = False) -> None:
        """Drags over the notes between these shares of the visible time."""
        if shift:
            self.root.page.keyboard.down("Shift")
        self._drag(start, end, down_px=150)
        if shift:
            self.root.page.keyboard.up("Shift")

    def edit(self) -> Driver:
        """Returns the driver once the piece can be edited."""
        self.root.get_by_role("button", name="Edit", exact=True).click()
        self.until(lambda state: state["editing"] and state["place"]["row"] > 10)
        return self

    def spot(self, seconds: float, pitch: int) -> tuple[float, float]:
        """Returns where on the page a time and a pitch of the roll are, in the middle of the row."""
        box, place = self._canvas(), self.state()["place"]
        x = box["left"] + (seconds - place["from"]) / place["span"] * box["width"]
        return x, box["top"] + place["floor"] - (pitch - place["low"] + 0.5) * place["row"]

    def drag_to(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drags from one spot to another."""
        mouse = self.root.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(*end, steps=5)
        mouse.up()

    def _drag(self, start: float, end: float, down_px: float) -> None:
        box, mouse = self._canvas(), self.root.page.mouse
        mouse.move(box["left"] + start * box["width"], box["top"] + down_px)
        mouse.down()
        mouse.move(box["left"] + end * box["width"], box["top"] + down_px, steps=4)
        mouse.up()

    def _canvas(self) -> dict[str, float]:
        until_at_rest(self.root.page)
        canvas = self.root.locator(".over")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        keys = 50  # the keyboard at the left
        return {"left": box["x"] + keys, "top": box["y"], "width": box["width"] - keys, "height": box["height"]}
