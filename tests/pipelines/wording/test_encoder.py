"""Text to a vector: the same words mean the same however they are written, and words alike lie near each other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from checkpoints.word_vectors import WIDTH, word_vectors
from pipelines.wording.captions import ATTRIBUTES, caption, made_up, wordings
from pipelines.wording.encoder import encode

ROOT = Path(__file__).parents[3]


def nearest(word: str, others: list[str]) -> str:
    """Returns which of some words lies nearest to a word."""
    table = word_vectors()
    vectors = np.stack([table.vectors[table.rows[each]] for each in (word, *others)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return others[int((vectors[1:] @ vectors[0]).argmax())]


@pytest.mark.parametrize(
    ("word", "others", "expected"),
    [
        ("mournful", ["sorrowful", "joyful", "loud"], "sorrowful"),
        ("gloomy", ["bright", "dark", "major"], "dark"),
        ("violin", ["trumpet", "cello", "drums"], "cello"),
    ],
)
def test_words_lie_near_what_means_the_like(word, others, expected):
    assert nearest(word, others) == expected


def test_case_accents_hyphens_quotes_and_unknown_words_change_nothing():
    plain, *others = encode(
        [
            "slow cafe music dont",
            "SLOW, Café-music; don't!",
            "slow ‘cafe’ music don’t",
            "slow cafe xqzzt music 123 dont",
        ]
    )
    assert all(np.array_equal(plain, other) for other in others)


@pytest.mark.parametrize("text", ["", " \n", "xqzzt", "1234 ...", "音楽", "ё", "\ud800", "🫥"])
def test_a_text_without_a_known_word_is_zeros(text):
    assert not encode([text]).any()


def test_vectors_are_floats_near_variance_one_over_captions():
    rng = np.random.default_rng(7)
    made = encode([caption(made_up(rng), rng) for _ in range(500)])
    assert made.shape == (500, WIDTH) and made.dtype == np.float32 and np.isfinite(made).all()
    assert 0.8 < made.var() < 1.2 and np.abs(made).max() <= 4


def test_an_emoji_is_the_word_that_it_stands_for():
    assert np.array_equal(*encode(["slow 🎹", "slow piano"]))


def test_a_long_text_is_read_whole():
    short, long = encode(["slow piano " * 1000, "slow piano " * 1000 + "loud brass"])
    assert np.isfinite(short).all() and not np.array_equal(short, long)


def test_captions_say_what_they_are_given_in_many_words():
    rng = np.random.default_rng(0)
    made = {caption({"tempo": "slow", "family": "piano"}, rng) for _ in range(200)}
    assert len(made) > 100
    told = [
        phrase
        for name in ("tempo", "family")
        for phrase in wordings()[name][{"tempo": "slow", "family": "piano"}[name]]
    ]
    assert sum(any(phrase in text.lower() for phrase in told) for text in made) > 0.7 * len(made)
    assert caption({}, rng)


def test_no_wording_is_both_learned_and_held_out():
    for name, classes in ATTRIBUTES.items():
        learned = {phrase for told in wordings()[name].values() for phrase in told}
        for value in classes:
            held_out = wordings(True)[name][value]
            assert len(wordings()[name][value]) >= 10 and len(held_out) >= 4
            assert not learned & set(held_out)


def test_encoding_needs_no_torch():
    code = "import sys\nfrom pipelines.wording.encoder import encode\nencode(['slow'])\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
