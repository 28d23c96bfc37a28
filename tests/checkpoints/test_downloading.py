"""A file that is fetched: whole, resumed, once for all that want it, and no wrong one under its name."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import threading
from collections import namedtuple

import pytest

from checkpoints import downloading, partial_files
from checkpoints.downloading import DownloadProgress, DownloadStopped
from music.errors import StudioError
from tests.checkpoints.door import DATA, get, leftovers, part_of, program, refused
from tests.checkpoints.hostile_server import serve, silent, status
from tests.waiting import join, until

pytestmark = pytest.mark.usefixtures("in_time", "quick_and_alone")


# ---- what goes well


def test_a_file_comes_down_and_progress_tells_how_far_it_is(server, target):
    server.script["/x.bin"] = [serve(pace=0.005)]
    told: list[DownloadProgress] = []
    assert get([server.base + "/x.bin"], target, progress=told.append) == target
    assert target.read_bytes() == DATA
    received = [step.received for step in told]
    assert received == sorted(received) and received[-1] == len(DATA) and len(set(received)) > 5
    assert {step.total for step in told} == {len(DATA)} and {step.source for step in told} == {server.base + "/x.bin"}
    middle = [step for step in told if 100_000 < step.received < len(DATA)]
    assert all(step.bytes_per_second > 0 and step.seconds_left > 0 for step in middle) and middle
    assert leftovers(target) == []


def test_a_file_that_is_there_costs_no_request_and_a_wrong_one_is_replaced(server, target):
    target.parent.mkdir()
    target.write_bytes(DATA)
    get([server.base + "/x.bin"], target)
    assert server.seen == []
    target.write_bytes(DATA[:-1] + b"?")
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and len(server.seen) == 1


@pytest.mark.parametrize("how", ["path", "address", "~"])
def test_a_local_file_is_copied_and_stays(server, target, tmp_path, how, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    here = tmp_path / "my model.bin"
    here.write_bytes(DATA)
    get([{"path": str(here), "address": here.as_uri(), "~": "~/my model.bin"}[how]], target)
    assert target.read_bytes() == DATA and here.read_bytes() == DATA
    here.write_bytes(DATA[::-1])
    target.unlink()
    assert "is another file" in refused(str(here), at=target)
    assert "does not exist" in refused(str(here) + "?", at=target)


@pytest.mark.parametrize("answer", [serve(length=False), serve(chunked=True), serve(step=1000, pace=0.0005)])
def test_ways_of_sending_that_are_in_order(server, target, answer):
    server.script["/x.bin"] = [answer]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and len(server.seen) == 1


# ---- resuming


@pytest.mark.parametrize("how", ["cut", "reset", "etag"])
def test_a_cut_is_resumed_where_it_happened(server, target, how):
    etag = '"v1"' if how == "etag" else None
    server.script["/x.bin"] = [serve(cut=200_000, reset=how == "reset", etag=etag), serve(etag=etag)]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA
    first, second = server.seen
    begin = int(second.headers["range"].removeprefix("bytes=").removesuffix("-"))
    assert begin > 0 and server.sent["/x.bin"] == 200_000 + len(DATA) - begin
    assert second.headers.get("if-range") == etag and "range" not in first.headers
    if how != "reset":  # which may swallow what was on its way
        assert begin == 200_000


@pytest.mark.parametrize(
    "second",
    [
        serve(ranges=False),
        serve(refuse_range=416),
        serve(refuse_range=400),
        serve(refuse_range=501),
        serve(shift=1),
        serve(shift=-7),
        status(206),
        status(206, Content_Range="bytes 200000-999999999999/*"),
        status(206, Content_Range="bytes nonsense"),
    ],
)
def test_a_server_that_cannot_resume_starts_over(server, target, second):
    server.script["/x.bin"] = [serve(cut=200_000), second, serve(ranges=False)]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA
    assert ["range" in seen.headers for seen in server.seen] in ([False, True], [False, True, False])


def test_a_file_that_changes_between_two_goes_is_started_over(server, target):
    old = random.Random(2).randbytes(len(DATA))
    server.files["/x.bin"] = old
    server.script["/x.bin"] = [serve(cut=200_000, etag='"old"'), serve(etag='"new"')]

    def swap(step: DownloadProgress):
        if step.received >= 200_000:
            server.files["/x.bin"] = DATA

    get([server.base + "/x.bin"], target, progress=swap)
    assert target.read_bytes() == DATA and len(server.seen) == 2


def test_without_an_etag_the_sum_of_two_versions_is_thrown_away_and_loaded_once_more(server, target):
    server.script["/x.bin"] = [serve(cut=200_000, flip=5), serve(), serve()]
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA
    assert ["range" in seen.headers for seen in server.seen] == [False, True, False]


def careless(handler, server, path):
    """An answer that heeds Range, but not If-Range."""
    del handler.headers["If-Range"]
    serve(etag='"new"')(handler, server, path)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (careless, "has changed the file"),
        (serve(shift=1), "sends another part of the file than was asked for"),
        (serve(refuse_range=416), "refuses to go on in the middle of the file (416)"),
    ],
)
def test_nothing_is_put_behind_a_part_that_does_not_belong_there(server, target, answer, words, monkeypatch):
    monkeypatch.setattr(downloading, "TRIES", 1)
    server.script["/x.bin"] = [serve(cut=200_000, etag='"old"'), answer]
    assert words in refused(server.base + "/x.bin", at=target)
    assert part_of(target).read_bytes() == DATA[:200_000] and len(server.seen) == 2


@pytest.mark.parametrize("content", [b"", DATA[:-1], DATA, DATA[::-1], DATA + b"more", b"rubbish"])
def test_whatever_lies_there_as_a_part_the_file_is_right(server, target, content):
    target.parent.mkdir()
    part_of(target).write_bytes(content)
    part_of(target).with_suffix(".part.etag").write_bytes(b"\xff\n\n\n")
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and leftovers(target) == []
    assert len(server.seen) == (0 if content == DATA else 2 if content == b"rubbish" else 1)


def test_a_killed_process_is_resumed_by_another(server, target):
    server.script["/x.bin"] = [serve(stall=250_000, step=249_000, pace=0.2)]
    with program([server.base + "/x.bin"], target) as first:
        until(lambda: server.sent["/x.bin"] == 250_000, "the server")
        until(lambda: part_of(target).exists() and part_of(target).stat().st_size == 250_000, "the part")
        assert len(server.seen) == 1  # written as it came, not when the server was given up
        first.kill()
    assert first.returncode == -signal.SIGKILL and not target.exists()
    with program([server.base + "/x.bin"], target) as second:
        out, err = second.communicate()
    assert (out, err) == (b"done\n", b"") and target.read_bytes() == DATA
    assert server.seen[1].headers["range"] == "bytes=250000-"
    assert server.sent["/x.bin"] == len(DATA)
    assert leftovers(target) == []


# ---- two at once


def test_two_processes_load_it_once(server, target):
    server.script["/x.bin"] = [serve(pace=0.03)]
    with program([server.base + "/x.bin"], target) as one, program([server.base + "/x.bin"], target) as two:
        results = [one.communicate(), two.communicate()]
    assert results == [(b"done\n", b"")] * 2
    assert target.read_bytes() == DATA and len(server.seen) == 1


def test_a_thread_waits_for_another_and_can_be_stopped_meanwhile(server, target):
    server.script["/x.bin"] = [serve(pace=0.04)]
    threads = [threading.Thread(target=get, args=([server.base + "/x.bin"], target)) for _ in range(2)]
    for thread in threads:
        thread.start()
    until(lambda: part_of(target).exists(), "the part")
    told = []
    with pytest.raises(DownloadStopped):
        get([server.base + "/x.bin"], target, progress=told.append, stop=lambda: bool(told))
    assert told[0].source == "another download of this file" and not target.exists()
    join(threads)
    assert target.read_bytes() == DATA and len(server.seen) == 1


# ---- stopping


def test_stop_keeps_the_part_for_the_next_time(server, target):
    server.script["/x.bin"] = [serve(stall=150_000)]
    told = []
    with pytest.raises(DownloadStopped):
        get([server.base + "/x.bin"], target, progress=told.append, stop=lambda: told and told[-1].received == 150_000)
    assert part_of(target).read_bytes() == DATA[:150_000] and not target.exists()
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA and server.sent["/x.bin"] == len(DATA)


@pytest.mark.parametrize("answer", [silent(1e6), status(503, Retry_After="9999")])
def test_stop_is_heeded_while_nothing_happens(server, target, answer, monkeypatch):
    for name in ("ANSWER_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(downloading, name, 1e6)  # not heeded, it would go beyond the limit of this test's time
    server.always["/x.bin"] = answer
    looks = []

    def stop() -> bool:
        looks.append(len(server.seen))
        return looks.count(1) > 10

    with pytest.raises(DownloadStopped):
        get([server.base + "/x.bin"], target, stop=stop)
    assert len(server.seen) == 1


# ---- the disk


def test_a_full_disk_is_noticed_before_anything_is_asked(server, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, partial_files.SPARE_BYTES + 200_000))
    message = refused(server.base + "/x.bin", at=target)
    assert "no room" in message and "17 MB are free" in message and server.seen == []
    part_of(target).write_bytes(DATA[:150_000])  # then there is room for the rest
    get([server.base + "/x.bin"], target)
    assert target.read_bytes() == DATA


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("near", [False, True])
def test_a_disk_that_fills_up_meanwhile_is_told_in_words(server, target, tmp_path, near):
    target.parent.mkdir()
    part_of(target).symlink_to("/dev/full")
    (tmp_path / "here.bin").write_bytes(DATA)
    message = refused(str(tmp_path / "here.bin") if near else server.base + "/x.bin", at=target)
    assert "the disk has filled up" in message


@pytest.mark.parametrize("place", ["file.txt/x.bin", "folder/x.bin", "/proc/nowhere/x.bin", "locked/x.bin"])
def test_a_folder_that_cannot_be_written_is_told_in_words(server, tmp_path, place, monkeypatch):
    (tmp_path / "file.txt").write_text("no folder")
    (tmp_path / "folder" / "x.bin").mkdir(parents=True)
    (tmp_path / "locked").mkdir()
    if place.startswith("locked"):  # as root, permissions hold nobody back

        def read_only(*_, **__):
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr("filelock.FileLock.acquire", read_only)
    with pytest.raises(StudioError, match=r"cannot be written|is a folder"):
        get([server.base + "/x.bin"], tmp_path / place)
    assert server.seen == []
