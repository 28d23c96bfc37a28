"""The pages that links lead to: kept beside the songs until they are withdrawn."""

from __future__ import annotations

import pytest

from music.errors import StudioError
from studio import limits
from studio.projects.library import new_id
from studio.projects.shares import Shares

SONG, TAKE = new_id(), "ab" * 32


def test_a_link_outlives_the_server_plays_what_was_shared_last_and_can_be_withdrawn(tmp_path):
    first = Shares(tmp_path).put(SONG, TAKE, b"one")
    again = Shares(tmp_path)  # after a restart
    assert again.of(SONG) == first and first.plays(TAKE) and not first.plays("cd" * 32)
    assert again.page(first.token).read_bytes() == b"one"
    later = again.put(SONG, "cd" * 32, b"two")
    assert later.token == first.token and again.page(first.token).read_bytes() == b"two"
    assert len(list(tmp_path.rglob("*.html"))) == 1
    again.withdraw(SONG)
    assert again.of(SONG) is None and again.page(first.token) is None
    assert again.put(SONG, TAKE, b"three").token != first.token  # who had the old link has no new one


def test_links_cannot_be_guessed_and_lead_nowhere_else(tmp_path):
    shares, other = Shares(tmp_path), new_id()
    tokens = {shares.put(new_id(), TAKE, b"page").token for _ in range(20)} | {shares.put(other, TAKE, b"x").token}
    assert len(tokens) == 21 and all(len(token) == 32 for token in tokens)
    assert not any(other in token for token in tokens)
    for token in ("", "*", "?" * 32, "../" + "a" * 29, other, "A" * 32, f"{next(iter(tokens))[:-1]}*"):
        assert shares.page(token) is None
    assert shares.of("*") is None
    shares.withdraw("*")
    assert len(list(tmp_path.rglob("*.html"))) == 21


def test_pages_count_on_the_disk_for_songs(tmp_path, monkeypatch):
    monkeypatch.setenv(limits.SONGS_MB, "1")
    shares = Shares(tmp_path)
    shares.put(SONG, TAKE, bytes(700_000))
    with pytest.raises(StudioError, match="disk for songs is full"):
        shares.put(new_id(), TAKE, bytes(700_000))
    shares.put(SONG, "cd" * 32, bytes(650_000))  # in place of the one before
