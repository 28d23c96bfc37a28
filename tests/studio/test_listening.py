"""Where shared pages are served: who has the address may listen, and nobody else finds anything."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from studio import listening, songs, visitors
from studio.projects.library import new_id
from studio.widgets.sharing import link_to
from tests.pipelines.listening.songs import page_of, song
from tests.studio.visitor import press, song_of, until_written
from tests.waiting import until_shown


@pytest.fixture
def client(songs_folder):
    return TestClient(Starlette(routes=listening.ROUTES))


def test_a_page_is_served_in_a_box_of_its_own(client):
    page = page_of(song(bars=1))
    token = visitors.shares().put(new_id(), "ab" * 32, page).token
    reply = client.get(f"/listen/{token}")
    assert (reply.status_code, reply.content) == (200, page)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "sandbox allow-scripts" in policy and "same-origin" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff" and "no-store" in reply.headers["cache-control"]
    assert reply.headers["referrer-policy"] == "no-referrer" and "noindex" in reply.headers["x-robots-tag"]
    assert {client.request(verb, f"/listen/{token}").status_code for verb in ("POST", "PUT", "DELETE")} == {405}


def test_unknown_and_withdrawn_links_are_plainly_not_found(client):
    shares, song_id = visitors.shares(), new_id()
    token = shares.put(song_id, "ab" * 32, b"<html>").token
    assert client.get(f"/listen/{token}").status_code == 200
    shares.withdraw(song_id)
    for address in (token, "A" * 32, "*", "..%2F..%2Fsecret", song_id):
        reply = client.get(f"/listen/{address}")
        assert reply.status_code == 404 and song_id not in reply.text
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_a_visitor_makes_a_link_goes_on_writing_and_takes_it_back(page, client):
    page = until_written(press(page, "Generate"))
    mine = song_of(page)
    page = press(page, "Make a link")
    until_shown(page, lambda page: any(button.label == "Withdraw the link" for button in page.button), "the link")
    shared = visitors.shares().of(mine.id)
    assert link_to(shared.token) in [code.value for code in page.code]
    first = client.get(f"/listen/{shared.token}").content
    assert mine.id.encode() not in first
    mine.rename("Evening")
    page.run()
    assert client.get(f"/listen/{shared.token}").content == first
    assert [each.value for each in page.caption if "as it was when you shared it" in each.value]
    press(page, "Withdraw the link")
    assert client.get(f"/listen/{shared.token}").status_code == 404


def test_a_deleted_song_plays_no_more(page, client):
    page = until_written(press(page, "Generate"))
    token = visitors.shares().put(song_of(page).id, "ab" * 32, b"<html>").token
    visitors.autosave().flush()
    songs.delete(song_of(page).id)
    assert client.get(f"/listen/{token}").status_code == 404
