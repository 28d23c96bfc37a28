"""The listening page as a file: what stands in it, that text stays text, and that nothing is asked for elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from music.errors import StudioError
from music.files.midi import read_midi
from music.notation.engrave import engraving
from music.piece import Piece
from pipelines.listening.page import listening_page
from pipelines.listening.paper import slim_pages
from tests.pipelines.listening.songs import HOSTILE, page_of, song

FETCHING = ("src", "href", "srcset", "data", "action", "poster", "background", "ping", "formaction", "xlink:href")


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self._open = f"{tag}#{dict(attributes).get('id', '')}"

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        self.text[self._open] = self.text.get(self._open, "") + data


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(song()).decode()


def test_text_of_the_song_stays_text_and_nothing_is_asked_for_elsewhere(page):
    elements = Elements(page)
    tags = [tag for tag, _ in elements.found]
    assert tags.count("script") == 2 and "img" not in tags and "iframe" not in tags
    assert elements.text["h1#"] == " ".join(HOSTILE.split())
    asked = [value for _, each in elements.found for name, value in each.items() if name in FETCHING]
    assert asked and all(value.startswith(("data:", "#")) for value in asked)
    assert not [name for _, each in elements.found for name in each if name.startswith("on") or name == "style"]
    assert "url(" not in elements.text["style#"] and "@import" not in elements.text["style#"]


def test_only_the_page_s_own_script_and_style_may_run(page):
    elements = Elements(page)
    policy = next(
        each["content"] for tag, each in elements.found if each.get("http-equiv") == "Content-Security-Policy"
    )
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(elements.text[f"{kind}#"].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_the_song_is_there_whole(page):
    data = json.loads(Elements(page).text["script#song"])
    assert [each["name"] for each in data["piece"]["sections"]] == ["Verse", HOSTILE[:40]]
    assert data["chords"] == [[0, "Am7"], [4, "F/C"]]
    assert data["piece"]["words"][1]["syllables"][1] == "Count"
    assert read_midi(base64.b64decode(data["midi"])).note_count == song().note_count
    assert len(data["sheet"]["bars"]) == 6 and [bar[5:] for bar in data["sheet"]["bars"]][:2] == [[0, 4], [4, 8]]
    assert len(re.findall('class="page"', page)) == len(engraving(song()).pages)
    recipe = html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1])
    assert json.loads(recipe)[0]["pipeline"] == "edit"


def test_pages_keep_all_that_is_drawn_and_are_a_third_as_large():
    pages = engraving(song(bars=24)).pages
    slim = slim_pages(pages)
    assert sum(map(len, slim)) < 0.4 * sum(map(len, pages))
    together = ElementTree.fromstring(f"<div>{''.join(slim)}</div>")
    glyphs = [each.get("id") for each in together.iter("g") if each.get("id")]
    uses = [each.get("href") for each in together.iter("use")]
    assert len(glyphs) == len(set(glyphs)) and {use[1:] for use in uses} <= set(glyphs)
    assert len(uses) == sum(page.count("<use ") for page in pages)
    assert _words(slim) == _words(pages)


def _words(pages) -> list[str]:
    """Returns all words on pages, in order."""
    found = [re.findall(r"<tspan[^>]*>([^<]+)</tspan>", page) for page in pages]
    return [words for page in found for words in page if words.strip(" \n")]


def test_a_piece_without_notes_is_refused_in_words():
    with pytest.raises(StudioError, match="no notes"):
        listening_page(Piece.empty())
