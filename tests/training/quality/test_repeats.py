"""How bars repeat in made-up pieces whose figures are known by counting: a letter is a bar, a dot a silent one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import symusic

from music.piece import Piece
from pipelines.contract import Step
from pipelines.options.generate import GenerateOptions
from tests.training.conftest import score_of
from training.quality.repeats import (
    BARS,
    EQUAL,
    REPEATED,
    RUN,
    TEMPERATURES,
    as_text,
    distance,
    repeats,
    repetition,
    written,
)


def notes(letters: str) -> list[tuple[float, float, int]]:
    return [(4 * bar, 1, 40 + ord(letter) - ord("a")) for bar, letter in enumerate(letters) if letter != "."]


def song(tune: str, bass: str = "") -> symusic.Score:
    return score_of((0, notes(tune)), (33, notes(bass)))


def test_a_loop_and_a_piece_without_repeats():
    loop = repetition(song("aaaaaaaaaa"))
    assert loop["same player, 1 back"] == loop["same player, 8 back"] == 1
    assert loop[EQUAL] == loop[REPEATED] == 0.9 and loop[RUN] == 10
    new = repetition(song("abcdefghij"))
    assert new["same player, 1 back"] == new["same player, 4 back"] == new[EQUAL] == new[REPEATED] == 0
    assert new[RUN] == 1


def test_players_are_asked_for_themselves_and_together():
    found = repetition(song("abcdefgh", "aaaabbbb"))
    assert found["same player, 1 back"] == pytest.approx((0 + 6) / 14)
    assert found["same player, 4 back"] == 0
    assert found[EQUAL] == found[REPEATED] == 0 and found[RUN] == 1
    found = repetition(song("abcdabcd", "aaaabbbb"))
    assert found["same player, 4 back"] == pytest.approx(4 / 8)
    assert math.isnan(found["same player, 8 back"])


def test_returns_from_further_back():
    found = repetition(song("abab.caab"))
    assert found["same player, 2 back"] == pytest.approx(2 / 6)
    assert found[REPEATED] == pytest.approx(5 / 8) and found[EQUAL] == pytest.approx(1 / 8) and found[RUN] == 2


def test_nothing_repeats_in_silence():
    assert all(math.isnan(value) for value in repetition(song("")).values())


def test_distance_is_the_mean_difference_of_sorted_values():
    values = np.arange(101.0)
    assert distance(values, values) == 0
    assert distance(values, values[::-1] + 5) == pytest.approx(5)
    assert distance(np.zeros(3), np.array([0.0, 1.0])) == pytest.approx(0.5)
    assert math.isnan(distance(np.zeros(0), values))


def test_loops_stand_out_beside_real_music_and_the_likes_of_it_do_not():
    rng = np.random.default_rng(0)

    def tune() -> symusic.Score:
        return song("".join(rng.choice(list("abcdefghij"), 32)))

    figures = repeats({0.7: [song("a" * 32)] * 8, 1.0: [tune() for _ in range(24)]}, [tune() for _ in range(40)], rng)
    assert figures["excerpts"] == 40 and figures["pieces"] == {0.7: 8, 1.0: 24}
    row = figures[EQUAL]
    assert row["real"]["mean"] == pytest.approx(0.1, abs=0.03) and row["real"]["p10"] < 0.1 < row["real"]["p90"]
    loops, alike = row["ours"][0.7], row["ours"][1.0]
    assert not loops["met"] and loops["mean"] == loops["max"] == 31 / 32 and loops["error"] == 0
    assert alike["met"] and alike["alike"] and not loops["alike"]
    assert alike["distance"] < alike["chance"] < loops["chance"] < loops["distance"] / 10
    assert figures[RUN]["ours"][0.7]["p90"] == 32
    text = "\n".join(as_text(figures))
    assert "8 pieces" not in text and "24 pieces of 32 bars" in text and "T 0.7" in text


def test_music_that_never_repeats_may_meet_the_mean_and_is_not_alike():
    rng = np.random.default_rng(0)
    new = song("".join(chr(ord("a") + bar) for bar in range(32)))
    verse = song("abcdefgh" * 4)
    row = repeats({1.0: [new] * 12}, [verse] * 15 + [new] * 25, rng)[REPEATED]
    assert row["real"]["mean"] == pytest.approx(0.75 * 15 / 40) and row["real"]["p10"] == 0
    assert row["ours"][1.0]["met"] and not row["ours"][1.0]["alike"]


def test_pieces_are_written_at_each_temperature(tmp_path):
    asked = []

    def generate(piece: Piece, options: GenerateOptions):
        asked.append((options.temperature, options.bars, options.seed))
        yield Step((piece.with_step(song("ab"), {}),), options.bars, options.bars, "bars")

    wishes = [GenerateOptions(bars=16, seed=seed) for seed in (3, 4)]
    found = written(wishes, generate, tmp_path / "out")
    assert {temperature: len(scores) for temperature, scores in found.items()} == dict.fromkeys(TEMPERATURES, 2)
    assert asked == [(temperature, BARS, seed) for temperature in TEMPERATURES for seed in (3, 4)]
    assert len(list((tmp_path / "out").glob("*.mid"))) == 2 * len(TEMPERATURES)
