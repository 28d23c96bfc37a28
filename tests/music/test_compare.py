"""Which notes a listener is told have changed."""

from __future__ import annotations

import symusic
from hypothesis import given
from hypothesis import strategies as some

from music.compare import changed_notes

NOTES = some.lists(
    some.tuples(some.integers(0, 3), some.integers(1, 2), some.integers(60, 62), some.integers(80, 81)), max_size=8
)
TRACKS = some.lists(some.tuples(some.sampled_from([(0, False), (40, False), (0, True)]), NOTES), max_size=3)


def score(*tracks, ticks=480):
    """Returns a score of ``((program, drums), notes)``."""
    made = symusic.Score(ticks)
    for (program, drums), notes in tracks:
        track = symusic.Track("", program, drums)
        track.notes.extend(symusic.Note(*note) for note in notes)
        made.tracks.append(track)
    return made


def marks(before, after):
    return [mask.tolist() for mask in changed_notes(before, after)]


def contents(made):
    """Returns how often each note of each instrument is there."""
    found = {}
    for track in made.tracks:
        for note in track.notes:
            key = (track.program, track.is_drum, note.time, note.duration, note.pitch, note.velocity)
            found[key] = found.get(key, 0) + 1
    return found


PIANO, VIOLIN = (0, False), (40, False)


def test_a_change_of_any_one_attribute_is_a_change():
    before = score((PIANO, [(0, 10, 60, 80)] * 1))
    for note in ((1, 10, 60, 80), (0, 11, 60, 80), (0, 10, 61, 80), (0, 10, 60, 81)):
        assert marks(before, score((PIANO, [note, (0, 10, 60, 80)]))) == [[True, False]]
    assert marks(before, score((VIOLIN, [(0, 10, 60, 80)]))) == [[True]]


def test_a_doubled_note_counts_once():
    note = (0, 10, 60, 80)
    assert marks(score((PIANO, [note])), score((PIANO, [note, note]))) == [[False, True]]


def test_of_equal_players_the_one_that_lost_a_note_is_told():
    note = (0, 10, 60, 80)
    before, after = score((PIANO, [note]), (PIANO, [note])), score((PIANO, []), (PIANO, [note]))
    assert marks(before, after) == [[], [False]]
    assert marks(after, before) == [[True], [False]]


def test_a_part_that_moves_to_another_instrument_is_new_there():
    notes = [(0, 10, 60, 80), (20, 10, 62, 80)]
    assert marks(score((PIANO, notes)), score((PIANO, notes[:1]), (VIOLIN, notes[1:]))) == [[False], [True]]


def test_other_ticks_are_no_change():
    assert marks(score((PIANO, [(240, 120, 60, 80)]), ticks=240), score((PIANO, [(480, 240, 60, 80)]))) == [[False]]


@given(TRACKS, TRACKS)
def test_as_many_notes_are_changed_as_are_not_known(a, b):
    before, after = score(*a), score(*b)
    known, there = contents(before), contents(after)
    new = sum(max(0, count - known.get(note, 0)) for note, count in there.items())
    assert sum(int(mask.sum()) for mask in changed_notes(before, after)) == new
    assert not any(mask.any() for mask in changed_notes(after, after))
