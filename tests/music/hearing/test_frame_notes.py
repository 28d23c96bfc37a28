"""Notes are taken from what a network hears in each frame."""

from __future__ import annotations

import numpy as np
import pytest

from music.hearing.frame_notes import LOWEST_PITCH, Thresholds, frame_notes

SHARP = Thresholds(onset=0.5, frame=0.3, shortest=4)


def frames(*notes: tuple[int, int, int], onset: float = 0.9, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Returns how likely keys sound and begin, of notes (first frame, last + 1, pitch)."""
    sounding, beginning = np.full((2, count, 88), 0.01, np.float32)
    for first, last, pitch in notes:
        sounding[first:last, pitch - LOWEST_PITCH] = 0.8
        beginning[first, pitch - LOWEST_PITCH] = onset
    return sounding, beginning


def heard(*notes: tuple[int, int, int], onset: float = 0.9) -> list[tuple[int, int, int]]:
    found = frame_notes(*frames(*notes, onset=onset), 1.0, SHARP, late_s=0.0)
    return [(round(note.start_s), round(note.end_s), note.pitch) for note in found]


def test_a_chord_and_a_repeated_note_come_as_they_are():
    notes = [(10, 50, 60), (10, 50, 64), (10, 90, 67), (50, 90, 60)]
    assert heard(*notes) == notes


def test_a_note_without_an_onset_is_found_too_if_it_is_long_enough():
    assert heard((20, 60, 60), onset=0.1) == [(20, 60, 60)]
    assert heard((20, 24, 60), onset=0.1) == []
    assert heard((20, 24, 60), onset=0.9) == []


def test_a_short_gap_does_not_cut_a_note():
    sounding, beginning = frames((20, 80, 60))
    sounding[50:55, 60 - LOWEST_PITCH] = 0.1
    (note,) = frame_notes(sounding, beginning, 1.0, SHARP, late_s=0.0)
    assert (note.start_s, note.end_s) == (20, 80)


def test_neighbors_that_a_note_makes_sound_are_not_heard_beside_it():
    sounding, beginning = frames((20, 80, 60))
    sounding[20:80, 61 - LOWEST_PITCH] = 0.5
    assert [note.pitch for note in frame_notes(sounding, beginning, 1.0, SHARP)] == [60]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_frames_are_no_trouble(count):
    likely = np.full((count, 88), 0.9, np.float32)
    assert all(0 <= note.start_s < note.end_s <= count for note in frame_notes(likely, likely, 1.0, late_s=0.0))


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_heard_notes_of_a_key_do_not_overlap(seed):
    rng = np.random.default_rng(seed)
    notes = frame_notes(
        rng.random((120, 88)).astype(np.float32), rng.random((120, 88)).astype(np.float32), 1.0, late_s=0.0
    )
    assert notes == sorted(notes)
    for pitch in {note.pitch for note in notes}:
        mine = [note for note in notes if note.pitch == pitch]
        assert all(before.end_s <= after.start_s for before, after in zip(mine, mine[1:]))
