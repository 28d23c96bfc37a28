from __future__ import annotations

import dataclasses
import re

import pytest

from music.errors import StudioError
from music.styles import STYLES
from music.tokens.accompaniment import COMPLEXITIES, HARMONIES
from music.tokens.conditions import GENRES
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import MAX_PLAYERS, HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.brief import Brief
from pipelines.song.plan import SectionsOptions, ThemeOptions, plan_from_mapping


def refusal(kind: type, **values) -> str:
    """Returns what is said of options that must be refused."""
    with pytest.raises(StudioError) as refused:
        kind(**values)
    return str(refused.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"style": "polka"}, "chorale"), ({"melody": -1}, "from 0"),
        ({"chords": (("Am",), ("H7",))}, "'H7'"), ({"chords": (("Am",), ())}, "()"),
        ({"key": "H minor"}, "H minor"), ({"bars": (3, -1)}, "-1"), ({"bars": ("5",)}, "'5'"), ({"bars": "5-8"}, "'5-8'"),
        ({"chords": (5,)}, "5"), ({"chords": "Am F"}, "'Am F'"),
        ({"complexity": "extreme"}, "medium"),
        ({"instruments": ("kazooo",)}, "kazooo"), ({"instruments": ("piano", "organ")}, "band"),
        ({"style": "bass", "instruments": ("drums",)}, "Drums"), ({"style": "chorale", "instruments": ("drum kit",)}, "Drums"),
        ({"style": "chorale", "instruments": ("viola", "cello")}, "three"),
        ({"style": "band", "instruments": ("piano",) * (MAX_PLAYERS + 1)}, f"up to {MAX_PLAYERS}"),
        ({"temperature": 5}, "temperature"), ({"temperature_notes": -1}, "notes"), ({"temperature_rhythm": 9}, "rhythm"),
        ({"top_p": 0}, "top-p"), ({"top_k": -2}, "top-k"), ({"seed": -1}, "seed"), ({"variants": 9}, "variants"),
    ],
)  # fmt: skip
def test_each_mistake_of_a_harmony_gets_two_sentences(values, says):
    said = refusal(HarmonizeOptions, **values)
    assert says in said
    assert len(re.findall(r"[.?](?: |$)", said)) == 2 and said[-1] in ".?"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"style": "skiffle"}, "bossa nova"), ({"style": "Samba"}, "'Samba'"), ({"style": "samba", "genre": "jazz"}, "samba"),
        ({"novelty": -0.1}, "-0.1"), ({"novelty": 1.5}, "always new"), ({"novelty": float("nan")}, "nan"),
    ],
)  # fmt: skip
def test_a_style_or_a_novelty_that_cannot_be_had_gets_two_sentences(values, says):
    said = refusal(GenerateOptions, **values)
    assert says in said and re.fullmatch(r"[^?]+[^0-9]\. [^.?]+\.", said)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_goes_with_its_genre_and_one_without_with_all(style):
    assert GenerateOptions(style=style).genre is None
    for genre in GENRES if STYLES[style] is None else [STYLES[style]]:
        assert GenerateOptions(style=style, genre=genre).style == style


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (GenerateOptions, {"bars": 0, "key": "H", "instruments": ("kazooo",)}, ("0 bars", "'H'", "kazooo")),
        (RemixOptions, {"change": "color", "bars": (-2,), "instruments": ((0, "kazooo"),)}, ("color", "-2", "kazooo")),
        (HarmonizeOptions, {"style": "polka", "chords": (("H",),), "key": "Z", "bars": (-1,), "top_p": 2, "instruments": ("kazooo",)},
         ("polka", "'H'", "'Z'", "-1", "top-p", "kazooo")),
    ],
)  # fmt: skip
def test_all_mistakes_are_told_at_once(kind, values, says):
    said = refusal(kind, **values)
    assert all(word in said for word in says), said


def test_drums_twice_are_one_mistake():
    assert refusal(HarmonizeOptions, style="chorale", instruments=["drums"] * 3).count("Drums play only") == 1


@pytest.mark.parametrize(
    ("style", "instruments"),
    [
        *((style, ()) for style in HARMONIES), ("chords", ("organ",)), ("bass", ("double bass",)), ("piano", ("rhodes",)),
        ("chorale", ("choir",)), ("chorale", ("viola", "cello", "bassoon")), ("band", ("drums",)),
        ("band", ("piano", "bass", "drums", "strings", "trumpet", "sax", "guitar", "harp")),
    ],
)  # fmt: skip
def test_players_that_a_style_can_use_are_taken(style, instruments):
    assert HarmonizeOptions(style=style, instruments=instruments).instruments == instruments


