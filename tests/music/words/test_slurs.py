"""Words that no lyrics get."""

from __future__ import annotations

from music.words.slurs import has_slur, is_slur


def test_ordinary_words_pass():
    assert not any(map(is_slur, ("love", "night", "train", "heart", "gay", "black", "white", "woman", "fool")))
    assert not has_slur("The last train home, my love!")


def test_a_listed_word_is_found_in_any_case_and_with_signs():
    listed = "wh" + "ore"
    assert (
        is_slur(listed)
        and is_slur(listed.upper())
        and has_slur(f"a {listed.title()}'s song")
        and has_slur(f"{listed}!")
    )
