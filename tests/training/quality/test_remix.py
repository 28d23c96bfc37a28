"""The report on remixed pieces, with a toy that remixes as asked: its figures are known by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import symusic

from music.bars import bar_grid
from music.errors import StudioError
from music.files.midi import write_midi
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.remix import CHANGES
from tests.loaded import nothing_loaded
from tests.training.conftest import score_of
from training.__main__ import main
from training.export import export
from training.quality import remix as quality_remix
from training.quality.measures.pieces import LIKENESS
from training.quality.remix import (
    AMOUNTS,
    SHARE_CHANGED,
    filled_in,
    floor_guesses,
    grid_figures,
    in_key_figures,
    melody,
    melody_figures,
    validation_excerpts,
)

SCALE = (0, 2, 4, 5, 7, 9, 11)


def song(number: int, bars: int = 18) -> symusic.Score:
    """Returns a song in C major: a tune whose bars come again every second bar, and a bass."""
    rng = np.random.default_rng(number)
    patterns = [[int(72 + SCALE[step]) for step in rng.permutation(7)[:4]] for _ in range(2)]
    tune = [(4 * bar + beat, 1, patterns[bar // 2 % 2][beat]) for bar in range(bars) for beat in range(4)]
    bass = [(4 * bar + half, 2, 36 + 7 * (half // 2)) for bar in range(bars) for half in (0, 2)]
    return score_of((73, tune), (33, bass), (-1, [(beat, 0.25, 36) for beat in range(4 * bars)]))


def toy_remix(piece: Piece, options):
    """Changes as large a share of each bar as asked: pitches by a semitone (to stay in key, an octave), onsets by a 16th."""
    score = piece.score.copy()
    starts = [bar.start for bar in bar_grid(score)]
    for number, track in enumerate(score.tracks):
        if options.tracks and number not in options.tracks or track.is_drum:
            continue
        if options.change == "instruments":
            track.program = 40
            continue
        notes = track.notes.numpy()
        bars = np.searchsorted(starts, notes["time"], side="right") - 1
        for bar in options.bars:
            places = np.flatnonzero(bars == bar)
            count = round(len(places) * options.amount / 100)
            for place in places[len(places) - count :]:
                note = track.notes[int(place)]
                if options.change in ("notes", "everything"):
                    note.pitch += 12 if options.stay_in_key else 1
                if options.change in ("rhythm", "everything"):
                    note.time += 120
                if options.change == "velocity":
                    note.velocity += 1
    yield Step((piece,), 0, 1, "passes")
    yield Step((piece.with_step(score, {}),), 1, 1, "passes")


@pytest.fixture(scope="module")
def tunes() -> list[symusic.Score]:
    return [song(number, 16) for number in range(6)]


@pytest.fixture(scope="module")
def cache(filling_run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    export(filling_run, folder / "registry.toml", folder, folder)
    return folder


@pytest.fixture(autouse=True)
def checkpoint(cache, monkeypatch) -> str:
    """The name of a small checkpoint, in whose place the toy remixes."""
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(cache))
    nothing_loaded(monkeypatch)
    monkeypatch.setattr(quality_remix, "remix", toy_remix)
    return "tiny-remix"


@pytest.fixture
def grid(tunes):
    return grid_figures("tiny-remix", tunes, 0)


def test_each_change_moves_what_it_may_and_more_of_it_the_more_was_asked(grid):
    figures, kept = grid
    assert set(figures["grid"]) == set(CHANGES)
    assert all(set(cells) == set(AMOUNTS) for cells in figures["grid"].values())
    assert len(kept) == len(CHANGES) * len(AMOUNTS)
    distance, similarity = LIKENESS
    for change, cells in figures["grid"].items():
        nearest, farthest = cells[AMOUNTS[0]], cells[AMOUNTS[-1]]
        assert (farthest[distance] > nearest[distance] >= 0) == (change in ("notes", "everything"))
        assert (farthest[similarity] < nearest[similarity] <= 1) == (change in ("rhythm", "everything"))
        nearer = figures["nearer"][change]
        assert nearer[distance] == ((1, 0) if change in ("notes", "everything") else (0, 1))
        assert nearer[similarity] == ((1, 0) if change in ("rhythm", "everything") else (0, 1))
        assert nearer[SHARE_CHANGED] == ((0, 1) if change == "instruments" else (1, 0))
    # 1 of 4 notes of the tune and 0 of 2 of the bass at 20 %, beside 4 of the drums; 3 and 2 at 80 %.
    assert figures["grid"]["velocity"][20][SHARE_CHANGED] == pytest.approx(1 / 10)
    assert figures["grid"]["velocity"][80][SHARE_CHANGED] == pytest.approx(5 / 10)


def test_only_new_notes_count_for_the_key(tunes, grid):
    rates = in_key_figures("tiny-remix", tunes, grid[1], 0)
    for row in rates.values():
        assert row["the original"] == 1
        assert row["stay in key on"] == 1
        assert row["stay in key off"] < 0.5  # of a scale's notes, a semitone higher only E and B are in it again


def test_what_comes_back_is_counted_beside_the_floors(tunes, monkeypatch):
    asked = []

    def knows_most(checkpoint, score, bar, track):
        notes = score.tracks[track].notes.numpy()
        inside = (notes["time"] >= 1920 * bar) & (notes["time"] < 1920 * (bar + 1))
        asked.append((bar, track))
        found = list(zip(notes["time"][inside].tolist(), notes["pitch"][inside].tolist()))
        return Counter([*found[:3], (found[3][0], found[3][1] + 1)])

    monkeypatch.setattr(quality_remix, "filled_in", knows_most)
    found = melody_figures("tiny-remix", tunes, 0)
    assert (found["bars"], found["notes"]) == (6, 24)
    assert {track for _, track in asked} == {0}
    assert min(bar for bar, _ in asked) >= 1  # a bar before is there to be copied
    assert found["model"] == 0.75
    assert found["most frequent"] <= 0.25
    assert 0 < found["bar before"] < 1  # every second bar repeats the one before


def test_what_is_hidden_is_hidden(tunes, checkpoint):
    """Other pitches in the hidden bar, of the same compass and key: the model writes the same."""
    other = tunes[0].copy()
    bar = [note for note in other.tracks[0].notes if 6 * 1920 <= note.time < 7 * 1920]
    for note, pitch in zip(bar, [note.pitch for note in reversed(bar)]):
        note.pitch = pitch
    assert other != tunes[0]
    found = filled_in(checkpoint, tunes[0], 6, 0)
    assert found == filled_in(checkpoint, other, 6, 0)
    assert sorted(time for time, _ in found.elements()) == [1920 * 6 + 480 * beat for beat in range(4)]
    low, high = (f(note.pitch for note in tunes[0].tracks[0].notes) for f in (min, max))
    assert all(low - 5 <= pitch <= high + 5 for _, pitch in found)


def test_floors_guess_the_bar_before_and_the_most_frequent_note():
    tune = score_of(
        (0, [(0, 1, 60), (1, 1, 62), (2, 1, 60), (4, 1, 71), (5, 1, 62), (6.5, 1, 72)]), (0, [(4, 1, 50), (0, 1, 50)])
    )
    guesses = floor_guesses(tune, 1, 0)
    assert guesses["bar before"] == Counter({(4 * 480, 60): 1, (5 * 480, 62): 1, (3120, 60): 1})
    assert guesses["most frequent"] == Counter({(4 * 480, 60): 1, (5 * 480, 60): 1, (3120, 60): 1})


def test_the_melody_is_the_high_part_that_plays_often():
    tune, bass = [(beat, 1, 72) for beat in range(64)], [(beat, 1, 40) for beat in range(64)]
    bell = [(0, 1, 100)]
    assert melody(score_of((-1, [(0, 1, 120)]), (33, bass), (9, bell), (73, tune))) == 3
    assert melody(score_of((33, bass[:4]), (9, bell))) == 1


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two data sets: one of songs, most of them for validation, one of drums alone."""
    folder = tmp_path_factory.mktemp("quality")
    for name, count in (("band", 16), ("drums", 4)):
        (folder / name).mkdir()
        lines = []
        for number in range(count):
            score = song(number)
            if name == "drums":
                score.tracks = [track for track in score.tracks if track.is_drum]
            write_midi(Piece(score), folder / name / f"{number}.mid")
            lines.append({"file": f"{number}.mid", "name": str(number), "split": "valid" if number else "train"})
        (folder / name / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    entry = 'source = "made"\nlicence = "MIT"\n'
    (folder / "sets.toml").write_text(f"[band]\n{entry}[drums]\n{entry}")
    return folder


def test_pieces_and_what_they_are_compared_with_are_others(data):
    from training.quality.report import read_sets

    sets = read_sets(data / "sets.toml", data)
    pieces, others = validation_excerpts(sets, 4, 5, 0)
    assert (len(pieces), len(others)) == (4, 5)
    found = [tuple(score.tracks[0].notes.numpy()["pitch"]) for score in pieces + others]
    assert len(set(found)) == 9
    many, few = validation_excerpts(sets, 100, 5, 0)
    assert (len(many), len(few)) == (15, 0)
    with pytest.raises(StudioError, match="no validation music"):
        validation_excerpts({"drums": sets["drums"]}, 4, 5, 0)


def test_the_command_reports_on_a_checkpoint_that_remixes(checkpoint, data, tmp_path, capsys):
    arguments = ["quality", checkpoint, "--pieces", "4", "--excerpts", "6", "--data", str(data)]
    arguments += ["--sets", str(data / "sets.toml"), "--json", str(tmp_path / "f.json"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    for words in ("tiny-remix: 4 validation excerpts", "everything 80 %", "Is a 20 % remix nearer", "groove consistency",
                  "stay in key on", "come back", "bar before"):  # fmt: skip
        assert words in said
    kept = json.loads((tmp_path / "f.json").read_text())
    assert set(kept["grid"]) == set(CHANGES)
    assert kept["excerpts"] == 6
    assert len(list((tmp_path / "out").glob("*.mid"))) == 4 * len(CHANGES) * len(AMOUNTS)


def test_without_music_there_is_nothing_to_remix(checkpoint, capsys):
    assert main(["quality", checkpoint]) == 2
    assert "Say where the data sets are" in capsys.readouterr().err
    assert main(["quality", checkpoint, "--pieces", "0"]) == 2
    assert main(["quality", "nowhere"]) == 2
