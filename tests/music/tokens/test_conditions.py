from __future__ import annotations

import numpy as np
import pytest
import symusic

from music.theory import ALL_KEYS, Key
from music.tokens import octuple as tokens
from music.tokens.conditions import (
    DENSITIES,
    GENRES,
    MAX_PROGRAMS,
    PREFIX_LENGTH,
    PREFIX_PAD,
    PREFIX_SIZE,
    PREFIX_START,
    Conditions,
    canonical_key,
    measure,
    measure_density,
    prefix_blocks,
    shift_to_canonical,
)
from music.tokens.octuple import vocabulary


def phrase(
    key: Key, per_quarter: int = 1, signature=(4, 4), tempo: float = 120.0, programs=(0,), bars: int = 4
) -> np.ndarray:
    """Returns octuples that play the chord of a key, on each of the instruments (-1 for drums)."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    score.tempos.append(symusic.Tempo(0, tempo))
    steps = [0, 4, 7, 12, 7, 5, 2, 0] if key.mode == "major" else [0, 3, 7, 12, 7, 5, 11, 0]
    quarters = bars * 4 * signature[0] // signature[1]
    for program in programs:
        track = symusic.Track("", max(0, program), program < 0)
        track.notes = [
            symusic.Note(i * 480 // per_quarter, 480 // per_quarter, 60 + key.tonic + steps[i % 8], 90)
            for i in range(quarters * per_quarter)
        ]
        score.tracks.append(track)
    return tokens.encode(score).rows


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.name)
def test_the_key_of_a_phrase_is_measured(key):
    assert ALL_KEYS[measure(phrase(key)).key] == key


def test_signature_tempo_and_instruments_are_measured():
    found = measure(phrase(ALL_KEYS[0], signature=(6, 8), tempo=93.0, programs=(33, -1, 0)), genre=2)
    assert vocabulary().signatures[found.signature] == (6, 8)
    assert vocabulary().tempos[found.tempo] == pytest.approx(93, rel=0.03)
    assert found.programs == (0, 33, 128)
    assert found.genre == 2


@pytest.mark.parametrize(("per_quarter", "density"), [(1, "low"), (3, "medium"), (6, "high")])
def test_density_counts_notes_a_quarter_and_instrument(per_quarter, density):
    for programs in ((0,), (0, 33)):
        rows = phrase(ALL_KEYS[0], per_quarter, programs=programs)
        assert DENSITIES[measure_density(rows)] == density


def test_drums_alone_have_no_key_and_nothing_has_nothing():
    assert measure(phrase(ALL_KEYS[0], programs=(-1,))).key is None
    assert measure(np.zeros((0, 8), np.int16), genre=1) == Conditions(genre=1)


def test_a_prefix_holds_each_condition_in_its_own_block():
    whole = Conditions(genre=6, key=23, tempo=47, signature=26, density=2, programs=(0, 128))
    prefix = whole.prefix()
    assert prefix.shape == (PREFIX_LENGTH,)
    assert prefix[0] == PREFIX_START
    assert prefix.max() < PREFIX_SIZE
    blocks = prefix_blocks()
    counts = {name: int(((prefix >= low) & (prefix < high)).sum()) for name, (low, high) in blocks.items()}
    assert counts == {"genre": 1, "key": 1, "tempo": 1, "signature": 1, "density": 1, "program": 2}
    sizes = {name: high - low for name, (low, high) in blocks.items()}
    vocab = vocabulary()
    assert sizes == {
        "genre": len(GENRES), "key": 24, "tempo": len(vocab.tempos), "signature": len(vocab.signatures),
        "density": len(DENSITIES), "program": 129,
    }  # fmt: skip


def test_different_wishes_never_share_a_prefix():
    some = [Conditions()]
    some += [Conditions(genre=value) for value in range(len(GENRES))]
    some += [Conditions(key=value) for value in range(24)]
    some += [Conditions(tempo=value) for value in range(48)]
    some += [Conditions(signature=value) for value in range(27)]
    some += [Conditions(density=value) for value in range(3)]
    some += [Conditions(programs=(value,)) for value in range(129)]
    assert len({tuple(wish.prefix()) for wish in some}) == len(some)


def test_a_value_of_zero_is_not_nothing():
    assert (Conditions(genre=0, key=0, density=0).prefix() != PREFIX_PAD).sum() == 4


def test_more_instruments_than_a_prefix_holds():
    assert len(Conditions(programs=tuple(range(40))).prefix()) == PREFIX_LENGTH
    assert measure(phrase(ALL_KEYS[0], programs=range(MAX_PROGRAMS + 1), bars=1)).programs is None


def test_wishes_that_only_incline_the_music_can_be_taken_out():
    whole = Conditions(1, 2, 3, 4, 1, (5,))
    assert whole.without_preferences() == Conditions(tempo=3, signature=4, programs=(5,))


@pytest.mark.parametrize("key", range(24))
def test_music_moved_home_is_in_c_major_or_a_minor(key):
    assert -6 <= shift_to_canonical(key) <= 5
    there = Key((ALL_KEYS[key].tonic + shift_to_canonical(key)) % 12, ALL_KEYS[key].mode)
    assert there == ALL_KEYS[canonical_key(key)]
    assert there.name in ("C major", "A minor")


def test_the_options_offer_time_signatures_that_the_model_knows():
    from pipelines.options.checks import TIME_SIGNATURES

    known = {f"{n}/{d}" for n, d in vocabulary().signatures}
    lengths = {n / d for n, d in vocabulary().signatures}
    for text in TIME_SIGNATURES:
        n, d = map(int, text.split("/"))
        assert text in known or n / d in lengths
