"""Major or its relative minor: made-up pieces of one sort of evidence each, and of all."""

from __future__ import annotations

import numpy as np
import pytest

from music.analysis.relative_mode import EVIDENCE, evidence, relative_mode
from music.theory import ALL_KEYS, parse_key
from tests.training.conftest import score_of

# Chord for chord, two bars a chord: I IV V I, and i iv V i with a raised leading tone, in quarter notes.
MAJOR = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67))
MINOR = ((57, 60, 64), (62, 65, 69), (64, 68, 71), (57, 60, 64))


def song(chords, shift: int = 0):
    notes = [
        (8 * number + beat, 1, pitch + shift)
        for number, chord in enumerate(chords)
        for beat in range(8)
        for pitch in chord
    ]
    bass = [(8 * number, 8, chord[0] - 24 + shift) for number, chord in enumerate(chords)]
    return score_of((0, notes), (33, bass), (-1, [(0, 1, 36)]))


def found(score, key: str = "C major") -> dict[str, float]:
    return dict(zip(EVIDENCE, evidence(score, parse_key(key)), strict=True))


@pytest.mark.parametrize("shift", range(12))
def test_cadences_are_heard_in_every_key(shift):
    major, minor = ALL_KEYS[shift], ALL_KEYS[12 + (9 + shift) % 12]
    assert minor == major.relative
    for chords, mode in ((MAJOR, "major"), (MINOR, "minor")):
        for key in (major, minor):  # either names the signature
            heard, sure = relative_mode(song(chords, shift), key)
            assert heard == mode and 0.9 < sure <= 1


def test_the_bass_is_the_lowest_note_whoever_plays_it():
    assert found(score_of((40, [(0, 4, 72)]), (0, [(0, 1, 60), (1, 3, 45)])))["bass"] == pytest.approx(0.25 - 0.75)
    assert found(score_of((0, [(0, 2, 48)]), (40, [(0, 4, 69)])))["bass"] == 0  # C for two quarters, then A alone
    assert found(score_of((0, [(0, 2, 48)]), (40, [(0, 4, 69)])))["last bass"] == -1


def test_silence_is_no_bass():
    assert found(score_of((0, [(0, 1, 60), (15, 1, 60)])))["bass"] == 1


def test_the_leading_tone_by_how_often_it_is_raised():
    for raised, expected in ((0, 1.0), (1, 0.5), (2, 0.0), (4, -1.0), (8, -1.0)):
        notes = [(beat, 1, 68 if beat < raised else 67) for beat in range(8)]
        assert found(score_of((0, notes)))["leading tone"] == pytest.approx(expected)
    assert found(score_of((0, [(0, 1, 60)])))["leading tone"] == 1


def test_the_profile_favors_what_sounds_long():
    assert found(song(MAJOR))["profile"] > 0 > found(song(MINOR))["profile"]
    assert found(song(MAJOR), "G major")["bass"] < found(song(MAJOR))["bass"]


def test_drums_alone_say_nothing():
    drums = score_of((-1, [(0, 1, 36), (1, 1, 38)]))
    assert not np.any(evidence(drums, parse_key("A minor")))
    assert relative_mode(drums, parse_key("A minor")) == ("major", 0.5)
