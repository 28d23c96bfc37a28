"""The Checkpoints page as a visitor uses it, with the real worker and a web server on this machine."""

from __future__ import annotations

import subprocess
import sys

import pytest
from streamlit.testing.v1 import AppTest

from checkpoints.importing import import_file
from checkpoints.publishing import publish
from checkpoints.store import entry, known
from pipelines.worker.pool import Worker
from studio import jobs
from studio.widgets.checkpoints.cards import card_text
from tests.checkpoints.hostile_server import HostileServer, serve
from tests.checkpoints.shelf import bank, put
from tests.studio.visitor import ROOT, control
from tests.waiting import PATIENCE_S, until_shown

OFFLINE = ("DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE", "DEEPMUSIC_MIRRORS")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A cache folder, a worker that uses it, and a web server on which somebody published a checkpoint and a bank."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch, HostileServer() as server:
        for name in OFFLINE:
            patch.delenv(name, raising=False)
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "hers"))
        put(folder / "hers", "theirs", task="remix")
        import_file(bank(folder / "grand.sf2", size=1_000_000))
        publish(["theirs", "grand"], folder / "pub", licence="CC0")
        server.files |= {f"/{path.name}": path.read_bytes() for path in (folder / "pub").iterdir()}
        server.bank = "/" + next((folder / "pub").glob("*.sf2")).name
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "mine"))
        worker = Worker()
        yield server, worker
        worker.close()


@pytest.fixture
def page(place, monkeypatch):
    """The page; what an earlier test took in is still there."""
    jobs.registry.cache_clear()
    monkeypatch.setattr(jobs, "Worker", lambda: place[1])
    monkeypatch.setenv("DEEPMUSIC_SHARED", "0")  # this visitor has no browser on this machine, but is its owner
    shown = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=PATIENCE_S).run()
    yield shown.switch_page("studio/pages/checkpoints.py").run()
    jobs.registry.cache_clear()


@pytest.fixture
def listed(page, place):
    """The page once the published registry was added."""
    page.text_input(key="registry address").set_value(place[0].base)
    button(page, "Add")
    assert not page.text_input(key="registry address").value
    return page


def button(page, name):
    """Returns the page after a press of the button with this key or label."""
    next(b for b in page.button if name in (b.key, b.label)).click()
    page.run()
    assert not page.exception
    return page


def until(page, condition):
    """Returns the page once it shows what it should."""
    until_shown(page, condition, lambda: [m.value for m in (*page.markdown, *page.error, *page.success)])
    return page


def keys(page):
    return {b.key for b in page.button}


def said(page):
    return [m.value for m in (*page.success, *page.error)]


def shown(page):
    return " ".join(m.value.replace("\\", "") for m in (*page.markdown, *page.caption))


def test_what_ships_is_shown_and_cannot_be_removed(page):
    assert not page.exception
    text = shown(page)
    for words in (
        "**generate-small**",
        "8.50 M parameters · 17.0 MB · License: MIT",
        "Ships with the studio",
        "pop909",
    ):
        assert words in text
    assert "nats a note at the last validation" in text
    assert "verify generate-small" in keys(page) and not keys(page) & {"pull generate-small", "remove generate-small"}


def test_what_shipped_before_is_shown_with_its_card_and_can_be_pulled(page):
    assert "Shipped with earlier versions; the history of the repository has it" in shown(page)
    assert "pull generate-small-1" in keys(page) and "verify generate-small-1" not in keys(page)
    assert sum(expander.label == "Card" for expander in page.expander) >= 4


def test_verify_says_what_it_found(page):
    button(page, "verify generate-small")
    until(page, said)
    assert said(page) == ["Whole, and makes the 8 notes that it should."]


def test_a_published_checkpoint_is_pulled_used_and_removed(listed):
    page = listed
    assert any("Can be pulled now: grand, theirs." in text for text in said(page))
    assert "Can be pulled" in shown(page) and "verify theirs" not in keys(page) and not entry("theirs").is_here
    page.switch_page("studio/pages/remix.py").run()
    button(page, "A new tune")
    assert not any(s.label == "Model" for s in page.selectbox)  # what is not here is not offered
    page.switch_page("studio/pages/checkpoints.py").run()
    button(page, "pull theirs")
    until(page, said)
    assert said(page) == ["It is here now, and whole."] and entry("theirs").is_here
    button(page, "verify theirs")  # the worker, which ran before, knows it
    until(page, said)
    assert said(page) == ["Whole, and makes the 8 notes that it should."]
    page.switch_page("studio/pages/remix.py").run()
    assert next(s for s in page.selectbox if s.label == "Model").options == ["remix-small", "theirs"]
    control(page, "remix checkpoint").set_value("theirs").run()
    page.switch_page("studio/pages/checkpoints.py").run()
    button(page, "remove theirs")
    assert not entry("theirs").is_here and "pull theirs" in keys(page)
    page.switch_page("studio/pages/remix.py").run()
    assert not page.exception


