"""What chords, melody and phrases say: the same note by note as for a whole piece, and patterns that move with the chords."""

from __future__ import annotations

import numpy as np
import pytest

from models.hints.chart import NO_CHORD, UNKNOWN, Chart, ChartTables, moved_pitch, place_in_phrase
from models.hints.charted import ChartedPast, ChartedPiece
from models.hints.layout import DURATION, FIELDS, FIRST, PITCH, POSITION, STEP
from tests.models.past_notes import DRUMS, SIZES, TABLES, music

MAJOR, MINOR, SEVENTH = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)
CHARTED = ChartTables(SIZES, TABLES.durations, TABLES.bar_lengths, (MAJOR, MINOR, *[SEVENTH] * 14))
COLUMNS = [[c for c, hint in enumerate(CHARTED.layout) if hint.field == field] for field in range(FIELDS)]
C, F, A_MINOR, G_SEVENTH = 0, 5 * 16, 9 * 16 + 1, 7 * 16 + 2


def chart(rng: np.random.Generator, bars: int = 60) -> Chart:
    """Returns bars of four beats over chords by chance, some of them none or not known."""
    starts, beats = np.arange(bars + 1) * 48, np.arange(bars * 4) * 12
    chords = rng.choice([C, F, A_MINOR, G_SEVENTH, NO_CHORD, UNKNOWN], size=bars * 2).repeat(2)
    onsets = np.sort(rng.choice(bars * 16, size=bars * 2, replace=False)) * 3
    melody = np.stack([onsets, onsets + 9, FIRST + rng.integers(60, 80, len(onsets))], axis=1)
    places = np.array([place_in_phrase(bar % 8, 8) for bar in range(bars)])
    return Chart(starts, beats, chords, np.where(chords >= 0, chords // 16, 0), melody, places)


@pytest.mark.parametrize("seed", range(4))
def test_note_by_note_as_for_the_whole_piece(seed):
    rng = np.random.default_rng(seed)
    notes, given, asked, bar = music(rng), chart(rng), [4, 77, DRUMS][: seed % 4], int(rng.integers(0, 9))
    found, numbers = ChartedPiece(CHARTED, notes, asked, given, bar).hints()
    past = ChartedPast(CHARTED, asked, None, given, bar)
    for number, row in enumerate(notes.tolist()):
        for field in range(FIELDS):
            hints, dense = past.hints(field, row[:field] + [99] * (FIELDS - field))
            assert hints == found[number, COLUMNS[field]].tolist(), (number, field)
            if field == PITCH:
                np.testing.assert_allclose(dense, numbers[number], atol=1e-5)
        past.add(row)
    assert past.hints(STEP, [])[0] == found[len(notes), COLUMNS[STEP]].tolist()
    assert (found < [hint.size for hint in CHARTED.layout]).all() and (found >= 0).all()


def test_a_past_that_forgets_goes_on_in_the_same_bar_of_the_chart():
    rng = np.random.default_rng(5)
    notes, given = music(rng), chart(rng)
    short, whole = (ChartedPast(CHARTED, (), most, given, 2) for most in (24, None))
    names = [hint.name for hint in CHARTED.layout if hint.field == POSITION]
    for number, row in enumerate(notes.tolist()):
        if number:  # what the chart alone says is the same however much is remembered
            one, other = (dict(zip(names, past.hints(POSITION, row)[0], strict=True)) for past in (short, whole))
            assert (
                one["next chord"] == other["next chord"] and one["place in the phrase"] == other["place in the phrase"]
            )
        short.add(row)
        whole.add(row)


@pytest.mark.parametrize(
    ("before", "now", "pitch", "after"),
    [
        (C, F, 48, 53),  # a root
        (C, A_MINOR, 64, 60),  # a third becomes a third
        (C, G_SEVENTH, 55, 50),  # a fifth
        (C, C, 50, 50),  # no tone of the chord stays where it is
        (C, NO_CHORD, 48, None),
        (UNKNOWN, C, 48, None),
    ],
)
def test_a_note_of_a_pattern_moves_with_the_chord(before, now, pitch, after):
    found = int(moved_pitch(CHARTED, *(np.array([value]) for value in (FIRST + pitch, before, now)))[0])
    assert found == (0 if after is None else FIRST + after)


def test_the_next_chord_can_be_held_up_to():
    starts, beats = np.array([0, 48]), np.arange(4) * 12
    given = Chart(
        starts, beats, np.array([C, C, F, F]), np.array([0, 0, 5, 5]), np.zeros((0, 3), np.int64), np.zeros(1, int)
    )
    past = ChartedPast(CHARTED, (), None, given, 0)
    row = [FIRST, FIRST + 2, 5, FIRST + 12, 4, FIRST + 60, 0, 0]
    hints = dict(
        zip(
            [h.name for h in CHARTED.layout if h.field == DURATION and h.copies],
            past.hints(DURATION, row)[0],
            strict=False,
        )
    )
    assert hints["to the next chord"] == FIRST + 11  # 12 positions, the twelfth duration
