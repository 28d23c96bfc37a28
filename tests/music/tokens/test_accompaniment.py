from __future__ import annotations

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.chords import CHORD_NUMBERS, NO_CHORD, QUALITIES, Chord, parse_chord
from music.tokens import accompaniment, conditions
from music.tokens import octuple as tokens
from music.tokens.accompaniment import (
    CHORD,
    COMPLEXITIES,
    CONDITION_IDS_SIZE,
    HARMONIES,
    LEAD,
    VOICES,
    bar_starts,
    beat_rows,
    chord_of,
    in_order,
    is_rich,
    move,
    onsets,
    sizes,
    with_known,
)
from music.tokens.columns import DRUM_PITCH, DRUM_PROGRAM, FIRST, MASK, STEP_COLUMNS, STEP_FIELDS, Octuple
from music.tokens.conditions import Conditions
from music.tokens.octuple import vocabulary

Q = 480


def score_of(bars: int = 4, signatures=((0, 4, 4),), tempos=((0, 120.0),)) -> symusic.Score:
    score = symusic.Score(Q)
    for bar, numerator, denominator in signatures:
        score.time_signatures.append(symusic.TimeSignature(bar * 4 * Q, numerator, denominator))
    for quarter, qpm in tempos:
        score.tempos.append(symusic.Tempo(round(quarter * Q), qpm))
    tune = symusic.Track("", 0, False)
    tune.notes.append(symusic.Note(0, bars * 4 * Q, 72, 80))
    score.tracks.append(tune)
    return score


def test_a_row_a_beat():
    rows, ticks = beat_rows(score_of(2))
    assert ticks.tolist() == [Q * n for n in range(8)]
    assert (rows[:, Octuple.BAR] - FIRST).tolist() == [0] * 4 + [1] * 4
    assert (rows[:, Octuple.POSITION] - FIRST).tolist() == [0, 12, 24, 36] * 2
    assert (vocabulary().durations[rows[:, Octuple.DURATION] - FIRST] == 12).all()
    assert (rows[:, Octuple.PROGRAM] == CHORD).all()
    assert (rows[:, [Octuple.PITCH, Octuple.VELOCITY]] == MASK).all(), "no chord is known yet"
    assert {vocabulary().signatures[n - FIRST] for n in rows[:, Octuple.SIGNATURE]} == {(4, 4)}


def test_beats_follow_signature_and_tempo():
    rows, ticks = beat_rows(score_of(3, ((0, 4, 4), (1, 6, 8)), ((0, 60.0), (5.5, 120.0))), 4 * Q + 3 * Q * 2)
    assert ticks.tolist() == [0, 480, 960, 1440, 1920, 2640, 3360, 4080]
    assert vocabulary().durations[rows[:, Octuple.DURATION] - FIRST].tolist() == [12] * 4 + [18] * 4
    tempos = vocabulary().tempos[rows[:, Octuple.TEMPO] - FIRST]
    assert tempos[:5] == pytest.approx(60, rel=0.04) and tempos[5:] == pytest.approx(120, rel=0.04)
    assert bar_starts(rows).tolist() == [0, 48, 84, 120]
    assert onsets(rows, bar_starts(rows)).tolist() == [0, 12, 24, 36, 48, 66, 84, 102]


def test_beats_end_where_they_are_told_to():
    assert len(beat_rows(score_of(4), 2 * 4 * Q)[0]) == 8
    assert len(beat_rows(score_of(4), 2 * 4 * Q + 1)[0]) == 12


def test_notes_and_beats_have_the_same_bars():
    """Bars, positions and onsets of the model's notes and of the beats mean the same times."""
    score = score_of(0, ((0, 3, 4), (2, 5, 8), (3, 4, 4)))
    times = [0, 250, 1000, 8 * Q - 30, 8 * Q, 10 * Q, 12 * Q, 14 * Q + 240]
    score.tracks[0].notes = [symusic.Note(time, 100, 60, 80) for time in times]
    notes = tokens.encode(score).rows
    rows, ticks = beat_rows(score)
    starts = bar_starts(rows)
    assert onsets(notes, starts) == pytest.approx(np.array(times) * 12 / Q, abs=0.5)
    assert onsets(rows, starts).tolist() == (ticks * 12 / Q).tolist()


@given(st.lists(st.none() | st.builds(Chord, st.integers(0, 11), st.sampled_from(list(QUALITIES)), st.integers(0, 11))))
def test_chords_of_beats_are_read_as_models_see_them(chords):
    rows, _ = beat_rows(score_of(8))
    chords = (chords * 32 or [None])[:32] + [None] * (32 - len((chords * 32 or [None])[:32]))
    known = with_known(rows, chords)
    assert (rows[:, Octuple.PITCH] == MASK).all(), "what was given stays"
    for row, chord in zip(known, chords, strict=True):
        if chord is None:
            assert row[Octuple.PITCH] == row[Octuple.VELOCITY] == MASK
        else:
            found = chord_of(row)
            assert (found.number, found.root, found.bass) == (chord.number, chord.root, chord.bass)
    assert (known[:, Octuple.PITCH] < FIRST + CHORD_NUMBERS).all()


