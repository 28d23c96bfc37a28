"""Parts by rule: they follow the chords, keep to the instrument and fill the bars."""

from __future__ import annotations

import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.arranging.comping import comp, rests
from music.bars import bar_grid
from music.chords import NO_CHORD, Chord, ChordSpan, parse_chord
from music.instruments import DRUMS, playable_range
from tests.examples import examples

QUARTER = 480
SPANS = [ChordSpan(n * 1920, (n + 1) * 1920, parse_chord(name)) for n, name in enumerate(("C", "Am7", "F", "G7"))]
BARS = bar_grid(symusic.Score(QUARTER), 4 * 1920)


@pytest.mark.parametrize("program", [0, 25, 46, 48, 89, 40, 42, 73, 33, 58])
def test_every_note_is_a_tone_of_its_chord_in_reach_and_no_bar_is_empty(program):
    hits = comp(program, SPANS, BARS, QUARTER)
    low, high = playable_range(program)
    for time, duration, pitch, velocity in hits:
        span = SPANS[time // 1920]
        assert pitch % 12 in span.chord.tones and low <= pitch <= high
        assert time + duration <= span.end and 1 <= velocity <= 127
    assert {time // 1920 for time, *_ in hits} == {0, 1, 2, 3}


def test_a_bass_plays_the_bass_of_each_chord_and_strings_hold_where_guitars_strike():
    assert [pitch % 12 for _, _, pitch, _ in comp(33, SPANS, BARS, QUARTER)] == [0, 9, 5, 7]
    assert {time % 1920 for time, *_ in comp(48, SPANS, BARS, QUARTER)} == {0}
    assert {time % 1920 for time, *_ in comp(25, SPANS, BARS, QUARTER)} == {0, 480, 960, 1440}


def test_drums_keep_a_beat_with_a_backbeat():
    hits = comp(DRUMS, SPANS, BARS[:1], QUARTER)
    assert [time for time, _, pitch, _ in hits if pitch == 36] == [0]
    assert [time for time, _, pitch, _ in hits if pitch == 38] == [480, 1440]


def test_a_held_note_fills_a_bar_for_strings_but_not_for_a_guitar():
    note = [(0, 2 * 1920)]
    assert rests(note, 48, BARS[:2]) == []
    assert rests(note, 25, BARS[:2]) == [BARS[1]]


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(-1, 127),
    st.lists(
        st.tuples(st.integers(1, 4000), st.integers(0, 11), st.sampled_from(["", "m", "7", "dim", None])), max_size=8
    ),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (1, 4)]),
)
def test_any_chords_in_any_meter_give_notes_inside_the_bars(program, lengths, meter):
    score = symusic.Score(96)
    score.time_signatures.append(symusic.TimeSignature(0, *meter))
    spans, at = [], 0
    for length, root, quality in lengths:
        spans.append(ChordSpan(at, at + length, NO_CHORD if quality is None else Chord(root, quality)))
        at += length
    bars = bar_grid(score, 2000)
    for time, duration, pitch, _ in comp(program, spans, bars, 96):
        assert 0 <= time < bars[-1].end and duration >= 1 and 0 <= pitch <= 127
