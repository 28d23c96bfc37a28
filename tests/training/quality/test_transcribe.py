"""The report on recordings that are written down: what is hummed is known, and figures are told by kind and way."""

from __future__ import annotations

import json

import numpy as np
import pytest

from music.files.midi import write_midi
from music.hearing.heard_note import HeardNote
from music.piece import Piece
from tests.training.conftest import score_of
from training.__main__ import main
from training.quality import hums
from training.quality.recordings import note_scores
from training.quality.transcribe import by_first_mfcc

TUNE = [
    HeardNote(0.5 * number, 0.5 * number + 0.4, 72 + pitch, 1.0) for number, pitch in enumerate((0, 2, 4, 5, 4, 2, 0))
]


def test_a_hum_is_in_its_voice_and_gets_time_for_each_note():
    rng = np.random.default_rng(0)
    sung = hums.tune(TUNE, hums.VOICES["low"], 20, 1.5, rng)
    assert [note.pitch for note in sung] == [note.pitch - 24 for note in TUNE]
    assert np.diff([note.start_s for note in sung]) == pytest.approx([0.75] * 6)
    assert hums.hum(sung, hums.VOICES["low"], 6, 20, rng).shape == (int(6.5 * hums.RATE_HZ),)


@pytest.mark.parametrize("noise_db", [10, 30])
def test_noise_is_as_loud_as_asked(noise_db):
    sung = [HeardNote(1.0, 3.0, 50, 1.0)]
    sound = hums.hum(sung, hums.VOICES["low"], 5, noise_db, np.random.default_rng(0))
    noise, both = (
        np.sqrt((sound[int(a * hums.RATE_HZ) : int(b * hums.RATE_HZ)] ** 2).mean()) for a, b in ((4, 5), (1, 3))
    )
    assert 20 * np.log10(both / noise) == pytest.approx(noise_db, abs=1.5)


def test_scores_count_beginnings_within_50_ms():
    assert note_scores(TUNE, TUNE) == (1, 1, 1, 1)
    late = [note._replace(start_s=note.start_s + 0.06) for note in TUNE[:3]]
    precision, recall, f1, _ = note_scores(TUNE, [*late, *TUNE[3:]])
    assert precision == recall == f1 == pytest.approx(4 / 7)
    assert note_scores(TUNE, []) == (0, 0, 0, 0)


def test_the_first_mfcc_says_little_of_pitch():
    sung = hums.tune(TUNE, hums.VOICES["high"], 6, 1.2, np.random.default_rng(0))
    assert (
        note_scores(sung, by_first_mfcc(hums.hum(sung, hums.VOICES["high"], 6, 30, np.random.default_rng(0))))[2] < 0.2
    )


def test_the_report_tells_kinds_and_ways(tmp_path, capsys):
    folder = tmp_path / "folk_pd" / "midi"
    folder.mkdir(parents=True)
    lines = []
    for number in range(2):
        rng = np.random.default_rng(number)
        notes = [(beat, 0.9, int(67 + rng.integers(-5, 6))) for beat in range(72)]
        write_midi(Piece(score_of((0, notes))), folder / f"{number}.mid")
        lines.append(json.dumps({"file": f"midi/{number}.mid", "name": str(number), "split": "valid", "meta": {}}))
    (tmp_path / "folk_pd" / "manifest.jsonl").write_text("\n".join(lines))
    assert (
        main(["quality", "basic-pitch", "--pieces", "2", "--data", str(tmp_path), "--json", str(tmp_path / "f.json")])
        == 0
    )
    text, found = capsys.readouterr().out, json.loads((tmp_path / "f.json").read_text())
    assert set(found["notes"]) == {f"hum, {voice}, {noise} dB" for voice in ("low", "high") for noise in (10, 20)} | {
        "solo"
    }
    assert all(rows["one voice"][2] > 0.8 for kind, rows in found["notes"].items() if kind != "solo")
    assert "first MFCC" in text and "goal 0.85" in text and "bar lines" in text


def test_without_data_there_is_nothing_to_hear(capsys):
    assert main(["quality", "basic-pitch"]) == 2
    assert "Say with --data" in capsys.readouterr().err
