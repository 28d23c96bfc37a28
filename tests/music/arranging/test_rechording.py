"""Notes moved to other chords: as near as can be, basses by their degree, thirds and sevenths not forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from music.arranging.rechording import move_to_chords
from music.chords import ChordSpan, parse_chord
from music.theory import parse_key

QUARTER, BAR = 480, 1920
BASS, PIANO = 33, 0


def moved(notes, was: str, now: str, program: int = PIANO, is_bass: bool = False) -> list[int]:
    """Returns the pitches of notes ``(time, duration, pitch)`` that were played to one chord, fitted to another."""
    part = np.array([(*note, 80) for note in notes], dtype=np.int64)
    spans = [[ChordSpan(0, BAR, parse_chord(name))] for name in (was, now)]
    out = move_to_chords(part, *spans, parse_key("C major").scale, program, QUARTER, is_bass)
    assert out[:, [0, 1, 3]].tolist() == part[:, [0, 1, 3]].tolist()
    return out[:, 2].tolist()


def chord(*pitches: int) -> list[tuple[int, int, int]]:
    return [(0, BAR, pitch) for pitch in pitches]


@pytest.mark.parametrize(
    ("pitches", "was", "now", "expected"),
    [
        ((60, 64, 67), "C", "Am", [60, 64, 69]),
        ((60, 64, 67), "C", "G", [59, 62, 67]),
        ((57, 60, 64), "Am", "Am7", [57, 60, 67]),  # the fifth makes room for the seventh
        ((60, 64, 67, 72), "C", "F7", [60, 63, 65, 69]),
        ((60, 64, 67), "C", "C", [60, 64, 67]),
        ((60, 64, 67), "C", "N.C.", [60, 64, 67]),
    ],
)
def test_a_chord_goes_to_the_nearest_tones_and_tells_the_new_one(pitches, was, now, expected):
    assert sorted(moved(chord(*pitches), was, now)) == expected


def test_a_bass_keeps_its_degrees():
    line = [(0, 480, 36), (480, 480, 43), (960, 480, 40), (1440, 480, 36)]
    assert [pitch % 12 for pitch in moved(line, "C", "Dm", BASS, is_bass=True)] == [2, 9, 5, 2]
    assert moved(line, "C", "F/A", BASS, is_bass=True)[0] % 12 == 9


def test_short_notes_of_the_key_pass_between_chord_tones():
    line = [(0, 240, 64), (240, 240, 65), (480, 240, 67), (720, 480, 66)]
    assert moved(line, "C", "Am") == [64, 65, 69, 64]


def test_an_instrument_is_not_asked_for_what_it_does_not_have():
    assert moved([(0, 480, 28)], "E", "D#", 32, is_bass=True)[0] >= 28
