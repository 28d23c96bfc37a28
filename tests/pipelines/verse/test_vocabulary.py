"""Verse as tokens, and back."""

from __future__ import annotations

import pytest

from pipelines.verse.vocabulary import SIGNS, Vocabulary, length_sign, trained

LINES = ["the night is long and the road is long", "don't look behind, my love", "the night, the night!"] * 5


def test_text_comes_back():
    vocabulary = trained(LINES, 400)
    assert all(vocabulary.decode(vocabulary.encode(line)).strip() == line for line in [*LINES[:3], "zoë — 7 ünseen"])
    assert vocabulary.encode_all(LINES) == [vocabulary.encode(line) for line in LINES]


def test_signs_come_first_and_survive_being_written_down():
    vocabulary = Vocabulary.read(trained(LINES, 400).tokenizer.to_str())
    assert [vocabulary.sign[sign] for sign in SIGNS] == list(range(len(SIGNS)))
    assert vocabulary.decode([vocabulary.sign["<song>"], *vocabulary.encode("night")]) == " night"


@pytest.mark.parametrize("text", ["", "{}", "no json", "[1]"])
def test_what_is_no_vocabulary_is_refused(text):
    with pytest.raises(ValueError, match="no vocabulary"):
        Vocabulary.read(text)


def test_lengths():
    assert (length_sign(8), length_sign(0), length_sign(99)) == ("<8>", "<1>", "<17>")
