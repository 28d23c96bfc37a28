"""From a data set and a sound bank to a checkpoint of the audio network, its figures and what it writes."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import symusic
import torch

from checkpoints.loading import load
from music.audio import features
from music.audio.encoding import Audio, encode
from music.audio.render import render
from music.audio.soundfonts import bundled_soundfont
from music.files.midi import midi_bytes
from music.piece import Piece
from music.tokens.patches import KEYS, Cell
from training.__main__ import main
from training.data.clip_batches import FUTURE, PAST, ClipBatches, Clips
from training.data.clips import BEFORE, CLIP_SECONDS, Player, colored
from training.data.clips import Piece as Sounding
from training.likelihood.hidden_patches import report
from training.train import train

SETS = """
[pop909]
source = "made for a test"
licence = "CC0"
"""

RECIPE = {
    "name": "tiny-audio",
    "task": "audio",
    "architecture": "bigru",
    "seed": 1,
    "weights": {},
    "model": {"width": 12, "clip_width": 8, "sound_width": 8, "dropout": 0.0},
    "stages": [{"until": 1.0, "batch": 4, "sounds": 2}],
    "optimizer": {
        "learning_rate": 1e-2,
        "weight_decay": 0.0,
        "embedding_speed": 1.0,
        "warmup_steps": 2,
        "steps": 12,
        "clip": 1.0,
    },
}


def song(seed: int, bars: int = 40) -> symusic.Score:
    """Returns a band that repeats four chords."""
    rng, score = np.random.default_rng(seed), symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, 110 + seed))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    piano, bass, drums = symusic.Track("", 0, False), symusic.Track("", 33, False), symusic.Track("", 0, True)
    for beat in range(4 * bars):
        root = (0, 9, 5, 7)[beat // 4 % 4]
        piano.notes.extend(symusic.Note(480 * beat, 400, 60 + (root + step) % 12, 80) for step in (0, 4, 7))
        piano.notes.append(symusic.Note(480 * beat + 240, 200, 72 + int(rng.integers(7)), 70))
        bass.notes.append(symusic.Note(480 * beat, 450, 36 + root, 90))
        drums.notes.append(symusic.Note(480 * beat, 100, 36 if beat % 2 == 0 else 38, 100))
    score.tracks.extend([piano, bass, drums])
    return score


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a few clips."""
    folder = tmp_path_factory.mktemp("audio")
    data = folder / "data" / "pop909"
    data.mkdir(parents=True)
    lines = []
    for number in range(4):
        (data / f"{number}.mid").write_bytes(midi_bytes(Piece(song(number))))
        split = "valid" if number == 3 else "train"
        lines.append(
            json.dumps({"file": f"{number}.mid", "name": str(number), "split": split, "programs": [0, 33, -1]})
        )
    (data / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "sets.toml").write_text(SETS)
    bank, out = str(bundled_soundfont()), folder / "clips"
    arguments = [
        "--sets",
        str(folder / "sets.toml"),
        "--data",
        str(folder / "data"),
        "--bank",
        bank,
        "--held-out",
        bank,
    ]
    assert main(["clips", *arguments, "--clips", "16", "--sounds", "8", "--out", str(out)]) == 0
    return out


def test_a_passage_says_what_is_heard() -> None:
    rng = np.random.default_rng(0)
    found = [passage for passage in (Sounding(song(1)).passage(rng) for _ in range(12)) if passage]
    assert found
    for passage in found:
        assert 40 <= passage.bpm <= 240
        assert passage.bar_patches == 16
        inside = passage.patches[passage.patches[:, Cell.PATCH] < BEFORE]
        assert len(inside)
        kicks = passage.patches[passage.patches[:, Cell.CELL] == KEYS, Cell.PATCH]
        if len(kicks):  # on the first and third beats, wherever the clip ends
            assert set((kicks - BEFORE + passage.bar_phase) % 8) == {0}


