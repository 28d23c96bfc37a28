"""Chords that a network finds for all beats at once: what is asked for holds, chance is the seed's, and all controls reach them."""

from __future__ import annotations

import pytest

from music.chords import chord_spans
from music.piece import Piece
from music.theory import parse_key
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from tests.pipelines.harmonize.checks import check_harmony
from tests.pipelines.harmonize.test_harmonize import SONG, notes

pytestmark = pytest.mark.usefixtures("random_models")
BAR = 1920
LOOSE = {"temperature": 2.0, "top_p": 1.0, "complexity": "high"}


def pieces(piece: Piece = SONG, **options) -> tuple[Piece, ...]:
    *_, step = harmonize(piece, HarmonizeOptions(**{"checkpoint": "random-harmonizer"} | LOOSE | options))
    return step.pieces


def symbols(piece: Piece) -> list[tuple[int, str]]:
    return [(span.start, span.chord.name()) for span in chord_spans(piece.score)]


def test_seeds_and_variants_differ_and_do_not_depend_on_how_many_there_are():
    four = pieces(variants=4)
    assert len({str(symbols(piece)) for piece in four}) == 4
    assert [symbols(piece) for piece in pieces(variants=2)] == [symbols(piece) for piece in four[:2]]
    assert symbols(pieces(seed=1)[0]) != symbols(four[0])
    for piece in four:
        check_harmony(SONG, piece, HarmonizeOptions(**LOOSE))


def test_bars_that_are_done_again_fit_between_those_that_stay():
    before = pieces(seed=3)[0]
    after = [pieces(before, bars=(2, 3), seed=seed)[0] for seed in range(4)]
    for piece in after:
        outside = [[one for one in notes(of)[-1] if not 2 * BAR <= one[0] < 4 * BAR + 1] for of in (before, piece)]
        assert outside[0] == outside[1]
    assert len({str(symbols(piece)) for piece in after}) > 1


@pytest.mark.parametrize(
    "turned",
    [{"temperature": 0.3}, {"top_p": 0.1}, {"top_k": 1}, {"key": "F# major"}, {"key": "G mixolydian"}, {"complexity": "low"}],
    ids=str,
)  # fmt: skip
def test_every_control_reaches_the_chords(turned):
    assert any(symbols(pieces(seed=seed)[0]) != symbols(pieces(**{"seed": seed} | turned)[0]) for seed in range(3))


def test_without_chance_the_seed_does_not_matter_and_simple_chords_are_triads_of_the_key():
    one, other = (pieces(temperature=0.0, complexity="low", key="D minor", seed=seed)[0] for seed in (0, 1))
    assert symbols(one) == symbols(other)
    scale = parse_key("D minor").scale
    assert all(len(s.chord.tones) == 3 and scale.issuperset(s.chord.tones) for s in chord_spans(one.score))
