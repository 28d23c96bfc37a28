"""Measures of chords under a melody, beside values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from music.bars import bar_grid
from music.chords import NO_CHORD, Chord, ChordSpan, parse_chord
from music.theory import parse_key
from tests.training.conftest import score_of
from training.quality.measures.harmony import (
    Line,
    agreement,
    alone,
    beats,
    centroid,
    chords_between,
    family,
    fit,
    half_bars,
    line,
    rule_chords,
    spans_of,
    tonic_chords,
    triads,
)

QUARTER = 480


def melody(*notes) -> Line:
    """Returns a melody from (onset, length, pitch) in quarters."""
    return line(score_of((0, notes)).tracks[0])


def spans(*chords) -> list[ChordSpan]:
    """Returns spans from (first, last, symbol), in quarters."""
    return [ChordSpan(round(a * QUARTER), round(b * QUARTER), parse_chord(name)) for a, b, name in chords]


def test_a_tune_over_one_chord():
    found = fit(melody((0, 1, 72), (1, 1, 74), (2, 1, 76), (3, 1, 81)), spans((0, 4, "C")), QUARTER)
    assert found["CTnCTR"] == 3 / 4  # C and E belong to the chord, D goes on to E, A to nothing
    # Above c, e, g: C is unison, sixth, fourth; D second, seventh, fifth; E third, unison, sixth; A sixth, fourth, second.
    assert found["PCS"] == pytest.approx((2 / 3 - 1 / 3 + 1 + 0) / 4)


def test_a_note_is_as_far_from_a_chord_as_their_tonal_centroids():
    # On the circle of fifths the triad's mean is at (0.4553, 0.4553), on that of minor thirds at (1/3, 2/3), on that
    # of major thirds at (0.2887, 0); the note C alone is at (0, 1), (0, 1), (0, 0.5).
    assert fit(melody((0, 4, 72)), spans((0, 4, "C")), QUARTER)["MCTD"] == pytest.approx(1.0293, abs=1e-4)
    # The distance of a note weighs as much as it lasts: C over a lone C (0), then G over it (sqrt(0.268 + 2 + 0.75)).
    one = [ChordSpan(0, 4 * QUARTER, Chord(0, "5"))]
    near = np.linalg.norm(centroid(np.eye(12)[0]) - centroid(np.isin(np.arange(12), (0, 7))))
    far = np.linalg.norm(centroid(np.eye(12)[1]) - centroid(np.isin(np.arange(12), (0, 7))))
    assert fit(melody((0, 3, 60), (3, 1, 61)), one, QUARTER)["MCTD"] == pytest.approx((3 * near + far) / 4)
    assert np.linalg.norm(centroid(np.eye(12)[0]) - centroid(np.eye(12)[7])) == pytest.approx(
        math.sqrt((2 * math.sin(math.pi / 12)) ** 2 + 2 + 0.75)
    )


def test_a_repeated_note_resolves_with_its_last():
    resolves = melody((0, 1, 74), (1, 1, 74), (2, 1, 72))
    leaps = melody((0, 1, 74), (1, 1, 74), (2, 1, 79))
    assert fit(resolves, spans((0, 4, "C")), QUARTER)["CTnCTR"] == 1
    assert fit(leaps, spans((0, 4, "C")), QUARTER)["CTnCTR"] == 1 / 3


def test_a_note_over_two_chords_belongs_to_the_longer_and_sounds_with_both():
    anticipation = fit(melody((0, 2, 65)), spans((0, 0.5, "C"), (0.5, 2, "F")), QUARTER)
    assert anticipation["CTnCTR"] == 1
    assert fit(melody((0, 2, 65)), spans((0, 1.5, "C"), (1.5, 2, "F")), QUARTER)["CTnCTR"] == 0
    # F above c, e, g: fourth, second, seventh; above f, a, c: unison, sixth, fourth.
    assert anticipation["PCS"] == pytest.approx((2 * (-2 / 3) + 6 * (2 / 3)) / 8)


def test_rests_and_bars_without_chords_do_not_count():
    alike = melody((0, 1, 72), (1, 1, 74)), spans((0, 2, "C"))
    more = melody((0, 1, 72), (1, 1, 74), (6, 2, 66)), spans((0, 4, "C"))
    assert fit(*more, QUARTER)["PCS"] == fit(*alike, QUARTER)["PCS"]
    assert fit(*more, QUARTER)["MCTD"] == fit(*alike, QUARTER)["MCTD"]
    assert fit(melody((0, 1, 72)), spans((2, 4, "C"), (4, 5, "N.C.")), QUARTER).keys() == {"CTnCTR", "PCS", "MCTD"}
    assert all(math.isnan(x) for x in fit(melody((0, 1, 72)), spans((2, 4, "C")), QUARTER).values())


tunes = st.lists(st.tuples(st.integers(1, 8), st.integers(48, 84)), min_size=1, max_size=12)
progressions = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(["", "m", "dim", "7", "maj7", "sus4", "aug"])), min_size=1, max_size=8
)


@given(tunes, progressions, st.integers(1, 11))
def test_measures_hear_no_key_and_keep_their_ranges(tune, progression, up):
    ends = np.cumsum([length for length, _ in tune]) * 240
    pitch = np.array([pitch for _, pitch in tune])
    notes = Line(np.concatenate([[0], ends[:-1]]), ends, pitch)
    edges = [480 * n for n in range(len(progression) + 1)]
    chords = [Chord(*chord) for chord in progression]
    found = fit(notes, spans_of(chords, edges), 480) | alone(chords)
    moved = [chord.transposed(up) for chord in chords]
    higher = fit(notes._replace(pitch=pitch + up), spans_of(moved, edges), 480) | alone(moved)
    assert found == pytest.approx(higher, nan_ok=True)
    assert 0 <= found["CTnCTR"] <= 1
    assert -1 <= found["PCS"] <= 1
    assert 0 <= found["MCTD"] <= 3
    assert 0 <= found["CHE"] <= math.log(found["CC"]) + 1e-9


def test_chords_alone():
    found = alone([parse_chord(name) for name in ("C", "C", "G")] + [NO_CHORD])
    assert found["CHE"] == pytest.approx(2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3))
    assert found["CC"] == 2
    # A fifth up turns the three circles by 30, 90 and 120 degrees, at radii 0.6439, 0.7454 and 0.2887.
    assert found["CTD"] == pytest.approx(1.2133 / 2, abs=1e-4)
    assert alone([parse_chord("C")])["CHE"] == 0
    near, far = (alone([parse_chord("C"), parse_chord(name)])["CTD"] for name in ("Am", "B"))
    assert near < far
    assert math.isnan(alone([NO_CHORD])["CC"])


def test_bass_and_rare_colours_make_no_new_chords():
    assert alone([parse_chord(name) for name in ("C", "C/E", "Cadd9", "C7", "C13")])["CC"] == 2


def test_roots_and_families_are_counted_apart():
    truth = [parse_chord(name) for name in ("C", "Am", "N.C.", "G7")]
    chords = [parse_chord(name) for name in ("C7", "A", "C", "N.C.")]
    assert agreement(chords, truth) == {"root": pytest.approx(2 / 3), "quality": pytest.approx(1 / 3)}
    assert math.isnan(agreement([NO_CHORD], [NO_CHORD])["root"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("C", "Cmaj7", "C7#9", "C6/9", "C7b5"), "major"),
        (("Cm", "Cm7", "CmMaj7", "Cm6", "Cm11"), "minor"),
        (("Cdim", "Cdim7", "Cm7b5"), "diminished"),
        (("Caug", "Caug7"), "augmented"),
        (("Csus4", "C7sus4", "Csus2", "C5", "N.C."), "other"),
    ],
)
def test_families(names, expected):
    assert {family(parse_chord(name)) for name in names} == {expected}


def test_bars_are_halved_where_their_beats_can_be():
    four, three, six = (bar_grid(score_of((0, [(0, 2, 60)]), time=time)) for time in ((4, 4), (3, 4), (6, 8)))
    assert half_bars(four, 480) == [0, 960, 1920]
    assert half_bars(three, 480) == [0, 1440]
    assert half_bars(six, 480) == [0, 720, 1440]
    assert beats(six, 480) == [0, 720, 1440]
    assert beats(three, 480) == [0, 480, 960, 1440]


def test_the_chord_of_a_half_bar_is_the_one_that_holds_longest():
    held = chords_between(spans((0, 0.5, "C"), (0.5, 2, "F"), (3, 4, "G")), [0, 960, 1920, 2880])
    assert [chord.name() for chord in held] == ["F", "G", "N.C."]
    assert [tuple(span) for span in spans_of([held[0], held[0], NO_CHORD, held[1]], [0, 1, 2, 3, 4])] == [
        (0, 2, held[0]),
        (3, 4, held[1]),
    ]


def test_the_rule_takes_the_triad_that_holds_most_of_the_melody():
    tune = melody((1, 1, 67), (2, 1, 65), (3, 1, 69), (6, 1.5, 62), (7.5, 0.5, 60), (8, 2, 66))
    found = rule_chords(tune, [0, 960, 1920, 2880, 3840, 4800], parse_key("C major"))
    # G: tonic before dominant and third; f, a: IV before ii; silence: the chord before; d: dominant before ii and vii;
    # a note that no triad holds: the tonic.
    assert [(span.start, span.end, span.chord.name()) for span in found] == [
        (0, 960, "C"),
        (960, 2880, "F"),
        (2880, 3840, "G"),
        (3840, 4800, "C"),
    ]
    assert rule_chords(melody((4, 1, 71)), [0, 960, 1920, 2880], parse_key("A minor"))[0].chord.name() == "Am"
    assert rule_chords(melody((4, 1, 71)), [0, 960, 1920, 2880], parse_key("A minor"))[1].chord.name() == "E"


def test_the_floor_is_the_tonic():
    assert tonic_chords([0, 960, 1920], parse_key("D minor")) == [ChordSpan(0, 1920, parse_chord("Dm"))]


def test_triads_belong_to_their_key():
    for name in ("C major", "F# minor"):
        key = parse_key(name)
        assert {tone for chord in triads(key) for tone in chord.tones} <= key.scale
        assert len(set(triads(key))) == 7
