"""Words cut into syllables as singers would, with stress and rhymes."""

from __future__ import annotations

import pytest

from music.errors import StudioError
from music.words.pronunciation import Syllable, line_syllables, rhyme_part, rhymes, syllable_count, syllables


def written(word: str, language: str = "en") -> str:
    return "|".join(each.text for each in syllables(word, language))


def stressed(word: str, language: str = "en") -> list[int]:
    return [each.stress for each in syllables(word, language)]


CUTS = """re|mem|ber mid|night a|bout o|pen ta|ble peo|ple lit|tle won|der|ful be|lieve qui|et li|on rhy|thm i|de|a vi|o|lin
cre|a|tion beau|ti|ful moon|light would|n't be|loved a|gain e|ter|ni|ty night loved through fire ev|ery|where"""


@pytest.mark.parametrize("cut", CUTS.split())
def test_english_words_are_cut_where_they_are_sung(cut):
    assert written(cut.replace("|", "")) == cut


def test_stress_is_the_dictionarys_and_small_words_have_none():
    assert [stressed(word) for word in ("remember", "midnight", "alone", "violin")] == [
        [0, 1, 0],
        [1, 2],
        [0, 1],
        [0, 0, 1],
    ]
    assert [stressed(word) for word in ("the", "of", "And", "night", "sing")] == [[0], [0], [0], [1], [1]]


def test_punctuation_stays_with_the_letters_beside_it():
    assert syllables('"Remember,') == (Syllable('"Re', 0), Syllable("mem", 1), Syllable("ber,", 0))
    assert written("sea-shore!") == "sea-|shore!"
    assert written("'tis") == "'tis"


@pytest.mark.parametrize(
    "word",
    [
        "Hallelujah!",
        "o'er",
        "heav'n,",
        "wand'ring",
        "sea-shore",
        "Zoë",
        "cafe\u0301",
        "straße",
        "x" * 500,
        "1984",
        "--yes--",
        "œuvre",
    ],
)
def test_the_syllables_make_up_the_word(word):
    assert written(word).replace("|", "") == word


@pytest.mark.parametrize("word", ["", "—", "...", "♪", "&"])
def test_what_has_no_letter_has_no_syllable(word):
    assert syllables(word) == ()


def test_unknown_words_are_judged_by_their_spelling():
    assert [written(word) for word in ("glimmerhaven", "walketh", "zorbed")] == [
        "glim|mer|ha|ven",
        "wal|keth",
        "zorbed",
    ]
    assert sum(stressed("glimmerhaven")) == 1


def test_a_line_is_words_of_syllables():
    line = line_syllables("The last train — home, tonight")
    assert ["|".join(each.text for each in word) for word in line] == ["The", "last", "train", "home,", "to|night"]
    assert syllable_count("The last train — home, tonight") == 6
    assert (line_syllables(""), syllable_count("  ")) == ((), 0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("night", "light"),
        ("love", "dove"),
        ("Rain,", "train!"),
        ("o'er", "shore"),
        ("sea", "memory"),
        ("fire", "desire"),
    ],
)
def test_words_rhyme_by_sound(a, b):
    assert rhymes(a, b) and rhymes(b, a)


@pytest.mark.parametrize(("a", "b"), [("love", "move"), ("home", "alone"), ("night", "Night."), ("rain", ""), ("", "")])
def test_sight_rhymes_and_the_same_word_do_not(a, b):
    assert not rhymes(a, b)


def test_unknown_words_rhyme_as_words_of_their_ending():
    assert rhymes("glimmerhaven", "raven")
    assert rhymes("Zorblight", "night")


def test_the_rhyme_part_is_that_of_the_last_word():
    assert rhyme_part("Night!") == rhyme_part("into the light") == "AY T"
    assert rhyme_part("...") is None


@pytest.mark.parametrize(
    ("language", "cut", "stress"),
    [
        ("de", "Ster|nen|him|mel", [1, 0, 0, 0]),
        ("fr", "lu|mière", [0, 1]),
        ("es", "es|tre|lla", [0, 1, 0]),
        ("es", "co|ra|zón", [0, 0, 1]),
        ("it", "cit|tà", [0, 1]),
        ("it", "a|mo|re", [0, 1, 0]),
    ],
)
def test_other_languages_are_cut_by_their_patterns(language, cut, stress):
    word = cut.replace("|", "")
    assert (written(word, language), stressed(word, language)) == (cut, stress)


def test_another_language_is_refused():
    with pytest.raises(StudioError, match=r"'xx'.*\. Choose one of en, de, fr, es, it\."):
        syllables("word", "xx")
