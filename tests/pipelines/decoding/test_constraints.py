"""The rules hold whatever a model wishes: here it wishes at random, or always for the worst."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.instruments import playable_range
from music.theory import ALL_KEYS
from music.tokens.columns import DRUM_PITCH, DRUM_PROGRAM, FIRST, StepField
from music.tokens.octuple import vocabulary
from pipelines.decoding.constraints import (
    END,
    MAX_NOTES_PER_BAR,
    MAX_SAME_PITCH,
    GenerationState,
    Limits,
    pitch_mask,
)
from tests.examples import examples

quick = settings(max_examples=examples(25), deadline=None)


@st.composite
def some_limits(draw):
    """Returns limits as options could ask for, the narrow ones among them."""
    signature = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (1, 8)]))
    whole = 48 * signature[0] // signature[1]
    programs = draw(st.sets(st.sampled_from([FIRST, FIRST + 33, FIRST + 79, FIRST + 127, DRUM_PROGRAM]), max_size=3))
    scale = draw(st.sampled_from([frozenset(), ALL_KEYS[2].scale, ALL_KEYS[20].scale]))
    return Limits(
        bars=draw(st.integers(1, 3)),
        last_positions=draw(st.integers(1, whole)),
        bar_positions=whole,
        signature=FIRST + vocabulary().signatures.index(signature),
        tempo=FIRST + draw(st.integers(0, 47)),
        first_step=draw(st.integers(0, 15)),
        programs=frozenset(programs),
        asked=frozenset(programs),
        scale=scale,
        shift=draw(st.integers(-6, 5)),
    )


def write_all(limits: Limits, pick, most: int = 1000) -> GenerationState:
    """Returns a piece in which ``pick`` chooses among the ids that are allowed, anew where a note is out of order."""
    state = GenerationState(limits)
    for _ in range(most):
        for attempt in range(4):
            row: list[int] = []
            for field in range(StepField.VELOCITY + 1):
                ids = np.flatnonzero(state.allowed(field, row))
                assert len(ids), f"nothing is allowed as field {field} after {row}"
                row.append(state.exit_step() if field == StepField.STEP and attempt == 3 else int(pick(ids, field)))
                if row[StepField.STEP] == END:
                    break
            if row[StepField.STEP] == END or state.in_order(row):
                break
        state.write(row)
        if state.finished:
            return state
    raise AssertionError(f"the piece did not end within {most} notes")


def check(limits: Limits, state: GenerationState) -> None:
    """Asserts all that a piece must keep to."""
    rows = np.array(state.rows)
    bars = np.cumsum(rows[:, StepField.STEP] - FIRST) - (rows[0, StepField.STEP] - FIRST)
    assert sorted(set(bars.tolist())) == list(range(limits.bars))  # as many as asked, none of them empty
    room = np.where(bars == limits.bars - 1, limits.last_positions, limits.bar_positions)
    position = rows[:, StepField.POSITION] - FIRST
    assert (position < room).all()
    end = (limits.bars - 1) * limits.bar_positions + limits.last_positions
    length = vocabulary().durations[rows[:, StepField.DURATION] - FIRST]
    assert (bars * limits.bar_positions + position + length <= end).all()
    places = [
        tuple(place) for place in zip(bars, position, rows[:, StepField.PROGRAM], rows[:, StepField.PITCH], strict=True)
    ]
    assert places == sorted(set(places))  # in order, no note twice
    if limits.programs:
        playing = set(rows[:, StepField.PROGRAM].tolist())
        assert playing <= limits.programs
        assert playing == limits.programs or limits.bars < len(limits.programs)
    for program, pitch in rows[:, [StepField.PROGRAM, StepField.PITCH]].tolist():
        assert (pitch >= DRUM_PITCH) == (program == DRUM_PROGRAM)
        if program != DRUM_PROGRAM:
            low, high = playable_range(program - FIRST)
            sounding = pitch - FIRST - limits.shift
            assert low <= sounding <= high
            assert not limits.scale or sounding % 12 in limits.scale
    assert rows[0, StepField.STEP] == FIRST + limits.first_step
    assert np.bincount(bars).max() <= MAX_NOTES_PER_BAR


@quick
@given(some_limits(), st.integers(0, 2**32 - 1), st.floats(0.02, 0.9))
def test_whatever_is_wished_for_the_piece_keeps_the_rules(limits, seed, hurry):
    rng = np.random.default_rng(seed)

    def pick(ids, field):
        forward = field == StepField.STEP and len(ids) > 1 and rng.random() < hurry
        return ids[ids != FIRST][0] if forward and (ids != FIRST).any() else rng.choice(ids)

    check(limits, write_all(limits, pick))


@quick
@given(some_limits())
def test_a_model_that_never_moves_on_is_moved_on(limits):
    check(limits, write_all(limits, lambda ids, field: FIRST if field == StepField.STEP and FIRST in ids else ids[0]))


@quick
@given(some_limits())
def test_a_model_that_always_takes_the_last_id_still_writes_every_bar(limits):
    check(limits, write_all(limits, lambda ids, field: ids[-1]))


def limits_of(**changes) -> Limits:
    values = {
        "bars": 4, "last_positions": 48, "bar_positions": 48, "tempo": FIRST,
        "signature": FIRST + vocabulary().signatures.index((4, 4)),
    }  # fmt: skip
    return Limits(**values | changes)


def eighths(pitch: int):
    """Returns a wish for one pitch on every eighth of each bar, or for the lowest note where it is not allowed."""
    written = -1

    def pick(ids, field):
        nonlocal written
        if field == StepField.STEP:
            written += 1
            return (
                ids[ids != FIRST][0] if written % 8 == 0 and (ids != FIRST).any() else FIRST if FIRST in ids else ids[0]
            )
        if field == StepField.POSITION:
            return FIRST + 6 * (written % 8)
        return pitch if field == StepField.PITCH and pitch in ids else ids[0]

    return pick


def test_no_endless_single_note():
    state = write_all(limits_of(bars=8, programs=frozenset({FIRST})), eighths(FIRST + 60))
    pitches = [row[StepField.PITCH] for row in state.rows]
    longest = run = 1
    for before, now in zip(pitches, pitches[1:], strict=False):
        run = run + 1 if now == before else 1
        longest = max(longest, run)
    assert longest == MAX_SAME_PITCH


def test_a_drum_may_repeat_as_drums_do():
    kick = DRUM_PITCH + 42
    state = write_all(limits_of(bars=8, programs=frozenset({DRUM_PROGRAM})), eighths(kick))
    assert sum(row[StepField.PITCH] == kick for row in state.rows) == 64


def test_bars_done_rise_and_silence_is_counted():
    limits = limits_of(programs=frozenset({FIRST, FIRST + 33}), asked=frozenset({FIRST, FIRST + 33}))
    state, seen = GenerationState(limits), []
    assert (state.bars_done, state.bars_left) == (0.0, 4)
    for bar in range(4):
        row = [FIRST + bool(bar), limits.signature, limits.tempo, FIRST + 24, FIRST + 33, FIRST + 40, FIRST, FIRST]
        state.write(row)
        seen.append(state.bars_done)
    assert seen == [0.5, 1.5, 2.5, 3.5]
    assert state.bars_left == 1
    # The other one has been silent for all 15 quarters; before the note that stands there it could not play.
    assert state.silence([FIRST, 0, 0, FIRST + 36]) == {FIRST: 15.0, FIRST + 33: 1.0}
    assert state.silence([FIRST, 0, 0, FIRST + 24]) == {FIRST + 33: 0.0}
    state.write([END])
    assert (state.finished, state.bars_done) == (True, 4.0)


@pytest.mark.parametrize("shift", [-6, 0, 5])
@pytest.mark.parametrize("key", [ALL_KEYS[0], ALL_KEYS[13]])
def test_a_scale_binds_pitches_as_they_sound_and_leaves_drums_free(key, shift):
    piano = np.flatnonzero(pitch_mask(FIRST, key.scale, shift)) - FIRST - shift
    assert {pitch % 12 for pitch in piano.tolist()} == key.scale
    free = pitch_mask(DRUM_PROGRAM, frozenset(), 0)
    assert np.array_equal(pitch_mask(DRUM_PROGRAM, key.scale, shift), free)


def test_leaving_a_bar_early_stays_as_likely_as_the_model_wants():
    state = GenerationState(limits_of())
    state.write([FIRST, 4, 4, FIRST, FIRST, FIRST + 40, FIRST, FIRST])
    scores = np.log(np.full(20, 0.05))
    state.merge_exits(scores)
    probabilities = np.exp(scores)
    assert probabilities[FIRST + 1] == pytest.approx(0.05 * 16)  # the end, and steps of one bar to fifteen
    assert probabilities[FIRST] == pytest.approx(0.05)
    assert probabilities[END] == 0
