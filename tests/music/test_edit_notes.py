"""Edits by hand: what is touched becomes what was said, and all the rest stays, bit for bit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from music.edit_notes import MAX_BARS_AFTER, MAX_EDITED, Edits, apply
from music.errors import StudioError
from music.files.midi import midi_bytes, read_midi
from music.piece import Piece
from tests.examples import examples

FIELDS = ("time", "duration", "pitch", "velocity")

nasty_notes = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 119, 120, 480, 481, 1919, 1920, 5000]),
        st.sampled_from([0, 1, 60, 480, 4000]),  # none at all, and over the next ones
        st.sampled_from([0, 36, 60, 60, 60, 127]),
        st.integers(1, 127),
    ),
    max_size=12,
)


@st.composite
def nasty_scores(draw) -> symusic.Score:
    """A score of a few tracks with notes on top of one another, notes of no length, drums, pedals and odd ticks."""
    score = symusic.Score(draw(st.sampled_from([96, 100, 480])))
    if draw(st.booleans()):
        score.time_signatures.append(symusic.TimeSignature(0, *draw(st.sampled_from([(3, 4), (7, 8)]))))
    score.tempos.append(symusic.Tempo(0, draw(st.sampled_from([30.0, 97.3, 240.0]))))
    for is_drum in draw(st.lists(st.booleans(), min_size=1, max_size=4)):
        track = symusic.Track("a", 0, is_drum)
        track.notes.extend(symusic.Note(*note) for note in draw(nasty_notes))
        track.controls.append(symusic.ControlChange(10, 64, 127))
        track.pedals.append(symusic.Pedal(0, 100))
        score.tracks.append(track)
    return score


@st.composite
def scores_and_edits(draw) -> tuple[symusic.Score, Edits]:
    score = draw(nasty_scores())
    places = [(index, n) for index, track in enumerate(score.tracks) for n in range(len(track.notes))]
    touched = draw(st.lists(st.sampled_from(places), unique=True)) if places else []
    goes = draw(st.integers(0, len(touched)))
    new_note = st.tuples(st.integers(0, 9000), st.integers(1, 3000), st.integers(0, 127), st.integers(1, 127))
    return score, Edits(
        changed=tuple((*place, *draw(new_note)) for place in touched[goes:]),
        added=((0, *draw(new_note)), *((0, *draw(new_note)) for _ in range(draw(st.integers(0, 3))))),
        removed=tuple(touched[:goes]),
    )


def notes_of(track: symusic.Track) -> list[tuple[int, ...]]:
    notes = track.notes.numpy()
    return list(zip(*(notes[name].tolist() for name in FIELDS)))


@settings(max_examples=examples(100))
@given(scores_and_edits())
def test_what_is_touched_becomes_what_was_said_and_the_rest_stays(drawn):
    score, edits = drawn
    before, given_to = [notes_of(track) for track in score.tracks], Piece(score).fingerprint
    out = apply(score, edits)
    assert Piece(score.copy()).fingerprint == given_to
    for index, track in enumerate(out.tracks):
        touched = {note for t, note, *_ in (*edits.changed, *edits.removed) if t == index}
        expected = [note for n, note in enumerate(before[index]) if n not in touched]
        expected += [tuple(values) for t, _, *values in edits.changed if t == index]
        expected += [tuple(values) for t, *values in edits.added if t == index]
        assert Counter(notes_of(track)) == Counter(expected)
        was = score.tracks[index]
        if index not in {track for track, *_ in (*edits.changed, *edits.added, *edits.removed)}:
            assert track.notes == was.notes
        assert (track.controls, track.pedals) == (was.controls, was.pedals)
    assert out.tempos == score.tempos and out.time_signatures == score.time_signatures
    assert apply(score, edits) == out


def test_an_edited_piece_is_written_as_midi_with_all_its_notes():
    score = _score([(0, 480, 60, 90), (480, 480, 60, 90)])
    out = apply(score, Edits(changed=((0, 1, 240, 480, 60, 90),)))  # now it begins while the first still sounds
    assert read_midi(midi_bytes(Piece(out))).note_count == 2


def test_thousands_of_notes_are_moved_at_once():
    score = _score([(n * 60, 60, 40 + n % 40, 90) for n in range(5000)])
    notes = score.tracks[0].notes.numpy()
    moved = tuple(
        (0, n, int(time) + 5, 60, int(pitch) + 1, 90)
        for n, (time, pitch) in enumerate(zip(notes["time"], notes["pitch"]))
    )
    out = apply(score, Edits(changed=moved)).tracks[0].notes.numpy()
    assert np.array_equal(out["time"], notes["time"] + 5) and np.array_equal(out["pitch"], notes["pitch"] + 1)


def test_a_new_track_gets_its_notes_and_an_old_one_another_player():
    out = apply(
        _score([(0, 480, 60, 90)]),
        Edits(added=((1, 0, 480, 36, 90),), tracks=(("Kit\n", 0, True),), programs=((0, 40),)),
    )
    assert [(track.name, track.program, track.is_drum) for track in out.tracks] == [
        ("One", 40, False),
        ("Kit", 0, True),
    ]
    assert notes_of(out.tracks[1]) == [(0, 480, 36, 90)]


FINE = Edits(changed=((0, 0, 0, 480, 61, 90),))
FAR = (MAX_BARS_AFTER + 2) * 1920


@pytest.mark.parametrize(
    "edits",
    [
        Edits(),
        replace(FINE, removed=((0, 0),)),  # changed and gone
        replace(FINE, changed=FINE.changed * 2),
        Edits(removed=((0, 9),)),
        Edits(removed=((3, 0),)),
        Edits(removed=((-1, 0),)),
        Edits(removed=((0, -1),)),
        Edits(removed=((0, 0), (0, 1))),  # nothing left
        Edits(added=((7, 0, 480, 60, 90),)),
        Edits(added=((0, -1, 480, 60, 90),)),
        Edits(added=((0, 0, 0, 60, 90),)),
        Edits(added=((0, 0, 480, 128, 90),)),
        Edits(added=((0, 0, 480, 60, 0),)),
        Edits(added=((0, FAR, 480, 60, 90),)),
        Edits(added=((0, 0, 10**30, 60, 90),)),
        Edits(added=((0, 0, 480, 10**30, 90),)),
        Edits(added=((0, 0, 480, 60, 90),) * (MAX_EDITED + 1)),
        Edits(tracks=(("A", 200, False),)),
        Edits(tracks=(("A" * 999, 0, False),)),
        Edits(tracks=(("A", 0, False),) * 2000),
        Edits(programs=((0, 128),)),
        Edits(programs=((1, 3),)),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_two_sentences(edits):
    with pytest.raises(StudioError) as refused:
        apply(_score([(0, 480, 60, 90), (480, 480, 62, 90)]), edits)
    assert str(refused.value).count(". ") == 1 and str(refused.value).endswith(".")


def _score(notes) -> symusic.Score:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("One", 0, False))
    score.tracks[0].notes.extend(symusic.Note(*note) for note in notes)
    return score
