"""What keeps music in its key: which pitches it makes likelier, and when it leaves them alone."""

from __future__ import annotations

import numpy as np
import pytest

from music.theory import ALL_KEYS, parse_key
from music.tokens.columns import DRUM_PITCH, FIRST
from music.tokens.octuple import step_sizes
from pipelines.decoding.tonality import TonalPull

SIZE = step_sizes()[5]


def pull(key: str, pitches: list[int] = (), shift: int = 0, last: bool = False) -> np.ndarray:
    """Returns the bias of the 128 pitches as they sound, after quarter notes of some of them."""
    of = TonalPull(parse_key(key), shift, SIZE)
    for pitch in pitches:
        of.add(FIRST + pitch + shift, 1.0)
    of.begin_bar(last)
    assert (of.bias[:FIRST] == 0).all() and (of.bias[DRUM_PITCH:] == 0).all()
    return np.roll(of.bias[FIRST:DRUM_PITCH], -shift)[24:100]  # far from the ends, which the shift moves


def likeliest(bias: np.ndarray) -> int:
    """Returns the pitch class that gains most."""
    return (24 + int(bias.argmax())) % 12


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_at_the_beginning_the_tonic_gains_and_the_relative_keys_tonic_does_not(key):
    bias = pull(key.name)
    assert likeliest(bias) in (key.tonic, (key.tonic + 7) % 12)
    assert bias[(key.tonic - 24) % 12] > 0
    assert bias[(key.relative.tonic - 24) % 12] < 0


def test_music_that_is_in_its_key_is_left_alone():
    in_minor = [57, 60, 64, 57, 56, 59, 64, 57, 60, 62, 65, 64, 57, 57]
    assert not pull("A minor", in_minor).any()


def test_minor_that_turned_major_is_pulled_back():
    in_major = [60, 64, 67, 72, 67, 64, 60, 65, 67, 71, 60, 60]
    bias = pull("A minor", in_major)
    assert likeliest(bias) == 9
    assert bias[0] < 0  # C
    assert not pull("C major", in_major).any()


def test_what_was_played_long_ago_counts_less():
    early, late = [57, 64, 60, 57] * 3, [60, 64, 67, 72, 65, 67, 71, 60] * 30
    assert pull("A minor", early + late).any()


def test_in_the_last_bar_the_tonic_gains():
    in_minor = [57, 60, 64, 57, 56, 59, 64, 57, 60, 62, 65, 64, 57, 57]
    bias = pull("A minor", in_minor, last=True)
    assert likeliest(bias) == 9
    assert {(24 + place) % 12 for place in np.flatnonzero(bias)} == {9, 0, 4}


def test_where_no_key_was_asked_for_the_end_is_in_the_key_that_is_heard():
    of = TonalPull(None, 0, SIZE)
    for pitch in (62, 66, 69, 62, 67, 71, 69, 61, 62):
        of.add(FIRST + pitch, 1.0)
    of.begin_bar(last=False)
    assert not of.bias.any()
    of.begin_bar(last=True)
    assert likeliest(of.bias[FIRST:DRUM_PITCH][24:100]) == 2


@pytest.mark.parametrize("shift", [-5, 3])
def test_pitches_are_meant_as_they_sound(shift):
    np.testing.assert_allclose(pull("F minor", [60, 65], shift), pull("F minor", [60, 65]))
