"""Lyrics keep to what was asked for: rhymes, syllables, form, theme; and refuse politely what cannot be."""

from __future__ import annotations

import re

import pytest

from music.errors import StudioError
from music.piece import Piece
from music.words.pronunciation import rhymes, syllable_count
from music.words.slurs import has_slur
from pipelines.contract import Step
from pipelines.lyrics import stanzas_of, write_lyrics
from pipelines.options.lyrics import LyricsOptions
from pipelines.options.values import from_mapping, to_mapping
from tests.pipelines.songs import band


def wrote(**options) -> Step:
    (*_, step) = write_lyrics(Piece.empty(), LyricsOptions(**{"text": "the last train home", **options}))
    return step


def stanzas(step: Step) -> list[list[str]]:
    return [stanza.split("\n") for stanza in "\n".join(step.piece.lyrics).split("\n\n")]


@pytest.fixture(scope="module")
def song() -> Step:
    return wrote(rhyme="ABAB", syllables=7, seed=4)


def test_a_song_is_verse_chorus_verse_chorus(song):
    verse, chorus, second, again = stanzas(song)
    assert [len(each) for each in (verse, chorus, second, again)] == [4, 4, 4, 4]
    assert chorus == again and len({*verse, *chorus, *second}) == 12
    assert song.piece.history[-1]["stanzas"] == ["verse", "chorus", "verse", "chorus"]


def test_lines_rhyme_as_the_scheme_says_and_have_their_syllables(song):
    for one, two, three, four in stanzas(song):
        assert rhymes(one, three) and rhymes(two, four)
    assert {syllable_count(line) for line in song.piece.lyrics if line} == {7}


@pytest.mark.parametrize(
    ("rhyme", "pairs"), [("AABB", [(0, 1), (2, 3)]), ("ABCB", [(1, 3)]), ("ABBA", [(0, 3), (1, 2)]), ("free", [])]
)
def test_each_scheme_rhymes(rhyme, pairs):
    (verse,) = stanzas(wrote(rhyme=rhyme, verses=1, chorus=False, syllables=4, seed=2))
    assert len(verse) == 4 and all(rhymes(verse[a], verse[b]) for a, b in pairs)


def test_lines_look_like_lines(song):
    for line in filter(None, song.piece.lyrics):
        assert line[0].isupper() and "  " not in line and line == line.strip() and not has_slur(line)
    assert all(stanza[-1][-1] in ".!?" for stanza in stanzas(song))


def test_no_three_words_come_again_outside_the_chorus(song):
    words = [re.sub(r"[,.;:!?]", "", line.lower()).split() for stanza in stanzas(song)[:3] for line in stanza]
    runs = [tuple(line[at : at + 3]) for line in words for at in range(len(line) - 2)]
    assert len(runs) == len(set(runs))


def test_words_of_the_theme_are_said():
    said = {
        word.strip(",.;:!?").lower()
        for line in wrote(text="rain and sorrow", verses=1, chorus=False).piece.lyrics
        for word in line.split()
    }
    assert said & {"rain", "sorrow"}


def test_verses_have_the_same_lengths_where_the_model_chooses():
    first, second = stanzas(wrote(verses=2, lines=2, chorus=False, syllables=None, rhyme="AABB", seed=1))
    assert [syllable_count(line) for line in first] == [syllable_count(line) for line in second]
    assert all(5 <= syllable_count(line) <= 11 for line in first)


def test_another_seed_writes_another_lyric_and_the_notes_stay():
    small = {"verses": 1, "lines": 2, "chorus": False, "rhyme": "AABB", "syllables": 5, "text": "home"}
    given = band()
    (*_, one) = write_lyrics(given, LyricsOptions(**small, seed=1))
    (*_, two) = write_lyrics(given, LyricsOptions(**small, seed=2))
    assert one.piece.lyrics != two.piece.lyrics
    assert one.piece.score is given.score and given.lyrics == band().lyrics


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "What the lyrics are about was not said."),
        (" \n ", "What the lyrics are about was not said."),
        ("愛と平和", "No word of the theme is known."),
        ("🎵🎵", "No word of the theme is known."),
        ("...", "No word of the theme is known."),
    ],
)
def test_a_theme_without_a_known_word_is_refused_in_two_sentences(text, said):
    with pytest.raises(StudioError) as refused:
        next(iter(write_lyrics(Piece.empty(), LyricsOptions(text=text))))
    assert str(refused.value).startswith(said) and str(refused.value).count(".") >= 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text": "rain " * 1000}, "theme is too long"),
        ({"verses": 0}, "0 verses"),
        ({"lines": 99}, "99 lines"),
        ({"rhyme": "ABCD"}, "rhyme 'ABCD' is unknown"),
        ({"syllables": 40}, "40 syllables"),
        ({"mood": "purple"}, "mood 'purple' is unknown"),
        ({"temperature": -1.0}, "temperature"),
        ({"top_p": 0.0}, "top-p"),
        ({"seed": -1}, "seed"),
    ],
)
def test_options_that_cannot_be_are_refused(options, said):
    with pytest.raises(StudioError, match=said):
        LyricsOptions(**options)


def test_unknown_options_of_a_recipe_are_refused():
    values = to_mapping(LyricsOptions(text="rain"))
    assert from_mapping(LyricsOptions, values) == LyricsOptions(text="rain")
    with pytest.raises(StudioError, match="colour"):
        from_mapping(LyricsOptions, {**values, "colour": "red"})


def test_a_checkpoint_that_writes_music_is_refused():
    with pytest.raises(StudioError, match=r"cannot write lyrics\. Choose one that can, such as lyrics-small\."):
        wrote(checkpoint="generate-small")


def test_the_order_of_stanzas():
    assert stanzas_of(LyricsOptions(verses=3)) == (0, 1, 2, 1, 3, 1)
    assert stanzas_of(LyricsOptions(verses=2, chorus=False)) == (0, 1)
    assert stanzas_of(LyricsOptions(verses=1)) == (0, 1)
