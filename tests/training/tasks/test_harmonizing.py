"""The second harmonizer's way from pairs to a checkpoint: chords and notes are learned side by side, and judged apart."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
import torch

from checkpoints import loading
from tests.training.data.pair_songs import RECIPE
from training.__main__ import main
from training.data.chord_examples import chord_example
from training.likelihood.report import evaluate
from training.tasks.harmonizing import plain_melodies
from training.train import read_curve, task_of

TINY = (
    RECIPE.replace("seq2seq", "harmonizer")
    .replace("tiny-harmonize", "tiny-harmonizer")
    .replace("[model]\n", "[model]\nchord_layers = 1\nchord_width = 32\nchord_heads = 2\nchord_hidden = 48\nchord_rank = 16\n")
    .replace("[[stages]]\n", "[[stages]]\nchord_share = 0.5\nmelodies = 4\nchord_bars = 8\n")
)  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(pairs_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("harmonizer")
    (folder / "tiny.toml").write_text(TINY)
    run = folder / "run"
    assert main(["train", str(folder / "tiny.toml"), "--shards", str(pairs_folder), "--run", str(run)]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPMUSIC_CACHE", str(folder / "cache"))
        assert main(["export", str(run)]) == 0
        assert loading.load("tiny-harmonizer", "harmonize").entry.architecture == "harmonizer"
        yield run


def test_chords_and_notes_are_learned_and_judged_apart(checkpoint, pairs):
    run = checkpoint
    recipe = tomllib.loads(TINY)
    task = task_of(recipe, pairs, torch.device("cpu"))
    with torch.no_grad():
        fresh = task.validate(task.build().eval(), recipe["stages"][-1])
    assert list(read_curve(run / "curve.csv"))[-1]["valid"] < fresh - 2  # nats
    report = evaluate("tiny-harmonizer", pairs, 2)
    assert "chorale" in report and "band" in report and "Nats a beat of the chords" in report
    line = next(line for line in report.splitlines() if line.startswith("chords    leadsheets_cmd"))
    unigram, _, model = map(float, line.split()[2:5])
    assert model < unigram


def test_examples_are_the_same_each_time_and_of_one_split(pairs):
    found = plain_melodies(pairs, "valid", 8, 2)
    assert set(found) == {("chords", "leadsheets_cmd"), ("chorale", "chorales")}
    again = plain_melodies(pairs, "valid", 8, 2)
    for key, group in found.items():
        assert [one.chords.tolist() for one in group] == [one.chords.tolist() for one in again[key]]


def test_a_key_that_is_heard_wrongly_moves_melody_and_chords_alike(pairs):
    number = next(n for n, piece in enumerate(pairs.index["pieces"]) if "chords" in piece["styles"])
    plain = chord_example(pairs, number, "chords", np.random.default_rng(0), 8, varied=False)
    assert plain is not None
    moves = set()
    for seed in range(60):
        one = chord_example(pairs, number, "chords", np.random.default_rng(seed), 8)
        if one is None or len(one.chords) > len(plain.chords):
            continue
        for shift in range(12):
            beats = len(one.chords)
            known = (one.chords < 192) & (plain.chords[:beats] < 192)
            moved = (plain.chords[:beats] // 16 + shift) % 12
            beat_tones = (
                one.features[:, 12 * 7 : 12 * 8],
                np.roll(plain.features[:beats, 12 * 7 : 12 * 8], shift, axis=1),
            )
            if (moved == one.chords // 16)[known].all() and np.array_equal(*beat_tones):
                moves.add(shift)
    assert 0 in moves and moves & {5, 7, 3, 9, 2, 10}
