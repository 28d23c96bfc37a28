"""Generators at the piano, side by side."""

from __future__ import annotations

import math

import pytest

from checkpoints import store
from checkpoints.loading import load
from music.bars import bar_grid
from music.errors import StudioError
from tests.training.conftest import score_of
from training.__main__ import main
from training.quality import piano


@pytest.fixture
def pianos(tmp_path):
    """Shards of tunes on a piano, none of which any set of the recipes has."""
    from music.files.midi import midi_bytes
    from music.piece import Piece

    folder = tmp_path / "pianos"
    folder.mkdir()
    for number in range(12):
        tune = [(beat, 1, 60 + (beat * (number + 1)) % 12) for beat in range(48)]
        (folder / f"{number}.mid").write_bytes(midi_bytes(Piece(score_of((0, tune)))))
    assert main(["prepare", str(folder), "--out", str(tmp_path / "shards")]) == 0
    return tmp_path / "shards"


def test_one_model_and_real_music_are_measured_by_the_same_names(pianos, monkeypatch, capsys):
    monkeypatch.setattr(piano, "BARS", 4)
    assert main(["quality", "lstm-notes", "--pieces", "1", "--shards", str(pianos)]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(line for line in lines if "real music" in line and "lstm-notes" in line)
    assert "generate-small" not in head
    nats = next(line for line in lines if line.startswith(piano.NATS)).split()
    assert 0 < float(nats[-2]) < 40 and nats[-1] == "-"


def test_a_model_of_chords_foretells_no_notes(pianos):
    shards = piano.piano_windows(piano.Shards.load(pianos), {})
    assert math.isnan(piano._nats(load("lstm-chords"), shards))


def test_real_music_begins_with_its_first_note_and_has_as_many_bars_as_the_pieces(pianos, monkeypatch):
    monkeypatch.setattr(piano, "BARS", 5)
    scores = list(piano.real_pieces(piano.piano_windows(piano.Shards.load(pianos), {}), 3))
    assert scores and all(len(bar_grid(score)) == 5 and score.tracks[0].notes[0].time == 0 for score in scores)


def test_the_longest_run_counts_onsets_of_one_top_pitch():
    chord = [(0, 1, 60), (0, 1, 48), (1, 1, 60), (2, 1, 60), (2, 1, 40), (3, 1, 62), (4, 1, 60)]
    assert piano._longest_run_of_one_pitch(score_of((0, chord))) == 3


def test_without_shards_it_says_what_is_missing(capsys):
    assert store.entry("lstm-notes").task == "generate"
    with pytest.raises(StudioError, match="--shards"):
        from training.quality.report import main as quality

        quality(["generators"])
