"""The report on written pieces, on a small world of its own: do they obey, are they like real music, are they copied?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import symusic

from music.files.midi import write_midi
from music.instruments import parse_instrument
from music.piece import Piece
from pipelines.contract import Step
from tests.training.conftest import score_of
from training.__main__ import main
from training.data.prepare import Source
from training.quality.generate import BARS, Asked, as_text, comparison, control_grid, controls_figures, obeys


def asked(**changes) -> Asked:
    values = {
        "genre": None,
        "key": "D minor",
        "tempo_bpm": 96.0,
        "time_signature": "3/4",
        "instruments": ("piano", "drums"),
        "bars": 16,
        "seed": 1,
    }
    return Asked(**(values | changes))


def obedient(wish: Asked) -> symusic.Score:
    """Returns a piece that does what it was asked: the tonic triad and scale of D minor, to the last bar."""
    numerator, denominator = (int(part) for part in wish.time_signature.split("/"))
    length = numerator * 4 / denominator
    notes = [(bar * length, length, pitch) for bar in range(wish.bars) for pitch in (62, 65, 69)]
    notes += [(bar * length, 0.5, 74 + (0, 2, 3, 5, 7, 8)[bar % 6]) for bar in range(wish.bars)]
    return score_of((0, notes), time=(numerator, denominator), qpm=wish.tempo_bpm)


def test_a_piece_that_obeys_and_one_for_each_way_not_to():
    good = obedient(asked())
    assert obeys(good, asked()) == dict.fromkeys(("tempo", "time signature", "instruments", "bar count"), True)
    wrongs = {
        "tempo": asked(tempo_bpm=100.0),
        "time signature": asked(time_signature="4/4"),
        "instruments": asked(instruments=("violin",)),
        "bar count": asked(bars=15),
    }
    for control, wish in wrongs.items():
        assert not obeys(good, wish)[control], control
    assert not obeys(good, asked(bars=17))["bar count"]
    ringing = good.copy()
    ringing.tracks[0].notes.append(symusic.Note(47 * 480, 2 * 480, 62, 80))
    assert not obeys(ringing, asked())["bar count"]


def test_the_grid_is_balanced_and_seeded():
    grid = control_grid(48, 7)
    assert grid == control_grid(48, 7) != control_grid(48, 8)
    assert {sum(a.key == name for a in grid) for name in {a.key for a in grid}} == {2}
    assert {sum(a.bars == bars for a in grid) for bars in BARS} == {12}
    assert len({a.seed for a in grid}) == 48
    for point in grid:
        point.options("generate-small", True)  # each is a valid request


def toy_generate(piece: Piece, options):
    """Plays the tonic triad of D minor whatever the key, and is otherwise obedient."""
    wish = asked(
        tempo_bpm=options.tempo_bpm,
        time_signature=options.time_signature,
        bars=options.bars,
        instruments=options.instruments,
    )
    score = obedient(wish)
    score.tracks[0].program = parse_instrument(options.instruments[0])
    yield Step((Piece.empty(),), 0, options.bars, "bars")
    yield Step((piece.with_step(score, {}),), options.bars, options.bars, "bars")


def test_the_report_from_sampling_to_copies(tmp_path: Path):
    figures, scores = controls_figures("toy", control_grid(12, 0), toy_generate, tmp_path / "sampled")
    assert figures["obeyed"] == dict.fromkeys(("tempo", "time signature", "instruments", "bar count"), 1.0)
    wrong = figures["keys"]["stay in key off"]
    assert wrong == figures["keys"]["stay in key on"]
    assert wrong["major"]["pieces"] + wrong["minor"]["pieces"] == 12
    assert wrong["major"]["profile"] == 0 and wrong["minor"]["profile"] < 0.5
    assert len(list((tmp_path / "sampled").glob("*.mid"))) == 24
    assert len(scores) == 12

    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "band"
    folder.mkdir(parents=True)
    lines = []
    for index in range(12):
        events = [(i * 0.5, 0.5, int(rng.integers(50, 80))) for i in range(180)]
        write_midi(Piece(score_of((0, events))), folder / f"{index}.mid")
        lines.append({"file": f"{index}.mid", "name": str(index), "split": "train" if index < 6 else "valid"})
    write_midi(Piece(scores[0]), folder / "copied.mid")
    lines.append({"file": "copied.mid", "name": "copied", "split": "train"})
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    sets = {"band": (False, [Source(folder / item["file"], item["name"], item["split"], None) for item in lines])}
    index_file = tmp_path / "index.npz"
    figures |= comparison(scores, sets, 5, 0, index_file)
    assert figures["excerpts"] == {"train": 5, "valid": 5}
    assert figures["copied windows"]["generated"] > 0.05
    assert figures["copied windows"]["valid"] == 0
    area = figures["overlapped area"]["pitch class entropy"]
    assert area["ceiling"] > area["ours"]
    again = comparison(scores, sets, 5, 0, index_file)
    assert again["overlapped area"] == figures["overlapped area"]
    text = as_text(figures)
    assert "time signature            100.0%" in text
    assert "groove consistency" in text and "12-note windows" in text


def test_the_whole_report_beside_a_data_set(tmp_path: Path, monkeypatch, capsys):
    folder = tmp_path / "data" / "folk_pd"
    folder.mkdir(parents=True)
    rng, lines = np.random.default_rng(0), []
    for index in range(8):
        score = score_of((0, [(i, 1, int(rng.integers(50, 80))) for i in range(160)]))
        score.key_signatures.append(symusic.KeySignature(0, 0, 0))
        write_midi(Piece(score), folder / f"{index}.mid")
        lines.append({"file": f"{index}.mid", "name": str(index), "split": "valid" if index % 2 else "train"})
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "sets.toml").write_text("[folk_pd]\n")
    monkeypatch.setattr("pipelines.generate.generate", toy_generate)
    arguments = ["quality", "generate-small", "--pieces", "8", "--data", str(tmp_path / "data")]
    arguments += ["--sets", str(tmp_path / "sets.toml"), "--json", str(tmp_path / "figures.json")]
    assert main([*arguments, "--repetition-pieces", "2"]) == 0
    printed = capsys.readouterr().out
    for heading in ("The key that was asked for", "Bands: ", "How bars repeat: 2 pieces of 32 bars", "12-note windows"):
        assert heading in printed
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["keys"]["validation pieces"]["major"]["pieces"] == 4
    assert figures["bands"]["pieces"] == {"written": 4, "musicians": 0, "accompaniment program": 0}
    # a chord and six notes in turn: all bars of six repeat, none the one before
    found = figures["repeats"]["repeat any earlier bar"]["ours"]["0.7"]
    assert found["mean"] == 26 / 32 and not found["met"]
    assert main([*arguments, "--repetition-pieces", "0"]) == 0
    assert "How bars repeat" not in capsys.readouterr().out