def test_no_chord_is_known_too():
    (row, *_) = with_known(beat_rows(score_of(1))[0], [NO_CHORD, None, None, None])
    assert chord_of(row) == NO_CHORD and row[Octuple.PITCH] == FIRST + CHORD_NUMBERS - 1


def some_rows() -> np.ndarray:
    """Returns a melody, three voices, drums, a piano, and four beats, one of them unknown and one without a chord."""
    rows = np.full((7, 8), FIRST, dtype=np.int16)
    rows[:, Octuple.PROGRAM] = [LEAD, *VOICES, DRUM_PROGRAM, FIRST, FIRST + 33]
    rows[:, Octuple.PITCH] = [FIRST + 72, FIRST + 67, FIRST + 60, FIRST + 48, DRUM_PITCH + 36, FIRST + 1, FIRST + 126]
    beats, _ = beat_rows(score_of(1))
    chords = [parse_chord("Am7/G"), None, NO_CHORD, parse_chord("F")]
    return np.concatenate([rows, with_known(beats, chords)])


def test_notes_and_chords_move_together():
    rows = some_rows()
    moved = move(rows, 5)
    others = [column for column in range(8) if column != Octuple.PITCH]
    assert np.array_equal(moved[:, others], rows[:, others])
    assert (moved[:7, Octuple.PITCH] - rows[:7, Octuple.PITCH]).tolist() == [
        5,
        5,
        5,
        5,
        0,
        5,
        1,
    ]  # drums stay; 127 is the end
    assert chord_of(moved[7]) == parse_chord("Dm7/C") and chord_of(moved[10]) == parse_chord("Bb")
    assert moved[8, Octuple.PITCH] == MASK and chord_of(moved[9]) == NO_CHORD
    assert move(rows, -5)[5, Octuple.PITCH] == FIRST


@given(st.integers(-6, 6))
def test_moving_there_and_back(semitones):
    rows = np.delete(some_rows(), [5, 6], axis=0)
    assert np.array_equal(move(move(rows, semitones), -semitones), rows)


def test_the_order_is_by_time_player_and_pitch():
    rows = some_rows()
    rows[0, Octuple.POSITION] += 12
    ordered = rows[in_order(rows)]
    keys = ordered[:, [Octuple.BAR, Octuple.POSITION, Octuple.PROGRAM, Octuple.PITCH]].tolist()
    assert keys == sorted(keys)


def test_every_id_has_room():
    fields = dict(zip(STEP_FIELDS, sizes(), strict=True))
    rows = some_rows()
    assert (tokens.to_steps(rows[in_order(rows)]) < np.array(sizes())).all()
    assert fields["program"] == max(VOICES) + 1
    assert fields["pitch"] >= FIRST + CHORD_NUMBERS
    assert fields["velocity"] >= FIRST + 12
    assert [fields[name] for name in ("step", "tempo")] == [tokens.step_sizes()[0], tokens.step_sizes()[2]]
    assert len(sizes()) == len(STEP_COLUMNS)


@pytest.mark.parametrize("style", range(len(HARMONIES)))
@pytest.mark.parametrize("complexity", [None, *range(len(COMPLEXITIES))])
def test_condition_ids_are_conditions_with_a_style_and_a_complexity(style, complexity):
    asked = Conditions(key=0, tempo=20, programs=(0, 33))
    found = accompaniment.condition_ids(asked, style, complexity)
    facts = accompaniment.facts()
    assert len(found) <= facts["prefix_length"]
    assert found.max() < CONDITION_IDS_SIZE
    assert facts["styles"][HARMONIES[style]] in found
    low, high = facts["complexity_block"]
    wanted = [] if complexity is None else [facts["complexities"][complexity]]
    assert [n for n in found.tolist() if low <= n < high] == wanted
    blocks = conditions.prefix_blocks()
    assert {blocks["key"][0], blocks["tempo"][0] + 20, blocks["program"][0], blocks["program"][0] + 33} < set(found)


def test_wishes_hold_nothing_that_training_does_not_show():
    """An id that no example has keeps the weights that it was born with."""
    facts = accompaniment.facts()
    shown = {0, *facts["styles"].values(), *facts["complexities"]}
    shown |= {n for first, stop in facts["prefix_blocks"].values() for n in range(first, stop)}
    asked = Conditions(genre=0, key=0, tempo=20, signature=1, density=2, programs=(0, 128))
    assert set(accompaniment.condition_ids(asked, 0, 2).tolist()) <= shown


def test_facts_say_which_chords_are_rich_and_foreign():
    facts = accompaniment.facts()

    def said(symbol: str) -> tuple[bool, bool, bool]:
        number = parse_chord(symbol).number
        major, minor = facts["foreign_chords"]
        return facts["rich_chords"][number], major[number], minor[number]

    assert said("C") == (False, False, False)
    assert said("G7") == (True, False, False)
    assert said("E7") == (True, True, False)  # the raised seventh of A minor
    assert said("Bb") == (False, True, True)
    assert said("C5") == (False, False, False)
    assert facts["rich_chords"][CHORD_NUMBERS - 1] is False and not is_rich(NO_CHORD)
