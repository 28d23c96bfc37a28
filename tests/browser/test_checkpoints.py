"""The Checkpoints page in a real browser: add a registry, pull with progress, stop, go on, verify, remove, import."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checkpoints.importing import import_file
from checkpoints.publishing import publish
from checkpoints.store import read_registry
from tests.checkpoints.hostile_server import HostileServer
from tests.checkpoints.hostile_server import serve as answer
from tests.checkpoints.shelf import bank, put
from tests.waiting import until

APP = Path(__file__).parent / "apps" / "plain_studio.py"


@pytest.fixture(scope="module")
def house(serve, tmp_path_factory):
    """The studio's address, a web server with what somebody published, and the studio's cache folder."""
    folder = tmp_path_factory.mktemp("house")
    with pytest.MonkeyPatch.context() as patch, HostileServer() as server:
        for name in ("DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE", "DEEPMUSIC_MIRRORS"):
            patch.delenv(name, raising=False)
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "hers"))
        put(folder / "hers", "theirs")
        import_file(bank(folder / "grand.sf2", size=3_000_000))
        publish(["theirs", "grand"], folder / "pub", licence="CC0")
        server.files |= {f"/{path.name}": path.read_bytes() for path in (folder / "pub").iterdir()}
        server.bank = "/" + next((folder / "pub").glob("*.sf2")).name
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "mine"))
        yield serve(APP), server, folder / "mine"


def box(page, name):
    return page.locator(f".st-key-checkpoint-{name}")


def open_checkpoints(open_page, address, **options):
    page = open_page(f"{address}/checkpoints", **options)
    box(page, "generate-small").get_by_text("Ships with the studio").wait_for()
    return page


def test_pull_stop_go_on_verify_remove_and_import(house, open_page, tmp_path):
    address, server, cache = house
    page = open_checkpoints(open_page, address)
    page.get_by_role("textbox", name="Address of a registry").fill(server.base)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Can be pulled now: grand, theirs.").wait_for()

    server.always[server.bank] = answer(pace=1.0, step=30_000)  # it lasts longer than anybody waits to stop it
    grand = box(page, "grand")
    grand.get_by_role("button", name="Pull").click()
    text = grand.get_by_text(re.compile(r"[1-9]\d?% of 3\.0 MB, 0\.\d MB/s, \d+:\d\d left"))
    text.wait_for()
    grand.get_by_role("button", name="Stop").click()
    grand.get_by_text("What has come is kept").wait_for()
    del server.always[server.bank]
    grand.get_by_role("button", name="Pull").click()
    grand.get_by_text("It is here now, and whole.").wait_for()
    assert next((cache / "soundfonts").glob("grand-*.sf2")).stat().st_size == 3_000_000

    theirs = box(page, "theirs")
    theirs.get_by_role("button", name="Pull").click()
    theirs.get_by_text("It is here now, and whole.").wait_for()
    theirs.get_by_role("button", name="Verify").click()
    theirs.get_by_text("Whole, and makes the 8 notes that it should.").wait_for()
    theirs.get_by_text("Card", exact=True).click()
    theirs.get_by_text("The card of it.").wait_for()
    picture = theirs.locator("img")
    until(lambda: picture.evaluate("image => image.complete && image.naturalWidth === 1"), "the picture of the card")

    theirs.get_by_role("button", name="Remove").click()
    page.get_by_text("It can be pulled again.").wait_for()
    assert list(cache.glob("theirs-*.safetensors"))  # asked first
    page.get_by_role("button", name="Remove theirs").click()
    theirs.get_by_text("Can be pulled").wait_for()
    assert not list(cache.glob("theirs-*")) and set(read_registry(cache / "registry.toml")) == {"grand"}

    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(bank(tmp_path / "own.sf3", size=5000))
    page.locator(".st-key-import").get_by_role("button", name="Import").click()
    page.get_by_text("own is here now.").wait_for()
    box(page, "own").get_by_text("Imported from own.sf3").wait_for()


def test_phone(house, open_page):
    page = open_checkpoints(open_page, house[0], width=390, height=844, has_touch=True, is_mobile=True)
    box(page, "generate-small").get_by_text("Card", exact=True).tap()
    box(page, "generate-small").locator("table").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    table = box(page, "generate-small").locator("table").first.bounding_box()
    assert table["x"] + table["width"] <= 390
