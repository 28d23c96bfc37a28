"""Examples of pairs: what is given, what is written to it, and when."""

from __future__ import annotations

import numpy as np
import pytest

from music.chords import parse_chord
from music.tokens.accompaniment import CHORD, LEAD, VOICES
from music.tokens.columns import BOS, DRUM_PROGRAM, EOS, FIRST, MASK, PAD, Octuple, StepField
from tests.training.data.pair_examples import (
    LIMITS,
    STYLES,
    WHOLE,
    changed,
    numbers_of,
    plain,
    players,
    varied,
    written,
)
from tests.training.data.pair_songs import BARS, chorale, lead_sheet, write_data, write_lines
from training.__main__ import main
from training.data import pair_shards as pair_data
from training.data.pair_shards import KNOWN, Pairs, example


@pytest.mark.parametrize(
    ("style", "who"),
    [
        ("chords", {CHORD}), ("chorale", set(VOICES)),
        ("band", {FIRST, FIRST + 33, DRUM_PROGRAM}), ("bass", {FIRST + 33}),
    ],
)  # fmt: skip
def test_a_style_says_who_writes_to_the_melody(pairs, style, who):
    for number in numbers_of(pairs, style):
        one = plain(pairs, number, style)
        assert players(one.given) == {LEAD, CHORD}
        assert players(written(one)) == who


def test_every_note_of_the_piece_is_given_or_written(pairs):
    number = numbers_of(pairs, "band")[0]
    rows = pairs.rows[slice(*pairs.index["pieces"][number]["rows"])]
    one = plain(pairs, number, "band")
    assert (one.given[:, StepField.PROGRAM] == LEAD).sum() + len(written(one)) == len(rows)
    assert (one.given[:, StepField.PROGRAM] == LEAD).sum() == (rows[:, pair_data.PART] == 1).sum()


def test_a_piano_plays_what_all_others_do(pairs):
    number = numbers_of(pairs, "band")[0]
    piece = pairs.index["pieces"][number] | {"styles": ["piano"]}
    rows = np.array(pairs.rows[slice(*piece["rows"])], dtype=np.int64)
    rows = rows[rows[:, Octuple.PROGRAM] != DRUM_PROGRAM]
    given, notes = pair_data.split(rows, piece, "piano", pairs.index, None)
    assert set(given[:, Octuple.PROGRAM]) == {LEAD} and set(notes[:, Octuple.PROGRAM]) == {FIRST}
    assert len(given) + len(notes) == len(rows)


def test_another_part_may_lead(pairs):
    """In bands and basses of varied examples; then the melody is written too, and a bass never leads basses."""
    leads = {style: [players(written(one)) for one in varied(pairs, style, 60)] for style in ("band", "bass")}
    with_melody = sum(FIRST + 73 in who for who in leads["band"])
    assert 0 < with_melody < 30
    assert all(who == {FIRST + 33} for who in leads["bass"])
    given = [one.given[one.given[:, StepField.PROGRAM] == LEAD] for one in varied(pairs, "bass", 60)]
    low = [rows[:, StepField.PITCH].min() < FIRST + 66 for rows in given]
    assert any(low) and not all(low), "the piano leads now and then"


def test_voices_keep_their_order(pairs):
    for number in numbers_of(pairs, "chorale"):
        notes = written(plain(pairs, number, "chorale"))
        heights = [notes[notes[:, StepField.PROGRAM] == voice, StepField.PITCH].mean() for voice in VOICES]
        assert heights == sorted(heights, reverse=True)


def test_two_players_of_one_note_are_one(pairs):
    number = numbers_of(pairs, "band")[0]
    piece = pairs.index["pieces"][number]
    rows = np.array(pairs.rows[slice(*piece["rows"])], dtype=np.int64)
    doubled = np.concatenate([rows, rows[rows[:, pair_data.PART] == 0]])
    for each in (rows, doubled):
        _, notes = pair_data.split(each, piece, "band", pairs.index, None)
        assert len(notes) == (rows[:, pair_data.PART] != 1).sum()


