"""The whole way from a sentence to a song folder, with the real models: say it, watch it, re-roll a stage, take it home."""

from __future__ import annotations

import io
import json
import zipfile
from xml.etree import ElementTree

import pytest
import soundfile

from music.files.midi import read_midi
from music.form import sections
from tests.browser.conftest import ROOT, playwright
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import until

SENTENCE = "a slow, dark waltz for strings and piano, 15 seconds, blorp"
STAGES = ["theme", "sections", "harmony", "mix"]
expect = playwright.expect


@pytest.fixture
def page(serve, open_page):
    page = open_page(serve(ROOT / "streamlit_app.py"))
    page.get_by_label("What the song is to be").wait_for()
    return page


def chip(page, name):
    """Returns the chip of this wish."""
    return page.locator(f".st-key-wish-{name} button:visible")


def until_composed(page, take):
    """Returns the player once this take is there."""
    expect(page.locator(".st-key-take-bar h4")).to_have_text(take)
    player = Driver(page.locator(".st-key-player"))
    player.root.wait_for()
    player.until(lambda state: state.get("notes", 0) > 0 and not state["live"])
    return player


def counts(page):
    """Returns how many notes each stage's card shows."""
    rolls = page.locator(".st-key-stages .small-roll")
    return rolls.evaluate_all("rolls => rolls.map((roll) => Number(roll.dataset.notes))")


def test_from_a_sentence_to_a_song_folder(page, tmp_path):
    field = page.get_by_label("What the song is to be")
    field.fill(SENTENCE)
    expect(chip(page, "tempo_bpm")).to_contain_text("68 BPM")
    expect(chip(page, "instruments")).to_contain_text("Strings, Piano")
    expect(page.get_by_text("Not understood")).to_contain_text("blorp")
    expect(page.locator(".sentence mark.unknown")).to_have_text("blorp")
    chip(page, "tempo_bpm").click()
    tempo = page.get_by_label("Beats a minute", exact=True)
    expect(tempo).to_have_count(1)  # while the page is drawn anew, for a moment there are two
    tempo.fill("80")
    tempo.press("Enter")
    expect(chip(page, "tempo_bpm")).to_contain_text("80 BPM")
    page.keyboard.press("Escape")
    field.press("Enter")

    page.locator(".st-key-writing").wait_for()
    cards = page.locator(".st-key-stages")
    for title in ("Theme", "Sections", "Harmony", "Mix"):
        expect(cards).to_contain_text(title)
    page.locator("[class*='st-key-stage-0-'] .small-roll").first.wait_for()  # while it is written, or after

    player = until_composed(page, "Take 1")
    strip = player.root.locator(".form button")
    assert strip.count() >= 3
    strip.nth(1).click()
    assert player.until(lambda state: state["time"] > 0.5)["side"] == "Take 1"
    first = until(lambda: len(told := counts(page)) == 4 and all(told) and told, lambda: counts(page))

    page.locator("[class*='st-key-stage-2-']").get_by_role("button", name="Re-roll").click()
    player = until_composed(page, "Take 2")
    until(lambda: counts(page)[:2] == first[:2], lambda: counts(page))
    page.locator("[class*='st-key-stage-0-']").get_by_role("button", name="Listen").click()
    player.until(lambda state: state["side"] == "Theme" and state["notes"] == first[0])

    until_at_rest(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Song folder (.zip)").click()
    path = tmp_path / download.value.suggested_filename
    assert path.name == "a-slow-dark-waltz-for-strings-and-piano-15-seconds-blorp-take-2.zip"
    download.value.save_as(path)
    check_folder(path)


def check_folder(path):
    """Checks a song folder file by file."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    song = read_midi(files.pop("song.mid"))
    assert abs(song.seconds - 15) <= 0.05 * 15 and len(sections(song.score)) >= 3
    assert {track.program for track in song.score.tracks if len(track.notes)} == {48, 0}
    recipe = json.loads(files.pop("recipe.json"))
    assert [stage["pipeline"] for stage in song.history] == STAGES
    plan = recipe["options"]
    assert plan["brief"]["text"] == SENTENCE and plan["brief"]["tempo_bpm"] == 80
    seeds = [stage["options"]["seed"] for stage in plan["stages"]]
    assert seeds[0] == seeds[1] == seeds[3] != seeds[2]
    for name in ("song.wav", "song.mp3"):
        sound, rate = soundfile.read(io.BytesIO(files.pop(name)))
        assert 14 <= len(sound) / rate <= 30 and abs(sound).max() > 0.05
    stems = [files.pop(name) for name in list(files) if name.startswith("stems/")]
    assert len(stems) == 2 and all(soundfile.info(io.BytesIO(stem)).format == "FLAC" for stem in stems)
    assert files.pop("lead-sheet.pdf")[:5] == b"%PDF-"
    assert ElementTree.fromstring(files.pop("score.musicxml")).tag == "score-partwise"
    readme = files.pop("README.txt").decode()
    assert "generate-small" in readme and "harmonize-small" in readme
    assert set(files) <= {"score.pdf"}


def test_a_phone_shows_the_page_without_scrolling_sideways(serve, open_page):
    page = open_page(serve(ROOT / "streamlit_app.py"), width=390, height=844, has_touch=True, is_mobile=True)
    page.get_by_label("What the song is to be").wait_for()
    page.locator(".st-key-examples").get_by_role("button", name="Folk dance").tap()
    expect(chip(page, "time_signature")).to_contain_text("6/8")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_chip_that_was_given_back_stays_so_when_another_is_set(page):
    page.get_by_label("What the song is to be").fill("a slow waltz, 15 seconds")
    expect(chip(page, "tempo_bpm")).to_contain_text("68 BPM")
    chip(page, "tempo_bpm").click()
    tempo = page.get_by_label("Beats a minute", exact=True)
    expect(tempo).to_have_count(1)  # while the page is drawn anew, for a moment there are two
    tempo.fill("80")
    tempo.press("Enter")
    expect(chip(page, "tempo_bpm")).to_contain_text("80 BPM")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset").click()
    expect(chip(page, "tempo_bpm")).to_contain_text("68 BPM")
    chip(page, "moods").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Happy").click()
    expect(chip(page, "moods")).to_contain_text("Happy")
    expect(chip(page, "tempo_bpm")).to_contain_text("68 BPM")  # its closed popover still held 80
