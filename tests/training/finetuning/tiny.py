"""A base that trains in seconds, and folders of small songs to teach it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import symusic

from music.files.midi import midi_bytes
from music.piece import Piece
from tests.training.conftest import RECIPE, score_of
from training.__main__ import main
from training.export import export


def walk(seed: int, program: int = 0, notes: int = 200) -> symusic.Score:
    """Returns a melody that nobody else has."""
    rng = np.random.default_rng(seed)
    pitch = 60 + np.cumsum(rng.integers(-4, 5, notes)) % 24
    time = np.cumsum(rng.choice([0.5, 1, 1.5], notes))
    return score_of((program, list(zip(time.tolist(), [0.5] * notes, pitch.tolist()))))


def put_songs(folder: Path, numbers: range = range(6)) -> Path:
    """Returns a folder with these songs, written: melodies of a piano, each unlike the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"song{number}.mid").write_bytes(midi_bytes(Piece(walk(number))))
    return folder


def put_accompanied(folder: Path) -> Path:
    """Returns a folder with four songs, written: a flute's melodies over chords of a piano."""
    folder.mkdir()
    for seed in range(4):
        both = walk(seed, program=73)
        chords = [(4 * bar, 4, 48 + tone) for bar in range(40) for tone in (0, 4, 7)]
        both.tracks.extend(score_of((0, chords)).tracks)
        (folder / f"{seed}.mid").write_bytes(midi_bytes(Piece(both)))
    return folder


def zipped(folder: Path, path: Path) -> Path:
    """Returns a zip of the files in a folder, written."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"songs/{file.name}")
    return path


def put_tiny_base(cache: Path, work: Path) -> str:
    """Returns the name of a small generator that was trained for a few steps and stands in a cache folder."""
    songs = put_songs(work / "songs", range(20, 28))
    recipe = work / "tiny.toml"
    recipe.write_text(RECIPE)
    shards, run = work / "shards", work / "run"
    assert main(["prepare", str(songs), "--out", str(shards)]) == 0
    assert main(["train", str(recipe), "--shards", str(shards), "--run", str(run), "--steps", "8"]) == 0
    export(run, cache / "registry.toml", cache, cache)
    return "tiny"
