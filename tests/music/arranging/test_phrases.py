from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.arranging.phrases import (
    FULL,
    HALF,
    MelodyNote,
    close,
    extract_melody,
    fit_to_range,
    shift_notes,
    singability,
)
from music.theory import ALL_KEYS, Key

BAR, BEAT = 1920, 480
C = Key(0, "major")


def alone(notes: list[MelodyNote]) -> bool:
    return all(one.end <= after.start for one, after in zip(notes, notes[1:], strict=False))


@st.composite
def lines(draw, bars: int = 2) -> list[MelodyNote]:
    """Returns a melody of one note at a time in so many bars; some reach beyond them."""
    starts = sorted(draw(st.sets(st.integers(0, bars * 16 - 1), max_size=12)))
    stops = [*starts[1:], bars * 16 + 4][: len(starts)]
    return [
        MelodyNote(
            start * 120, draw(st.integers(start + 1, stop)) * 120, draw(st.integers(0, 127)), draw(st.integers(1, 127))
        )
        for start, stop in zip(starts, stops, strict=True)
    ]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), st.integers(0, 127)), max_size=20))
def test_a_tune_is_one_note_at_a_time_the_highest_of_those_that_begin_together(notes):
    track = symusic.Track("", 0, False)
    track.notes = [symusic.Note(*note, 80) for note in notes]
    tune = extract_melody(track)
    assert alone(tune) and all(note.end > note.start for note in tune)
    highest = {start: max(p for s, _, p in notes if s == start) for start, *_ in notes}
    assert {note.start: note.pitch for note in tune} == highest


def test_a_tune_of_one_note_at_a_time_stays_as_it_is():
    track = symusic.Track("", 0, False)
    track.notes = [symusic.Note(0, 400, 60, 70), symusic.Note(480, 480, 72, 80), symusic.Note(960, 10, 127, 1)]
    assert extract_melody(track) == [
        MelodyNote(0, 400, 60, 70),
        MelodyNote(480, 960, 72, 80),
        MelodyNote(960, 970, 127, 1),
    ]
    assert extract_melody(symusic.Track("", 0, False)) == []


@given(lines(), st.integers(0, 10), st.integers(-60, 60))
def test_a_moved_tune_keeps_its_rhythm_and_its_pitch_classes(notes, bars, semitones):
    after = shift_notes(notes, bars * BAR, semitones)
    for was, now in zip(notes, after, strict=True):
        assert (now.start - was.start, now.end - was.end, now.velocity) == (bars * BAR, bars * BAR, was.velocity)
        assert (now.pitch - was.pitch - semitones) % 12 == 0 and 0 <= now.pitch <= 127


@given(lines(), st.sampled_from([HALF, FULL]), st.sampled_from(ALL_KEYS), st.sampled_from([(480, 1920), (720, 1440)]))
def test_a_phrase_comes_to_rest_on_the_right_tone(notes, how, key, meter):
    beat, bar = meter
    notes = [note for note in notes if note.start < 2 * bar]
    closed = close(notes, how, key, (bar, 2 * bar), beat)
    last = closed[-1]
    assert last.pitch % 12 in ({key.tonic} if how == FULL else {(key.tonic + 7) % 12, (key.tonic + 2) % 12})
    assert 0 <= last.pitch <= 127 and last.end == 2 * bar
    assert bar <= last.start <= bar + bar // 2 and (last.start - bar) % beat == 0  # long, and on a beat
    assert alone(closed)
    before = [note for note in notes if note.start < bar and note.end <= bar]
    assert closed[: len(before)] == before  # only the last bar changes
    if notes:
        near = min(notes, key=lambda note: (note.start > last.start, -note.start))
        assert abs(last.pitch - near.pitch) <= 11


@given(lines(), st.sampled_from([(60, 96), (28, 60), (72, 84), (0, 127), (21, 108)]))
def test_a_placed_tune_can_be_played_and_is_the_same_but_for_octaves(notes, reach):
    after = fit_to_range(notes, *reach)
    assert all(reach[0] <= note.pitch <= reach[1] for note in after)
    assert [(n.start, n.end, n.pitch % 12) for n in after] == [(n.start, n.end, n.pitch % 12) for n in notes]


def test_a_tune_that_fits_keeps_its_shape():
    notes = [MelodyNote(n * BEAT, (n + 1) * BEAT, pitch, 80) for n, pitch in enumerate((48, 52, 55, 60, 57))]
    after = fit_to_range(notes, 60, 96)
    steps = {now.pitch - was.pitch for was, now in zip(notes, after, strict=True)}
    assert len(steps) == 1 and steps.pop() % 12 == 0


@given(lines(), lines(), st.sampled_from(ALL_KEYS), st.sampled_from([None, "low", "medium", "high"]))
def test_any_phrase_has_a_worth(notes, before, key, density):
    later = shift_notes(notes, 2 * BAR)
    worth = singability(later, before, key, BAR, BEAT, density)
    assert -200 < worth < 5


def test_a_song_sings_better_than_what_nobody_sings():
    def phrase(pitches, length=BEAT):
        return [MelodyNote(n * length, (n + 1) * length, pitch, 80) for n, pitch in enumerate(pitches)]

    song = [
        MelodyNote(start, end, pitch, 80)
        for start, end, pitch in (
            (0, 720, 64), (720, 960, 65), (960, 1440, 67), (1440, 1920, 65), (1920, 2640, 64), (2640, 2880, 62),
            (2880, 3840, 60),
        )
    ]  # fmt: skip
    for bad in (
        phrase([60] * 8), phrase([60, 79, 61, 83, 60, 75, 62, 80]), phrase([61, 63, 66, 68, 70, 68, 66, 63], 120),
        [MelodyNote(0, 60, 64, 80), MelodyNote(1920, 1980, 65, 80)], phrase([64]), [],
    ):  # fmt: skip
        assert singability(song, [], C, BAR, BEAT) > singability(bad, [], C, BAR, BEAT) + 0.3


@pytest.mark.parametrize(("density", "length"), [("low", BEAT * 5 // 4), ("high", BEAT * 5 // 9)])
def test_how_busy_a_tune_shall_be_counts(density, length):
    def even(length):
        return [
            MelodyNote(n * length, (n + 1) * length, 60 + (0, 2, 4, 5, 7, 5, 4, 2)[n % 8], 80)
            for n in range(2 * BAR // length)
        ]

    worths = {asked: singability(even(length), [], C, BAR, BEAT, asked) for asked in ("low", "high")}
    assert max(worths, key=worths.get) == density
