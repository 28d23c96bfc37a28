"""The studio as a visitor meets it: a file goes in, music is written on, heard, read and taken home."""

from __future__ import annotations

from typing import Any

import pytest

from music.bars import bar_grid
from music.files.midi import midi_bytes, read_midi
from tests.browser.apps import handmade
from tests.browser.conftest import ROOT
from tests.browser.driver import Driver, choose, until_at_rest

GIVEN_BARS, NEW_BARS = 2, 4


@pytest.fixture
def page(serve, open_page):
    page = open_page(f"{serve(ROOT / 'streamlit_app.py')}/generate")
    page.locator(".st-key-generate button").wait_for()
    return page


def upload(page: Any, name: str, data: bytes) -> None:
    page.get_by_text("A file", exact=True).click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": name, "mimeType": "audio/midi", "buffer": data}
    )


def test_the_logo_holds_its_word_in_any_font(open_page):
    page = open_page(f"file://{ROOT / 'studio' / 'logo.svg'}")
    for font in ("sans-serif", "serif", "monospace"):
        room = page.evaluate(
            """font => {
                const [svg, text] = ["svg", "text"].map(name => document.querySelector(name));
                text.setAttribute("font-family", font);
                return svg.viewBox.baseVal.width - text.getBBox().x - text.getBBox().width;
            }""",
            font,
        )
        assert 0 <= room < 20


def test_continue_a_file_hear_it_and_take_it_home(page, tmp_path):
    upload(page, "tune.mid", b"not music")
    page.get_by_test_id("stAlert").get_by_text("not MIDI or MusicXML").wait_for()
    given = handmade.piece("By hand", bars=GIVEN_BARS)
    upload(page, "mine.mid", midi_bytes(given))
    shown = Driver(page.locator(".st-key-player"))
    shown.root.wait_for()
    assert shown.until(lambda state: state.get("notes"))["notes"] == given.note_count

    length = page.get_by_label("Length", exact=True)
    length.fill(str(NEW_BARS))
    length.press("Tab")
    for name in ("Acoustic Grand Piano", "Electric Bass (finger)"):  # few, so that their sound is soon made
        choose(page, "Instruments", name, typed=True)
    page.locator(".st-key-generate button").click()
    # the roll fills while it is written, and holds more than was given once it is done
    filled = page.locator(
        f".player[data-live=true]:not([data-notes='0']), .st-key-player .player:not([data-notes='{given.note_count}'])"
    )
    filled.first.wait_for()
    page.locator(".st-key-writing").wait_for(state="detached")
    finished = shown.until(lambda state: state["notes"] > given.note_count)

    shown.ready().loop()
    shown.play()
    shown.advance()
    shown.root.get_by_role("button", name="Mute Piano").click()
    assert 0 in shown.until(lambda state: state["mode"] == "tracks")["gains"]
    page.screenshot(path=tmp_path / "studio.png")
    shown.root.get_by_role("button", name="Stop").click()
    assert shown.until(lambda state: not state["playing"])["time"] == 0

    until_at_rest(page)
    with page.expect_download() as download:
        page.get_by_role("group", name="Downloads").get_by_text("MIDI", exact=True).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    taken = read_midi(path)
    assert taken.note_count == finished["notes"]
    assert len(bar_grid(taken.score)) == GIVEN_BARS + NEW_BARS
    assert taken.history

    page.get_by_text("Sheet music", exact=True).click()
    page.get_by_alt_text("Sheet music, page 1").wait_for()
