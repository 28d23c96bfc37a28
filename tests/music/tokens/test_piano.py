"""Piano music as notes and chords."""

from __future__ import annotations

import numpy as np

from music.tokens import octuple as tokens
from music.tokens.columns import FIRST, StepField
from music.tokens.piano import HIGHEST_PITCH, LOWEST_PITCH, PIANO, ChordVocabulary, onset_chords, piano_rows
from tests.training.conftest import score_of


def steps_of(*tracks) -> np.ndarray:
    return tokens.to_steps(piano_rows(tokens.encode(score_of(*tracks)).rows)).astype(np.int64)


CHORDS = ((0, [(0, 1, 60), (0, 2, 64), (0, 1, 67), (1, 1, 72), (4, 1, 60), (4, 1, 64), (4, 1, 67)]),)


def test_all_that_begins_at_once_is_one_chord_and_comes_back_as_its_notes():
    steps = steps_of(*CHORDS)
    vocabulary = ChordVocabulary.of([steps], 200, 8)
    rows = vocabulary.read(steps)
    assert len(rows) == 3
    assert [vocabulary.chords[i - FIRST] for i in rows[:, StepField.PITCH]] == [(60, 64, 67), (72,), (60, 64, 67)]
    back = np.array([note for row in rows.tolist() for note in vocabulary.write(row)])
    for field in (StepField.STEP, StepField.POSITION, StepField.PROGRAM, StepField.PITCH):
        assert back[:, field].tolist() == steps[:, field].tolist()


def test_the_vocabulary_has_every_key_of_the_piano_and_the_most_frequent_chords():
    often = steps_of((0, [(beat, 1, pitch) for beat in range(6) for pitch in ((60, 64), (62, 65, 69))[beat % 3 == 0]]))
    vocabulary = ChordVocabulary.of([often], HIGHEST_PITCH - LOWEST_PITCH + 2, 8)
    assert {(pitch,) for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)} | {(60, 64)} == set(vocabulary.chords)
    assert ChordVocabulary.from_table(vocabulary.table(3)) == vocabulary


def test_a_chord_that_is_not_known_loses_inner_notes_and_keeps_its_top():
    vocabulary = ChordVocabulary((*((pitch,) for pitch in range(21, 109)), (48, 72)))
    assert vocabulary.chords[vocabulary.id_of((48, 60, 64, 72)) - FIRST] == (48, 72)
    assert vocabulary.chords[vocabulary.id_of((50, 60, 71)) - FIRST] == (71,)
    assert vocabulary.chords[vocabulary.id_of((5,)) - FIRST] == (21,)


def test_a_piano_plays_what_others_played_without_drums_and_no_key_twice_at_once():
    rows = piano_rows(
        tokens.encode(score_of((40, [(0, 1, 60), (1, 1, 62)]), (0, [(0, 2, 60)]), (-1, [(0, 1, 36)]))).rows
    )
    assert rows[:, 0].tolist() == [FIRST + 60, FIRST + 62] and (rows[:, 5] == PIANO).all()
    assert tokens.vocabulary().durations[rows[0, 4] - FIRST] == 24  # the longer one
    assert (rows[:, 2] * 1000 + rows[:, 1]).tolist() == sorted(rows[:, 2] * 1000 + rows[:, 1])


def test_no_music_has_no_chords():
    assert onset_chords(np.zeros((0, 8), np.int64)) == []
    assert ChordVocabulary.of([], 100, 4).read(np.zeros((0, 8), np.int64)).shape == (0, 8)
