from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.bars import bar_grid, bar_ticks, score_end, tempo_map, ticks_to_seconds
from tests.examples import examples


def score_with(signatures=(), tempos=(), notes=()) -> symusic.Score:
    score = symusic.Score(480)
    score.time_signatures = [symusic.TimeSignature(*values) for values in signatures]
    score.tempos = [symusic.Tempo(*values) for values in tempos]
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes = [symusic.Note(time, duration, 60, 90) for time, duration in notes]
    return score


def test_music_without_a_signature_is_in_four_four():
    assert bar_grid(score_with(notes=[(0, 1921)])) == [(0, 1920, 4, 4), (1920, 3840, 4, 4)]


def test_a_piece_without_notes_has_one_bar():
    assert bar_grid(symusic.Score(480)) == [(0, 1920, 4, 4)]
    assert bar_grid(score_with([(0, 3, 4)])) == [(0, 1440, 3, 4)]


def test_a_note_that_ends_on_the_bar_line_opens_no_new_bar():
    assert len(bar_grid(score_with(notes=[(0, 1920)]))) == 1


def test_signatures_change_at_bar_lines():
    grid = bar_grid(score_with([(0, 4, 4), (1920, 6, 8), (3360, 5, 4)], notes=[(0, 3400)]))
    assert grid == [(0, 1920, 4, 4), (1920, 3360, 6, 8), (3360, 5760, 5, 4)]


def test_a_signature_inside_a_bar_cuts_it_short():
    grid = bar_grid(score_with([(0, 4, 4), (2400, 3, 4)], notes=[(0, 2500)]))
    assert grid == [(0, 1920, 4, 4), (1920, 2400, 4, 4), (2400, 3840, 3, 4)]


def test_the_same_signature_again_changes_nothing():
    assert bar_grid(score_with([(0, 4, 4), (500, 4, 4)], notes=[(0, 1000)])) == [(0, 1920, 4, 4)]


def test_signatures_with_zeros_are_ignored():
    assert bar_grid(score_with([(0, 0, 4)], notes=[(0, 10)])) == [(0, 1920, 4, 4)]


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 13), st.sampled_from([1, 2, 4, 8, 16])), max_size=5),
    st.integers(1, 12000),
)
def test_bars_follow_each_other_without_gaps_and_cover_the_piece(signatures, until):
    grid = bar_grid(score_with(signatures), until)
    assert grid[0].start == 0
    assert all(a.end == b.start for a, b in zip(grid, grid[1:], strict=False))
    assert all(bar.start < bar.end for bar in grid)
    assert grid[-1].start < until <= grid[-1].end
    assert all(bar.end - bar.start <= bar_ticks(bar.numerator, bar.denominator, 480) for bar in grid)


@pytest.mark.parametrize(("signature", "ticks"), [((4, 4), 1920), ((6, 8), 1440), ((5, 4), 2400), ((2, 2), 1920)])
def test_bar_lengths(signature, ticks):
    assert bar_ticks(*signature, 480) == ticks


def test_the_end_is_that_of_the_longest_note_not_of_the_last():
    assert score_end(score_with(notes=[(0, 5000), (100, 10)])) == 5000
    assert score_end(symusic.Score(480)) == 0


def test_seconds_honor_every_tempo_change():
    score = score_with(tempos=[(0, 120), (960, 60), (1440, 240)], notes=[(0, 2400)])
    assert ticks_to_seconds(score, np.array([0, 480, 960, 1440, 2400])) == pytest.approx([0, 0.5, 1.0, 2.0, 2.5])
    assert ticks_to_seconds(score, 1200) == pytest.approx(1.5)


def test_without_a_tempo_a_quarter_is_half_a_second():
    assert ticks_to_seconds(symusic.Score(960), 960) == pytest.approx(0.5)


def test_the_last_tempo_at_a_place_counts_and_the_first_holds_from_zero():
    ticks, seconds, qpm = tempo_map(score_with(tempos=[(480, 100), (480, 60)]))
    assert ticks.tolist() == [0, 480]
    assert qpm == pytest.approx([120, 60])
    assert seconds == pytest.approx([0, 0.5])
