"""The studio behind nginx: https, a path of its own, another name than localhost, and everything works as without."""

from __future__ import annotations

import shutil
import ssl
import string
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from music.files.midi import midi_bytes, read_midi
from tests.browser.apps import handmade
from tests.browser.conftest import ROOT, free_port, start_server
from tests.browser.driver import Driver, until_at_rest
from tests.waiting import PATIENCE_S, until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")),
    reason="There is no nginx on this machine. Install it with: apt-get install nginx",
)


class Ours(string.Template):
    """The template as nginx's image reads it: ``${NAME}`` is filled in, nginx's own ``$name`` stays."""

    pattern = r"\$\{(?P<braced>[A-Z]+)\}|(?P<escaped>(?!))|(?P<named>(?!))|(?P<invalid>(?!))"


@pytest.fixture(scope="module")
def proxied(tmp_path_factory) -> Iterator[str]:
    """Returns the address of a studio behind nginx as ``compose.yaml`` sets it up."""
    folder, inner, outer = tmp_path_factory.mktemp("proxy"), free_port(), free_port()
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=studio.test"]
    subprocess.run(
        ["openssl", *made, "-keyout", folder / "studio.key", "-out", folder / "studio.crt"],
        check=True,
        capture_output=True,
    )
    template = Ours((ROOT / "deploy" / "nginx.conf.template").read_text())
    site = template.substitute(STUDIO=f"127.0.0.1:{inner}", LISTEN=f"127.0.0.1:{outer}", CERTIFICATES=folder)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}} "
        f"http {{ access_log off; {places}\n{site}\n}}"
    )
    studio = start_server(ROOT / "tests" / "browser" / "apps" / "toy_studio.py", inner, folder, base_path="studio")
    nginx = subprocess.Popen([NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)])
    until(lambda: status(f"https://127.0.0.1:{outer}/studio/healthz") == 200, "nginx")
    yield f"https://studio.test:{outer}/studio"
    for process in (nginx, studio):
        process.terminate()
        process.wait(PATIENCE_S)


def status(address: str) -> int:
    """Returns with which status an address answers; 0 where nobody does."""
    trusting = ssl._create_unverified_context()
    try:
        with urllib.request.urlopen(address, context=trusting, timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.fixture
def page(proxied, open_page):
    page = open_page(f"{proxied}/generate", ignore_https_errors=True)
    page.locator(".st-key-generate button").wait_for()
    return page


def test_all_works_below_the_path_and_comes_packed(proxied, page):
    shares = page.evaluate(
        "performance.getEntriesByType('resource').filter(({ name, decodedBodySize }) => name.includes('.js') && decodedBodySize > 1e5)"
        ".map(({ encodedBodySize, decodedBodySize }) => encodedBodySize / decodedBodySize)"
    )
    assert shares and max(shares) < 0.6

    page.get_by_text("A file", exact=True).click()
    given = midi_bytes(handmade.piece("Given"))
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "given.mid", "mimeType": "audio/midi", "buffer": given}
    )
    shown = Driver(page.locator(".st-key-player"))
    shown.root.wait_for()
    given_notes = shown.until(lambda state: state.get("notes"))["notes"]
    page.locator(".st-key-generate button").click()
    written = shown.until(lambda state: state["notes"] > given_notes)
    page.locator(".st-key-writing").wait_for(state="detached")
    until_at_rest(page)
    shown.play()
    shown.advance()
    shown.pause()
    with page.expect_download() as download:
        page.get_by_role("group", name="Downloads").get_by_text("MIDI", exact=True).click()
    assert read_midi(Path(download.value.path())).note_count >= written["notes"]
    page.locator(".st-key-share button").first.click()
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("[data-testid=stPopoverBody] code").inner_text()
    assert link.startswith(f"{proxied}/listen/")
    address = link.replace("studio.test", "127.0.0.1")
    assert (status(address), status(f"{address[:-1]}{'B' if address.endswith('A') else 'A'}")) == (200, 404)

    page.keyboard.press("Escape")
    page.get_by_role("link", name="Remix", exact=True).click()
    page.wait_for_url("**/studio/remix?song=*")
    page.reload()
    page.locator(".st-key-remix button").wait_for()  # the song is found again


def test_figures_are_not_for_visitors(proxied):
    address = proxied.replace("studio.test", "127.0.0.1")
    assert status(f"{address}/healthz") == 200 and status(f"{address}/metrics") == 403
