"""What signs beside the notes of a MusicXML score do to what sounds: grace notes, ties, tremolos, loudness, tempo."""

from __future__ import annotations

from music.files.midi import read_midi
from tests.music.files.test_musicxml import bar, heard, note, score

GRACE = "<grace/>|"
TIES = ('|<tie type="start"/>', '|<tie type="stop"/>')


def test_grace_notes_before_the_first_beat_take_their_time_from_the_first_note():
    bars = [bar(note("D5", None, more=GRACE), note("C5", 4), note("E5", 4, more="<chord/>|"))]
    assert heard(read_midi(score(bars))) == [(0, 0.125, 74), (0.125, 3.875, 72), (0.125, 3.875, 76)]


def test_grace_notes_after_a_note_end_it():
    trill_end = note("B4", None, more=GRACE) + note("C5", None, more=GRACE)
    bars = [bar(note("C5", 4), trill_end), bar(note("r", 4)), bar(note("D5", 4), trill_end)]
    ends = [(3.75, 0.125, 71), (3.875, 0.125, 72)]
    later = [(time + 8, length, pitch) for time, length, pitch in ends]
    assert heard(read_midi(score(bars))) == [(0, 4, 72), *ends, (8, 4, 74), *later]


def test_a_tie_goes_on_into_another_staff():
    bars = [bar(note("C4", 2, more=f"{TIES[0]}<staff>1</staff>"), note("C4", 2, more=f"{TIES[1]}<staff>2</staff>"))]
    piece = read_midi(score(bars))
    assert [heard(piece, track) for track in range(len(piece.score.tracks))] == [[(0, 4, 60)]]


def test_a_chord_that_is_broken_up_is_held_by_its_ties():
    struck = [note(pitch, 1, more=TIES[0]) for pitch in ("C4", "E4", "G4", "C5")]
    held = [note("C4", 4, more=TIES[1]), *(note(p, 4, more=f"<chord/>{TIES[1]}") for p in ("E4", "G4", "C5"))]
    assert heard(read_midi(score([bar(*struck), bar(*held)]))) == [(0, 8, 60), (1, 7, 64), (2, 6, 67), (3, 5, 72)]
