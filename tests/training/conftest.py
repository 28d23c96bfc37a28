"""A folder of small songs, prepared once, and a recipe that trains in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import symusic

from music.files.midi import midi_bytes
from music.piece import Piece
from tests.training.data.pair_songs import OTHER_SETS, SETS, write_data
from training.__main__ import main
from training.data.pair_shards import Pairs
from training.data.shards import Shards

RECIPE = """
name = "tiny"
task = "generate"
architecture = "transformer_xl"
seed = 1

[model]
layers = 1
width = 32
heads = 2
hidden = 48
head_hidden = 24
dropout = 0.0

[[stages]]
until = 0.6
batch = 2
segment = 16
memory = 16
window = 64

[[stages]]
until = 1.0
batch = 2
segment = 24
memory = 24
window = 128

[weights]
songs = 1.0

[optimizer]
learning_rate = 1e-2
embedding_speed = 3.0
weight_decay = 0.0
warmup_steps = 5
steps = 120
clip = 1.0
"""

FILLING_RECIPE = """
name = "tiny-remix"
task = "remix"
architecture = "musicbert"
seed = 1

[model]
layers = 1
width = 32
heads = 2
hidden = 64
max_notes = 96
dropout = 0.0

[dialect]
bars = 128

[[stages]]
until = 0.5
window = 40
notes = 160

[[stages]]
until = 1.0
window = 94
notes = 160

[weights]
songs = 1.0

[optimizer]
learning_rate = 5e-3
embedding_speed = 2.0
weight_decay = 0.0
warmup_steps = 5
steps = 120
clip = 1.0
"""

SCALE = (0, 4, 7, 12, 7, 5, 2, 0)


def song(number: int) -> Piece:
    """Returns a little song in a major key of its own: a tune, a bass, and drums in every other one."""
    rng = np.random.default_rng(number)
    score, tonic = symusic.Score(480), number % 12
    score.time_signatures.append(symusic.TimeSignature(0, 3 + number % 2, 4))
    score.tempos.append(symusic.Tempo(0, 80.0 + 5 * number))
    quarters = 4 * (3 + number % 2) * (1 + number % 3)
    tune, bass, kit = symusic.Track("", 73, False), symusic.Track("", 33, False), symusic.Track("", 0, True)
    for i in range(quarters):
        tune.notes.append(symusic.Note(480 * i, 480, 60 + tonic + SCALE[i % 8], int(rng.integers(60, 100))))
        tune.notes.append(symusic.Note(480 * i + 240, 240, 60 + tonic + SCALE[(i + 2) % 8], 70))
        bass.notes.append(symusic.Note(480 * i, 480, 36 + tonic + (0, 7)[i % 2], 90))
        kit.notes.append(symusic.Note(480 * i, 120, 36, 100))
    score.tracks.extend([tune, bass, kit] if number % 2 else [tune, bass])
    return Piece(score)


def score_of(*tracks, time=(4, 4), qpm=120.0) -> symusic.Score:
    """Returns a score from (program, [(onset, length, pitch) in quarters]) a track; program -1 is drums."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *time))
    score.tempos.append(symusic.Tempo(0, qpm))
    for program, events in tracks:
        track = symusic.Track("", max(program, 0), program < 0)
        for onset, length, pitch in events:
            track.notes.append(symusic.Note(round(onset * 480), round(length * 480), pitch, 80))
        score.tracks.append(track)
    return score


@pytest.fixture(scope="session")
def songs(tmp_path_factory) -> Path:
    """A folder as people have them: songs in folders, one file that is broken, one too short, one that is no music."""
    folder = tmp_path_factory.mktemp("training") / "songs"
    (folder / "more").mkdir(parents=True)
    for number in range(16):
        (folder / ("more" if number % 2 else "") / f"song{number}.mid").write_bytes(midi_bytes(song(number)))
    (folder / "broken.mid").write_bytes(b"MThd rest is lost")
    short = song(1)
    short.score.tracks[0].notes = short.score.tracks[0].notes[:3]
    (folder / "short.MIDI").write_bytes(midi_bytes(short.replace(score=_only_first_track(short.score))))
    (folder / "readme.txt").write_text("no music")
    return folder


def _only_first_track(score: symusic.Score) -> symusic.Score:
    score.tracks = score.tracks[:1]
    return score


@pytest.fixture(scope="session")
def shards_folder(songs) -> Path:
    """The songs as shards."""
    out = songs.parent / "shards"
    assert main(["prepare", str(songs), "--genre", "jazz", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def shards(shards_folder) -> Shards:
    return Shards.load(shards_folder)


@pytest.fixture(scope="session")
def recipe(songs) -> Path:
    path = songs.parent / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def filling_recipe(songs) -> Path:
    path = songs.parent / "tiny-remix.toml"
    path.write_text(FILLING_RECIPE)
    return path


@pytest.fixture(scope="session")
def filling_run(filling_recipe, shards_folder) -> Path:
    """A run that learned to find hidden fields, from its beginning to its end."""
    run = filling_recipe.parent / "tiny-remix"
    assert main(["train", str(filling_recipe), "--shards", str(shards_folder), "--run", str(run)]) == 0
    return run


@pytest.fixture(scope="session")
def pairs_data(tmp_path_factory) -> Path:
    """A data folder of lead sheets, chorales and bands (tests/training/data/pair_songs.py)."""
    folder = tmp_path_factory.mktemp("pairs") / "data"
    write_data(folder)
    return folder


@pytest.fixture(scope="session")
def pairs_folder(pairs_data) -> Path:
    """The same as pairs."""
    sets, out = pairs_data.parent / "pairs.toml", pairs_data.parent / "pairs"
    sets.write_text(SETS)
    (sets.parent / "sets.toml").write_text(OTHER_SETS)
    assert main(["pairs", "--sets", str(sets), "--data", str(pairs_data), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def pairs(pairs_folder) -> Pairs:
    return Pairs.load(pairs_folder)
