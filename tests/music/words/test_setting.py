"""Words on a melody: a note for each syllable, stresses on strong beats, lines that end where the melody breathes."""

from __future__ import annotations

import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st

from music.arranging.phrases import MelodyNote
from music.bars import bar_grid
from music.words.accents import BEAT, BETWEEN, DOWNBEAT, HALF_BAR, WEAK, strength, stresses
from music.words.lattice import BENT, KEPT
from music.words.pronunciation import line_syllables
from music.words.setting import Setting, cost_of, set_words

Q = 480


def melody(*beats: float, pitch: int = 60, start: float = 0.0) -> list[MelodyNote]:
    """Returns notes that last so many beats, each on another pitch; a negative number is a rest."""
    notes, at = [], start
    for number, length in enumerate(beats):
        if length > 0:
            notes.append(MelodyNote(round(at * Q), round((at + length) * Q), pitch + 2 * number % 11, 80))
        at += abs(length)
    return notes


def bars(notes, signature=(4, 4)):
    score = symusic.Score(Q)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    return bar_grid(score, max(1, notes[-1].end))


def put(notes, *lines: str, signature=(4, 4), **how) -> Setting:
    return set_words(notes, [line_syllables(line) for line in lines], bars(notes, signature), Q, **how)


def sung(setting: Setting) -> list[tuple[float, str]]:
    return [(each.time / Q, each.text) for each in setting.sung]


def starts_of_lines(setting: Setting) -> list[float]:
    return [each.time / Q for each in setting.sung if each.breaks]


def test_a_note_for_each_syllable_where_there_are_as_many():
    notes = melody(1, 1, 1, 1, 1, 1, 2)
    made = put(notes, "Twinkle twinkle little star")
    assert sung(made) == list(zip(range(7), ("Twin", "kle", "twin", "kle", "lit", "tle", "star")))
    assert list(made.notes) == notes and not made.left_out
    assert [each.ends for each in made.sung] == [False, True, False, True, False, True, True]


def test_a_light_syllable_waits_for_the_pickup():
    made = put(melody(1, 1, 1, 1, 1, 1, 1, 1, start=3), "The moon is on the water now")
    assert dict(map(reversed, sung(made)))["moon"] == 4  # the first beat of the second bar


def test_lines_begin_after_the_long_notes_and_rests():
    tune = melody(1, 1, 1, 1, 3, -1, 1, 1, 1, 1, 1, 1, 2)
    assert starts_of_lines(put(tune, "Down by the river", "under the willow tree alone")) == [0, 8]
    assert starts_of_lines(put(tune, "Down by the shore", "under the willow tree I wait")) == [0, 8]


def test_a_syllable_is_held_over_notes_that_are_too_many():
    tune = melody(1, 1, 0.5, 0.5, 1, 4)
    made = put(tune, "Sing me home again")
    held = [each.time for each in made.sung if each.is_held]
    assert len(held) == 1 and len(made.notes) == 6
    assert [each.text for each in made.sung if not each.is_held] == ["Sing", "me", "home", "a", "gain"]


def test_repeated_notes_are_joined_rather_than_held():
    notes = [MelodyNote(n * Q, (n + 1) * Q, pitch, 80) for n, pitch in enumerate((60, 62, 64, 65, 67, 60, 64, 64))]
    made = put(notes, "Mary had a little lamb")
    assert sum(note.end - note.start for note in made.notes) == 8 * Q
    assert len(made.notes) == 7 and not any(each.is_held for each in made.sung)
    assert MelodyNote(6 * Q, 8 * Q, 64, 80) in made.notes


def test_a_long_note_is_split_for_one_syllable_more():
    made = put(melody(1, 1, 2, 1, 1, 2), "Over the river and home", spread=(0, 8 * Q))
    assert len(made.notes) == 7 and not made.left_out
    assert len({(note.start, note.pitch) for note in made.notes}) == 7


def test_nothing_is_split_or_joined_where_that_is_not_wanted():
    tune = melody(1, 1, 2)
    made = put(tune, "one two three", "four five six", rhythm=KEPT)
    assert list(made.notes) == tune and made.left_out == 3
    assert [each.text for each in made.sung] == ["one", "two", "three"]


def test_of_one_line_that_is_too_long_what_fits_is_sung():
    made = put(melody(1, 1), " ".join(["la"] * 50))
    assert made.left_out == 42 and len(made.sung) == 8  # four sixteenths a beat


def test_nothing_to_sing_and_nothing_to_sing_it_to():
    tune = melody(1, 1)
    assert put(tune, "...", "—") == Setting(tuple(tune), (), 0)
    assert set_words([], [line_syllables("la")], [], Q) == Setting((), (), 1)


LINES = st.lists(
    st.lists(
        st.sampled_from(["the", "remember", "moon", "water", "alone", "I", "sea-shore", "away"]), min_size=1, max_size=6
    ),
    min_size=1,
    max_size=4,
)
NOTES = st.lists(
    st.tuples(st.sampled_from([120, 160, 240, 480, 720, 960, 7]), st.integers(0, 4)), min_size=1, max_size=24
)


@given(LINES, NOTES, st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8), (2, 2)]), st.sampled_from([KEPT, BENT]))
def test_no_pitch_sounds_where_another_did_and_no_syllable_is_lost(lines, lengths, signature, rhythm):
    notes, at = [], 0
    for length, rest in lengths:
        notes.append(MelodyNote(at, at + length, 60 + length % 5, 80))
        at += length + (rest == 0) * 240
    texts = [" ".join(line) for line in lines]
    made = put(notes, *texts, signature=signature, rhythm=rhythm)

    def sounding(melody):
        return [(tick, note.pitch) for note in melody for tick in range(note.start, note.end)]

    assert sounding(made.notes) == sounding(notes)
    onsets = {note.start for note in made.notes}
    assert {each.time for each in made.sung} <= onsets
    assert [each.time for each in made.sung] == sorted({each.time for each in made.sung})
    wanted = [syllable.text for text in texts for word in line_syllables(text) for syllable in word]
    said = [each.text for each in made.sung if not each.is_held]
    assert said == wanted[: len(said)] and len(said) + made.left_out == len(wanted)
    assert rhythm == BENT or list(made.notes) == notes


def test_a_melody_with_the_rhythm_of_the_words_costs_less():
    line = stresses(line_syllables("The moon is on the water now"))
    assert line == "01000101"
    fitting, crowded = melody(1, 1, 1, 1, 1, 1, 1, 1, start=3), melody(4, 4, 4)
    assert cost_of(fitting, [line], bars(fitting), Q, 16 * Q) < cost_of(crowded, [line], bars(crowded), Q, 16 * Q)


@pytest.mark.parametrize(
    "signature, places",
    [
        ((4, 4), {0: DOWNBEAT, 1: BEAT, 2: HALF_BAR, 3: BEAT, 0.5: BETWEEN, 0.25: WEAK, 0.66: BETWEEN, 1.03: BEAT, 3.97: DOWNBEAT}),
        ((3, 4), {0: DOWNBEAT, 1: BEAT, 2: BEAT, 1.5: BETWEEN}),
        ((6, 8), {0: DOWNBEAT, 1.5: HALF_BAR, 0.5: BETWEEN, 1: BETWEEN, 0.75: WEAK}),
    ],
)  # fmt: skip
def test_how_strong_a_place_is(signature, places):
    bar = bars(melody(1), signature)[0]
    assert {beat: strength(bar, round(beat * Q), Q) for beat in places} == places
