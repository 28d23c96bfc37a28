"""The guard against bars that come again too often: what it lets pass, and from which note on it steps in."""

from __future__ import annotations

import pytest

from music.tokens.conditions import GENRES
from pipelines.decoding.repetition import RepetitionGuard, RepetitionProfile, profile_of

NEVER = RepetitionProfile(equal=(0.0,), near=(0.0,), repeated=0.0)
ALWAYS = RepetitionProfile(equal=(1.0,), near=(1.0,), repeated=1.0)
BAR = [(position, 4, 64) for position in (4, 16, 28, 40)]
OTHER = [(position, 4, 65) for position in (4, 10, 28, 40)]


def play(guard, bars):
    """Plays bars, and returns for each note whether it was to be written freshly."""
    said = []
    for number, bar in enumerate(bars):
        for note in bar:
            said.append(guard.fresh)
            guard.add(number, note)
    return said


def test_a_bar_that_may_not_come_again_is_changed_from_its_middle_on():
    said = play(RepetitionGuard(NEVER, 0.5, 0), [BAR, BAR])
    assert said == [False] * 4 + [False, False, True, True]


def test_what_differs_already_is_left_alone():
    changed = [*BAR[:1], (17, 4, 64), *BAR[2:]]
    assert not any(play(RepetitionGuard(NEVER, 0.5, 0), [BAR, changed]))


def test_bars_further_back_count_too():
    said = play(RepetitionGuard(NEVER, 0.5, 0), [BAR, OTHER, BAR])
    assert said[8:] == [False, False, True, True]


def test_a_bar_may_come_again_where_real_music_does_so():
    assert not any(play(RepetitionGuard(ALWAYS, 0.5, 0), [BAR] * 8))


def test_always_new_repeats_nothing_whatever_real_music_does():
    said = play(RepetitionGuard(ALWAYS, 1.0, 0), [BAR, BAR, OTHER, BAR])
    assert said[4:8] == said[12:] == [False, False, True, True]


@pytest.mark.parametrize("genre", [None, *GENRES])
def test_the_more_it_sticks_to_its_ideas_the_fewer_notes_are_fresh(genre):
    bars = [BAR, OTHER] * 64
    fresh = [sum(play(RepetitionGuard(profile_of(genre), novelty, 1), bars)) for novelty in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert fresh == sorted(fresh)
    assert fresh[0] == 0
    assert fresh[-1] > 0.45 * 4 * len(bars)


def test_one_bar_over_and_over_is_stopped_even_by_who_sticks_to_ideas():
    assert any(play(RepetitionGuard(profile_of(None), 0.0, 1), [BAR] * 8))


def test_what_was_there_before_counts():
    guard = RepetitionGuard(NEVER, 0.5, 0)
    guard.read([-1] * 4, BAR)
    assert play(guard, [BAR]) == [False, False, True, True]


def test_the_same_seed_gives_the_same_chances():
    bars = [BAR, OTHER] * 32
    one, again, other = (play(RepetitionGuard(profile_of("pop"), 0.5, seed), bars) for seed in (1, 1, 2))
    assert one == again
    assert one != other
