from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.arranging.voicing import LEAST_RANGE, voice_chords
from music.chords import NONE, QUALITIES, Chord, ChordSpan, parse_progression
from tests.examples import examples

Q = 480


def spans(chords) -> list[ChordSpan]:
    return [ChordSpan(place * Q, (place + 1) * Q, chord) for place, chord in enumerate(chords)]


def blocks(chords, **settings) -> list[list[int]]:
    """Returns the pitches of each chord, rising."""
    found = voice_chords(spans(chords), **settings)
    return [sorted(note.pitch for note in found if note.start == place * Q) for place in range(len(chords))]


def movement(played: list[list[int]]) -> float:
    """Returns the semitones from each note of a chord to the nearest of the next, on average."""
    moved = [
        min(abs(pitch - other) for other in after)
        for before, after in zip(played, played[1:])
        for pitch in before
    ]  # fmt: skip
    return sum(moved) / len(moved)


def song(text: str) -> list[Chord]:
    return [chord for bar in parse_progression(text) for chord in bar]


chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)))
slashes = st.builds(Chord, st.integers(0, 11), st.sampled_from(sorted(QUALITIES)), st.integers(0, 11))


@st.composite
def ranges(draw) -> dict[str, int]:
    low = draw(st.integers(24, 64))
    return {"low": low, "high": low + draw(st.integers(LEAST_RANGE, 36)), "notes": draw(st.integers(3, 5))}


@given(st.lists(slashes, min_size=1, max_size=6), ranges())
@settings(max_examples=examples(60), deadline=None)
def test_every_chord_is_whole_in_range_and_on_its_bass(progression, where):
    for chord, pitches in zip(progression, blocks(progression, **where), strict=True):
        classes = {pitch % 12 for pitch in pitches}
        assert classes <= set(chord.tones)
        assert 3 <= len(pitches) == len(set(pitches)) <= 5
        assert where["low"] <= pitches[0] and pitches[-1] <= where["high"]
        if chord.bass != chord.root:
            assert pitches[0] % 12 == chord.bass
        steps = QUALITIES[chord.quality]
        may_go = {7, 2} if len(steps) > 5 else {7} if len(steps) > 2 else set()
        assert {(chord.root + step) % 12 for step in steps if step not in may_go} <= classes


@given(st.lists(chords, min_size=1, max_size=5), st.integers(57, 90))
@settings(max_examples=examples(40), deadline=None)
def test_chords_stay_under_the_tune(progression, lowest):
    ceilings = [lowest + place % 3 for place in range(len(progression))]
    for ceiling, pitches in zip(ceilings, blocks(progression, low=36, high=76, ceilings=ceilings), strict=True):
        assert pitches[-1] < ceiling


def test_a_tune_too_low_to_stay_under_gets_the_lowest_chords():
    [free], [pressed] = blocks(song("C")), blocks(song("C"), ceilings=[40])
    assert pressed[-1] == 55 < free[-1]  # C3 E3 G3, the lowest that the range holds


@given(
    st.lists(st.tuples(st.sampled_from([5, 7]), st.sampled_from(["", "m", "7", "m7", "maj7"])), min_size=4, max_size=12)
)
@settings(max_examples=examples(40), deadline=None)
def test_by_fourths_and_fifths_notes_move_less_than_in_root_position(moves):
    roots = [sum(step for step, _ in moves[: place + 1]) % 12 for place in range(len(moves))]
    progression = [Chord(root, quality) for root, (_, quality) in zip(roots, moves, strict=True)]
    stacked = [[48 + chord.root + step for step in QUALITIES[chord.quality]] for chord in progression]
    assert movement(blocks(progression)) < movement(stacked)


@pytest.mark.parametrize(
    ("text", "at_most"),
    [("C F G C Am F Dm G C", 2.2), ("Dm7 G7 Cmaj7 A7 Dm7 G7 Cmaj7", 1.2), ("Am7 D7 Gmaj7 Cmaj7 F#m7b5 B7 Em Em", 1.2)],
)
def test_known_progressions_are_smooth(text, at_most):
    assert movement(blocks(song(text))) <= at_most


def test_common_tones_stay_where_they_are():
    first, second = blocks(song("C Am"))
    assert {60, 64} & set(first) and {pitch for pitch in first if pitch % 12 in (0, 4)} <= set(second)


@given(st.lists(chords, min_size=1, max_size=6))
@settings(max_examples=examples(40), deadline=None)
def test_no_third_sounds_in_the_bass(progression):
    for pitches in blocks(progression, low=33, high=72):
        assert all(upper - lower >= 7 for lower, upper in zip(pitches, pitches[1:]) if lower < 48)


def test_the_same_chord_again_is_played_the_same():
    assert len({tuple(pitches) for pitches in blocks(song("Em7 Em7 Em7"))}) == 1


def test_notes_last_as_long_as_their_chord_and_silence_stays():
    progression = [
        ChordSpan(0, 700, Chord(0)), ChordSpan(700, 900, Chord(0, NONE)), ChordSpan(960, 1000, Chord(7, "7", 11)),
    ]  # fmt: skip
    found = voice_chords(progression, ceilings=[None, 60, None])
    assert {(note.start, note.duration) for note in found} == {(0, 700), (960, 40)}
    assert voice_chords([]) == [] and voice_chords([ChordSpan(0, 9, Chord(0, NONE))]) == []


@pytest.mark.parametrize(
    "wrong", [{"low": 60, "high": 60 + LEAST_RANGE - 1}, {"notes": 2}, {"notes": 6}, {"ceilings": [60]}]
)
def test_what_cannot_be_played_is_refused(wrong):
    with pytest.raises(ValueError, match="cannot voice"):
        voice_chords(spans(song("C G")), **wrong)
