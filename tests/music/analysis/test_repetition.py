"""How bars repeat, in made-up pieces whose figures are known by counting: a letter is a bar, a dot a silent one."""

from __future__ import annotations

import numpy as np

from music.analysis.repetition import (
    NEAR,
    bar_contents,
    count,
    longest_run,
    player_contents,
    share_equal,
)
from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple
from music.tokens.octuple import encode
from tests.training.conftest import score_of


def bars(letters: str) -> list[bytes]:
    return [b"" if letter == "." else letter.encode() for letter in letters]


def test_equal_bars_have_the_same_onsets_programs_and_pitches():
    tune = [(0, 1, 60), (1, 1, 64), (4, 2, 60), (5, 0.5, 64), (8, 1, 60), (9.5, 1, 64), (16, 1, 60), (17, 1, 64)]
    contents = bar_contents(encode(score_of((0, tune))).rows)
    assert len(contents) == 5
    assert contents[0] == contents[1] == contents[4]  # lengths differ
    assert contents[2] != contents[0] and contents[3] == b""
    with_bass = bar_contents(encode(score_of((0, tune), (33, [(4, 1, 36)]))).rows)
    assert with_bass[0] == with_bass[4] != with_bass[1]
    assert bar_contents(encode(score_of((24, tune))).rows)[0] != contents[0]


def test_a_score_begins_with_its_first_note_and_may_be_empty():
    assert len(bar_contents(encode(score_of((0, [(8, 1, 60)]))).rows)) == 1
    assert bar_contents(encode(score_of((0, []))).rows) == []


def test_each_player_has_bars_of_its_own():
    drums = [(4 * bar, 0.1, 36) for bar in range(3)]
    rows = encode(score_of((0, [(4, 1, 60), (8, 1, 61)]), (-1, drums))).rows
    players = player_contents(rows)
    assert set(players) == {FIRST, DRUM_PROGRAM}
    assert len(players[FIRST]) == 2 and len(set(players[FIRST])) == 2
    assert len(players[DRUM_PROGRAM]) == 3 and len(set(players[DRUM_PROGRAM])) == 1
    assert np.isin(rows[:, Octuple.PROGRAM], list(players)).all()


def test_equal_bars_are_counted_by_how_many_came_before():
    found = count(bars("abbbbbbc"))
    # a->b and the first b->b end runs of 1; then runs of 2, 3, and 4 or more: 4, 5 and 6, the last of which breaks off
    assert found.bars == 8
    assert found.equal.tolist() == [[1, 1], [0, 1], [0, 1], [1, 2]]


def test_repeated_bars_are_counted_by_how_many_came_before():
    found = count(bars("abcdabcxab"))
    # b c d a after 0 (a repeats), b after 1, c after 2, x after 3, a after 0, b after 1
    assert found.repeat.tolist() == [[3, 2], [0, 2], [0, 1], [1, 0], [0, 0], [0, 0]]
    assert found.equal.tolist()[0] == [9, 0]
    assert np.array_equal(found.near, found.repeat)


def test_silent_bars_repeat_nothing_and_end_every_run():
    found = count(bars("aa.a.ab"))
    assert found.bars == 5
    assert found.equal.tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]  # a->a, a->b
    assert found.repeat.tolist() == [[0, 3], [1, 0], [0, 0], [0, 0], [0, 0], [0, 0]]


def test_near_reaches_sixteen_bars_back():
    others = [bytes([200 + number]) for number in range(NEAR)]
    assert count([b"a", *others[:-1], b"a"]).near[0].tolist() == [NEAR - 1, 1]
    found = count([b"a", *others, b"a"])
    assert found.near[0].tolist() == [NEAR + 1, 0] and found.repeat[0].tolist() == [NEAR, 1]


def test_counts_add_up():
    one, other = count(bars("aab")), count(bars("abab"))
    both = one + other
    assert both.bars == 7
    assert both.equal[0].tolist() == [3, 1]  # aab: a->a; a->b is after a run of two
    assert both.equal[1].tolist() == [1, 0]
    assert np.array_equal(both.repeat, one.repeat + other.repeat)


def test_the_longest_run_and_the_share_at_a_distance():
    assert [longest_run(bars(letters)) for letters in ("", ".", "abc", "abbba", "aa.aa", "..aaa")] == [0, 0, 1, 3, 2, 3]
    assert share_equal(bars("abab.b"), 2) == (
        3,
        3,
    )  # the silent bar is no bar, the last b equals that before the silence
    assert share_equal(bars("aab"), 1) == (1, 2)
    assert share_equal(bars("a.aa"), 1) == (1, 2)  # nothing lies before the second a
    assert share_equal(bars("ab"), 4) == (0, 0)
