"""Lyrics as people write them: stanzas, headings, and which section sings which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.errors import StudioError
from music.words.verses import lyrics_text, read_stanzas, stanzas_of_sections, stresses_of_themes

SONG = """[Verse 1]
The last train home is leaving now
and I am on my way

[Chorus]
Remember me

Verse 2:
The moon is low

(Chorus)

**Bridge**
Oh oh oh
[Guitar solo]
"""


def sung(text: str, form: str) -> list[str]:
    return [stanza.name if stanza else "-" for stanza in stanzas_of_sections(read_stanzas(text), form.split())[0]]


def test_headings_say_what_stanzas_are():
    stanzas = read_stanzas(SONG)
    assert [(each.name, len(each.lines)) for each in stanzas] == [
        ("Verse 1", 2), ("Chorus", 1), ("Verse 2", 1), ("Bridge", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text, names",
    [
        ("a\n\nb\n\nc\n\nb", ["Verse 1", "Chorus", "Verse 2"]),  # what comes again is the chorus
        ("a\n\na\n\nb", ["Chorus", "Verse 1"]),
        ("a\n\nb\n\nc", ["Verse 1", "Chorus", "Verse 2"]),  # else the second
        ("a\r\nb\r\n\r\n\r\n\r\nc", ["Verse 1", "Chorus"]),
        ("REFRAIN\na\n\n1. Strophe", ["Chorus"]),
        ("Chorus of angels\nVerse upon verse", ["Verse 1"]),  # lines, no headings
        ("[Verse 1]\n[Verse 2]\n[Chorus]", ["Verse 1", "Verse 2", "Chorus"]),  # to be written
        ("", []),
        ("\n[Intro: piano]\n\n", ["Verse 1"]),
    ],
)
def test_stanzas_are_told_apart(text, names):
    assert [each.name for each in read_stanzas(text)][: len(names)] == names


def test_each_section_sings_its_stanza():
    assert sung(SONG, "Intro Verse Chorus Verse' Chorus Bridge Chorus Ending") == [
        "-", "Verse 1", "Chorus", "Verse 2", "Chorus", "Bridge", "Chorus", "-",
    ]  # fmt: skip
    assert sung(SONG, "Verse Chorus Verse Chorus Verse") == ["Verse 1", "Chorus", "Verse 2", "Chorus", "Verse 1"]


@pytest.mark.parametrize(
    "form, names",
    [
        ("A A' B A", ["Verse 1", "Verse 2", "Chorus", "Verse 1"]),  # without a bridge the chorus is sung there
        ("A B A B", ["Verse 1", "Chorus", "Verse 2", "Chorus"]),
        ("A A A", ["Verse 1", "Chorus", "Verse 2"]),  # all of it in order
        ("A B C", ["Verse 1", "Chorus", "Verse 2"]),
    ],
)
def test_forms_of_letters_sing_too(form, names):
    assert sung("a\n\nb\n\nc", form) == names


def test_pre_choruses_have_their_words_each_time_and_are_verses_where_the_song_has_none():
    text = "[Verse 1]\na\n[Pre-chorus]\nb\n[Chorus]\nc\n[Verse 2]\nd"
    assert sung(text, "Verse Pre-chorus Chorus Verse' Pre-chorus Chorus") == [
        "Verse 1", "Pre-chorus", "Chorus", "Verse 2", "Pre-chorus", "Chorus",
    ]  # fmt: skip
    assert sung(text, "Verse Chorus Verse' Chorus Verse") == ["Verse 1", "Chorus", "Pre-chorus", "Chorus", "Verse 2"]
    assert sung("a\n\nb\n\nc", "Verse Pre-chorus Chorus") == ["Verse 1", "Verse 2", "Chorus"]


def test_what_no_section_sings_is_told():
    _, left = stanzas_of_sections(read_stanzas(SONG), ["Verse", "Chorus"])
    assert [each.name for each in left] == ["Verse 2", "Bridge"]


def test_themes_know_the_stresses_of_what_is_sung_first():
    form, themes = ("Intro", "Verse", "Chorus", "Verse'", "Chorus"), ("Verse", "Chorus")
    assert stresses_of_themes(SONG, "en", form, themes) == ("01110101/000001", "0100")


@given(
    st.lists(st.lists(st.text(st.characters(categories=("L", "Zs")), min_size=1, max_size=12), max_size=4), max_size=6)
)
def test_what_is_read_reads_back(stanzas):
    read = read_stanzas("\n\n".join("\n".join(lines) for lines in stanzas))
    assert read_stanzas(lyrics_text(read)) == read


@pytest.mark.parametrize("text", ["la la\n" * 10_000, "la " * 20_000])
def test_a_book_is_refused_in_two_sentences(text):
    with pytest.raises(StudioError, match=r"too long for a song\. Give up to"):
        read_stanzas(text)
