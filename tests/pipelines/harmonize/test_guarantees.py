"""The guarantees of Harmonize on scores that are made up, with models that propose anything but music."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from music.bars import bar_grid
from music.piece import Piece
from music.tokens.accompaniment import HARMONIES
from music.tokens.octuple import model_grid
from pipelines.harmonize import harmonize
from pipelines.options.harmonize import HarmonizeOptions
from tests.examples import examples
from tests.pipelines.harmonize.checks import Asked, check_harmony, check_partial, check_plain, check_voices
from tests.pipelines.remix_checks import notes_of
from tests.pipelines.scores import PROGRESSIONS, pieces, tunes, wishes

pytestmark = pytest.mark.usefixtures("random_models")
quick = settings(
    max_examples=examples(6),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def run_and_check(piece: Piece, options: HarmonizeOptions) -> tuple[Piece, Asked]:
    """Returns the first variant and what was asked, after asserting that all pieces on the way keep the promises."""
    score = piece.score
    note([score.ticks_per_quarter, list(score.time_signatures), list(score.markers)])
    note([(track.is_drum, track.program, sorted(notes_of(track).elements())) for track in score.tracks])
    fingerprint, steps = piece.fingerprint, list(harmonize(piece, options))
    assert piece.replace(title=piece.title).fingerprint == fingerprint
    asked = Asked(piece, options, steps[-1].piece.history[-1]["melody"])
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert {step.total for step in steps} == {steps[-1].done} and steps[-1].done > 0
    assert all(step.done < step.total for step in steps[:-1])
    for step in steps[:-1]:
        for partial in step.pieces:
            check_partial(asked, partial)
    assert all(len(step.pieces) == options.variants for step in steps)
    for after in steps[-1].pieces:
        check_harmony(piece, after, options)
    return steps[-1].piece, asked


def pitched(piece: Piece) -> list[int]:
    return [number for number, track in enumerate(piece.score.tracks) if len(track.notes) and not track.is_drum]


def known_bars(piece: Piece) -> bool:
    """Returns whether the model sees the bars that a reader sees."""
    return model_grid(piece.score)[0] == bar_grid(piece.score)


@pytest.mark.parametrize("style", HARMONIES)
@quick
@given(st.data())
def test_any_score_keeps_its_melody_and_gets_what_was_asked_for(style, data):
    piece = data.draw(st.one_of(tunes(), pieces().filter(pitched)))
    melody = data.draw(st.sampled_from([None, *pitched(piece)]))
    run_and_check(piece, HarmonizeOptions(melody=melody, **data.draw(wishes(style))))


@pytest.mark.parametrize("style", HARMONIES)
@quick
@given(st.data())
def test_typed_chords_are_followed(style, data):
    piece, typed = data.draw(tunes()), data.draw(st.sampled_from(PROGRESSIONS))
    run_and_check(piece, HarmonizeOptions(melody=0, chords=typed, **data.draw(wishes(style))))


@pytest.mark.parametrize("style", HARMONIES)
@quick
@given(st.data())
def test_other_bars_than_those_asked_for_stay(style, data):
    piece = data.draw(st.one_of(tunes(), tunes(), pieces().filter(pitched)))
    if data.draw(st.booleans()):
        piece = list(harmonize(piece, HarmonizeOptions(**data.draw(wishes(style)))))[-1].piece
    melody = data.draw(st.sampled_from([None, *pitched(piece)]))
    typed = data.draw(st.sampled_from([(), (), *PROGRESSIONS])) if known_bars(piece) else ()
    probe = HarmonizeOptions(bars=(0,), melody=melody)
    count = len(Asked(piece, probe, pitched(piece)[0]).bars)
    some = tuple(data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3)))
    options = HarmonizeOptions(melody=melody, chords=typed, bars=some, **data.draw(wishes(style)))
    run_and_check(piece, options)


@quick
@given(st.data())
def test_simple_chords_are_triads_of_the_key(data):
    key = data.draw(st.sampled_from(["F# major", "C minor", "E minor", "Bb"]))
    asked = data.draw(wishes("chords")) | {"complexity": "low", "key": key}
    piece = data.draw(tunes())
    after, told = run_and_check(piece, HarmonizeOptions(melody=0, **asked))
    check_plain(after, told.end, told.key)


@settings(quick, max_examples=examples(10))
@given(st.data())
def test_four_voices_sing_on_and_keep_the_rules(data):
    piece = data.draw(tunes())
    typed = data.draw(st.sampled_from([(), *PROGRESSIONS]))
    after, asked = run_and_check(piece, HarmonizeOptions(melody=0, chords=typed, **data.draw(wishes("chorale"))))
    check_voices(asked, after)


@pytest.mark.parametrize("style", HARMONIES)
@settings(quick, max_examples=examples(2))
@given(st.data())
def test_the_same_recipe_gives_the_same_notes(style, data):
    piece, options = data.draw(pieces().filter(pitched)), HarmonizeOptions(**data.draw(wishes(style)))
    found = [list(harmonize(piece, options))[-1].piece for _ in range(2)]
    assert found[0].fingerprint == found[1].fingerprint
    assert found[0].history == found[1].history
