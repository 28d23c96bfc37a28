"""The Train page in a real browser: drop a zip, watch it learn, hear a sample, keep, write with the result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkpoints.store import read_registry
from pipelines.training_run import TrainingRun
from tests.browser.conftest import playwright
from tests.browser.driver import Driver, choose, until_at_rest
from tests.training.finetuning.tiny import put_songs, put_tiny_base, zipped
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "plain_studio.py"
expect = playwright.expect


@pytest.fixture(scope="module")
def house(serve, tmp_path_factory):
    """The studio's address, a zip of songs, and the studio's cache folder, with a tiny base in it."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "cache"))
        patch.setenv("DEEPMUSIC_TRAINING_NICENESS", "0")
        put_tiny_base(folder / "cache", folder)
        music = put_songs(folder / "music")
        (music / "broken.mid").write_bytes(b"MThd")
        yield serve(APP), zipped(music, folder / "music.zip"), folder / "cache"
        for run in (TrainingRun("mine"),):
            run.kill()


def test_from_a_zip_to_a_model_that_writes(house, open_page):
    address, music, cache = house
    page = open_page(f"{address}/train")
    page.locator("input[type=file]").set_input_files(music)
    expect(page.locator(".st-key-start-training button")).to_be_enabled()  # the page has run with the files
    choose(page, "Model that learns on", "tiny")
    name = page.get_by_role("textbox", name="Name of the result")
    name.fill("mine")
    name.press("Enter")
    until_at_rest(page)
    page.locator(".st-key-start-training button").click()

    page.get_by_text(re.compile(r"It learns: [\d.]+ of 10 minutes · about \d+:\d\d left")).wait_for()
    expect(page.get_by_text("Files: 5 learned from · 1 kept back · 1 skipped")).to_be_visible()
    expect(page.locator(".st-key-curve-at-work-mine")).to_be_visible()
    page.reload()  # it goes on without anybody who looks
    page.get_by_text(re.compile("It learns")).wait_for()
    until(lambda: TrainingRun("mine").curve()[-1].get("step", 0) > 20, "some steps", every_s=0.2)
    page.get_by_role("button", name="Stop and keep").click()

    page.get_by_text("On the pieces that were kept back it is").wait_for()
    driver = Driver(page).ready()  # a sample of the model, beside that of its base
    assert driver.state()["side"] == "mine" and driver.state()["notes"] > 0
    driver.play()
    driver.until(lambda state: state["playing"] and state["level"] > 0)
    driver.root.get_by_role("button", name="tiny").click()
    driver.until(lambda state: state["side"] == "tiny")
    assert "mine" in read_registry(cache / "registry.toml")

    page.get_by_role("button", name="Write with it").click()
    until_at_rest(page)
    page.get_by_role("button", name="Generate", exact=True).click()
    page.locator(".st-key-take-bar h4").get_by_text("Take 1").wait_for()
