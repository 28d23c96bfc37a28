"""The sentence that says what a song is to be: a field that marks, while one types, the words that were understood."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st

from pipelines.options.values import fits
from pipelines.prompt.understand import Understanding
from studio.controls import component_value, keep, song_controls

TEXT = "compose text"
"""The control that holds the sentence."""

SERIAL = "compose text serial"
"""The control that counts its changes."""

EXAMPLES = {
    "A dark waltz": "a slow, dark waltz for strings and piano, one minute",
    "Jazz at night": "a calm jazz ballad in B flat major for saxophone, piano, bass and drums, 70 seconds",
    "Rock chorus": "an energetic rock song in E minor, verse and chorus, 90 seconds",
    "Folk dance": "a happy folk dance in 6/8 in G major for fiddle and guitar, no drums, 45 seconds",
    "A chorale": "a calm chorale in D minor for church organ, 40 seconds",
}
"""Sentences to begin with, by what a button calls them."""

MOST_LETTERS = 600  # a long paragraph; it is read again after each pause in typing
_KEY = "sentence"
_HERE = Path(__file__).parent
Mark = tuple[int, int, str]


def sentence_field(understood: Understanding, placeholder: str, song_id: str) -> bool:
    """Shows the field of this song; returns whether Enter was pressed in it."""
    sent = _component()(
        key=_KEY,
        data={
            "text": song_controls().get(TEXT, ""),
            "marks": marks(song_controls().get(TEXT, ""), understood),
            "serial": song_controls().get(SERIAL, 0),
            "song": song_id,
            "placeholder": placeholder,
            "label": "What the song is to be",
            "most": MOST_LETTERS,
        },
        on_typed_change=lambda: _take_over("typed"),
        on_submitted_change=lambda: _take_over("submitted"),
    )
    return sent.get("submitted") is not None


class _Sent(TypedDict):
    text: str
    serial: int


def _take_over(what: str) -> None:
    sent = component_value(_KEY, what)
    if fits(_Sent, sent):  # a browser may say anything
        keep(TEXT, sent["text"][:MOST_LETTERS])
        keep(SERIAL, sent["serial"])


def use_example(name: str) -> None:
    """Puts an example into the field; for callbacks, which run before it is shown."""
    set_text(EXAMPLES[name])


def set_text(text: str) -> None:
    """Puts a text into the field, before it is shown."""
    keep(TEXT, text)
    keep(SERIAL, song_controls().get(SERIAL, 0) + 1)


def marks(text: str, understood: Understanding) -> list[Mark]:
    """Returns what is marked in the text, from left to right: first letter, letter after the last, "known" or "unknown"."""
    found = {(each.start, each.end, "known") for each in understood.found}
    free = {mark for mark in _unknown(text, understood) if all(mark[1] <= a or b <= mark[0] for a, b, _ in found)}
    return sorted(found | free)


def _unknown(text: str, understood: Understanding) -> Iterator[Mark]:
    for words in understood.unknown:
        for place in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            yield (*place.span(), "unknown")


@functools.cache
def _component() -> Any:
    return st.components.v2.component(
        "studio_sentence",
        html='<div class="frame"><div class="sentence"><div class="marks" aria-hidden="true"></div>'
        '<textarea rows="2" spellcheck="false" enterkeyhint="go"></textarea></div></div>',
        css=(_HERE / "prompt_field.css").read_text("utf-8"),
        js=(_HERE / "prompt_field.js").read_text("utf-8"),
    )
