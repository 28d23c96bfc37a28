"""The guarantees of Remix on scores that are made up, with a model that proposes anything but music."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from music.errors import StudioError
from music.piece import Piece
from music.theory import estimate_key, written_key
from pipelines.options.remix import CHANGES, RemixOptions
from pipelines.remix import remix
from tests.examples import examples
from tests.pipelines.remix_checks import PITCH, Selected, check_remix, check_rest, notes_of
from tests.pipelines.scores import pieces, runs, selections

pytestmark = pytest.mark.usefixtures("random_models")
quick = settings(
    max_examples=examples(30),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def run_and_check(piece: Piece, options: RemixOptions) -> Piece:
    """Returns the remixed piece, after asserting that it and all on the way to it keep the promises."""
    selected = Selected(piece, options)
    only_drums = all(piece.score.tracks[track].is_drum for notes in selected.notes.values() for track, _ in notes)
    if options.change == "instruments" and only_drums:
        with pytest.raises(StudioError):
            list(remix(piece, options))
        return piece
    score = piece.score
    note([score.ticks_per_quarter, list(score.time_signatures)])
    note([(track.is_drum, track.program, sorted(notes_of(track).elements())) for track in score.tracks])
    before, steps = piece.fingerprint, list(remix(piece, options))
    assert piece.replace(title=piece.title).fingerprint == before
    for step in steps:
        check_rest(piece, step.piece, options)
    check_remix(piece, steps[-1].piece, options)
    return steps[-1].piece


@pytest.mark.parametrize("checkpoint", ["random", "random-official"])
@pytest.mark.parametrize("change", CHANGES)
@quick
@given(st.data())
def test_only_what_was_selected_changes_and_no_more_of_it_than_asked(change, checkpoint, data):
    piece = data.draw(pieces())
    asked = data.draw(selections(piece))
    run_and_check(piece, RemixOptions(change=change, checkpoint=checkpoint, **asked))


@pytest.mark.parametrize("change", ["notes", "everything"])
@quick
@given(st.data())
def test_staying_in_key_leaves_no_new_note_outside_the_scale(change, data):
    piece = data.draw(pieces())
    asked = data.draw(selections(piece))
    pitched = [track for track in piece.score.tracks if len(track.notes) and not track.is_drum]
    options = RemixOptions(change=change, checkpoint="random", stay_in_key=True, **asked)
    if not pitched:
        return
    after = run_and_check(piece, options)
    key = written_key(piece.score) or estimate_key(piece.score)[0]
    for old, new in zip(piece.score.tracks, after.score.tracks, strict=True):
        if not old.is_drum:
            assert {note[PITCH] % 12 for note in notes_of(new) - notes_of(old)} <= key.scale


@pytest.mark.parametrize("change", CHANGES)
@settings(quick, max_examples=examples(10))
@given(st.data())
def test_the_same_recipe_gives_the_same_notes(change, data):
    piece = data.draw(pieces())
    options = RemixOptions(change=change, checkpoint="random", **data.draw(selections(piece)))
    try:
        found = [list(remix(piece, options))[-1].piece for _ in range(2)]
    except StudioError:  # drums have no other instrument
        return
    assert found[0].fingerprint == found[1].fingerprint
    assert found[0].history == found[1].history


@pytest.mark.parametrize("checkpoint", ["random", "random-short"])
@pytest.mark.parametrize("change", ["notes", "rhythm", "everything"])
@settings(quick, max_examples=examples(15))
@given(st.data())
def test_runs_denser_than_the_grid_and_longer_than_the_window_keep_every_promise(change, checkpoint, data):
    piece = data.draw(runs())
    run_and_check(piece, RemixOptions(change=change, checkpoint=checkpoint, **data.draw(selections(piece))))
