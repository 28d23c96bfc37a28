"""Downloads from a server that does everything wrong: the right file, or words, and never a hang."""

from __future__ import annotations

import contextlib
import functools
import socket
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints import downloading
from music.errors import StudioError
from tests.checkpoints.door import DATA, get, leftovers, part_of, refused
from tests.checkpoints.hostile_server import HostileServer, raw, redirect, serve, silent, slow_header, status
from tests.examples import examples
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.usefixtures("in_time", "quick_and_alone")


# ---- what passes if one tries again


@pytest.mark.parametrize(
    "answers",
    [
        [status(503), status(500)],
        [raw(b"")],
        [raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")],
        [raw(b"HTTP/1.1 nonsense\r\n\r\n")],
        [raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc")],
        [raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200)],
        [serve(cut=0), serve(cut=100_000), serve(cut=100_000), serve(cut=60_000)],
    ],
)
def test_trouble_that_passes_costs_nothing_but_time(server, target, answers):
    server.script["/x.bin"] = [*answers]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and len(server.seen) == len(answers) + 1


@pytest.mark.parametrize("answer", [silent(), slow_header(), serve(stall=1000), serve(step=100, pace=0.05)])
def test_a_server_that_keeps_us_waiting_is_asked_again(server, target, answer, impatient, monkeypatch):
    monkeypatch.setattr(downloading, "TRIES", 50)  # a busy machine may keep us waiting for the good answer too
    server.script["/x.bin"] = [answer]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA


def test_retry_after_is_honoured_but_not_beyond_measure(server, target, monkeypatch):
    monkeypatch.setattr(downloading, "LONGEST_PAUSE_SECONDS", 1.2)  # the limit of this test's time does the rest
    server.script["/x.bin"] = [status(429, Retry_After="1")]
    begin = time.monotonic()
    get([server.base + "/x.bin"], target)
    assert 1 <= time.monotonic() - begin
    target.unlink()
    server.script["/x.bin"] = [status(503, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT")]
    begin = time.monotonic()
    get([server.base + "/x.bin"], target)
    assert 1.2 <= time.monotonic() - begin


def test_a_hiccup_of_name_lookup_passes_and_a_hanging_one_does_not_hang_us(server, target, monkeypatch):
    lookup, calls = socket.getaddrinfo, []

    def hiccup(*args, **options):
        calls.append(args)
        if len(calls) < 3:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return lookup(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hiccup)
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA
    target.unlink()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3))
    monkeypatch.setattr(downloading, "ANSWER_SECONDS", 0.1)
    assert "does not answer" in refused(server.base + "/x.bin", at=target)


# ---- what does not pass: words, and the next source


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(404), "does not have the file (404)"),
        (status(403), "denies access (403)"),
        (status(401), "wants a password (401)"),
        (status(204, b""), "gives an answer that is of no use (204)"),
        (status(503), "is out of order (503)"),
        (status(429), "is asked too often (429)"),
        (status(302), "gives an answer that is of no use (302)"),
        (serve(flip=7), "its SHA-256 is wrong"),
        (serve(extra=b"x" * 10), "offers a file of another size (300010 bytes, not 300000)"),
        (serve(claim=300_001), "offers a file of another size"),
        (serve(claim=299_999), "offers a file of another size"),
        (serve(extra=b"x" * 10, length=False), "sends more than the 300000 bytes"),
        (serve(extra=b"x" * 10, length=False, step=len(DATA), pace=0.1), "sends more than the 300000 bytes"),
        (serve(extra=b"x" * 40_000_000, chunked=True), "sends more than the 300000 bytes"),
        (serve(ranges=False, cut=50_000), "broke off after 50000 of 300000 bytes"),
        (serve(stall=50_000, ranges=False), "sends next to nothing"),
        (silent(), "does not answer"),
        (raw(b""), "broke the connection off"),
        (raw(b"no HTTP at all\r\n"), "does not speak HTTP as it should"),
        (redirect("/x.bin"), "sends on from place to place without end"),
        (redirect("file:///etc/passwd"), "sends on to a place that is not safe"),
        (redirect("http://example.com/x.bin"), "sends on to a place that is not safe"),
        (redirect("http://["), "does not speak HTTP as it should"),
        (redirect("http://user:secret@localhost/x"), "sends on to a place that is not safe"),
    ],
)
def test_the_next_source_is_asked_and_if_there_is_none_the_reason_is_told(server, target, answer, words, request):
    if "not answer" in words or "next to nothing" in words:
        request.getfixturevalue("impatient")
    server.always["/x.bin"] = answer
    message = refused(server.base + "/x.bin", at=target)
    assert f"'{server.base}/x.bin' " in message and words in message and "secret" not in message
    assert "sends more" not in words or leftovers(target) == []
    assert len(server.asked("/x.bin")) <= 6 and server.sent["/x.bin"] < 20_000_000
    if "impatient" in request.fixturenames:  # a busy machine may keep it waiting for the good one too
        until(lambda: got([server.base + "/x.bin", server.base + "/good/x.bin"], target), "the good source")
    else:
        get([server.base + "/x.bin", server.base + "/good/x.bin"], target)
        assert len(server.asked("/good/x.bin")) == 1
    assert target.read_bytes() == DATA