def test_loudness_and_brightness_are_heard() -> None:
    played = Player(bundled_soundfont()).play(np.array([[0.0, 2.0, 60, 100, 0, 0]]), 2.0)
    levels = [np.sqrt(np.mean(colored(played, loudness, 1) ** 2)) for loudness in range(3)]
    assert levels[0] < levels[1] < levels[2]
    mel = [features.log_mel(features.magnitudes(colored(played, 1, brightness))) for brightness in range(3)]
    high = [each[20:60, 50:].mean() - each[20:60, :20].mean() for each in mel]
    assert high[0] < high[1] < high[2]


def test_clips_keep_pieces_on_one_side_and_hold_what_was_played(shards: Path) -> None:
    clips = Clips.load(shards)
    assert set(clips.valid.pieces) == {"pop909/3"}
    assert "pop909/3" not in clips.train.pieces
    assert clips.train.clips.shape[1:] == (174, 32)
    assert np.isfinite(clips.train.clips).all()
    assert clips.index["sets"]["pop909"]["valid"] == 1
    assert features.CLIP_FRAMES * features.HOP / features.RATE_HZ == CLIP_SECONDS


def test_plain_windows_know_the_past_and_hide_the_future(shards: Path) -> None:
    batch = ClipBatches(Clips.load(shards).valid, np.random.default_rng(0), is_plain=True).notes(3)
    assert not batch.hidden[:, :PAST].any()
    assert batch.hidden[:, PAST:].all()
    assert batch.target.shape == (3, PAST + FUTURE, 93)
    assert not batch.seen[:, PAST:, :93].any()
    assert torch.equal(batch.seen[:, :PAST, :93], batch.target[:, :PAST])


def test_a_run_learns_resumes_becomes_a_checkpoint_and_is_judged(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips, run = Clips.load(shards), tmp_path / "run"
    train(RECIPE, clips, run, 6, 6)
    longer = {**RECIPE, "optimizer": {**RECIPE["optimizer"], "steps": 14}}
    train(longer, clips, run, 6, 6)
    rows = (run / "curve.csv").read_text().splitlines()
    assert rows[-1].startswith("14,")
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(tmp_path / "cache"))
    assert main(["export", str(run)]) == 0
    checkpoint = load("tiny-audio", "audio")
    table = report(checkpoint, clips, 3)
    assert "held-out bank" in table
    assert "nan" not in table


def recordings(folder: Path) -> Path:
    """Writes four short tunes as sound files, one that is no sound, and one in which nothing is heard."""
    folder.mkdir()
    for number in range(4):
        piece = Piece(song(number, bars=3))
        (folder / f"{number}.wav").write_bytes(encode(render(piece, rate=22_050), "wav"))
    (folder / "broken.mp3").write_bytes(b"no sound at all")
    (folder / "silence.wav").write_bytes(encode(Audio(np.zeros((22_050, 2), np.float32), 22_050), "wav"))
    return folder


def test_sounds_of_ones_own_become_clips_that_can_be_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recordings(tmp_path / "mine")
    fetched = types.SimpleNamespace(dataset_download=lambda name: str(folder / name.partition("/")[2]))
    monkeypatch.setitem(sys.modules, "kagglehub", fetched)  # stands in for what needs a network
    bank, out = str(bundled_soundfont()), tmp_path / "clips"
    assert main(["sounds", "--kaggle", "someone/.", "--bank", bank, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "2 left out" in said and "broken.mp3" in said and "silence.wav" in said
    clips = Clips.load(out)
    assert len(set(clips.train.pieces) | set(clips.valid.pieces)) == 4
    assert not set(clips.train.pieces) & set(clips.valid.pieces)
    assert clips.index["sets"]["sounds"]["source"] == "someone/."
    recipe = {**RECIPE, "optimizer": {**RECIPE["optimizer"], "steps": 2}}
    train(recipe, clips, tmp_path / "run", 2, 2)
    assert (tmp_path / "run" / "state.pt").exists()


def test_a_folder_without_sounds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sounds", str(tmp_path), "--out", str(tmp_path / "clips")]) == 2
    assert "There are no sounds" in capsys.readouterr().err