@pytest.mark.parametrize("complexity", COMPLEXITIES)
def test_options_come_back_from_a_recipe_as_they_were(complexity):
    options = HarmonizeOptions(
        style="band", melody=2, chords=(("Am",), ("F", "G")), key="A minor", bars=(4, 5, 6, 7, 11), complexity=complexity, idiom="jazz",
            groove="samba",
        instruments=("piano", "bass"), seed=7, variants=3,
    )  # fmt: skip
    values = to_mapping(options)
    assert all(isinstance(value, (str, int, float, list)) for value in values.values())
    assert from_mapping(HarmonizeOptions, values) == options
    assert hash(from_mapping(HarmonizeOptions, values)) == hash(options)  # lists of a recipe become tuples again


@pytest.mark.parametrize("kind", [GenerateOptions, RemixOptions, HarmonizeOptions])
def test_options_are_frozen_and_refuse_what_they_do_not_know(kind):
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().seed = 1
    with pytest.raises(StudioError, match="swing"):
        from_mapping(kind, {"swing": 1})
    assert from_mapping(kind, {}) == kind()


def test_any_collection_of_names_is_checked_and_kept():
    assert GenerateOptions(instruments=(name for name in ("piano", "bass"))).instruments == ("piano", "bass")
    assert "kazooo" in refusal(GenerateOptions, instruments=(name for name in ("piano", "kazooo")))
    assert "'violin'" in refusal(RemixOptions, instruments=[(0, "violin"), "violin"])
    for pair in ((0,), ("0", "violin"), (0, 40), (-1, "violin"), "0=violin"):
        assert "rack" in refusal(RemixOptions, instruments=[pair])


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (RemixOptions, {"bars": 5}),
        (RemixOptions, {"bars": None}),
        (RemixOptions, {"bars": [True]}),
        (RemixOptions, {"tracks": ["0"]}),
        (RemixOptions, {"instruments": 5}),
        (RemixOptions, {"instruments": [[True, "violin"]]}),
        (HarmonizeOptions, {"chords": 7}),
        (HarmonizeOptions, {"chords": None}),
        (HarmonizeOptions, {"temperature": "warm"}),
        (GenerateOptions, {"bars": "4"}),
        (GenerateOptions, {"bars": [4]}),
        (GenerateOptions, {"seed": "seven"}),
        (GenerateOptions, {"instruments": ["0=violin"]}),
        (GenerateOptions, {"instruments": [["piano"]]}),
        (RemixOptions, {"bars": {}}),
        (RemixOptions, {"lock": [0.5]}),
        (RemixOptions, {"stay_in_key": []}),
        (RemixOptions, {"passes": 1.5}),
        (RemixOptions, {"seed": None}),
        (HarmonizeOptions, {"chords": {"Am": 1}}),
        (HarmonizeOptions, {"chords": [["Am\n"]]}),
        (HarmonizeOptions, {"top_p": float("nan")}),
        (HarmonizeOptions, {"temperature": 10**400}),
        (HarmonizeOptions, {"melody": "the first"}),
        (HarmonizeOptions, {"melody": 1.0}),
        (HarmonizeOptions, {"key": 5}),
        (HarmonizeOptions, {"bars": [[1]]}),
        (GenerateOptions, {"tempo_bpm": True}),
        (GenerateOptions, {"seconds": [60]}),
        (GenerateOptions, {"genre": ["jazz"]}),
        (GenerateOptions, 7),
        (GenerateOptions, ["bars"]),
        (Brief, {"form": 3}),
        (Brief, {"moods": [["sad"]]}),
        (ThemeOptions, {"sections": [1, 2]}),
        (SectionsOptions, {"final_beats": "2"}),
    ],
)
def test_a_value_of_another_kind_in_a_recipe_is_refused(kind, values):
    with pytest.raises(StudioError) as refused:
        from_mapping(kind, values)
    assert re.fullmatch(r".+\. .+\.", str(refused.value))


@pytest.mark.parametrize(
    "values",
    [
        {},
        [],
        {"brief": {}, "stages": [7]},
        {"brief": {}, "stages": {"theme": {}}},
        {"brief": {}, "stages": [{"pipeline": ["theme"], "options": {}}]},
        {"brief": {}, "stages": [{"pipeline": "theme", "options": {"time_signature": "9" * 5000 + "/4"}}]},
        {"brief": {}, "stages": [{"pipeline": "mix", "options": {}}] * 1000},
        {"brief": None, "stages": []},
    ],
)
def test_a_plan_of_another_kind_in_a_recipe_is_refused(values):
    with pytest.raises(StudioError) as refused:
        plan_from_mapping(values)
    assert re.fullmatch(r".+\. .+\.", str(refused.value))