def got(sources: list[str], target: Path) -> bool:
    """Returns whether the file came."""
    with contextlib.suppress(StudioError):
        get(sources, target)
    return target.exists()


def test_each_source_is_named_with_its_reason(server, target):
    server.script["/b.bin?key=secret"] = [status(403)]
    message = refused(server.base + "/a.bin", server.base + "/b.bin?key=secret", "http://localhost:1/c", at=target)
    assert f"'{server.base}/a.bin' does not have the file (404); '{server.base}/b.bin' denies access (403)" in message
    assert "'http://localhost:1/c' refuses connections" in message and "secret" not in message
    assert "no place is known" in refused(at=target)


def test_another_source_goes_on_where_one_broke_off(server, target):
    server.script["/x.bin"] = [serve(cut=200_000, etag='"a"'), status(404)]
    server.script["/good/x.bin"] = [serve(etag='"b"')]
    get([server.base + "/x.bin", server.base + "/good/x.bin"], target)
    assert target.read_bytes() == DATA and server.sent["/good/x.bin"] == 100_000


def test_a_server_that_does_not_hang_up_after_the_last_byte_does_not_spoil_the_file(server, target, monkeypatch):
    monkeypatch.setattr(downloading, "END_SECONDS", 0.2)
    server.script["/x.bin"] = [serve(length=False, stall=len(DATA))]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and len(server.seen) == 1


def test_a_server_cannot_keep_us_by_giving_a_little_each_time(server, target):
    server.always["/x.bin"] = serve(cut=100)
    assert "broke off" in refused(server.base + "/x.bin", at=target)
    assert len(server.seen) == downloading.TRIES


# ---- any of it, in any order


FAULTS = {
    "good": serve(),
    "good with etag": serve(etag='"a"'),
    "other etag": serve(etag='"b"'),
    "cut early": serve(cut=1000),
    "cut late": serve(cut=250_000),
    "cut with etag": serve(cut=150_000, etag='"a"'),
    "reset": serve(cut=150_000, reset=True),
    "flip": serve(flip=10),
    "flip late": serve(flip=299_999),
    "flip and cut": serve(flip=10, cut=200_000),
    "flip, cut, etag": serve(flip=10, cut=200_000, etag='"a"'),
    "shift": serve(shift=1),
    "no ranges": serve(ranges=False),
    "no ranges, cut": serve(ranges=False, cut=200_000),
    "416": serve(refuse_range=416),
    "longer": serve(extra=b"xyz", length=False),
    "longer chunked": serve(extra=b"xyz", chunked=True),
    "too long claim": serve(claim=400_000),
    "too short claim": serve(claim=1000),
    "stall": serve(stall=120_000),
    "silent": silent(),
    "404": status(404),
    "503": status(503),
    "429": status(429, Retry_After="0"),
    "empty": raw(b""),
    "garbage": raw(b"\x00\xff\r\n\r\n"),
    "loop": redirect("/x.bin"),
    "elsewhere": redirect("/good/x.bin"),
    "wrong elsewhere": redirect("/wrong"),
}


@functools.cache
def shared() -> HostileServer:
    return HostileServer().__enter__()


@settings(max_examples=examples(40), deadline=None)
@given(
    chains=st.lists(st.lists(st.sampled_from(sorted(FAULTS)), max_size=5), min_size=1, max_size=2),
    last=st.sampled_from(["good", "flip", "404", "no ranges, cut", "longer", "cut early"]),
    begun=st.sampled_from([b"", DATA[:1000], DATA[:299_999], b"rubbish", DATA[::-1]]),
)
def test_any_chain_of_faults_ends_in_the_right_file_or_in_words(chains, last, begun):
    for name, value in (("ANSWER_SECONDS", 0.2), ("STALL_SECONDS", 0.2), ("PAUSE_SECONDS", 0.001)):
        setattr(downloading, name, value)  # the fixture puts them back
    server = shared()
    server.files.update({"/x.bin": DATA, "/0": DATA, "/1": DATA, "/good/x.bin": DATA, "/wrong": DATA[::-1]})
    for number, chain in enumerate(chains):
        server.script[f"/{number}"] = [FAULTS[name] for name in chain]
        server.always[f"/{number}"] = FAULTS[last]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.bin"
        if begun:
            part_of(target).write_bytes(begun)
        try:
            get([f"{server.base}/{number}" for number in range(len(chains))], target)
        except StudioError as error:
            assert not target.exists() and "could not be downloaded" in str(error)
            downloading.ANSWER_SECONDS = downloading.STALL_SECONDS = PATIENCE_S  # a good one may take its time
            get([server.base + "/good/x.bin"], target)  # whatever was left behind
        assert target.read_bytes() == DATA and leftovers(target) == []


def test_no_thread_is_left_when_a_download_is_over(server, target, impatient):
    before = set(threading.enumerate())
    for answer in (serve(stall=1000), slow_header(), serve(step=10, pace=0.05)):
        server.always["/x.bin"] = answer
        refused(server.base + "/x.bin", at=target)
    until(
        lambda: not [thread for thread in set(threading.enumerate()) - before if thread.name == "download"],
        "the end of the threads",
    )
