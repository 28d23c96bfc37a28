"""Which words lyrics are made of."""

from __future__ import annotations

from music.words.pronunciation import rhymes
from pipelines.verse.lexicon import begins_word, end_words, is_word, partners


def test_what_rhymes_is_heard_to_rhyme():
    night = end_words()["night"]
    found = partners(night)
    assert {"light", "bright"} <= {word.text for word in found}
    assert all(rhymes(word.text, "night") for word in found) and night not in found


def test_lines_end_with_words_that_carry_weight():
    assert not {"the", "of", "and", "thee", "tv"} & set(end_words())
    assert {"home", "rain", "away"} <= set(end_words())


def test_what_is_a_word():
    assert all(map(is_word, ("train", "trains", "I", "a", "don't", "London")))
    assert not any(map(is_word, ("trainly", "goll", "i", "thou", "HOME", "x")))


def test_what_begins_a_word():
    assert begins_word("tra") and begins_word("train") and not begins_word("trx")
