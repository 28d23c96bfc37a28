"""Notes on the beat grid."""

from __future__ import annotations

import numpy as np
import symusic

from music.tokens.patches import (
    CELLS,
    DRUM_KEYS,
    DURATIONS,
    FAMILIES,
    FAMILY_PROGRAMS,
    KEYS,
    LOWEST,
    REGISTERS,
    VELOCITIES,
    Cell,
    drum_of,
    family_of,
    to_patches,
)


def score_of(*tracks: tuple[int, bool, list[tuple[int, int, int, int]]]) -> symusic.Score:
    score = symusic.Score(480)
    for program, is_drum, notes in tracks:
        track = symusic.Track("", program, is_drum)
        track.notes.extend(symusic.Note(*note) for note in notes)
        score.tracks.append(track)
    return score


def test_a_note_stands_in_its_sixteenth_with_length_loudness_and_family() -> None:
    rows = to_patches(score_of((33, False, [(480, 240, 40, 88)])))
    assert rows.tolist() == [[4, 40 - LOWEST, DURATIONS.index(2), VELOCITIES.index(88), FAMILIES.index("bass")]]


def test_what_is_off_the_grid_goes_to_the_nearest_sixteenth() -> None:
    rows = to_patches(score_of((0, False, [(118, 100, 60, 64), (250, 100, 62, 64)])))
    assert rows[:, Cell.PATCH].tolist() == [1, 2]


def test_drums_are_told_apart_and_stand_for_keys_of_their_kind() -> None:
    keys = [36, 38, 42, 49, 47]
    rows = to_patches(score_of((0, True, [(480 * n, 120, key, 90) for n, key in enumerate(keys)])))
    assert [DRUM_KEYS[cell - KEYS] for cell in rows[:, Cell.CELL]] == keys
    assert [drum_of(key) for key in DRUM_KEYS] == list(range(len(DRUM_KEYS)))


def test_pitches_beyond_the_piano_move_by_octaves() -> None:
    rows = to_patches(score_of((0, False, [(0, 480, 5, 64), (480, 480, 127, 64)])))
    pitches = rows[:, Cell.CELL] + LOWEST
    assert pitches.min() >= 21
    assert pitches.max() <= 108
    assert (pitches % 12).tolist() == [5, 127 % 12]


def test_of_two_notes_on_one_cell_the_longest_is_kept() -> None:
    rows = to_patches(score_of((0, False, [(0, 120, 60, 64)]), (40, False, [(0, 960, 60, 64)])))
    assert len(rows) == 1
    assert DURATIONS[rows[0, Cell.DURATION]] == 8


def test_every_program_has_a_family_whose_own_program_is_of_it() -> None:
    assert {family_of(program) for program in range(128)} == set(range(len(FAMILIES)))
    assert [family_of(program) for program in FAMILY_PROGRAMS] == list(range(len(FAMILIES)))


def test_the_groups_cover_all_cells_once() -> None:
    assert REGISTERS[0] == 0
    assert REGISTERS[-1] == CELLS
    assert np.all(np.diff(REGISTERS) > 0)
    assert KEYS in REGISTERS  # drums are a group of their own


def test_an_empty_score_has_no_notes() -> None:
    assert to_patches(symusic.Score(480)).shape == (0, 5)
