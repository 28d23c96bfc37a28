"""Where a file may come from: addresses, redirects, proxies, mirrors, the hub, and nowhere while offline."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess

import pytest

from checkpoints.sources import Source
from music.errors import StudioError
from tests.checkpoints.door import DATA, get, refused
from tests.checkpoints.hostile_server import HostileServer, redirect, serve, status

pytestmark = pytest.mark.usefixtures("in_time", "quick_and_alone")
REVISION = "0123456789abcdef0123456789abcdef01234567"


# ---- redirects, encryption, proxies


def test_redirects_are_followed_five_times(server, target):
    for step in range(5):
        server.always[f"/{step}"] = redirect(
            f"/{step + 1}" if step < 4 else f"{server.base}/x.bin", (301, 307)[step % 2]
        )
    get([server.base + "/0"], target)
    assert target.read_bytes() == DATA
    target.unlink()
    server.always["/start"] = redirect("0")
    assert "without end" in refused(server.base + "/start", at=target)


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes a certificate with openssl")
def test_encrypted_addresses_are_checked_and_never_lead_to_plain_ones(server, target, tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, *names]
    subprocess.run(making, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with HostileServer(tls) as safe:
        safe.files["/x.bin"] = DATA
        assert "certificate that cannot be trusted" in refused(safe.base + "/x.bin", at=target)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        safe.always["/plain"] = redirect(server.base + "/x.bin")
        assert "not encrypted" in refused(safe.base + "/plain", at=target) and server.seen == []
        server.always["/up"] = redirect(safe.base + "/x.bin")
        get([server.base + "/up"], target)
        assert target.read_bytes() == DATA


def test_a_proxy_is_asked_in_place_of_the_server(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", server.base)
    monkeypatch.setenv("https_proxy", server.base)
    get(["http://localhost:1/x.bin"], target)
    assert target.read_bytes() == DATA
    target.unlink()
    server.always["models.example:443"] = status(403)
    message = refused("https://models.example/x.bin", at=target)
    assert server.seen[-1].method == "CONNECT" and "403" in message


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/x",
        "ftp://example.com/x",
        "https://",
        "https://exa mple.com/x",
        "https://me:secret@example.com/x",
        "https://example.com:99999/x",
        "https://example.com/\r\nHost: other",
        "https://" + "a" * 80 + ".com/x",
        "hf://owner/name@main/x.bin",
        f"hf://name@{REVISION}/x.bin",
        f"hf://owner/name@{REVISION}/../x.bin",
        f"hf://owner/name@{REVISION}",
        "file://elsewhere/x.bin",
        "",
    ],
)
def test_places_that_cannot_be_meant_are_refused_in_words(address):
    with pytest.raises(StudioError) as caught:
        Source.parse(address)
    assert "secret" not in str(caught.value)


def test_plain_http_needs_leave(monkeypatch):
    monkeypatch.setenv("DEEPMUSIC_ALLOW_HTTP", "1")
    assert Source.parse("http://192.168.1.5/x").url == "http://192.168.1.5/x"


@pytest.mark.parametrize("text", ["https://a.example/x.bin", f"hf://owner/na.me@{REVISION}/folder/x.bin", "/a/x.bin"])
def test_a_place_reads_as_it_was_written(text):
    assert str(Source.parse(text)) == text and Source.parse(str(Source.parse(text))) == Source.parse(text)


# ---- mirrors and the offline switch


def test_mirrors_come_first_and_the_source_after_them(server, target, monkeypatch, tmp_path):
    server.files["/m2/x.bin"] = DATA
    monkeypatch.setenv("DEEPMUSIC_MIRRORS", f"{server.base}/m1/, {server.base}/m2")
    get([server.base + "/x.bin"], target)
    assert [seen.path for seen in server.seen] == ["/m1/x.bin", "/m2/x.bin"]
    monkeypatch.setenv("DEEPMUSIC_MIRRORS", f"{server.base}/m1\n{tmp_path / 'usb'}")
    target.unlink()
    get([server.base + "/x.bin"], target)
    assert [seen.path for seen in server.seen[2:]] == ["/m1/x.bin", "/x.bin"]
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "x.bin").write_bytes(DATA)
    target.unlink()
    get([], target)
    assert target.read_bytes() == DATA and len(server.seen) == 4


@pytest.mark.parametrize("switch", ["DEEPMUSIC_OFFLINE", "HF_HUB_OFFLINE"])
def test_the_offline_switch_keeps_off_the_network(server, target, switch, monkeypatch, tmp_path):
    monkeypatch.setenv(switch, "1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("the network was asked"))
    message = refused(server.base + "/x.bin", f"hf://owner/name@{REVISION}/x.bin", at=target)
    assert switch in message and server.seen == []
    (tmp_path / "here.bin").write_bytes(DATA)
    get([server.base + "/x.bin", str(tmp_path / "here.bin")], target)
    assert target.read_bytes() == DATA


# ---- the hub


HUB_PATH = f"/owner/name/resolve/{REVISION}/weights/x.bin"
HUB = f"hf://owner/name@{REVISION}/weights/x.bin"


@pytest.fixture
def hub(server, monkeypatch, tmp_path):
    """A hub of our own by HF_ENDPOINT, with a token and an empty cache."""
    monkeypatch.setenv("HF_ENDPOINT", server.base)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    server.files[HUB_PATH] = DATA
    return server


def test_the_hub_gives_a_pinned_file_and_the_token_stays_with_it(hub, target):
    with HostileServer() as store:
        store.files["/blob"] = DATA
        hub.always[HUB_PATH] = redirect(store.base + "/blob")
        store.script["/blob"] = [serve(cut=100_000)]
        get([HUB], target)
        assert target.read_bytes() == DATA
        assert {seen.headers.get("authorization") for seen in hub.seen} == {"Bearer hf_test"}
        assert ["authorization" in seen.headers for seen in store.seen] == [False, False]
        assert store.seen[1].headers["range"] == "bytes=100000-"


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        (401, "RepoNotFound", "does not have that repository"),
        (404, "RevisionNotFound", "does not have that revision"),
        (404, "EntryNotFound", "does not have the file"),
        (403, "GatedRepo", "wants its terms accepted"),
        (500, "", "is out of order"),
    ],
)
def test_what_the_hub_refuses_is_told_in_words(hub, target, code, name, words):
    hub.always[HUB_PATH] = status(code, X_Error_Code=name)
    assert f"'{HUB}' {words}" in refused(HUB, at=target)


def test_a_file_in_the_hubs_cache_is_taken_from_there_unless_it_is_damaged(hub, target, tmp_path, monkeypatch):
    kept = tmp_path / "hub" / "models--owner--name" / "snapshots" / REVISION / "weights" / "x.bin"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(DATA)
    monkeypatch.setenv("DEEPMUSIC_OFFLINE", "1")
    get([HUB], target)
    assert target.read_bytes() == DATA and hub.seen == []
    monkeypatch.delenv("DEEPMUSIC_OFFLINE")
    kept.write_bytes(DATA[:-1] + b"?")
    target.unlink()
    get([HUB], target)
    assert target.read_bytes() == DATA and len(hub.seen) == 1


def test_a_hub_without_encryption_or_a_name_it_would_not_take_is_not_asked(hub, target, monkeypatch):
    assert "cannot be a repository" in refused(HUB.replace("name", "na--me"), at=target)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    assert "is not encrypted" in refused(HUB, at=target)
    assert hub.seen == []
