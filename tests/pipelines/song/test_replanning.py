from __future__ import annotations

from dataclasses import replace

import pytest

from music.errors import StudioError
from pipelines.song.brief import Brief
from pipelines.song.planning import plan_song
from pipelines.song.replanning import changed_wishes, replanned

BRIEF = Brief("a tune", key="G major", instruments=("Flute", "Piano"), seed=3)
THEME, SECTIONS, HARMONY, MIX = range(4)


def test_a_key_is_taken_by_the_first_stage_and_by_no_later_one():
    plan = plan_song(BRIEF).with_options(THEME, drafts=3).with_options(SECTIONS, amount=70.0)
    asked = replace(BRIEF, key="A minor")
    assert changed_wishes(plan, asked) == {"key": THEME}
    again = replanned(plan, asked, THEME)
    assert again.brief.key == again.stages[THEME].options.key == "A minor"
    assert again.stages[THEME].options == replace(plan.stages[THEME].options, key="A minor")
    assert again.stages[1:] == plan.stages[1:]
    assert replanned(plan, asked, HARMONY) == plan


def test_who_accompanies_is_taken_from_the_harmony_on():
    plan = plan_song(BRIEF)
    asked = replace(BRIEF, instruments=("Flute", "Church organ"), key="A minor")
    assert changed_wishes(plan, asked) == {"key": THEME, "instruments": HARMONY}
    again = replanned(plan, asked, HARMONY)
    assert again.stages[HARMONY].options.instruments == ("Church Organ",)
    assert again.stages[:HARMONY] == plan.stages[:HARMONY] and again.brief.key == "G major"
    assert replanned(plan, asked, MIX) == plan


def test_a_mode_counts_as_the_key():
    plan = plan_song(BRIEF)
    asked = replace(BRIEF, key=None, mode="minor")
    assert set(changed_wishes(plan, asked)) == {"key"}
    assert replanned(plan, asked, THEME).stages[THEME].options.key.endswith("minor")


def test_wishes_that_do_not_go_together_are_refused_where_they_are_taken():
    plan = plan_song(replace(BRIEF, instruments=()))
    asked = replace(BRIEF, instruments=(), seconds=10.0, tempo_bpm=40.0, form="ABCDEF")
    with pytest.raises(StudioError):
        plan_song(asked)
    assert replanned(plan, asked, MIX) == plan
    with pytest.raises(StudioError):
        replanned(plan, asked, THEME)


def test_a_stage_that_is_only_added_changes_no_other_and_comes_with_all_wishes():
    plan = plan_song(Brief())
    asked = replace(plan.brief, texture="pad")
    assert changed_wishes(plan, asked) == {"texture": None}
    for first in (THEME, MIX):
        again = replanned(plan, asked, first)
        assert again.stages[:-1] == plan.stages and again.stages[-1].pipeline == "texture"


def test_other_lyrics_begin_with_the_theme_that_is_written_for_them():
    plan = plan_song(Brief(lyrics="The last train home is leaving now"))
    asked = replace(plan.brief, lyrics="Remember me")
    assert changed_wishes(plan, asked)["lyrics"] == 0
    assert replanned(plan, asked, 0).stages[-1].options.text == "Remember me"