# What is known


def known(one) -> np.ndarray:
    """Returns whether the chord of each beat that is given is known."""
    beats = one.given[one.given[:, StepField.PROGRAM] == CHORD]
    assert ((beats[:, StepField.PITCH] == MASK) == (beats[:, StepField.VELOCITY] == MASK)).all()
    return beats[:, StepField.PITCH] != MASK


@pytest.mark.parametrize(("style", "given"), [("chords", False), ("chorale", False), ("band", True), ("bass", True)])
def test_plain_examples_give_chords_to_those_who_play_under_them(pairs, style, given):
    for number in numbers_of(pairs, style):
        assert (known(plain(pairs, number, style)) == given).all()


@pytest.mark.parametrize("style", list(STYLES))
def test_chords_are_hidden_as_often_as_asked(pairs, style, monkeypatch):
    for shares, some, every in (((1.0, 0.0), True, True), ((0.0, 0.0), False, False)):
        monkeypatch.setitem(KNOWN, style, shares)
        found = [known(one) for one in varied(pairs, style, 12)]
        assert found and all(one.any() == some and one.all() == every for one in found)
    monkeypatch.setitem(KNOWN, style, (0.0, 1.0))
    found = [known(one) for one in varied(pairs, style, 12)]
    assert found and all(one.any() and not one.all() for one in found)
    monkeypatch.setitem(KNOWN, style, (0.3, 0.3))
    kinds = {(bool(one.any()), bool(one.all())) for one in map(known, varied(pairs, style, 60))}
    assert kinds == {(True, True), (True, False), (False, False)}


def test_bars_are_hidden_whole_from_one_that_is_written_on(pairs, monkeypatch):
    monkeypatch.setitem(KNOWN, "chords", (0.0, 1.0))
    for one in varied(pairs, "chords", 20):
        beats = one.given[:, StepField.PROGRAM] == CHORD
        hidden = one.given_times[beats][~known(one)]
        assert 0 <= hidden.min() <= one.times[-1]
        assert len(hidden) % 4 == 0 and (np.diff(hidden) == 12).all() and hidden[0] % 48 == 0


def other_chords(beats: np.ndarray) -> None:
    beats[:, Octuple.PITCH] = FIRST + 5 + 16 * (np.arange(len(beats)) % 12)
    beats[:, Octuple.VELOCITY] = FIRST + np.arange(len(beats)) % 7


def same_input(one, other) -> bool:
    return np.array_equal(one.given, other.given) and np.array_equal(one.given_times, other.given_times)


def test_chords_that_are_to_be_found_are_not_given(pairs):
    number = numbers_of(pairs, "chords")[0]
    one = plain(pairs, number, "chords")
    other = plain(changed(pairs, "beats", number, other_chords), number, "chords")
    assert not np.array_equal(one.notes, other.notes)
    assert same_input(one, other)
    first, stop = pairs.index["complexity_block"]
    assert set(one.prefix) ^ set(other.prefix) <= set(range(first, stop)), "nothing but what can be asked for"


def test_chords_of_hidden_bars_are_not_given(pairs, monkeypatch):
    monkeypatch.setitem(KNOWN, "chords", (0.0, 1.0))
    number = numbers_of(pairs, "chords")[0]
    for seed in range(10):
        one, other = (
            example(each, number, "chords", np.random.default_rng(seed), LIMITS)
            for each in (pairs, changed(pairs, "beats", number, other_chords))
        )
        if one is None:
            continue
        beats = one.given[:, StepField.PROGRAM] == CHORD
        hidden = np.flatnonzero(beats)[~known(one)]
        assert np.array_equal(one.given[hidden], other.given[hidden])
        assert not np.array_equal(one.given, other.given), "the chords of other bars are"


