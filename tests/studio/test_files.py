"""Files to take away: made when asked for, with how far they are, under the name of song and take, and kept for a while."""

from __future__ import annotations

import threading

import pytest
import symusic
from starlette.applications import Starlette
from starlette.testclient import TestClient

from music.errors import StudioError
from music.piece import Piece
from studio import files, jobs
from studio.files import File
from tests.waiting import PATIENCE_S, until


def piece(pitch: int = 60) -> Piece:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("Piano", 0, False))
    score.tracks[0].notes.append(symusic.Note(0, 480, pitch, 90))
    return Piece(score)


class HandMadeWorker:
    """Stands for the worker process: a file of the words that it was asked with, a third of it at first."""

    def __init__(self) -> None:
        self.asked, self.error, self.go = [], "", threading.Event()
        self.go.set()

    def lane(self, verb: str) -> str:
        return "media"

    def slots(self, lane: str) -> int:
        return 1

    def ask(self, verb, arguments, on_update, should_stop, job) -> bytes:
        self.asked.append(arguments[1])
        on_update(1 / 3)
        assert self.go.wait(PATIENCE_S)
        if self.error:
            raise StudioError(self.error)
        return str(arguments[1]).encode()


@pytest.fixture
def worker() -> HandMadeWorker:
    return HandMadeWorker()


@pytest.fixture
def studio(worker):
    registry = jobs.Registry(worker)
    cache = files.FileCache(lambda: registry, capacity=3)
    return cache, TestClient(Starlette(routes=files.routes(lambda: cache)))


def sound(form: str, of: Piece | None = None, name: str = "") -> tuple[File, Piece]:
    of = of or piece()
    return File(name or f"tune-take-2.{form}", f"audio/{form}", ("encode", of, form)), of


def made(client, address) -> dict:
    return until(lambda: (s := client.get(f"/{address}").json())["state"] != "making" and s, "the file")


def test_a_file_is_made_once_says_how_far_it_is_and_has_the_name_of_the_take(studio, worker):
    cache, client = studio
    worker.go.clear()
    address = cache.address(*sound("mp3"))
    assert worker.asked == []  # nobody wants it yet
    client.get(f"/{address}")
    until(lambda: client.get(f"/{address}").json()["progress"] == 1 / 3, "a third")
    assert client.get(f"/{address}/tune-take-2.mp3").status_code == 404
    worker.go.set()
    assert made(client, address)["state"] == "ready"
    taken = client.get(f"/{address}/tune-take-2.mp3")
    assert taken.content == b"mp3" and taken.headers["content-type"] == "audio/mp3"
    assert 'attachment; filename="tune-take-2.mp3"' in taken.headers["content-disposition"]
    assert client.get(f"/{address}/other.mp3").status_code == client.get("/file/guess").status_code == 404
    assert cache.address(*sound("mp3")) == address and worker.asked == ["mp3"]


def test_what_the_studio_has_at_hand_is_there_at_once(studio, worker):
    cache, client = studio
    address = cache.address(File("夜.mid", "audio/midi", lambda: b"MThd"), piece())
    assert client.get(f"/{address}").json()["state"] == "ready"
    assert client.get(f"/{address}/夜.mid").content == b"MThd" and worker.asked == []


def test_a_song_is_packed_as_it_is_at_each_press_and_says_if_it_cannot_be(studio):
    cache, client = studio
    states: list[bytes] = [b"one take", b"two takes"]

    def content() -> bytes:
        if not states:
            raise StudioError("The song is gone. Look whether it is still there.")
        return states.pop(0)

    address = cache.address(File("waltz.deepmusic", "application/zip", content, is_fresh=True), "song-1")
    for held in (b"one take", b"two takes"):
        assert client.get(f"/{address}").json()["state"] == "ready"
        assert client.get(f"/{address}/waltz.deepmusic").content == held
    assert client.get(f"/{address}").json()["message"] == "The song is gone. Look whether it is still there."
    states.append(b"three takes")
    assert client.get(f"/{address}").json()["state"] == "ready"
    assert client.get(f"/{address}/waltz.deepmusic").content == b"three takes"


def test_other_music_another_kind_and_another_name_are_files_of_their_own(studio):
    cache, _ = studio
    moved = piece().with_step(piece().score, {"pipeline": "edit"})
    wanted = [sound("mp3"), sound("wav"), sound("mp3", piece(61)), sound("mp3", name="b.mp3"), sound("mp3", moved)]
    assert len({cache.address(*each) for each in wanted}) == len(wanted)


def test_a_failure_is_told_and_the_next_press_tries_again(studio, worker):
    cache, client = studio
    worker.error = "It failed. Try again."
    assert made(client, cache.address(*sound("wav")))["message"] == "It failed. Try again."
    worker.error = ""
    assert made(client, cache.address(*sound("wav")))["state"] == "ready"


def test_the_file_that_was_asked_for_longest_ago_makes_room_and_is_made_again(studio, worker):
    cache, client = studio
    first, *others = [cache.address(*sound("mp3", piece(60 + n))) for n in range(4)]
    for address in (first, *others):
        assert made(client, address)["state"] == "ready"
    assert client.get(f"/{first}/tune-take-2.mp3").status_code == 404
    assert made(client, first)["state"] == "ready" and len(worker.asked) == 5
    assert client.get(f"/{first}/tune-take-2.mp3").content == b"mp3"


def test_pages_that_offer_many_files_take_none_of_others_away(studio):
    cache, client = studio
    wanted = cache.address(*sound("mp3"))
    made(client, wanted)
    for pitch in range(30, 60):
        cache.address(*sound("wav", piece(pitch)))
    assert client.get(f"/{wanted}/tune-take-2.mp3").content == b"mp3"
