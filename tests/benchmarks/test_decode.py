"""The decoding benchmark compares models of one size, on tokens of the pieces that were written."""

from __future__ import annotations

import re

import pytest

from benchmarks.__main__ import main
from benchmarks.decode import gpt2, remi, token_count
from benchmarks.songs import song
from models.transformer_xl import parameter_count
from music.files.midi import write_midi
from music.tokens.octuple import encode


def test_it_prints_notes_per_second_and_the_ratio(capsys):
    assert main(["decode", "--bars", "1", "--pieces", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert re.search(r"1 pieces of 1 bars .* tokens a note", printed[0])
    names = ["ours, 1 variant", "ours, 4 variants", "ours, 1 variant, key", "GPT-2, batch 1", "GPT-2, batch 4"]
    assert all(line.startswith(name) for name, line in zip(names, printed[2:], strict=True))
    assert [" x GPT-2" in line for line in printed[2:]] == [True, True, True, False, False]
    assert all(float(found) > 0 for line in printed[2:] for found in re.findall(r"([\d.]+) (?:notes/s|x GPT-2)", line))


@pytest.mark.parametrize("parameters", [3_000_000, 5_662_476, 20_000_000])
def test_the_peer_has_as_many_parameters(parameters):
    assert parameter_count(gpt2(parameters, 2000)) == pytest.approx(parameters, rel=0.01)


def test_bpe_shortens_the_tokens_and_may_be_learnt_elsewhere(tmp_path):
    pieces = [song(4, 1), song(4, 2)]
    notes = sum(len(encode(piece.score).rows) for piece in pieces)
    tokenizer, plain = remi(pieces, pieces, 800)
    with_bpe = sum(token_count(tokenizer, piece) for piece in pieces)
    assert 3 < plain / notes < 6  # position, instrument, pitch, velocity, duration: some of them shared
    assert with_bpe < 0.9 * plain
    write_midi(song(4, 3), tmp_path / "other.mid")
    tokenizer, _ = remi(pieces, [tmp_path / "other.mid"], 800)
    assert with_bpe < sum(token_count(tokenizer, piece) for piece in pieces) < plain
