"""The measures on pieces whose answers are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import symusic

from tests.training.conftest import score_of
from training.quality.measures.pieces import (
    copied,
    likeness,
    measure,
    overlapped_area,
    overlaps,
    value_overlap,
    window_hashes,
    window_index,
)


def test_four_notes_of_a_scale():
    values = measure(score_of((0, [(i, 1, p) for i, p in enumerate([60, 62, 64, 65])])))
    assert values["pitch class entropy"] == pytest.approx(2)
    assert values["scale consistency"] == 1
    assert values["polyphony"] == 1
    assert values["empty beat rate"] == 0
    assert values["note density"] == 1
    assert values["pitch range"] == 5
    assert math.isnan(values["groove consistency"])  # one bar has no neighbour


def test_a_chromatic_scale_fits_seven_of_twelve():
    values = measure(score_of((0, [(i, 1, 60 + i) for i in range(12)])))
    assert values["scale consistency"] == pytest.approx(7 / 12)
    assert values["pitch class entropy"] == pytest.approx(math.log2(12))


def test_polyphony_counts_only_where_something_sounds():
    # A triad for one quarter, silence, then one note for one quarter; drums sound throughout.
    events = [(0, 1, 60), (0, 1, 64), (0, 1, 67), (6, 1, 72)]
    drums = [(i, 0.25, 36) for i in range(4)]
    values = measure(score_of((0, events), (-1, drums)))
    assert values["polyphony"] == 2
    assert values["empty beat rate"] == pytest.approx(2 / 7)  # quarters 5 and 6 of 7
    assert values["note density"] == pytest.approx(8 / 7)
    assert values["pitch range"] == 12


def test_groove_consistency_of_equal_and_of_differing_bars():
    bar = [(0, 1, 60), (1, 1, 60), (2, 1, 60), (3, 1, 60)]
    same = [(b * 4 + onset, length, pitch) for b in range(4) for onset, length, pitch in bar]
    assert measure(score_of((0, same)))["groove consistency"] == 1
    # The second bar has one onset more, on one of the bar's 48 grid steps.
    assert measure(score_of((0, [*same[:8], (6.5, 0.5, 62)])))["groove consistency"] == pytest.approx(1 - 1 / 48)


def test_an_empty_score_and_drums_alone_have_nothing_to_measure():
    assert all(math.isnan(value) for value in measure(symusic.Score(480)).values())
    drums = measure(score_of((-1, [(i, 0.25, 36) for i in range(8)])))
    assert math.isnan(drums["pitch class entropy"]) and drums["note density"] > 0.9


def test_overlapped_area_is_one_for_the_same_set_and_falls_with_distance():
    rng = np.random.default_rng(0)
    reference = rng.normal(0, 1, 300)
    areas = [overlapped_area(rng.normal(shift, 1, 300), reference) for shift in (0, 1, 3, 10)]
    assert areas[0] > 0.95
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] < 0.05
    assert value_overlap(reference, reference) == pytest.approx(1, abs=1e-3)
    assert value_overlap(reference, reference + 20) < 0.01
    # Two normal curves one deviation apart share 2 Phi(-1/2) = 0.617 of their area; the kernel blurs a little.
    assert value_overlap(rng.normal(1, 1, 3000), rng.normal(0, 1, 3000)) == pytest.approx(0.617, abs=0.04)
    assert math.isnan(overlapped_area([1.0, float("nan")], reference))
    assert overlapped_area([2.0] * 5, [2.0] * 5) == pytest.approx(1, abs=1e-3)


def test_a_transposed_copy_is_found_and_new_music_is_not():
    rng = np.random.default_rng(3)
    tune = [(i * 0.5, 0.5, int(60 + rng.integers(0, 12))) for i in range(40)]
    other = [(i * 0.5, 0.5, int(60 + rng.integers(0, 12))) for i in range(40)]
    index = window_index([window_hashes(score_of((0, tune)))])
    assert len(index) == 40 - 11
    moved = [(onset, 0.1, pitch + 5) for onset, _, pitch in tune]
    assert copied(window_hashes(score_of((40, moved), qpm=90)), index).all()
    assert not copied(window_hashes(score_of((0, other))), index).any()
    # One wrong note hides the 12 windows that hold it, and no other.
    wrong = [*tune[:20], (10, 0.5, 90), *tune[21:]]
    assert (~copied(window_hashes(score_of((0, wrong))), index)).sum() == 12
    # The same pitches in another rhythm are not a copy.
    swung = [(onset * 1.5, 0.5, pitch) for onset, _, pitch in tune]
    assert not copied(window_hashes(score_of((0, swung))), index).any()


def test_windows_of_drums_and_of_short_tracks():
    drums = score_of((-1, [(i * 0.5, 0.1, 36 + i % 3) for i in range(20)]), (0, [(i, 1, 60) for i in range(11)]))
    assert len(window_hashes(drums)) == 0
    assert len(window_hashes(drums, drums=True)) == 9
    assert not copied(window_hashes(drums, drums=True), np.zeros(0, dtype=np.uint64)).any()


def test_scales_and_repeated_notes_can_be_left_out():
    plain = [(i * 0.5, 0.5, 60) for i in range(20)] + [(10 + i * 0.5, 0.5, 60 + i) for i in range(12)]
    assert len(window_hashes(score_of((0, plain)))) == 32 - 11
    assert len(window_hashes(score_of((0, plain)), fewest_moves=4)) == 0
    varied = [(i * 0.5, 0.5, 60 + i * i % 11) for i in range(20)]
    assert len(window_hashes(score_of((0, varied)), fewest_moves=4)) == 9


def test_a_score_is_as_near_as_can_be_to_itself_and_likeness_falls_with_each_change():
    tune = score_of((0, [(i, 1, 60 + 2 * (i % 4)) for i in range(16)]), (-1, [(i, 0.5, 36) for i in range(16)]))
    assert likeness(tune, tune, 0, 4) == {"pitch class distance": 0, "groove similarity": 1}
    # In one bar of four, one note of four goes to a pitch class that the bar has not, without moving in time.
    other = tune.copy()
    other.tracks[0].notes[5].pitch = 61
    assert likeness(tune, other, 0, 4) == {"pitch class distance": pytest.approx(0.25 / 4), "groove similarity": 1}
    assert likeness(tune, other, 0, 1)["pitch class distance"] == 0  # another bar was changed
    octave = tune.copy()
    octave.tracks[0].notes[5].pitch += 12
    assert likeness(tune, octave, 0, 4)["pitch class distance"] == 0
    # A drum and a note move off the beat: two of the bar's 48 steps fall silent or are new.
    late = tune.copy()
    late.tracks[0].notes[5].time += 240
    late.tracks[1].notes[5].time += 240
    assert likeness(tune, late, 1, 2)["groove similarity"] == pytest.approx(1 - 2 / 48)


def test_bars_that_lost_all_pitches_have_none_in_common():
    tune = score_of((0, [(i, 1, 60) for i in range(8)]), (-1, [(i, 0.5, 36) for i in range(8)]))
    silent = tune.copy()
    silent.tracks[0].notes = silent.tracks[0].notes[:4]
    assert likeness(tune, silent, 0, 2)["pitch class distance"] == 0.5
    assert likeness(tune, silent, 0, 2)["groove similarity"] == 1  # the drums still mark each beat
    drums = score_of((-1, [(i, 0.5, 36) for i in range(8)]))
    assert math.isnan(likeness(drums, drums, 0, 2)["pitch class distance"])


def test_a_set_like_the_reference_overlaps_it_more_than_one_unlike_it():
    rng = np.random.default_rng(0)

    def tunes(span: int, count: int = 12) -> list:
        return [score_of((0, [(i / 2, 0.5, int(60 + rng.integers(span))) for i in range(64)])) for _ in range(count)]

    found = overlaps(tunes(40), tunes(12), tunes(12))["pitch range"]
    assert found["ceiling values"] > found["ours values"] + 0.5
    assert found["ceiling"] > found["ours"]
    assert found["mean ours"] > found["mean valid"] + 20