@pytest.mark.parametrize("style", ["chorale", "band", "bass"])
def test_the_notes_that_are_to_be_found_are_not_given(pairs, style):
    def lower(rows: np.ndarray) -> None:
        others = (rows[:, pair_data.PART] != pairs.index["pieces"][number]["lead"]) & (rows[:, Octuple.PROGRAM] < 132)
        rows[others, Octuple.PITCH] -= 2
        rows[others, Octuple.VELOCITY] += 3
        rows[others, Octuple.DURATION] += 1

    number = numbers_of(pairs, style)[0]
    one, other = plain(pairs, number, style), plain(changed(pairs, "rows", number, lower), number, style)
    assert not np.array_equal(one.notes, other.notes)
    assert same_input(one, other)
    assert np.array_equal(one.prefix, other.prefix)


# Key


@pytest.fixture(scope="module")
def in_all_keys(tmp_path_factory) -> Pairs:
    """One lead sheet and one chorale in every major key, no further from C than a tritone."""
    folder = tmp_path_factory.mktemp("keys")
    write_data(folder, 0)
    sheets = [lead_sheet(0, shift, id=f"sheet{shift}") for shift in range(-5, 7)]
    write_lines(folder / "leadsheets" / "cmd.jsonl", sheets)
    write_lines(folder / "chorales" / "music21_chorales.jsonl", [chorale(0, shift) for shift in range(-5, 7)])
    sets = folder / "pairs.toml"
    sets.write_text('[leadsheets_cmd]\nsource = ""\n[chorales]\nsource = ""\n')
    assert main(["pairs", "--sets", str(sets), "--data", str(folder), "--out", str(folder / "out")]) == 0
    return Pairs.load(folder / "out")


@pytest.mark.parametrize("style", ["chords", "chorale"])
def test_every_key_is_brought_home(in_all_keys, style):
    numbers = numbers_of(in_all_keys, style)
    assert len(numbers) == 12
    in_c, *others = (plain(in_all_keys, number, style) for number in numbers[5:] + numbers[:5])
    for other in others:
        assert same_input(in_c, other)
        assert np.array_equal(in_c.notes, other.notes) and np.array_equal(in_c.prefix, other.prefix)
    lead = in_c.given[in_c.given[:, StepField.PROGRAM] == LEAD, StepField.PITCH] - FIRST
    assert set((lead % 12).tolist()) <= {0, 2, 4, 5, 7, 9, 11}
    if style == "chords":
        wanted = [parse_chord(symbol).number for symbol in ("C", "F", "G7", "Am")]
        numbers = (written(in_c)[:, StepField.PITCH] - FIRST).tolist()
        assert numbers[: 4 * BARS] == [number for number in wanted for _ in range(4)] * 3


@pytest.mark.parametrize("style", ["chords", "chorale"])
def test_chords_that_are_given_are_brought_home_too(in_all_keys, style, monkeypatch):
    monkeypatch.setattr(pair_data, "forget_chords", lambda *_: None)
    in_c, *others = (plain(in_all_keys, number, style) for number in numbers_of(in_all_keys, style))
    assert known(in_c).all()
    assert all(same_input(in_c, other) for other in others)


# Time


def onsets_of(steps: np.ndarray, lengths: list[int], first_bar: int = 0) -> list[int]:
    """Returns the onsets from the bar that rows count their steps from, for bars of these lengths."""
    starts = np.concatenate([[0], np.cumsum(lengths)])
    bars = first_bar + np.cumsum(steps[:, StepField.STEP] - FIRST)
    return (starts[bars] - starts[first_bar] + steps[:, StepField.POSITION] - FIRST).tolist()


