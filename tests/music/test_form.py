from __future__ import annotations

import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.edit import slice_bars
from music.files.midi import midi_bytes, read_midi
from music.form import Section, join, sections, with_sections
from music.piece import Piece

BAR = 1920


def score(*pitches: int, markers: tuple[tuple[int, str], ...] = ()) -> symusic.Score:
    """Returns a score of one note a bar on its first track, and a low one with it on its second."""
    made = symusic.Score(480)
    made.tempos, made.time_signatures = [symusic.Tempo(0, 90.0)], [symusic.TimeSignature(0, 4, 4)]
    made.tracks = [symusic.Track("Tune", 73, False), symusic.Track("Bass", 33, False)]
    for bar, pitch in enumerate(pitches):
        made.tracks[0].notes.append(symusic.Note(bar * BAR, BAR, pitch, 80))
        made.tracks[1].notes.append(symusic.Note(bar * BAR, BAR, pitch - 24, 80))
    made.markers = [symusic.TextMeta(tick, text) for tick, text in markers]
    return made


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["A", "A'", "Verse", "Coda: slow", "Intro"])), max_size=8)
)
def test_sections_that_are_written_are_read_again_also_from_a_file(marks):
    marks = sorted(dict(marks).items())
    marked = with_sections(score(*range(60, 100)), [(bar * BAR, name) for bar, name in marks])
    for read in (marked, read_midi(midi_bytes(Piece(marked))).score):
        found = sections(read)
        assert [(section.start // BAR, section.name) for section in found] == marks
        assert all(one.end == after.start for one, after in zip(found, found[1:], strict=False))
        assert not found or found[-1].end == 40 * BAR


def test_other_markers_stay_and_earlier_sections_go():
    made = score(60, 62, markers=((0, "section: Old"), (0, "chord: Am"), (BAR, "Watch out")))
    after = with_sections(made, [(BAR, "New")])
    assert [(m.time, m.text) for m in after.markers] == [
        (0, "chord: Am"), (BAR, "Watch out"), (BAR, "section: New"),
    ]  # fmt: skip
    assert sections(made)[0].name == "Old"  # what was given is as it was
    assert sections(score(60, markers=((0, "Verse"),))) == []


def test_a_varied_return_names_its_theme():
    assert [Section(name, 0, 1).theme for name in ("A", "A'", "A''", "Verse'")] == ["A", "A", "A", "Verse"]


def test_sections_in_a_row_sound_one_after_the_other():
    parts = [("A", score(60, 62), 2 * BAR), ("", score(70), BAR), ("B", score(64, 65, 67), 2 * BAR)]
    whole = join(parts, score(1, 2, 3))
    assert [note.pitch for note in whole.tracks[0].notes] == [60, 62, 70, 64, 65]
    assert [note.time for note in whole.tracks[0].notes] == [n * BAR for n in range(5)]
    assert [note.pitch for note in whole.tracks[1].notes] == [36, 38, 46, 40, 41]
    assert [(s.name, s.start, s.end) for s in sections(whole)] == [("A", 0, 3 * BAR), ("B", 3 * BAR, 5 * BAR)]
    assert (whole.tempos, whole.time_signatures) == (score().tempos, score().time_signatures)


def test_nothing_rings_beyond_its_section_and_other_markers_come_along():
    long = score(60, markers=((0, "section: Gone"), (480, "chord: F")))
    long.tracks[0].notes = [symusic.Note(0, 9 * BAR, 60, 80)]
    long.tracks[1].controls = [symusic.ControlChange(0, 64, 127)]
    whole = join([("A", long, BAR), ("A", long, BAR)], long)
    assert [(note.time, note.duration) for note in whole.tracks[0].notes] == [(0, BAR), (BAR, BAR)]
    assert [(m.time, m.text) for m in whole.markers] == [
        (0, "section: A"), (480, "chord: F"), (BAR, "section: A"), (BAR + 480, "chord: F"),
    ]  # fmt: skip
    pedal = [(event.time, event.value) for event in whole.tracks[1].controls]
    assert pedal == [(0, 127), (BAR, 0), (BAR, 127), (2 * BAR, 0)]


def test_a_section_with_fewer_tracks_is_silent_in_the_others():
    alone = score(60)
    alone.tracks = alone.tracks[:1]
    whole = join([("A", alone, BAR), ("B", score(62), BAR)], score())
    assert [len(track.notes) for track in whole.tracks] == [2, 1]
    assert whole.tracks[1].notes[0].time == BAR
    assert join([("A", symusic.Score(480), BAR)], score(60)).tracks[0].notes == []


def test_a_song_that_is_taken_apart_and_joined_is_the_same():
    made = with_sections(score(60, 62, 64, 65), [(0, "A"), (BAR, "B"), (3 * BAR, "A'")])
    parts = [(s.name, slice_bars(made, s.start // BAR, s.end // BAR), s.end - s.start) for s in sections(made)]
    assert Piece(join(parts, made)).fingerprint == Piece(made).fingerprint
