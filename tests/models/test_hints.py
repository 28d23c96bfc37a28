"""What the past says: the same note by note as for a whole piece, and nothing of what lies ahead."""

from __future__ import annotations

import numpy as np
import pytest

from models.hints.layout import DURATION, FIELDS, PITCH, STEP, VELOCITY, layout_of
from models.hints.past import Past
from models.hints.piece import hints_of_piece
from tests.models.past_notes import DRUMS, SIZES, TABLES, music

LAYOUT = layout_of(SIZES)
COLUMNS = [[c for c, hint in enumerate(LAYOUT) if hint.field == field] for field in range(FIELDS)]

LAST = (5, 5, 9, 99, 132, 259, 39, 35)  # of each field an id that comes after all others


def column(field: int, name: str) -> int:
    return next(c for c, hint in enumerate(LAYOUT) if (hint.field, hint.name) == (field, name))


@pytest.mark.parametrize("seed", range(6))
def test_note_by_note_as_for_the_whole_piece(seed):
    rng = np.random.default_rng(seed)
    notes, asked = music(rng), [4, 77, DRUMS][: seed % 4]
    found, numbers = hints_of_piece(TABLES, notes, asked)
    past = Past(TABLES, asked)
    for number, row in enumerate(notes.tolist()):
        for field in range(FIELDS):
            hints, dense = past.hints(field, row[:field] + [99] * (FIELDS - field))
            assert hints == found[number, COLUMNS[field]].tolist(), (number, field)
            if field == PITCH:
                np.testing.assert_allclose(dense, numbers[number], atol=1e-5)
        past.add(row)
    assert past.hints(STEP, [])[0] == found[len(notes), COLUMNS[STEP]].tolist()


@pytest.mark.parametrize("field", range(FIELDS))
def test_later_fields_and_notes_change_no_hint(field):
    rng = np.random.default_rng(field)
    notes = music(rng)
    before, dense_before = hints_of_piece(TABLES, notes)
    for at in rng.integers(1, len(notes), 12):
        other = np.tile(music(rng), (4, 1))
        other[:, STEP] = 5  # every note in a new bar, so that the notes stay in order
        changed = np.concatenate([notes[:at], other[: len(notes) - at]])
        changed[at] = [*notes[at, :field], *LAST[field:]]
        after, dense_after = hints_of_piece(TABLES, changed)
        assert (after[at, COLUMNS[field]] == before[at, COLUMNS[field]]).all(), at
        if field >= PITCH:
            np.testing.assert_allclose(dense_after[at], dense_before[at], atol=1e-5)


def test_ids_fit_their_tables():
    for seed in range(4):
        found, _ = hints_of_piece(TABLES, music(np.random.default_rng(seed)), (9,))
        assert (found >= 0).all()
        assert (found < [hint.size for hint in LAYOUT]).all()


def test_a_bar_ago_names_what_stood_there():
    bar = [(5, 6, 5, 4, 4, 64, 8, 9), (4, 6, 5, 16, 4, 67, 9, 10), (4, 6, 5, 28, 4, 71, 10, 11)]
    found, _ = hints_of_piece(TABLES, np.array(bar * 3))
    for field in (STEP, PITCH, DURATION, VELOCITY):
        assert found[4, column(field, "1 bars ago")] == bar[1][field]
    assert found[4, column(PITCH, "2 bars ago")] == 0
    assert found[7, column(PITCH, "repeat")] == bar[1][PITCH]


def test_an_asked_player_waits_until_heard():
    bar = [(5, 6, 5, 4, 4, 64, 8, 9), (4, 6, 5, 16, 10, 67, 9, 10)]
    notes = np.array(bar * 2)
    waiting, absent = column(4, "waiting longest"), column(4, "players absent")
    found, _ = hints_of_piece(TABLES, notes, (4, 77))
    assert found[3, waiting] == 77
    assert found[3, absent] == 1 + 2  # 77 and, in this bar, 10
    heard, _ = hints_of_piece(TABLES, notes)
    assert heard[3, waiting] == 10


def test_a_doubled_voice_is_followed():
    notes = [(5, 6, 5, 4, 10, 64, 8, 9), (4, 6, 5, 4, 40, 76, 8, 9)]
    notes += [(4, 6, 5, 16, 10, 66, 8, 9), (4, 6, 5, 16, 40, 78, 8, 9)]
    found, _ = hints_of_piece(TABLES, np.array(notes))
    assert found[3, column(PITCH, "doubled")] == 78


def test_there_are_eight_fields():
    with pytest.raises(ValueError, match="no field"):
        past = Past(TABLES)
        for field in range(9):
            past.hints(field, [5, 6, 5, 4, 4, 64, 8, 9])


@pytest.mark.parametrize("asked", [(PITCH,), (VELOCITY,), (3, DURATION), (4, VELOCITY)])
def test_fields_without_a_choice_need_not_be_asked_for(asked):
    notes = music(np.random.default_rng(7))
    found, _ = hints_of_piece(TABLES, notes)
    past = Past(TABLES)
    for number, row in enumerate(notes.tolist()):
        for field in asked:
            other = [*row[:field], *LAST[field:]]
            past.hints(min(field + 1, 7), other)  # a proposal that is drawn again
            assert past.hints(field, row)[0] == found[number, COLUMNS[field]].tolist(), (number, field)
        past.add(row)


def test_a_full_past_forgets_its_older_half():
    notes = music(np.random.default_rng(8)).tolist()
    full = Past(TABLES, (4,), most=20)
    for row in notes[:21]:
        full.add(row)
    short = Past(TABLES, (4,))
    for row in notes[10:21]:
        short.add(row)
    for field in range(FIELDS):
        assert full.hints(field, notes[21])[0] == short.hints(field, notes[21])[0]


def test_copies_go_their_own_way():
    notes = music(np.random.default_rng(9)).tolist()
    past = Past(TABLES)
    for row in notes[:30]:
        past.add(row)
    before = [past.hints(field, notes[30])[0] for field in range(FIELDS)]
    other = past.copy()
    for row in notes[30:40]:
        other.add(row)
    assert [past.hints(field, notes[30])[0] for field in range(FIELDS)] == before
