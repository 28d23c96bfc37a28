"""Examples of pairs: what is wished, and how they are dealt in batches."""

from __future__ import annotations

import tomllib
from itertools import islice

import numpy as np
import pytest

from music.chords import parse_chord
from music.tokens.accompaniment import CHORD
from music.tokens.columns import FIRST, MASK, PAD, STEP_COLUMNS, STEP_FIELDS, StepField
from tests.training.data.pair_examples import (
    WHOLE,
    numbers_of,
    plain,
    varied,
    written,
)
from tests.training.data.pair_songs import BARS, RECIPE
from training.data import pair_shards as pair_data
from training.data.pair_shards import PairBatches, Pairs, collate, example

# What is wished


def block_of(one, pairs: Pairs, name: str) -> list[int]:
    first, stop = pairs.index["prefix_blocks"][name]
    return sorted((one.prefix[(one.prefix >= first) & (one.prefix < stop)] - first).tolist())


def test_wishes_say_what_the_music_is(pairs):
    number = numbers_of(pairs, "band")[1]
    one = plain(pairs, number, "band")
    notes = written(one)
    assert pairs.index["styles"]["band"] in one.prefix
    assert block_of(one, pairs, "program") == [0, 33, 128]
    assert block_of(one, pairs, "tempo") == sorted({int(notes[0, StepField.TEMPO]) - FIRST})
    assert block_of(one, pairs, "signature") == sorted({int(notes[0, StepField.SIGNATURE]) - FIRST})
    assert block_of(one, pairs, "key") in ([0], [21])
    assert block_of(one, pairs, "genre") == []
    quarters = BARS * 4
    limits = pairs.index["density_limits"]
    assert block_of(one, pairs, "density") == [int(np.searchsorted(limits, len(notes) / quarters / 3))]
    sheet = plain(pairs, numbers_of(pairs, "chords")[0], "chords")
    assert block_of(sheet, pairs, "genre") == [2] and block_of(sheet, pairs, "program") == []
    assert len(sheet.prefix) == len(one.prefix) == pairs.index["prefix_length"]


@pytest.mark.parametrize(
    ("symbols", "level"),
    [("C F G Am", 0), ("C Fmaj7 G7 Am", 1), ("C A7 D7 G7", 2), ("Cmaj7 Am7 Dm7 G7", 2), ("C F N.C. G", 0)],
)
def test_chords_are_as_complex_as_they_are(pairs, symbols, level):
    numbers = np.array([parse_chord(symbol).number for symbol in symbols.split()] * 4)
    assert pair_data.complexity(numbers, 0, pairs.index) == level


def test_examples_vary_in_tempo_loudness_and_wishes(pairs):
    number = numbers_of(pairs, "band")[0]
    still = plain(pairs, number, "band")
    tempos, louder, wished = set(), set(), set()
    for seed in range(60):
        one = example(pairs, number, "band", np.random.default_rng(seed), WHOLE)
        assert pairs.index["styles"]["band"] in one.prefix, "the style is never forgotten"
        tempo = set(one.given[:, StepField.TEMPO]) | set(written(one)[:, StepField.TEMPO])
        assert len(tempo) == 1, "one tempo for all"
        wish = block_of(one, pairs, "tempo")
        assert wish in ([], [tempo.pop() - FIRST])
        tempos.add(int(one.given[0, StepField.TEMPO] - still.given[0, StepField.TEMPO]))
        louder.add(int(written(one)[0, StepField.VELOCITY] - written(still)[0, StepField.VELOCITY]))
        wished.add(len(one.prefix[one.prefix != PAD]))
        beats = one.given[one.given[:, StepField.PROGRAM] == CHORD]
        assert ((beats[:, StepField.VELOCITY] == MASK) | (beats[:, StepField.VELOCITY] < FIRST + 12)).all(), (
            "a bass note is no loudness"
        )
    assert tempos == set(range(-3, 4))
    assert {-3, 0, 3} <= louder
    assert min(wished) < max(wished)


# Batches


def test_a_batch_is_padded(pairs):
    examples = varied(pairs, "band", 6)
    given, given_times, notes, times, target, prefix = (tensor.numpy() for tensor in collate(examples))
    count = len(examples)
    assert given.shape[1] % 32 == notes.shape[1] % 32 == 0
    assert given.shape == (count, given.shape[1], len(STEP_FIELDS)) and given_times.shape == given.shape[:2]
    assert notes.shape == target.shape and times.shape == notes.shape[:2]
    assert np.array_equal(notes[:, 1:], target[:, :-1]), "each note is the target of the one before"
    for row, one in enumerate(examples):
        size, read = len(one.given), len(one.notes) - 1
        assert np.array_equal(given[row, :size], one.given) and not given[row, size:].any()
        assert np.array_equal(given_times[row, :size], one.given_times)
        assert np.array_equal(notes[row, :read], one.notes[:-1]) and np.array_equal(target[row, :read], one.notes[1:])
        assert not target[row, read:].any()
        assert np.array_equal(times[row, :read], one.times[:-1]) and (times[row, read:] == one.times[-1]).all()
        assert np.array_equal(prefix[row], one.prefix)


@pytest.fixture(scope="module")
def recipe() -> dict:
    return tomllib.loads(RECIPE)


def some_batches(pairs, recipe, seed=1, count=40):
    return list(islice(PairBatches(pairs, recipe, recipe["stages"][0], seed), count))


def test_batches_are_of_one_style_and_size(pairs, recipe):
    styles = pairs.index["styles"]
    found = []
    for batch in some_batches(pairs, recipe, count=60):
        (style,) = {next(name for name, wish in styles.items() if wish in one.prefix) for one in batch}
        assert len(batch) == 2  # 128 notes, in examples of up to 64
        found.append(style)
    assert set(found) == set(recipe["styles"])
    assert found.count("chords") > found.count("chorale")


def test_batches_are_the_same_for_a_seed(pairs, recipe):
    def notes(seed):
        return [one.notes.tolist() for batch in some_batches(pairs, recipe, seed, 8) for one in batch]

    assert notes(3) == notes(3) != notes(4)


def test_only_training_pieces_of_sets_with_a_weight_are_read(pairs, recipe, monkeypatch):
    read, example_of = set(), pair_data.example
    monkeypatch.setattr(pair_data, "example", lambda p, number, *rest: read.add(number) or example_of(p, number, *rest))
    some_batches(pairs, recipe)
    pieces = [pairs.index["pieces"][number] for number in read]
    assert {piece["split"] for piece in pieces} == {"train"}
    names = list(pairs.index["sets"])
    assert {names[piece["set"]] for piece in pieces} == {"leadsheets_cmd", "chorales", "bands"}  # not the machines
    read.clear()
    some_batches(pairs, recipe | {"weights": {"elsewhere": 1.0}})
    assert {names[pairs.index["pieces"][number]["set"]] for number in read} == set(names), "all, where none is named"


def test_columns_are_those_of_the_steps(pairs):
    assert tuple(pairs.index["step_columns"]) == STEP_COLUMNS
    assert [
        STEP_FIELDS[column] for column in (StepField.TEMPO, StepField.PROGRAM, StepField.PITCH, StepField.VELOCITY)
    ] == [
        "tempo",
        "program",
        "pitch",
        "velocity",
    ]
