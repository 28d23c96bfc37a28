from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.bars import bar_grid
from pipelines.patches.bars import PatchBars
from pipelines.patches.canvas import BAR_PATCHES


def grid_of(*signs: tuple[int, int, int], end: int = 19200, per_quarter: int = 480) -> PatchBars:
    """Returns the grid of a score with these (tick, numerator, denominator)."""
    score = symusic.Score(per_quarter)
    score.time_signatures = [symusic.TimeSignature(*sign) for sign in signs]
    return PatchBars.of(bar_grid(score, end), per_quarter)


@pytest.mark.parametrize(
    ("sign", "patches"),
    [((4, 4), 16), ((3, 4), 12), ((2, 4), 8), ((6, 4), 24), ((12, 8), 24), ((5, 4), 24), ((7, 8), 16), ((9, 8), 24),
     ((3, 8), 8), ((4, 2), 16), ((7, 4), 16), ((1, 32), 8)],
)  # fmt: skip
def test_a_bar_is_read_as_the_next_longer_one_that_the_network_knows(sign, patches):
    assert grid_of((0, *sign)).bar_patches == patches


def test_in_bars_that_the_network_knows_a_patch_is_a_sixteenth():
    grid = grid_of((0, 3, 4))
    assert (grid.ticks(np.arange(100)) == np.arange(100) * 120).all()
    assert grid.patches(np.array([0, 59, 61, 1440, 1441])).tolist() == [0, 0, 1, 12, 12]


def test_what_is_left_of_a_longer_bar_takes_no_time():
    grid = grid_of((0, 5, 4))
    assert grid.ticks(np.arange(18, 26)).tolist() == [2160, 2280, 2400, 2400, 2400, 2400, 2400, 2520]
    assert grid.patches(np.array([2280, 2390, 2400])).tolist() == [19, 24, 24]


signs = st.lists(st.tuples(st.integers(1, 15), st.sampled_from([1, 2, 4, 8, 16, 32])), min_size=1, max_size=4)


@given(signs, st.sampled_from([96, 220, 480]))
def test_any_bars_have_a_place_on_the_grid_and_patches_come_in_order(found, per_quarter):
    grid = grid_of(*((n * 977, *sign) for n, sign in enumerate(found)), end=8000, per_quarter=per_quarter)
    assert grid.bar_patches in BAR_PATCHES
    ticks = np.arange(0, int(grid.edges[-1]))
    patches = grid.patches(ticks)
    assert (np.diff(patches) >= 0).all() and patches[0] == 0
    assert np.abs(grid.ticks(patches) - ticks).max() <= grid.unit
    assert (np.diff(grid.ticks(np.arange(patches[-1] + 40))) >= 0).all()
