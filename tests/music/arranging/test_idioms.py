"""Idioms: what makes chords those of jazz, a blues or a march, wherever the melody agrees."""

from __future__ import annotations

import numpy as np
import pytest

from music.arranging.grooves import grooves
from music.arranging.idioms import _OF_GROOVES, IDIOMS, Beats, colored, in_idiom
from music.chords import parse_chord, parse_chord_names, progression_of
from music.theory import parse_key


def _melody(tune: str) -> np.ndarray:
    melody = np.zeros(12)
    for name in tune.split():
        melody[parse_chord(name).root] = 1.0
    return melody


@pytest.mark.parametrize(
    ("idiom", "chord", "key", "tune", "after", "rich"),
    [
        ("jazz", "A", "A major", "", "D", "Amaj7"), ("jazz", "Bm", "A major", "", "E", "Bm7"), ("jazz", "E", "A major", "", "A", "E7"),
        ("jazz", "A", "A major", "A", "D", "A6"), ("jazz", "A", "A major", "", None, "A6"), ("jazz", "Am", "A minor", "", "D", "Am7"),
        ("jazz", "B", "A major", "", "E", "B7"), ("jazz", "A/C#", "A major", "", "D", "Amaj7"), ("jazz", "D9", "A major", "", "A", "D9"),
        ("jazz", "G", "G mixolydian", "", "F", "G7"), ("jazz", "Bdim", "C major", "", "C", "Bm7b5"),
        ("blues", "A", "A major", "A", None, "A7"), ("blues", "D", "A major", "", "A", "D7"),
        ("dance", "F", "Bb major", "", "Bb", "F7"), ("dance", "F", "Bb major", "E", "Bb", "F"), ("dance", "Bb", "Bb major", "", "Eb", "Bb"),
        ("dance", "Em", "A minor", "", "Am", "E7"), ("dance", "Em", "A minor", "G", "Am", "Em"),
        ("plain", "E", "A major", "", "A", "E"),
    ],
)  # fmt: skip
def test_chords_have_the_sevenths_of_the_idiom_where_the_melody_lets_them(idiom, chord, key, tune, after, rich):
    following = parse_chord(after) if after else None
    found = colored(parse_chord(chord), parse_key(key), _melody(tune), IDIOMS[idiom], following)
    assert found.name(parse_key(key)) == rich


@pytest.mark.parametrize(
    ("before", "tunes", "after"),
    [
        ("C | F | G | C", ["E", "A", "G", "C"], "Cmaj7 | Dm7 | G7 | C6"),  # ii for IV
        ("C | G | C", ["E", "D", "C"], "Cmaj7 | Dm7 G7 | C6"),
        ("C | G | C", ["E", "B", "C"], "Cmaj7 | G7 | C6"),  # the melody has the third of the dominant
        ("C | C | F | C", ["E", "G", "A", "C"], "Cmaj7 | Gm7 C7 | Fmaj7 | C6"),
        ("Am | E | Am", ["A", "D", "A"], "Am7 | Bm7b5 E7 | Am6"),
        (
            "C | C | N.C. | G | N.C.",
            ["E", "G", "A", "D", "C"],
            "Cmaj7 | Cmaj7 | N.C. | G7 | N.C.",
        ),  # nothing leads to silence
    ],
)
def test_dominants_of_jazz_are_led_to(before, tunes, after):
    bars = progression_of(parse_chord_names(before))
    key = parse_key("A minor" if before.startswith("A") else "C major")
    chords = [bar[beat * len(bar) // 4] for bar in bars for beat in range(4)]
    beats = Beats(
        bars=np.repeat(np.arange(len(bars)), 4),
        melody=np.repeat([_melody(tune) for tune in tunes], 4, axis=0),
        free=np.ones(len(chords), dtype=bool),
        begins=frozenset((0,)),
    )
    found = in_idiom(chords, beats, key, IDIOMS["jazz"])
    wanted = progression_of(parse_chord_names(after))
    assert found == [bar[beat * len(bar) // 4] for bar in wanted for beat in range(4)]
    kept = in_idiom(chords, beats._replace(free=np.zeros(len(chords), dtype=bool)), key, IDIOMS["jazz"])
    assert kept == chords


def test_every_style_of_an_idiom_is_one_that_a_band_plays():
    assert set(_OF_GROOVES) <= set(grooves())
