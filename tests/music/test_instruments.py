from __future__ import annotations

import pytest

from music.errors import StudioError
from music.instruments import DRUMS, FAMILIES, GM_NAMES, instrument_name, parse_instrument, playable_range


def test_the_table_is_general_midi():
    assert len(GM_NAMES) == len(set(GM_NAMES)) == 128 and len(FAMILIES) == 16
    for program, name in {
        0: "Acoustic Grand Piano",
        24: "Acoustic Guitar (nylon)",
        40: "Violin",
        56: "Trumpet",
        73: "Flute",
        127: "Gunshot",
    }.items():
        assert GM_NAMES[program] == name


@pytest.mark.parametrize("program", [DRUMS, *range(128)])
def test_every_instrument_is_found_by_its_name(program):
    name = instrument_name(program)
    assert parse_instrument(name) == program == parse_instrument(f"  {name.upper()} ")
    low, high = playable_range(program)
    assert 0 <= low < high <= 127


@pytest.mark.parametrize(
    ("word", "program"),
    [
        ("piano", 0), ("bass", 33), ("drums", DRUMS), ("violin", 40), ("string ensemble 1", 48), ("33", 33), ("strings", 48), ("Rhodes", 4),
        ("double bass", 43), ("sax", 65), ("violins", 40), ("guitar", 25), ("electric guitar", 27), ("synth-bass", 38), ("drum kit", DRUMS),
    ],
)  # fmt: skip
def test_words_of_musicians(word, program):
    assert parse_instrument(word) == program


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(StudioError, match="Trumpet"):
        parse_instrument("trumpit")
    with pytest.raises(StudioError, match="piano, bass, drums"):
        parse_instrument("???")
    with pytest.raises(StudioError):
        parse_instrument("128")
    with pytest.raises(StudioError):
        parse_instrument("")
