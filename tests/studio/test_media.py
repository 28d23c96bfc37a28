"""Sound for the player: made when asked for, served in parts, kept for a while."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
import soundfile
import symusic
from starlette.applications import Starlette
from starlette.testclient import TestClient

from music.audio.encoding import Audio, encode
from music.audio.picture import picture_of
from music.errors import StudioError
from music.piece import Piece
from pipelines.recipes import last_recipe
from pipelines.worker.verbs import Head, Sound
from studio import jobs, media
from tests.waiting import PATIENCE_S, until

SECONDS = 0.5


def piece(pitch: int = 60) -> Piece:
    score = symusic.Score(480)
    track = symusic.Track("Piano", 0, False)
    track.notes.append(symusic.Note(0, 480, pitch, 90))
    score.tracks.append(track)
    return Piece(score)


class HandMadeWorker:
    """Stands for the worker process: sound without a synthesizer, and a count of what was asked."""

    def __init__(self, error: str = "", error_after_mix: str = "") -> None:
        self.asked, self._error, self._error_after_mix = 0, error, error_after_mix
        self.may_make_mix, self.may_make_stems = threading.Event(), threading.Event()
        self.may_make_mix.set()
        self.may_make_stems.set()

    def lane(self, verb: str) -> str:
        return "media"

    def slots(self, lane: str) -> int:
        return 1

    def ask(self, verb, arguments, on_update, should_stop, job) -> Sound:
        self.asked += 1
        synthesis = arguments[1]
        if self._error:
            raise StudioError(self._error)
        tone = encode(Audio(np.full((int(SECONDS * 44_100), 2), 0.1, np.float32), 44_100), "ogg")
        on_update(Head(tone))
        assert self.may_make_mix.wait(PATIENCE_S)
        picture = picture_of(np.full(22_050, 0.1, np.float32)) if last_recipe(arguments[0], "audio") else None
        mix = Sound(tone, (), SECONDS, False, picture)
        on_update(mix)
        if synthesis != "played":
            return mix
        assert self.may_make_stems.wait(PATIENCE_S)
        if self._error_after_mix:
            raise StudioError(self._error_after_mix)
        return Sound(tone, (("Piano", 0, tone),), SECONDS, False, picture)


@pytest.fixture
def studio():
    """Returns a function that gives a cache and a browser's view of it."""

    def make(worker: HandMadeWorker, capacity: int = 4) -> tuple[media.SoundCache, TestClient]:
        registry = jobs.Registry(worker)
        cache = media.SoundCache(lambda: registry, capacity)
        return cache, TestClient(Starlette(routes=media.routes(lambda: cache)))

    return make


def wait(client: TestClient, address: str) -> dict:
    """Returns what is told of a sound once it is made."""

    def over() -> dict:
        status = client.get(f"/{address}").json()
        return {} if status["state"] == "preparing" else status

    return until(over, "the sound")


def test_nothing_is_made_until_a_browser_asks(studio):
    worker = HandMadeWorker()
    cache, client = studio(worker)
    address = cache.address(piece())
    assert worker.asked == 0
    status = wait(client, address)
    assert (status["mix"], status["stems"]) == ("mix", [[0, "0"]])
    assert cache.address(piece()) == address  # the same music again
    wait(client, address)
    assert worker.asked == 1


def test_mix_plays_while_the_stems_are_made(studio):
    worker = HandMadeWorker()
    worker.may_make_stems.clear()
    cache, client = studio(worker)
    address = cache.address(piece())
    until(lambda: client.get(f"/{address}").json()["mix"], "the mix")
    assert client.get(f"/{address}").json()["state"] == "preparing"
    assert client.get(f"/{address}/mix.ogg").status_code == 200
    worker.may_make_stems.set()
    assert wait(client, address)["state"] == "ready"


def test_the_beginning_plays_while_the_rest_is_made(studio):
    worker = HandMadeWorker()
    worker.may_make_mix.clear()
    cache, client = studio(worker)
    address = cache.address(piece())
    until(lambda: client.get(f"/{address}").json()["head"], "the beginning")
    assert client.get(f"/{address}").json()["mix"] is None
    assert (
        client.get(f"/{address}/head.ogg").status_code == 200 and client.get(f"/{address}/mix.ogg").status_code == 404
    )
    worker.may_make_mix.set()
    assert wait(client, address)["seconds"] == SECONDS


