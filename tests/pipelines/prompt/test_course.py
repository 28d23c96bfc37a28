"""How a song goes, in words: what they set in the brief, and what the plan makes of it."""

from __future__ import annotations

import pytest

from pipelines.prompt.understand import understand
from pipelines.song.plan import Plan
from pipelines.song.planning import plan_song


def plan_of(text: str) -> Plan:
    return plan_song(understand(text).brief)


def options(text: str, name: str):
    return next(stage.options for stage in plan_of(text).stages if stage.pipeline == name)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("a pop song that gets louder", {"course": ("louder",)}),
        ("a march, growing gradually fuller and louder towards the end", {"course": ("louder", "denser")}),
        ("rock that builds up to a climax", {"course": ("louder", "denser")}),
        ("it thins out and gets quieter", {"course": ("quieter", "sparser")}),
        ("crescendo, no, diminuendo", {"course": ("quieter",)}),
        ("a folk tune that slows down at the end", {"ending": "ritardando"}),
        ("a lullaby without ritardando", {"ending": "in tempo"}),
        ("a pop song with a fade-out ending", {"ending": "fade out"}),
        ("house with a 4-bar intro and an outro of two bars", {"intro_bars": 4, "outro_bars": 2}),
        ("a pop song, no intro, long outro", {"intro_bars": 0, "outro_bars": 8}),
        ("an intro of 40 bars", {"intro_bars": 16}),
        ("techno, drop at 0:45", {"drop_seconds": 45.0}),
        ("the drop comes at bar 17", {"drop_bar": 17}),
        ("a waltz with a pickup", {"pickup": True}),
        ("rock with swung eighths", {"swing": True, "genre": "rock", "groove": None}),
        ("jazz, no swing", {"swing": False}),
        ("straight eighths", {"swing": False}),
        ("ein Walzer mit Auftakt, der immer lauter wird, 4 Takte Vorspiel", {"pickup": True, "course": ("louder",), "intro_bars": 4}),
        ("une valse avec une introduction de 8 mesures, crescendo", {"intro_bars": 8, "course": ("louder",)}),
        ("un tango con introduccion de 4 compases que se desvanece", {"intro_bars": 4, "ending": "fade out"}),
        ("una canzone in crescendo con anacrusi", {"course": ("louder",), "pickup": True}),
        ("uma bossa nova com anacruse e coda", {"pickup": True, "outro_bars": 4}),
    ],
)  # fmt: skip
def test_how_a_song_is_to_go_is_understood(text, facts):
    understood = understand(text)
    assert {name: getattr(understood.brief, name) for name in facts} == facts
    assert understood.unknown == () and {"seconds", "bars"}.isdisjoint(found.field for found in understood.found)


def test_intro_and_ending_are_as_long_as_asked():
    sections = options("pop with an intro of 8 bars and an outro of 3 bars", "sections")
    assert (sections.intro_bars, sections.ending_bars) == (8, 3)
    assert options("a pop song, no intro", "sections").intro_bars == 0


@pytest.mark.parametrize(
    ("text", "form", "bars"),
    [
        ("AABB folk tune, 16 bars", ("A", "A", "B", "B"), 4),
        ("32 bar AABA jazz tune", ("A", "A'", "B", "A"), 8),
        ("16 bars, ABAC", ("A", "B", "A", "C"), 4),
        ("a rondo of 40 bars for piano", ("A", "B", "A", "C", "A"), 8),
    ],
)
def test_so_many_bars_are_those_of_the_sections(text, form, bars):
    assert options(text, "sections").form == form and options(text, "theme").bars == bars
    assert options(text, "sections").intro_bars == 0 and options(text, "sections").ending_bars == 1


@pytest.mark.parametrize(
    ("text", "second"), [("house, 90 seconds, drop at 0:45", 45), ("trance, drop at 20 seconds", 20)]
)
def test_a_section_begins_with_the_drop(text, second):
    theme, sections, mix = (options(text, name) for name in ("theme", "sections", "mix"))
    assert abs((mix.drop - 1) * 4 * 60 / theme.tempo_bpm - second) < 2
    assert (mix.drop - 1 - sections.intro_bars) % theme.bars == 0
    assert options("techno, drop at bar 17", "mix").drop == 17


def test_the_mix_is_told_what_the_whole_song_does():
    assert options("a pop song that gets louder", "mix").dynamics == 100
    assert not options("rock that builds up", "mix").layers
    fading, slowing = options("pop with a fade out", "mix"), options("rock, slows down at the end", "mix")
    assert fading.fade >= 2 and not fading.ritardando and slowing.ritardando and not slowing.fade
    assert not options("a calm lullaby without ritardando", "mix").ritardando
    upbeat = options("a waltz with a pickup", "mix"), options("a waltz with a pickup", "sections")
    assert upbeat[0].pickup == 1 and upbeat[1].intro_bars == 1


@pytest.mark.parametrize(
    ("text", "feel"),
    [
        ("jazz trio", "swing"), ("12-bar blues", "swing"), ("rock with a shuffle feel", "swing"), ("jazz, straight eighths", "straight"),
        ("bossa nova", None), ("a pop song", None), ("house", "straight"),
    ],
)  # fmt: skip
def test_a_song_swings_by_its_style_or_its_words(text, feel):
    assert options(text, "mix").feel == feel


def test_lyrics_with_a_pre_chorus_get_a_form_that_has_one():
    text = "pop, lyrics: [Verse 1]\nthe night is long and cold\n[Pre-chorus]\nand then it breaks\n[Chorus]\nwe rise again we rise"
    brief = understand(text).brief
    sections = next(stage.options for stage in plan_song(brief).stages if stage.pipeline == "sections")
    assert brief.lyrics and "Pre-chorus" in sections.form
