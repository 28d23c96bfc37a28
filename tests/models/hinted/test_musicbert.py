"""What notes around a hidden field lend: nothing that is hidden, and the right value where music repeats."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.hinted.musicbert import HintedMusicBERT, HintedMusicBERTConfig, hidden_logits
from models.hints.around import BAR, FIRST, HEADS, PITCH, POSITION, PROGRAM, SLOTS, VERSION, around
from models.hints.layout import DEFAULT_BAR
from music.tokens.dialects import studio

FIELDS = [column for column in SLOTS if column != BAR]
DURATIONS = np.arange(1, 100)
BAR_LENGTHS = np.full(40, DEFAULT_BAR)
TUNE = (60, 62, 64, 67)


def song(bars: int = 6, players: int = 2) -> np.ndarray:
    """Returns octuples [notes, 8]: a tune of four quarter notes that comes back in every other bar, and a second player."""
    rows = []
    for bar in range(bars):
        for beat, pitch in enumerate(TUNE if bar % 2 == 0 else (72, 71, 69, 65)):
            for player in range(players):
                rows.append((pitch - 12 * player, 12 * beat, bar, 9, 11, 5 * player, 9, 2))
    return np.array(rows, dtype=np.int64) + FIRST


def hiding(rows: np.ndarray, column: int, bar: int) -> np.ndarray:
    hidden = np.zeros(rows.shape, bool)
    hidden[:, column] = (rows[:, BAR] == FIRST + bar) & (rows[:, PROGRAM] == FIRST)
    return hidden


@pytest.mark.parametrize("column", FIELDS)
def test_what_is_hidden_is_never_read(column):
    rng, rows = np.random.default_rng(column), song()
    for _ in range(20):
        hidden = rng.random(rows.shape) < 0.2
        hidden[:, BAR] = False
        other = np.where(hidden, FIRST + rng.integers(0, 4, rows.shape), rows)
        found = [around(each, hidden, column, DURATIONS, BAR_LENGTHS) for each in (rows, other)]
        for name in ("asked", "target", "value", "kinds", "numbers"):
            assert np.array_equal(*(getattr(each, name) for each in found)), name


def test_notes_before_and_after_lend_and_so_do_bars_that_stand_higher():
    rows = song(players=1)
    rows[rows[:, BAR] == FIRST + 4, PITCH] += 5  # the tune comes back a fourth higher, as do its neighbors
    rows[np.isin(rows[:, BAR], (FIRST + 3, FIRST + 5)), PITCH] += 5
    hidden = hiding(rows, PITCH, 4)
    found = around(rows, hidden, PITCH, DURATIONS, BAR_LENGTHS)
    assert len(found.asked) == 4 and len(found.target) == 4 * 20
    lent = {tuple(pair) for pair in zip(rows[found.asked[found.target], POSITION] - FIRST, found.value[:, HEADS - 2])}
    assert {(12 * beat, pitch + 5) for beat, pitch in enumerate(TUNE)} <= lent
    bars = rows[np.flatnonzero(~hidden[:, PITCH]), BAR] - FIRST
    assert {*bars} == {0, 1, 2, 3, 5}


def model() -> HintedMusicBERT:
    torch.manual_seed(1)
    sizes = {"layers": 1, "width": 16, "hidden": 16, "heads": 2, "max_notes": 128}
    tables = {"durations": tuple(DURATIONS.tolist()), "bar_lengths": tuple(BAR_LENGTHS.tolist())}
    return HintedMusicBERT(HintedMusicBERTConfig(studio().vocabulary, **sizes, **tables)).eval()


@pytest.mark.parametrize("column", FIELDS)
def test_every_field_has_a_distribution_whatever_is_to_be_seen(column):
    made, dialect, rows = model(), studio(), song()
    slot = dialect.slots.index(column)
    block = slice(dialect.blocks[slot], dialect.blocks[slot] + dialect.sizes[slot])
    alone = np.zeros(rows.shape, bool)
    alone[:, column] = True  # nobody is left who could lend
    windows = [(rows, hiding(rows, column, 2)), (rows, alone)]
    read = np.stack([dialect.token_ids(rows)] * 2)
    for tokens, (_, hidden) in zip(read, windows):
        tokens[1:-1][hidden[:, dialect.slots]] = dialect.mask
    with torch.inference_mode():
        found = hidden_logits(made, torch.from_numpy(read), slot, block, windows)
        plain = hidden_logits(made.plain, torch.from_numpy(read), slot, block, windows)
    assert found.shape == plain.shape == (4 + len(rows), dialect.sizes[slot])
    torch.testing.assert_close(found.logsumexp(dim=1), torch.zeros(len(found)), rtol=0, atol=1e-3)


def test_comparisons_of_another_version_are_refused():
    with pytest.raises(ValueError, match="version"):
        HintedMusicBERTConfig(40, 1, 8, 8, 2, 8, around=VERSION + 1)
