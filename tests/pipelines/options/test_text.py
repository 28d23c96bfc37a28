from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.chords import parse_chord_names, progression_of
from music.errors import StudioError
from pipelines.options.generate import GenerateOptions
from pipelines.options.harmonize import HarmonizeOptions
from pipelines.options.remix import RemixOptions
from pipelines.options.text import (
    bars_as_text,
    chords_as_text,
    drop_as_text,
    entries_as_text,
    first_chords,
    parse_bars,
    parse_drop,
    parse_entries,
    parse_track_instrument,
    typed_values,
)
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.band_options import HarmonyOptions
from pipelines.song.plan import plan_from_mapping, plan_to_mapping

# As the versions before wrote them: bars, chords and instruments as text.
REMIX = {"change": "rhythm", "bars": "2, 5-8", "tracks": [0], "instruments": ["0=violin", "2 = Alto Sax"], "seed": 7}
HARMONIZE = {"style": "piano", "chords": "| Am | F / / G | % |", "bars": "5-8", "instruments": ["Piano"], "seed": 3}


@given(st.sets(st.integers(0, 400)))
def test_bars_come_back_from_their_text(bars):
    assert parse_bars(bars_as_text(bars)) == tuple(sorted(bars))


def test_drops_and_entries_come_back_from_their_text():
    assert (
        parse_drop("1:05") == (65.0, None)
        and parse_drop(" Bar 17 ") == (None, 17)
        and parse_drop("45 s") == (45.0, None)
    )
    assert (
        drop_as_text(65.0, None) == "1:05" and drop_as_text(None, 17) == "bar 17" and drop_as_text(None, None) is None
    )
    for drop in ((45.5, None), (6000.0, None), (None, 12345)):  # all that words may say
        assert parse_drop(drop_as_text(*drop)) == drop
    entries = (("drums", 5), ("electric guitar", 9))
    assert parse_entries(entries_as_text(entries)) == entries == parse_entries("drums=5, electric guitar from bar 9,")
    for refuse, text in ((parse_drop, "bar 0"), (parse_drop, "soon"), (parse_entries, "drums"), (parse_entries, "5")):
        with pytest.raises(StudioError):
            refuse(text)


def test_bars_are_counted_from_one_in_text_and_from_zero_in_options():
    assert parse_bars(" 1, 3;9\u201312 , 2") == (0, 1, 2, 8, 9, 10, 11) and parse_bars(" ") == ()
    assert bars_as_text((11, 2, 0, 9, 10)) == "1, 3, 10-12" and bars_as_text(()) == ""


@pytest.mark.parametrize("text", ["0", "8-5", "x", "1-", ",", "1" * 5000, "\u00b2"])
def test_what_names_no_bars_is_refused(text):
    with pytest.raises(StudioError, match="names no bars"):
        parse_bars(text)


@pytest.mark.parametrize("text", ["violin", "=violin", "a=violin", "0=kazooo", "-1=violin", f"{'1' * 5000}=violin"])
def test_what_names_no_track_and_instrument_is_refused(text):
    with pytest.raises(StudioError):
        parse_track_instrument(text)


def test_chords_in_text():
    chords = parse_chord_names("Gb Amin F C | Am / / G | C C | N.C. | %")
    assert chords[1:] == (("Am", "Am", "Am", "G"), ("C", "C"), ("N.C.",), ("N.C.",))
    assert chords_as_text(chords) == "| Gb Amin F C | Am / / G | C | N.C. | N.C. |" and chords_as_text(()) == ""
    assert (
        first_chords(chords) == "Gb Amin F C | Am / / G | C | N.C. \u2026" and first_chords(chords[:1]) == "Gb Amin F C"
    )
    assert progression_of(parse_chord_names(chords_as_text(chords)))[1] == progression_of(chords)[1]


def test_options_of_earlier_versions_are_read():
    assert from_mapping(RemixOptions, REMIX) == RemixOptions(
        change="rhythm", bars=(1, 4, 5, 6, 7), tracks=(0,), instruments=((0, "violin"), (2, "Alto Sax")), seed=7
    )
    bar = ("F", "F", "F", "G")
    assert from_mapping(HarmonizeOptions, HARMONIZE) == HarmonizeOptions(
        style="piano", chords=(("Am",), bar, bar), bars=(4, 5, 6, 7), instruments=("Piano",), seed=3
    )
    assert from_mapping(RemixOptions, {"bars": "", "instruments": []}) == RemixOptions()
    assert from_mapping(HarmonizeOptions, {"bars": "", "chords": " "}) == HarmonizeOptions()
    assert from_mapping(HarmonyOptions, {"chords": "Am F"}) == HarmonyOptions(chords=(("Am",), ("F",)))
    generate = from_mapping(GenerateOptions, {"bars": 4, "genre": "jazz", "instruments": ["piano"]})
    assert (generate.bars, generate.style, generate.novelty) == (4, None, 0.5)
    for kind, values in ((RemixOptions, REMIX), (HarmonizeOptions, HARMONIZE)):
        options = from_mapping(kind, values)
        assert typed_values(to_mapping(options)) == to_mapping(options)  # read once, they stay as they are


@pytest.mark.parametrize(("name", "text"), [("bars", "8-5"), ("chords", "H7")])
def test_text_of_earlier_versions_that_cannot_be_read_is_refused(name, text):
    with pytest.raises(StudioError, match=text):
        from_mapping(HarmonizeOptions, {name: text})


def test_slashes_of_an_earlier_song_fill_the_bars_of_its_signature():
    stages = [
        {"pipeline": "theme", "options": {"time_signature": "3/4"}},
        {"pipeline": "harmony", "options": {"chords": "Am / / G / C"}},
    ]
    plan = plan_from_mapping({"brief": {}, "stages": stages})
    assert plan.stages[1].options.chords == (("Am", "Am", "Am"), ("G", "G", "C")) and plan.beats_per_bar == 3
    assert plan_from_mapping(plan_to_mapping(plan)) == plan
