"""Generate with the LSTMs: exact lengths, a proper end, only what the vocabulary has, and refusals that say so."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from checkpoints.loading import load
from music.bars import bar_grid, score_end
from music.errors import StudioError
from music.piece import Piece
from music.tokens.piano import ChordVocabulary
from pipelines.contract import Step
from pipelines.generate import WISHES, generate
from pipelines.options.generate import GenerateOptions
from tests.pipelines.songs import band

pytestmark = pytest.mark.usefixtures("random_models")

NOTHING = Piece.empty()
MODELS = ("random-lstm-notes", "random-lstm-chords")


@pytest.fixture(params=MODELS)
def model(request) -> str:
    return request.param


def steps_of(piece: Piece, model: str, **options) -> list[Step]:
    return list(generate(piece, GenerateOptions(checkpoint=model, **options)))


def written(piece: Piece, model: str, **options) -> Piece:
    return steps_of(piece, model, **options)[-1].piece


def onsets_of(piece: Piece, start: int = 0) -> dict[int, list[int]]:
    """Returns the pitches, rising, that begin at each tick."""
    found: dict[int, list[int]] = {}
    for track in piece.score.tracks:
        for note in track.notes:
            if note.time >= start:
                found.setdefault(note.time, []).append(note.pitch)
    return {time: sorted(pitches) for time, pitches in sorted(found.items())}


@pytest.mark.parametrize(("seconds", "tempo"), [(1.0, 60.0), (7.3, 140.0), (10.0, 20.0), (9.9, 23.0)])
def test_the_last_note_ends_when_the_seconds_are_over(model, seconds, tempo):
    piece = written(NOTHING, model, bars=None, seconds=seconds, tempo_bpm=tempo, seed=1)
    assert piece.seconds == pytest.approx(seconds, abs=0.01)


def test_the_model_may_choose_the_tempo_and_the_seconds_still_hold(model):
    for seed in range(3):
        assert written(NOTHING, model, bars=None, seconds=6.5, seed=seed).seconds == pytest.approx(6.5, abs=0.02)


@pytest.mark.parametrize(("bars", "signature"), [(1, "4/4"), (2, "3/4"), (5, "6/8")])
def test_as_many_bars_as_asked_are_written_to_their_end(model, bars, signature):
    piece = written(NOTHING, model, bars=bars, time_signature=signature, seed=2)
    grid = bar_grid(piece.score)
    assert len(grid) == bars and score_end(piece.score) == grid[-1].end
    assert all(any(bar.start <= onset < bar.end for onset in onsets_of(piece)) for bar in grid)


def test_the_end_is_a_chord_on_its_lowest_note_s_triad(model):
    for seed in range(4):
        *_, last = onsets_of(written(NOTHING, model, bars=3, seed=seed)).values()
        above = {(pitch - last[0]) % 12 for pitch in last}
        assert len(last) >= 3 and above in ({0, 4, 7}, {0, 3, 7})


def test_a_seed_repeats_and_another_differs(model):
    options = {"bars": 3, "temperature": 1.2}
    first, again, other = (written(NOTHING, model, seed=seed, **options).fingerprint for seed in (4, 4, 5))
    assert first == again != other


def test_variants_differ_and_the_piece_grows(model):
    steps = steps_of(NOTHING, model, bars=24, seed=1, variants=3)
    assert len(steps[-1].pieces) == 3 and len({piece.fingerprint for piece in steps[-1].pieces}) == 3
    assert all(earlier.done <= later.done for earlier, later in pairwise(steps))
    assert steps[0].piece.note_count < steps[-1].piece.note_count


def test_only_a_piano_plays_and_within_its_keys(model):
    piece = written(NOTHING, model, bars=8, seed=6, temperature=2.0)
    assert [(track.program, track.is_drum) for track in piece.score.tracks] == [(0, False)]
    assert all(21 <= note.pitch <= 108 for note in piece.score.tracks[0].notes)


def test_what_is_struck_together_stands_in_the_vocabulary():
    vocabulary = ChordVocabulary.from_table(load("random-lstm-chords").model.chord_pitches.numpy())
    shapes = {tuple(pitch - chord[0] for pitch in chord) for chord in vocabulary.chords}
    for seed in range(3):  # each in a key of its own
        piece = written(NOTHING, "random-lstm-chords", bars=6, seed=seed, temperature=2.0, top_p=1.0)
        for pitches in onsets_of(piece).values():
            assert tuple(pitch - pitches[0] for pitch in pitches) in shapes


def test_a_piece_is_continued_and_kept_as_it_is(model):
    piece = written(band(), model, bars=2, seed=3)
    start = bar_grid(band().score)[-1].end
    for before, after in zip(band().score.tracks, piece.score.tracks, strict=False):
        assert [note for note in after.notes if note.time < start] == list(before.notes)
    new = [track for track in piece.score.tracks if any(note.time >= start for note in track.notes)]
    assert {(track.program, track.is_drum) for track in new} == {(0, False)}
    assert score_end(piece.score) == bar_grid(piece.score)[-1].end


def test_it_matters_what_is_continued(model):
    found = []
    for keep in (1, 3):
        start = bar_grid(band().score)[keep - 1].end
        after = onsets_of(written(band(), model, bars=2, keep_bars=keep, seed=3, tempo_bpm=90), start)
        found.append({time - start: pitches for time, pitches in after.items()})
    assert found[0] != found[1]


@pytest.mark.parametrize(
    "wish",
    [
        {"genre": "jazz"},
        {"style": "waltz"},
        {"instruments": ("flute",)},
        {"key": "D minor"},
        {"density": "low"},
        {"monophonic": True},
        {"novelty": 0.2},
        {"guidance": 1.0},
        {"memory": 64},
        {"temperature_instruments": 0.5},
        {"key": "C", "stay_in_key": True},
    ],
    ids=lambda wish: "+".join(wish),
)
def test_what_it_cannot_do_is_refused_in_words(model, wish):
    with pytest.raises(StudioError, match=f"'{model}' plays the piano") as refused:
        next(generate(NOTHING, GenerateOptions(checkpoint=model, **wish)))
    assert all(WISHES[name] in str(refused.value) for name in wish)


def test_no_note_is_struck_again_and_again(model):
    """Of a model that is sure of one pitch too: a bar that is reached leaves it after some notes in a row."""
    piece = written(NOTHING, model, bars=12, seed=8, temperature=0.0)
    pitches = Counter(note.pitch for note in piece.score.tracks[0].notes)
    assert len(pitches) > 3
