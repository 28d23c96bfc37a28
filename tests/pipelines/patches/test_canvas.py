"""What the audio network is shown of notes on the beat grid."""

from __future__ import annotations

import numpy as np

from music.tokens.patches import CELLS, DURATIONS, GROUPS
from pipelines.patches import canvas

NOTES = np.array([[2, 30, DURATIONS.index(4), 4, 0], [20, 90, 0, 4, 0], [70, 30, 0, 4, 0]])


def test_notes_begin_where_they_stand_and_others_are_left_out() -> None:
    cells = canvas.canvas(NOTES, 64)
    assert np.argwhere(cells).tolist() == [[2, 30], [20, 90]]


def test_a_key_is_held_from_the_patch_after_its_start_to_its_end_and_drums_are_not() -> None:
    held = canvas.held(NOTES, 64)
    assert np.argwhere(held).tolist() == [[3, 30], [4, 30], [5, 30]]


def test_what_is_hidden_is_not_shown() -> None:
    known = np.zeros((64, GROUPS), np.float32)
    known[2, 1] = 1  # the group of cell 30
    seen = canvas.shown(canvas.canvas(NOTES, 64), known)
    assert np.argwhere(seen[:, :CELLS]).tolist() == [[2, 30]]
    assert seen[:, CELLS:].sum() == 1


def test_a_window_shows_what_stood_one_two_and_four_bars_ago() -> None:
    seen = canvas.shown(canvas.canvas(NOTES, 96), np.ones((96, GROUPS), np.float32))
    shown, past, place = canvas.window(seen, 16, 32, 16, 0)
    width = CELLS + GROUPS
    assert shown[4, 90] == 1
    assert past[2, 30] == 1  # one bar ago: patch 18 - 16 = 2
    assert canvas.window(seen, 34, 8, 16, 0)[1][0, width + 30] == 1  # two bars ago
    assert canvas.window(seen, 66, 8, 16, 0)[1][0, 2 * width + 30] == 1  # four bars ago
    assert place[:, 0].tolist() == list(range(16)) * 2
    assert set(place[:, 1]) == {canvas.BAR_PATCHES.index(16)}


def test_before_the_first_patch_nothing_is_known() -> None:
    seen = canvas.shown(canvas.canvas(NOTES, 64), np.ones((64, GROUPS), np.float32))
    shown, past, _ = canvas.window(seen, -8, 16, 12, 3)
    assert not shown[:8].any()
    assert not past[:, : CELLS + GROUPS].any()
