from __future__ import annotations

import numpy as np
import pytest

from music.arranging.sevenths import with_seventh
from music.chords import parse_chord
from music.theory import parse_key


@pytest.mark.parametrize(
    ("chord", "key", "tune", "rests", "rich"),
    [
        ("A", "A major", "", False, "Amaj7"), ("Bm", "A major", "", False, "Bm7"), ("E", "A major", "", False, "E7"),
        ("A", "A major", "A", False, "A6"), ("A", "A major", "", True, "A6"), ("Am", "A minor", "", False, "Am7"),
        ("B", "A major", "", False, "B"), ("A/C#", "A major", "", False, "A/C#"), ("D7", "A major", "", False, "D7"),
    ],
)  # fmt: skip
def test_triads_of_the_key_get_its_seventh_where_the_melody_lets_them(chord, key, tune, rests, rich):
    melody = np.zeros(12)
    for name in tune.split():
        melody[parse_chord(name).root] = 1.0
    assert with_seventh(parse_chord(chord), parse_key(key), melody, rests).name(parse_key(key)) == rich
