"""GPT-2 is judged on the same notes as ours: its tokens lose none, and each is counted once with enough of its past."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import symusic
import torch

from benchmarks import peer, remi
from benchmarks.__main__ import main
from benchmarks.decode import gpt2
from benchmarks.remi import Remi, Window, plain_remi
from benchmarks.songs import song
from music.files.midi import write_midi
from music.piece import Piece
from music.tokens import octuple as tokens
from music.tokens.conditions import PREFIX_START
from training.__main__ import main as training
from training.data.lanes import passage, tables_of
from training.data.shards import Shards
from training.likelihood.report import real_windows


def steps(score: symusic.Score) -> np.ndarray:
    """Returns the step rows of a score."""
    return tokens.to_steps(tokens.encode(score).rows).astype(np.int64)


def jig() -> symusic.Score:
    """Returns bars of 6/8 with notes of all lengths up to seven quarters, silent bars, other tempi and a bar of 3/4."""
    score = symusic.Score(480)
    score.time_signatures = [symusic.TimeSignature(0, 6, 8), symusic.TimeSignature(1440 * 60, 3, 4)]
    score.tempos = [symusic.Tempo(0, 96.0), symusic.Tempo(1440 * 30, 132.0)]
    flute, drums = symusic.Track("", 73, False), symusic.Track("", 0, True)
    for n in range(84):
        flute.notes.append(symusic.Note(1240 * n + (4 * 1440 if n > 40 else 0), 40 * (n + 1), 60 + n % 12, 30 + n))
        drums.notes.append(symusic.Note(1440 * n, 40, 36 + n % 2, 100))
    score.tracks.extend([flute, drums])
    return score


@pytest.fixture(scope="module")
def learned() -> Remi:
    found = Remi(plain_remi())
    found.learn([Window(steps(song(8, n).score), True) for n in range(3)], 900)
    return found


def test_tokens_lose_no_note(learned):
    for score in (jig(), song(8, 5).score):
        rows = steps(score)
        ids = learned.encode(Window(rows, ends=True))
        np.testing.assert_array_equal(learned.decode(ids), rows)
    assert len(ids) < 0.8 * sum(map(len, learned.bars(rows)))  # of music like that which BPE was learned on


def test_tokens_are_those_of_miditok_where_both_have_one_grid(learned):
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    for n in range(64):
        score.tracks[0].notes.append(symusic.Note(360 * n, 40 * (1 + n % 48), 40 + n, 3 + 4 * (n % 32)))
    score.tempos.append(symusic.Tempo(0, 30.0))
    score.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    found = learned.tokenizer.encode(score, encode_ids=False)
    assert "".join(learned.bars(steps(score))) == "".join(learned.tokenizer._ids_to_bytes(found.ids))


def test_each_token_is_counted_once_and_sees_half_of_the_positions(monkeypatch):
    monkeypatch.setattr(peer, "POSITIONS", 8)
    monkeypatch.setattr(peer, "OVERLAP", 4)
    model, ids = gpt2(100_000, 50, width=64), torch.randint(0, 50, (23,)).tolist()
    for count in (2, 8, 9, 12, 13, 23):
        total = 0.0
        for at in range(1, count):
            start = 0 if at < 8 else 4 * ((at - 4) // 4)
            with torch.inference_mode():
                chances = model(torch.tensor([ids[start:at]])).logits[0, -1].log_softmax(-1)
            total -= chances[ids[at]].item()
            assert at - start >= min(at, 4)
        assert peer.nats(model, ids[:count]) == pytest.approx(total, rel=1e-4)


def test_it_trains_goes_on_and_prints_nats_beside_ours(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "")  # or the program would start again
    monkeypatch.setattr(peer, "PARAMETERS", 300_000)
    monkeypatch.setattr(peer, "WIDTH", 64)
    monkeypatch.setattr(peer, "SHUFFLED", 2)
    monkeypatch.setattr(remi, "BPE_WINDOWS", 20)
    for n in range(12):
        (tmp_path / "songs").mkdir(exist_ok=True)
        write_midi(song(6, n) if n % 3 else Piece(jig()), tmp_path / "songs" / f"{n}.mid")
    assert training(["prepare", str(tmp_path / "songs"), "--out", str(tmp_path / "shards")]) == 0
    capsys.readouterr()
    command = ["peer", "--shards", str(tmp_path / "shards"), "--run", str(tmp_path / "run"), "--windows", "2"]
    command += ["--vocabulary", "900", "--ours", "generate-small"]
    read = []
    for minutes in ("0.02", "0.06"):
        assert main([*command, "--minutes", minutes]) == 0
        printed = capsys.readouterr().out
        read.append(int(re.search(r"read ([\d,]+) tokens", printed)[1].replace(",", "")))
        assert "; 0 windows do not come back" in printed
        columns = [float(value) for value in printed.splitlines()[-1].split()[1:]]
        assert len(columns) == 3 and all(0 < value < 60 for value in columns)
    assert read[1] > read[0] > 0


def test_both_are_asked_for_the_same_notes(tmp_path: Path):
    for n in range(12):
        write_midi(song(6, n), tmp_path / f"{n}.mid")
    assert training(["prepare", str(tmp_path), "--out", str(tmp_path / "shards")]) == 0
    shards = Shards.load(tmp_path / "shards")
    for number in next(iter(real_windows(shards, 4).values())):
        window, ours = remi.window_of(shards, int(number)), passage(shards, int(number), 2**31, tables_of(shards.index))
        assert window.count == len(ours.target)
        np.testing.assert_array_equal(window.rows, ours.target[: len(window.rows)])
        untold = peer.forgetful(ours, tables_of(shards.index), window)
        assert ours.prefix.sum() > untold.prefix.sum() == PREFIX_START
        np.testing.assert_array_equal(untold.target, ours.target)