@pytest.mark.parametrize("style", list(STYLES))
def test_times_are_those_of_bars_and_positions(pairs, style):
    for place, number in enumerate(numbers_of(pairs, style)):
        for seed in range(4):
            one = plain(pairs, number, style, LIMITS, seed)
            bar = 12 * (3 + place % 2) if style in ("band", "bass") else 48
            notes = written(one)
            assert one.times[0] == 0, "where the stretch begins"
            assert one.times[1 : len(notes) + 1].tolist() == onsets_of(notes, [bar] * BARS * 2)
            assert len(one.times) == len(one.notes) and len(one.given_times) == len(one.given)
            assert one.times[-1] == one.times[len(notes)]
            before = -one.given_times[0] // bar if one.given_times[0] < 0 else 0
            given = np.array(onsets_of(one.given, [bar] * BARS * 2)) - bar * before
            assert one.given_times.tolist() == given.tolist()


def test_bars_may_change_their_length(tmp_path):
    write_lines(
        tmp_path / "leadsheets" / "cmd.jsonl",
        [lead_sheet(0, time_sigs=[[0, 4, 4], [8, 3, 4], [14, 6, 8], [20, 4, 4]])],
    )
    (tmp_path / "pairs.toml").write_text('[leadsheets_cmd]\nsource = ""\n')
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main(["pairs", "--sets", str(tmp_path / "pairs.toml"), *arguments]) == 0
    lengths = [48, 48, 36, 36, 36, 36, *[48] * 30]
    one = plain(Pairs.load(tmp_path / "out"), 0, "chords")
    assert one.times[1:-1].tolist() == onsets_of(written(one), lengths)
    assert one.given_times.tolist() == onsets_of(one.given, lengths)
    melody = one.given[:, StepField.PROGRAM] == LEAD
    assert one.given_times[melody].tolist() == [12 * note[0] for note in lead_sheet(0)["melody"]]


@pytest.mark.parametrize("style", list(STYLES))
def test_the_end_is_written_where_the_piece_ends(pairs, style):
    ended = 0
    for one in varied(pairs, style, 40, {"bars": 7, "window": 300, "given": 300}):
        marks = np.flatnonzero(one.notes[:, StepField.STEP] == EOS)
        assert marks.tolist() in ([], [len(one.notes) - 1])
        assert (one.notes[0] == BOS).all()
        assert (written(one) >= FIRST).all()
        if len(marks):
            assert (one.notes[-1, 1:] == PAD).all()
        ended += len(marks)
    assert 0 < ended < 40
    for number in numbers_of(pairs, style):
        assert plain(pairs, number, style).notes[-1, StepField.STEP] == EOS
        assert plain(pairs, number, style, WHOLE | {"bars": BARS - 2}).notes[-1, StepField.STEP] != EOS


@pytest.mark.parametrize("style", list(STYLES))
def test_stretches_keep_to_their_limits(pairs, style):
    limits = {"bars": 3, "window": 20, "given": 30}
    for one in varied(pairs, style, 40, limits):
        assert 4 <= len(written(one)) <= 20
        assert len(one.given) <= 30
        assert one.times.max() < 3 * 48


def test_a_stretch_that_is_too_full_ends_with_a_bar(pairs):
    number = numbers_of(pairs, "chords")[0]
    one = plain(pairs, number, "chords", WHOLE | {"window": 11})
    assert len(one.notes) == 1 + 8


def test_a_stretch_sees_what_is_near(pairs):
    """Two bars before those that are written, and four after them."""
    number = numbers_of(pairs, "chords")[0]
    found = set()
    for seed in range(30):
        one = plain(pairs, number, "chords", WHOLE | {"bars": 2}, seed)
        assert one.given_times.min() >= -96 and one.given_times.max() < 6 * 48
        found.add((one.given_times.min() == -96, one.given_times.max() >= 5 * 48))
    assert (True, True) in found


def test_nothing_comes_of_a_stretch_with_nothing_to_write(pairs):
    number = numbers_of(pairs, "bass")[0]

    def without_bass(rows: np.ndarray) -> None:
        rows[rows[:, pair_data.PART] == 2, pair_data.PART] = 0

    assert plain(changed(pairs, "rows", number, without_bass), number, "bass") is None
