"""Notes in seconds become bars and beats."""

from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.bars import bar_grid, tempo_map, ticks_to_seconds
from music.hearing.beats import find_beats
from music.hearing.heard_note import HeardNote
from music.hearing.writing_down import quarters_per_beat, write_down
from tests.pipelines.sounds import TUNE, tune


def written(notes, **wishes):
    return write_down(notes, symusic.Track("", 0, False), **wishes)


def quarters(score: symusic.Score) -> list[float]:
    return [note.time / score.ticks_per_quarter for note in score.tracks[0].notes]


EXPECTED = (np.cumsum([0, *(length for _, length in TUNE)])[:-1] / 2).tolist()


def shaken(notes: list[HeardNote], seed: int = 0) -> list[HeardNote]:
    """Returns notes that begin and end up to 25 ms early or late."""
    rng = np.random.default_rng(seed)
    return [
        note._replace(start_s=note.start_s + rng.uniform(0, 0.025), end_s=note.end_s + rng.uniform(-0.025, 0.025))
        for note in notes
    ]


@pytest.mark.parametrize("bpm", [84, 96, 108, 126])
@pytest.mark.parametrize("begins_s", [0.0, 0.43, 2.2])
def test_the_rhythm_comes_back_whatever_the_tempo_and_wherever_it_begins(bpm, begins_s):
    found = written(shaken(tune(bpm, begins_s)))
    assert tempo_map(found.score)[2][0] == pytest.approx(bpm, rel=0.03)
    assert quarters(found.score) == EXPECTED
    assert found.begins_s == pytest.approx(begins_s, abs=0.08)


def test_a_given_tempo_and_time_signature_are_kept():
    found = written(shaken(tune(100)), tempo_bpm=50.0, signature=(3, 4)).score
    assert tempo_map(found)[2][0] == 50.0
    assert (bar_grid(found)[0].numerator, bar_grid(found)[0].denominator) == (3, 4)
    assert np.diff(quarters(found)) == pytest.approx(np.diff(EXPECTED) / 2, abs=0.26)


def test_a_tempo_that_wavers_is_followed():
    steady = tune(100)
    slower = [HeardNote(t.start_s + 0.02 * t.start_s**2, t.end_s + 0.02 * t.end_s**2, *t[2:]) for t in steady]
    found = quarters(written(slower).score)
    assert [place * 0.5 / found[1] for place in found] == EXPECTED  # a beat may be half of the one that was meant


def test_as_played_keeps_the_times_of_the_recording():
    notes = shaken(tune(100, 1.3))
    found = written(notes, parts_per_quarter=None)
    times = (
        ticks_to_seconds(found.score, np.array([note.time for note in found.score.tracks[0].notes])) + found.begins_s
    )
    assert times == pytest.approx([note.start_s for note in notes], abs=0.001)
    assert found.begins_s <= notes[0].start_s


def test_a_waltz_is_in_three():
    eighth = 0.25
    notes = []
    for bar in range(8):
        at = bar * 6 * eighth + 0.2
        notes += [HeardNote(at, at + 0.9, 48, 1.0), HeardNote(at, at + 0.4, 64, 0.9)]
        notes += [
            HeardNote(at + beat * 2 * eighth, at + beat * 2 * eighth + 0.3, pitch, 0.4)
            for beat in (1, 2)
            for pitch in (60, 64)
        ]
    score = written(sorted(notes)).score
    assert bar_grid(score)[0].numerator == 3
    assert tempo_map(score)[2][0] == pytest.approx(120, rel=0.03)


def test_one_pitch_sounds_once_at_a_time():
    notes = [HeardNote(0.0, 2.0, 60, 0.5), HeardNote(0.01, 0.3, 60, 0.5), HeardNote(1.0, 1.5, 60, 0.5)]
    first, second = written(notes, tempo_bpm=120.0).score.tracks[0].notes
    assert (first.time, first.duration, second.time) == (0, 960, 960)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("grid", [None, 4])
@pytest.mark.parametrize("bpm", [None, 20.0, 300.0])
def test_few_notes_are_enough(count, grid, bpm):
    notes = [HeardNote(0.5 * number, 0.5 * number + 0.01, 60, 0.5) for number in range(count)]
    score = written(notes, parts_per_quarter=grid, tempo_bpm=bpm).score
    assert 1 <= len(score.tracks[0].notes) <= count
    assert all(note.time >= 0 and note.duration >= 1 for note in score.tracks[0].notes)


@pytest.mark.parametrize("seed", range(4))
def test_beats_rise_and_surround_all_notes(seed):
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, 30, 60))
    notes = [HeardNote(start, start + rng.uniform(0.05, 2), int(rng.integers(40, 80)), 0.5) for start in starts]
    beats = find_beats(notes)
    assert (np.diff(beats.times_s) > 0).all()
    assert beats.times_s[0] <= notes[0].start_s and beats.times_s[-1] >= max(note.end_s for note in notes)
    assert (np.diff(beats.at(starts)) >= 0).all()


def test_the_beat_that_is_tapped():
    assert [quarters_per_beat(of) for of in ((4, 4), (6, 8), (5, 8), (2, 2))] == [1.0, 1.5, 0.5, 1.0]
