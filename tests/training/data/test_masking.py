"""What is hidden is what somebody could select, and nothing but the hidden values themselves is kept from the model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.musicbert import blind_order
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from training.data.masking import FILLING, SHARES, change_loudness_and_tempo, hide, selection, whole_bars

SORTED = [Octuple.PITCH, Octuple.PROGRAM, Octuple.POSITION, Octuple.BAR]  # as np.lexsort wants them


def band(rng: np.random.Generator, notes: int = 60, bars: int = 8, parts: int = 3) -> np.ndarray:
    """Returns octuples of a little band: drums, bass, and what else there is room for."""
    programs = np.array([128, 33, 0, 40])[:parts][rng.integers(parts, size=notes)]
    columns = {
        Octuple.PITCH: rng.integers(40, 70, notes) + 128 * (programs == 128),
        Octuple.POSITION: 6 * rng.integers(0, 8, notes),
        Octuple.BAR: 2 + rng.integers(0, bars, notes),
        Octuple.VELOCITY: rng.integers(0, 32, notes),
        Octuple.DURATION: rng.integers(0, 12, notes),
        Octuple.PROGRAM: programs,
        Octuple.TEMPO: np.full(notes, 20),
        Octuple.SIGNATURE: np.full(notes, 12),
    }
    rows = FIRST + np.stack([columns[column] for column in range(8)], axis=1).astype(np.int64)
    return rows[np.lexsort([rows[:, column] for column in SORTED])]


bands = st.builds(
    lambda seed, notes, bars, parts: band(np.random.default_rng(seed), notes, bars, parts),
    st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 12), st.integers(1, 4),
)  # fmt: skip
seeds = st.integers(0, 2**32)


def order_of(rows: np.ndarray, hidden: np.ndarray, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed).random(len(rows))
    return blind_order(rows, hidden, SORTED[::-1], chance)


def as_set(rows: np.ndarray) -> list[list[int]]:
    return sorted(rows.tolist())


def test_shares_add_up():
    assert sum(SHARES.values()) == pytest.approx(1)


@given(bands, seeds, seeds)
def test_the_order_of_notes_tells_nothing_of_what_is_hidden(rows, seed, other):
    """Other hidden values, the same order: whatever could be read off the order can be read off what is shown."""
    rng = np.random.default_rng(other)
    hidden = rng.random(rows.shape) < rng.random(8)
    changed = np.where(hidden, FIRST + rng.integers(0, 30, rows.shape), rows)
    orders = [order_of(these, hidden, seed) for these in (rows, changed)]
    assert np.array_equal(*orders)
    assert sorted(orders[0]) == list(range(len(rows)))


@given(bands, seeds)
def test_what_is_shown_stands_in_the_order_of_music(rows, seed):
    rng = np.random.default_rng(seed)
    order = order_of(rows, np.zeros(rows.shape, bool), seed)
    assert np.array_equal(rows[order][:, SORTED], rows[:, SORTED])
    hidden = np.zeros(rows.shape, bool)
    hidden[:, Octuple.PITCH] = rng.random(len(rows)) < 0.5
    places = rows[order_of(rows, hidden, seed)][:, [Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM]]
    assert np.array_equal(places, rows[:, [Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM]])


def test_equal_notes_stand_in_an_order_of_chance():
    rows = np.repeat(band(np.random.default_rng(0), 1), 6, axis=0)
    rows[:, Octuple.PITCH] = FIRST + 60 + np.arange(6)
    hidden = np.zeros(rows.shape, bool)
    hidden[:, Octuple.PITCH] = True
    orders = [tuple(order_of(rows, hidden, seed)) for seed in range(40)]
    assert len(set(orders)) > 30


@given(bands, seeds, st.sampled_from(sorted(FILLING)))
def test_only_what_a_change_may_touch_is_hidden(rows, seed, change):
    found = hide(rows, np.random.default_rng(seed), change)
    assert as_set(found.rows) == as_set(rows)
    assert found.hidden.any()
    assert set(np.flatnonzero(found.hidden.any(axis=0))) <= {
        *FILLING[change],
        Octuple.PITCH,
    }  # a pitch where nothing else was


@given(bands, seeds, st.sampled_from([change for change, fields in FILLING.items() if len(fields) > 1]))
def test_half_way_through_a_change_fields_are_filled_in_their_order(rows, seed, change):
    """Nobody knows the length of a note whose onset is still open: what comes later in FILLING is hidden as well."""
    found = hide(rows, np.random.default_rng(seed), change)
    shown_first = [found.hidden[:, column] for column in FILLING[change]]
    for earlier, later in zip(shown_first, shown_first[1:]):
        assert not (earlier & ~later).any() or not shown_first[-1].any()


@given(bands, seeds)
def test_units_are_whole_bars_of_one_instrument_and_bars_are_never_hidden(rows, seed):
    found = hide(rows, np.random.default_rng(seed), "units")
    units = found.rows[:, [Octuple.BAR, Octuple.PROGRAM]]
    if found.hidden.sum() > 1:
        for unit in np.unique(units, axis=0):
            of_unit = found.hidden[(units == unit).all(axis=1)]
            assert (of_unit == of_unit[0]).all()
    assert not found.hidden[:, Octuple.BAR].any()


@given(bands, seeds)
def test_a_change_of_instruments_hides_one_player_who_is_not_the_drummer(rows, seed):
    found = hide(rows, np.random.default_rng(seed), "instruments")
    players = np.unique(found.rows[found.hidden[:, Octuple.PROGRAM], Octuple.PROGRAM])
    assert len(players) == 1
    assert players[0] != DRUM_PROGRAM or (rows[:, Octuple.PROGRAM] == DRUM_PROGRAM).all()


def test_selections_look_like_those_of_people():
    """Bars in a row of one part, of some, of all; whole parts; all there is; and a share of each of these."""
    rng, rows = np.random.default_rng(5), band(np.random.default_rng(1), 240)
    seen: dict[str, int] = dict.fromkeys(
        ("whole bars of one part", "whole bars of all", "a part", "everything", "a share"), 0
    )
    for _ in range(400):
        chosen = selection(rows, rng)
        assert chosen.shape == (len(rows),)
        parts, bars = np.unique(rows[chosen, Octuple.PROGRAM]), np.unique(rows[chosen, Octuple.BAR])
        inside = np.isin(rows[:, Octuple.PROGRAM], parts) & np.isin(rows[:, Octuple.BAR], bars)
        kinds = {
            "everything": chosen.all(),
            "a part": len(parts) == 1 and (chosen == (rows[:, Octuple.PROGRAM] == parts[0])).all(),
            "whole bars of one part": len(parts) == 1 and len(bars) < 8 and (chosen == inside).all(),
            "whole bars of all": len(parts) == 3 and len(bars) < 8 and (chosen == inside).all(),
            "a share": (chosen != inside).any(),
        }
        for kind, found in kinds.items():
            seen[kind] += bool(found)
    assert min(seen.values()) >= 8, seen


def test_each_kind_of_change_comes_up_and_the_same_seed_hides_the_same():
    rows = band(np.random.default_rng(2))
    drawn = [hide(rows, np.random.default_rng(seed)) for seed in range(200)]
    again = [hide(rows, np.random.default_rng(seed)) for seed in range(200)]
    assert all(np.array_equal(a.rows, b.rows) and np.array_equal(a.hidden, b.hidden) for a, b in zip(drawn, again))
    columns = {column for one in drawn for column in np.flatnonzero(one.hidden.any(axis=0))}
    assert columns == set(range(8)) - {Octuple.BAR}
    alone = [frozenset(np.flatnonzero(one.hidden.any(axis=0))) for one in drawn]
    for fields in (
        (Octuple.PITCH,),
        (Octuple.POSITION, Octuple.DURATION),
        (Octuple.VELOCITY,),
        (Octuple.PROGRAM,),
        (Octuple.POSITION, Octuple.PITCH, Octuple.DURATION, Octuple.VELOCITY),
    ):
        assert frozenset(fields) in alone


@given(bands, seeds, st.integers(3, 90), st.integers(1, 14))
def test_a_stretch_is_whole_bars_if_it_can_be(rows, seed, max_notes, max_bars):
    given_rows = rows.copy()
    for rng in (None, np.random.default_rng(seed)):
        part = whole_bars(rows, max_notes, max_bars, rng)
        assert 1 <= len(part) <= max_notes
        assert part[0, Octuple.BAR] == FIRST
        assert part[-1, Octuple.BAR] < FIRST + max_bars
        shifts = [bar - FIRST for bar in np.unique(rows[:, Octuple.BAR])]
        begins = [int(np.searchsorted(rows[:, Octuple.BAR], FIRST + shift)) for shift in shifts]
        moved = part.copy()
        fits = []
        for shift, begin in zip(shifts, begins, strict=True):
            moved[:, Octuple.BAR] = part[:, Octuple.BAR] + shift
            if np.array_equal(moved, rows[begin : begin + len(part)]):
                fits.append((begin, begin + len(part)))
        assert fits  # it begins with a bar, and leaves nothing out
        if rng is None:
            assert fits[0][0] == 0
        ends_with_a_bar = [end == len(rows) or rows[end, Octuple.BAR] != rows[end - 1, Octuple.BAR] for _, end in fits]
        last_bar = int((part[:, Octuple.BAR] == part[-1, Octuple.BAR]).sum())
        assert any(ends_with_a_bar) or len(part) - last_bar <= max_notes // 3
    assert np.array_equal(rows, given_rows)


def test_a_piece_that_is_long_is_read_at_all_its_places():
    rows = band(np.random.default_rng(3), 200, 12)
    lengths = {len(whole_bars(rows, 60, 128, np.random.default_rng(seed))) for seed in range(60)}
    assert len(lengths) > 5


def test_loudness_and_tempo_move_together_and_stay_possible(shards):
    sizes, moved = shards.index["sizes"], set()
    for seed in range(60):
        rows = band(np.random.default_rng(seed))
        before = rows.copy()
        change_loudness_and_tempo(rows, shards.index, np.random.default_rng(seed))
        same = [column for column in range(8) if column not in (Octuple.VELOCITY, Octuple.TEMPO)]
        assert np.array_equal(rows[:, same], before[:, same])
        assert (rows >= FIRST).all() and (rows < np.array(sizes)).all()
        shift = np.unique(rows[:, Octuple.TEMPO] - before[:, Octuple.TEMPO])
        assert len(shift) == 1
        moved.add(int(shift[0]))
    assert moved == set(range(-3, 4))
