"""What lyrics are about, read from plain words."""

from __future__ import annotations

import pytest

from music.errors import StudioError
from pipelines.verse.theme import theme_of


def test_a_theme_is_its_words_and_what_is_near():
    theme = theme_of("A song about the last train home", None)
    assert theme.own == ("train", "home")
    assert theme.nearness["train"] == 1 and 0 < theme.nearness["railway"] < 1


def test_a_mood_adds_words():
    assert "sorrow" in theme_of("a letter", "sad").nearness
    assert "sorrow" not in theme_of("a letter", None).nearness


def test_accents_and_capitals_are_read():
    assert theme_of("CAFÉ in Paris", None).own == ("cafe", "paris")


def test_nothing_known_is_refused():
    with pytest.raises(StudioError, match="plain English"):
        theme_of("qqq zzzx", None)