def test_a_pull_shows_how_far_it_is_can_be_stopped_and_goes_on(listed, place):
    page, (server, _) = listed, place
    server.always[server.bank] = serve(stall=500_000)
    button(page, "pull grand")
    until(page, lambda p: any("of 1.0 MB" in str(e.proto.text) for e in p.get("progress")))
    assert "pull grand" not in keys(page)
    button(page, "stop grand")
    until(page, said)
    assert said(page) == ["Stopped. What has come is kept, and Pull goes on from there."]
    assert not entry("grand").is_here
    del server.always[server.bank]
    button(page, "pull grand")
    until(page, said)
    assert entry("grand").is_here and "range" in server.asked(server.bank)[-1].headers
    button(page, "remove grand")
    button(page, f"forget {server.base}/registry.toml")
    assert "grand" not in known() and "grand" not in shown(page)


def test_a_spoilt_download_is_told_of_and_nothing_is_kept(listed, place):
    page, (server, _) = listed, place
    server.always[server.bank] = serve(flip=7)
    button(page, "pull grand")
    until(page, said)
    del server.always[server.bank]
    assert "SHA-256 is wrong" in said(page)[0] and not entry("grand").is_here
    assert page.error and not page.success


def test_an_address_that_gives_nothing_is_told_of(page, place):
    page.text_input(key="registry address").set_value(f"{place[0].base}/nowhere")
    button(page, "Add")
    assert len(page.error) == 1 and "the server says 404" in page.error[0].value
    assert page.text_input(key="registry address").value == f"{place[0].base}/nowhere"  # to mend it


@pytest.mark.parametrize("address", ["foo", "foo/registry.toml"])
def test_what_is_no_address_is_called_so_without_a_path_of_the_server(page, address):
    page.text_input(key="registry address").set_value(address)
    button(page, "Add")
    assert len(page.error) == 1 and f"'{address}' is no address of a registry." in page.error[0].value


def test_visitors_of_a_shared_studio_neither_take_in_nor_remove(page, tmp_path, monkeypatch):
    page.file_uploader[0].upload("own.sf2", bank(tmp_path / "own.sf2").read_bytes(), "application/octet-stream").run()
    button(page, "import")
    assert any(b.key == "remove own" for b in page.button)
    monkeypatch.setenv("DEEPMUSIC_SHARED", "1")
    page.run()
    assert not page.file_uploader and not page.text_input
    assert not any(b.key == "remove own" for b in page.button) and "**own**" in shown(page)
    assert any("its owner takes checkpoints in" in caption.value for caption in page.caption)


def test_a_sound_bank_is_uploaded_and_what_is_none_is_refused(page, tmp_path):
    page.file_uploader[0].upload("own.sf2", bank(tmp_path / "own.sf2").read_bytes(), "application/octet-stream").run()
    button(page, "import")
    assert any("own is here now" in text for text in said(page)) and entry("own").is_here
    assert "**own**" in shown(page)
    page.file_uploader[0].upload("bad.sf2", b"RIFF", "application/octet-stream").run()
    button(page, "import")
    assert "not a sound bank" in page.error[0].value
    button(page, "remove own")
    assert "own" not in known()


def test_the_offline_switch_is_shown_and_holds(listed, monkeypatch):
    page = listed
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    page.run()
    assert "DEEPMUSIC_OFFLINE keeps the studio offline" in page.info[0].value
    assert not next(b for b in page.button if b.key == "pull generate-small-1").disabled  # that one needs no network
    for name in ("pull grand", "Add"):
        assert next(b for b in page.button if name in (b.key, b.label)).disabled


def test_a_strangers_card_fetches_no_pictures_and_has_small_headings():
    text = "# theirs\n\nHello.\n\n![loss curve](theirs.png)\n\n## Data\n\n![spy](https://example.org/spy.png) and ![x][1]\n"
    assert card_text(text) == "\nHello.\n\n\n###### Data\n\n[spy](https://example.org/spy.png) and [x][1]"


def test_the_page_needs_no_torch(monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_SHARED", "0")
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\nfrom studio import jobs\n"
        "jobs.Registry.warm_up = lambda self: None\n"
        f"page = AppTest.from_file({str(ROOT / 'streamlit_app.py')!r}, default_timeout={PATIENCE_S})\n"
        "page.switch_page('studio/pages/checkpoints.py').run()\n"
        "assert not page.exception and len(page.button) > 3\nassert not {'torch', 'miditok'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