def test_browsers_can_jump_inside_a_file(studio):
    cache, client = studio(HandMadeWorker())
    address = cache.address(piece())
    wait(client, address)
    whole = client.get(f"/{address}/mix.ogg")
    part = client.get(f"/{address}/mix.ogg", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole.content[100:200]
    assert whole.headers["content-type"] == "audio/ogg"


@pytest.mark.parametrize("name", ["mix.wav", "0.wav"])
def test_wav_for_browsers_without_ogg(studio, name):
    cache, client = studio(HandMadeWorker())
    address = cache.address(piece())
    wait(client, address)
    samples, rate = soundfile.read(io.BytesIO(client.get(f"/{address}/{name}").content))
    assert rate == 44_100
    assert len(samples) == pytest.approx(SECONDS * rate, abs=200)
    assert samples[5000:-5000].mean() == pytest.approx(0.1, abs=0.02)


def test_only_the_files_of_a_known_piece_are_served(studio):
    cache, client = studio(HandMadeWorker())
    address = cache.address(piece())
    wait(client, address)
    for path in (
        "sound/guess",
        "sound/guess/mix.ogg",
        f"{address}/9.ogg",
        f"{address}/..%2f..%2fetc%2fpasswd",
        f"{address}/mix.mp3",
    ):
        assert client.get(f"/{path}").status_code == 404


def test_failure_is_told_and_the_next_visit_tries_again(studio):
    worker = HandMadeWorker(error="It failed. Try again.")
    cache, client = studio(worker)
    address = cache.address(piece())
    assert wait(client, address)["message"] == "It failed. Try again."
    worker._error = ""
    assert wait(client, cache.address(piece()))["state"] == "ready"


def written(**options) -> Piece:
    """Returns the same notes as the audio pipeline wrote them."""
    return piece().with_step(piece().score, {"pipeline": "audio", "options": options})


def test_each_synthesis_and_each_coloring_of_the_same_notes_is_a_sound_of_its_own(studio):
    worker = HandMadeWorker()
    cache, client = studio(worker, capacity=8)
    kinds = [(piece(), "played"), (written(), "played"), (written(brightness="dark"), "played"), (written(), "pure")]
    addresses = [cache.address(*kind) for kind in kinds]
    assert len(set(addresses)) == len(kinds)
    assert [cache.address(*kind) for kind in kinds] == addresses
    assert [bool(wait(client, address)["stems"]) for address in addresses] == [True, True, True, False]
    assert worker.asked == len(kinds)


def test_only_a_colored_sound_has_a_picture(studio):
    cache, client = studio(HandMadeWorker())
    plain, colored = cache.address(piece()), cache.address(written())
    for address in (plain, colored):
        assert client.get(f"/{address}/picture.json").status_code == 404
        wait(client, address)
    assert client.get(f"/{plain}/picture.json").status_code == 404
    shown = client.get(f"/{colored}/picture.json")
    assert shown.headers["content-type"] == "application/json" and shown.json()["seconds"] == 1


def test_mix_still_plays_when_the_stems_fail(studio):
    cache, client = studio(HandMadeWorker(error_after_mix="Too long for stems. Choose fewer bars."))
    status = wait(client, cache.address(piece()))
    assert (status["state"], status["mix"], status["stems"]) == ("ready", "mix", [])
    assert status["message"] == "Too long for stems. Choose fewer bars."


def test_the_sound_that_was_heard_longest_ago_makes_room_and_is_made_again_when_asked_for(studio):
    worker = HandMadeWorker()
    cache, client = studio(worker, capacity=2)
    addresses = [cache.address(piece(pitch)) for pitch in (60, 61, 62)]
    for address in addresses:
        wait(client, address)
    assert client.get(f"/{addresses[0]}/mix.ogg").status_code == 404
    assert all(client.get(f"/{address}/mix.ogg").status_code == 200 for address in addresses[1:])
    assert wait(client, addresses[0])["state"] == "ready" and worker.asked == 4
    assert client.get(f"/{addresses[0]}/mix.ogg").status_code == 200


def test_pages_that_show_many_pieces_do_not_take_the_sound_of_others_away(studio):
    cache, client = studio(HandMadeWorker(), capacity=2)
    heard = cache.address(piece(60))
    wait(client, heard)
    for pitch in range(40, 60):
        cache.address(piece(pitch))
    assert client.get(f"/{heard}/mix.ogg").status_code == 200
