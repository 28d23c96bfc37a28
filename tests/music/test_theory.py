from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.errors import StudioError
from music.theory import (
    ALL_KEYS,
    MODES,
    NAMED_KEYS,
    Key,
    estimate_key,
    key_from_histogram,
    parse_key,
    profile_fit,
    spell,
    with_key,
    written_key,
)


@pytest.mark.parametrize(
    ("text", "name", "fifths"),
    [
        ("D minor", "D minor", -1), ("bb", "Bb major", -2), ("f#m", "F# minor", 3), ("C", "C major", 0), ("A♭ MAJOR", "Ab major", -4),
        ("e-flat minor", "Eb minor", -6), ("g sharp min", "G# minor", 5), (" b ", "B major", 5), ("D#", "Eb major", -3),
        ("Am", "A minor", 0), ("Cb", "B major", 5), ("AM", "A major", 3),
    ],
)  # fmt: skip
def test_keys_as_musicians_write_them(text, name, fifths):
    key = parse_key(text)
    assert (key.name, key.fifths) == (name, fifths)


@given(st.text(max_size=12))
def test_other_text_is_refused_in_a_sentence(text):
    try:
        assert parse_key(text) in NAMED_KEYS
    except StudioError as error:
        assert "key" in str(error)


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_every_key_agrees_with_itself(key):
    assert parse_key(key.name) == key
    assert key.relative.relative == key and key.relative.mode != key.mode
    assert (key.fifths - key.relative.fifths) % 12 == 0
    names = [key.spelling(p) for p in key.scale]
    if key.mode == "major":
        assert sorted(name[0] for name in names) == list("ABCDEFG"), "each letter once"
    assert len({key.spelling(p) for p in range(12)}) == 12


WHITE_KEYS = {"C major", "A minor", "D dorian", "E phrygian", "F lydian", "G mixolydian"}


def test_six_modes_lie_on_the_white_keys():
    on_white = {key.name for key in NAMED_KEYS if {p % 12 for p in key.scale} - {6, 8} == {0, 2, 4, 5, 7, 9, 11}}
    assert on_white == WHITE_KEYS
    for name in WHITE_KEYS:
        key = parse_key(name)
        assert key.fifths == 0
        assert {rival.name for rival in key.rivals} == {"C major", "A minor"} - {name}


@pytest.mark.parametrize("key", NAMED_KEYS, ids=lambda key: key.name)
def test_each_mode_is_told_from_the_key_on_its_tonic_by_one_step(key):
    assert parse_key(key.name.upper()) == key and key.plain.tonic == key.tonic
    assert key.is_minor == key.plain.is_minor and {*key.triad} <= key.scale
    if key.is_church_mode:
        own, other = key.own_step
        assert own in key.scale and other not in key.scale and other in key.plain.scale
        notes = [2.0 * (p in key.triad) + (p in key.scale) for p in range(12)]
        assert profile_fit(notes, key) > profile_fit(notes, key.plain)
    else:
        assert key.own_step is None and key.plain == key


@pytest.mark.parametrize("mode", MODES)
def test_a_score_keeps_the_mode_that_is_written_in_it(mode):
    key = Key(2, mode)
    score = with_key(symusic.Score(480), key)
    assert written_key(score) == key
    assert written_key(with_key(score, Key(7, "minor"))) == Key(7, "minor"), "the last one written counts"
    score.key_signatures[0].key = 5
    assert written_key(score) == Key((5 * 7 + 9 * key.is_minor) % 12, "minor" if key.is_minor else "major")


def test_the_minor_scale_holds_both_sixths_and_sevenths():
    assert Key(9, "minor").scale == {9, 11, 0, 2, 4, 5, 7, 6, 8}


@pytest.mark.parametrize(
    ("pitch", "key", "name"),
    [
        (61, "Ab", "Db4"),
        (61, "A", "C#4"),
        (60, "C", "C4"),
        (71, "Eb minor", "Cb5"),
        (60, "C# major", "C4"),
        (68, "A minor", "G#4"),
        (0, "C", "C-1"),
    ],
)
def test_spelling_follows_the_key(pitch, key, name):
    assert spell(pitch, parse_key(key)) == name


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_a_cadence_is_heard_in_its_key(key):
    third = 4 if key.mode == "major" else 3
    score = symusic.Score(480)
    track = symusic.Track("", 0, False)
    # tonic, subdominant, dominant with leading tone, tonic
    chords = [(0, third, 7), (5, 5 + third, 12), (7, 11, 14), (0, third, 7, 12)]
    for beat, steps in enumerate(chords):
        track.notes.extend(symusic.Note(beat * 480, 480, 48 + key.tonic + step, 90) for step in steps)
    score.tracks.append(track)
    drums = symusic.Track("", 0, True)
    drums.notes.extend(symusic.Note(i * 10, 5000, 37 + key.tonic, 90) for i in range(200))
    score.tracks.append(drums)
    found, confidence = estimate_key(score)
    assert found == key and 0 < confidence <= 1, "drums do not count"


def test_without_notes_nobody_knows():
    assert estimate_key(symusic.Score(480)) == (Key(0, "major"), 0.0)
    assert key_from_histogram([1] * 12)[1] == 0


def test_noise_is_less_certain_than_a_scale():
    scale = [1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1]
    noise = [1, 0.9, 1, 0.9, 1, 0.9, 0.8, 1, 0.9, 1, 0.9, 0.9]
    assert key_from_histogram(noise)[1] < key_from_histogram(scale)[1]


def test_the_written_key_is_the_one_signature_of_the_score():
    for key in ALL_KEYS:
        score = symusic.Score(480)
        assert written_key(score) is None
        score.key_signatures.append(symusic.KeySignature(0, key.fifths, int(key.mode == "minor")))
        assert written_key(score) == key
        score.key_signatures.append(symusic.KeySignature(480, 0, 0))
        assert written_key(score) is None
