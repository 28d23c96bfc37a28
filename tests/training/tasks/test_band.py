"""The players' way from bands to a run: parts are read in their home key, and what is learned is foretold better."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from models.hints.layout import FIRST, PROGRAM
from music.tokens.columns import DRUM_PROGRAM, Octuple
from tests.training.data.pair_songs import OTHER_SETS, write_data
from training.__main__ import main
from training.data.band_shards import passage, plain, stretch, tables_of
from training.data.pair_shards import Pairs
from training.likelihood.bands import band_lines
from training.tasks.band import Reading, train
from training.train import read_curve

RECIPE = """
name = "tiny-players"
seed = 1

[model]
layers = 1
width = 32
heads = 2
hidden = 48
head_hidden = 24
rank = 8

[lanes]
batch = 4
segment = 32
memory = 16
window = 96

[kinds]
bass = 0.3
band = 0.7

[weights_of.bass]
bands = 1.0
[weights_of.band]
bands = 0.5
machines = 0.5

[optimizer]
learning_rate = 1e-2
matrix_rate = 0.02
weight_decay = 0.0
warmup_steps = 2
average = 0.9
decay = 0.5
steps = 30
clip = 1.0
"""


@pytest.fixture(scope="module")
def bands(tmp_path_factory) -> Pairs:
    folder = tmp_path_factory.mktemp("bands")
    write_data(folder)
    (folder / "sets.toml").write_text(OTHER_SETS)
    machines = '[machines]\nsource = "made up"\nlicence = "CC0 1.0"\nfolder = "bands"\nsynthetic = true\n'
    (folder / "bands.toml").write_text(f'same = ["bands"]\n{machines}')
    assert (
        main(["bands", "--sets", str(folder / "bands.toml"), "--data", str(folder), "--out", str(folder / "out")]) == 0
    )
    return Pairs.load(folder / "out")


def test_who_plays_is_written_and_the_melody_is_followed(bands):
    numbers = [n for n, piece in enumerate(bands.index["pieces"]) if "bass" in piece["styles"]]
    for number in [n for n in numbers if not bands.index["pieces"][n]["eights"]][:4]:
        found, alone = (stretch(bands, number, kind, 500) for kind in ("band", "bass"))
        assert set(found.rows[:, Octuple.PROGRAM]) == {FIRST, FIRST + 33, DRUM_PROGRAM}
        assert set(alone.rows[:, Octuple.PROGRAM]) == {FIRST + 33} and found.ends
        # Chords are those that are heard, in the home key: C, F, G and A minor, and the tune begins with one of their tones.
        assert {int(chord) // 16 for chord in found.chart.chord if 0 <= chord < 192} <= {0, 5, 7, 9}
        assert (found.chart.melody > 0).mean() > 0.9


def test_a_stretch_of_training_is_made_of_music_and_varies(bands):
    rng, tables = np.random.default_rng(0), tables_of(bands.index)
    made = [stretch(bands, 0, "band", 60, rng) for _ in range(12)]
    read = [passage(one, tables, bands.index, rng) for one in made if one is not None]
    assert len({one.notes.tobytes() for one in read}) > 6
    for one in read:
        assert len(one.notes) <= 61 and one.notes.shape[1] == 10
        assert (one.hints < [hint.size for hint in tables.layout]).all()
        assert (one.notes[1:, PROGRAM] < bands.index["drums"] + 1).all()


def test_it_learns_and_is_judged(bands, tmp_path):
    recipe = tomllib.loads(RECIPE)
    train(recipe, bands, tmp_path, valid_every=10)
    valid = [row["valid"] for row in read_curve(tmp_path / "curve.csv") if "valid" in row]
    assert valid[-1] < 7  # of some twenty nats without hints
    config = json.loads((tmp_path / "config.json").read_text())["model"]
    assert config["rank"] == 8 and len(config["qualities"]) == 16

    class Model:
        band = Reading().build(recipe, bands.index).eval()

    lines = band_lines(Model(), bands, 2)
    assert any(line.startswith("  band bands ") for line in lines) and any("band machines*" in line for line in lines)
    kinds = {(kind, name) for kind, name, _ in plain(bands, "valid", 100, 2)}
    assert ("bass", "bands") in kinds and ("band", "machines") in kinds
