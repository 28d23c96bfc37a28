from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.errors import StudioError
from pipelines.song.band_options import HarmonyOptions, MixOptions
from pipelines.song.brief import FORMS, SONG_SECONDS, Brief, is_form
from pipelines.song.optional_stages import TextureOptions
from pipelines.song.plan import (
    Plan,
    SectionsOptions,
    Stage,
    ThemeOptions,
    plan_from_mapping,
    plan_to_mapping,
)
from tests.examples import examples
from tests.pipelines.song.song_checks import two_sentences, wanted

PLAN = Plan(
    Brief(text="a waltz", seconds=30, moods=("calm",), instruments=("piano", "violin")),
    (
        Stage("theme", ThemeOptions(sections=("A", "B"), key="D minor")),
        Stage("sections", SectionsOptions(form=("A", "B", "A'"))),
        Stage("harmony", HarmonyOptions(chords=(("Dm",), ("Gm", "A7")))),
        Stage("mix", MixOptions(fills=False)),
        Stage("texture", TextureOptions(density="dense")),
    ),
)


def test_a_plan_that_could_not_be_read_again_is_not_made():
    full = Plan(Brief(), (Stage("mix", MixOptions()),) * 128)
    assert plan_from_mapping(plan_to_mapping(full)) == full
    with pytest.raises(StudioError, match="no room for another"):
        Plan(Brief(), (*full.stages, Stage("mix", MixOptions())))


@settings(max_examples=examples(150), deadline=None)
@given(wanted())
def test_a_brief_is_taken_or_refused_in_sentences_and_comes_back_from_a_recipe(values):
    try:
        brief = Brief(**values)
    except StudioError as error:
        assert two_sentences(str(error))
        return
    plan = Plan(brief, PLAN.stages)
    assert plan_from_mapping(json.loads(json.dumps(plan_to_mapping(plan)))) == plan


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seconds": 9.9}, "9.9 seconds"), ({"seconds": 301.0}, "301 seconds"), ({"seconds": float("nan")}, "nan"),
        ({"form": "AXB"}, "AXB"), ({"form": ""}, "form"), ({"form": "A" * 13}, "form"), ({"tempo_bpm": 19.0}, "19"),
        ({"tempo_bpm": 301.0}, "301"), ({"time_signature": "4/5"}, "4/5"), ({"key": "H"}, "H"), ({"mode": "locrian"}, "locrian"),
        ({"key": "D minor", "mode": "major"}, "D minor"), ({"genre": "polka"}, "polka"), ({"moods": ("grumpy",)}, "grumpy"),
        ({"instruments": ("kazooo",)}, "kazooo"), ({"without": ("kazooo",)}, "kazooo"), ({"style": "loud"}, "loud"),
        ({"instruments": ("piano", "drums"), "without": ("drums",)}, "drums"), ({"seed": -1}, "-1"), ({"seed": 2**63}, "seed"),
        ({"instruments": tuple(map(str, range(40, 80)))}, "40 instruments"), ({"texture": "fog"}, "fog"),
    ],
)  # fmt: skip
def test_what_a_brief_cannot_mean_is_named(wrong, says):
    with pytest.raises(StudioError) as refused:
        Brief(**wrong)
    assert says in str(refused.value) and two_sentences(str(refused.value))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (ThemeOptions, {"sections": ()}), (ThemeOptions, {"sections": ("A", "A")}), (ThemeOptions, {"bars": 0}),
        (ThemeOptions, {"bars": 33}), (ThemeOptions, {"lead": "kazooo"}), (ThemeOptions, {"density": "none"}),
        (ThemeOptions, {"drafts": 0}), (ThemeOptions, {"temperature": 5.0}), (ThemeOptions, {"seed": -1}),
        (SectionsOptions, {"form": ()}), (SectionsOptions, {"form": ("A",) * 65}), (SectionsOptions, {"intro_bars": -1}),
        (SectionsOptions, {"ending_bars": 0}), (SectionsOptions, {"final_beats": 0.0}), (SectionsOptions, {"amount": 101.0}),
        (HarmonyOptions, {"style": "loud"}), (HarmonyOptions, {"chords": "H"}), (HarmonyOptions, {"complexity": "odd"}),
        (HarmonyOptions, {"instruments": ("kazooo",)}), (MixOptions, {"dynamics": -1.0}), (MixOptions, {"seed": -1}),
    ],
)  # fmt: skip
def test_options_of_stages_are_refused_in_sentences(kind, wrong):
    with pytest.raises(StudioError) as refused:
        kind(**wrong)
    assert two_sentences(str(refused.value))


def test_the_longest_and_the_shortest_song_and_every_named_form_are_taken():
    for seconds in SONG_SECONDS:
        assert Brief(seconds=seconds).seconds == seconds
    assert all(is_form(form) for form in (*FORMS, "A", "FEDCBAFEDCBA"))
    assert not any(is_form(text) for text in ("", "G", "aba", "A B", "AABA\n", "A" * 13))


@given(st.sampled_from(range(5)), st.integers(0, 2**63 - 1))
def test_other_options_of_one_stage_leave_the_plan_and_the_other_stages_as_they_are(number, seed):
    before = plan_to_mapping(PLAN)
    changed = PLAN.with_options(number, seed=seed)
    assert changed.stages[number].options.seed == seed
    assert [s for n, s in enumerate(changed.stages) if n != number] == [
        s for n, s in enumerate(PLAN.stages) if n != number
    ]
    assert changed.brief == PLAN.brief and plan_to_mapping(PLAN) == before


def test_options_that_do_not_go_together_are_refused_when_they_are_changed():
    with pytest.raises(StudioError):
        PLAN.with_options(0, bars=0)


@pytest.mark.parametrize(
    "broken",
    [
        {}, {"brief": {}}, {"stages": []}, {"brief": 3, "stages": []}, {"brief": {}, "stages": 3}, {"brief": {}, "stages": [3]},
        {"brief": {}, "stages": [{"pipeline": "theme"}]}, {"brief": {"swing": 1}, "stages": []},
        {"brief": {}, "stages": [{"pipeline": "lyrics", "options": {}}]},
        {"brief": {}, "stages": [{"pipeline": "mix", "options": {"swing": 1}}]},
        {"brief": {}, "stages": [{"pipeline": "mix", "options": {"dynamics": 1000.0}}]},
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused_in_sentences(broken):
    with pytest.raises(StudioError) as refused:
        plan_from_mapping(broken)
    assert two_sentences(str(refused.value))
