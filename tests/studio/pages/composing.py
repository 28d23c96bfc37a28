"""What a visitor does on the Compose page."""

from __future__ import annotations

from studio.widgets.compose.prompt_field import TEXT
from tests.studio.visitor import control, press, song_of, until_written

SENTENCE = "a slow, dark waltz for strings and piano, AABA, 15 seconds"


def say(page, text):
    """Returns the page once this text stands in the field."""
    song_of(page).controls[TEXT] = text
    page.run()
    assert not page.exception
    return page


def set_chip(page, name, value):
    """Returns the page once this chip was set by hand."""
    control(page, f"compose {name}").set_value(value)
    page.run()
    assert not page.exception
    return page


def chips(page):
    """Returns what stands on the chips."""
    return [block.proto.popover.label.replace("\\", "") for block in page.get("popover")]


def composed(page, text=SENTENCE, seed=1):
    """Returns the page once a song is there that this sentence asks for."""
    control(page, "compose seed").set_value(seed)
    return until_written(press(say(page, text), "Compose"))


def key_press(page, key):
    """Returns the page after a press of the button with this key."""
    next(button for button in page.button if button.key == key).click()
    page.run()
    assert not page.exception
    return page


def captions(page):
    return [each.value for each in page.caption]
