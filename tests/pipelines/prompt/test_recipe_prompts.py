"""The prompts by which composing is measured, and what they ask to be sung."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pipelines.prompt.understand import understand
from pipelines.song.planning import plan_song

RECIPE = Path(__file__).parents[3] / "training" / "recipes" / "prompts.toml"
RECIPES = tomllib.loads(RECIPE.read_text(encoding="utf-8"))["prompt"]


def test_there_are_twenty_prompts_and_some_are_hard():
    assert len({entry["text"] for entry in RECIPES}) == 20
    assert sum(not entry["understood"] for entry in RECIPES) == 3


@pytest.mark.parametrize("entry", RECIPES, ids=[entry["text"][:40] for entry in RECIPES])
def test_the_prompts_of_the_recipe_are_understood(entry):
    understood = understand(entry["text"])
    brief = understood.brief
    assert (not understood.unknown) == entry["understood"]
    assert brief.seconds == entry["seconds"]
    for name in ("time_signature", "key", "mode"):
        assert getattr(brief, name) == entry.get(name)
    for name in ("instruments", "without"):
        assert sorted(getattr(brief, name)) == sorted(entry.get(name, []))
    tempo = entry.get("tempo_bpm")
    low, high = tempo if isinstance(tempo, list) else (tempo, tempo)
    assert brief.tempo_bpm is None if tempo is None else low <= brief.tempo_bpm <= high
    plan_song(brief)


def test_a_walking_bass_plays_in_a_style_in_which_it_walks():
    brief = understand("a walking bass and brushes").brief
    assert "Acoustic Bass" in brief.instruments and brief.groove == "swing"


# ---- words to sing


@pytest.mark.parametrize(
    "text, about",
    [
        ("a sad folk song with lyrics about the last train home, one minute", "the last train home"),
        ("a song with lyrics about the sea in D minor for piano and flute", "the sea"),
        ("with words about rain at 90 bpm", "rain"),
        ("lyrics on growing up. slow, with strings", "growing up"),
        ("lyrics: the night", "the night"),
        ("a pop song with words, lighthouse keeper", "lighthouse keeper"),
        ("a sad song with words", "sad"),
        ("a song with words", "love"),
        ("a happy song without lyrics", None),
        ("a happy song, no words", None),
        ("a song about the sea", None),
    ],
)
def test_words_are_sung_where_they_are_asked_for(text, about):
    assert understand(text).brief.words == about


def test_what_words_are_about_asks_for_no_music():
    understood = understand("a folk song with lyrics about a sad drum and my guitar, two minutes")
    assert understood.brief.words == "a sad drum and my guitar"
    assert understood.brief.instruments == () and understood.brief.moods == () and understood.brief.seconds == 120


def test_lines_are_sung_as_they_are_typed():
    understood = understand("slow waltz, lyrics: The last train home / is leaving now")
    assert understood.brief.lyrics == "The last train home\nis leaving now" and understood.brief.tempo_bpm == 68
    assert not understood.unknown


@pytest.mark.parametrize(
    "text", ["lyrics: 🎉 / 🎉", "lyrics: [Chorus] / [Verse]", "lyrics: " + " / ".join(["la"] * 1500)]
)
def test_lines_that_nobody_can_sing_are_left_out_and_said(text):
    understood = understand(text)
    assert understood.brief.lyrics is None and understood.brief.words is None and understood.notes
