from __future__ import annotations

import pytest

from music.piece import Piece
from pipelines.contract import Step
from studio.estimates import Estimates, wait_s
from studio.widgets.job_progress import waiting_in_words


def test_nothing_is_said_before_anything_was_measured():
    estimates = Estimates()
    assert estimates.typical("generate") is None and estimates.rest("generate", 5.0, None) is None
    assert wait_s([None], [], slots=1) is None and wait_s([1.0], [None], slots=1) is None


def test_the_middle_of_the_last_jobs_counts():
    estimates = Estimates()
    for seconds in (10, 12, 300, *[14] * 30):
        estimates.note("generate", seconds)
    assert estimates.typical("generate") == 14 and estimates.rest("generate", 4.0, None) == 10
    assert estimates.rest("generate", 400.0, None) == 0.0


def test_a_job_that_tells_how_far_it_is_is_believed_rather_than_others():
    estimates = Estimates()
    estimates.note("compose", 1000.0)
    assert estimates.rest("compose", 30.0, Step((Piece.empty(),), 3, 4, "stages")) == pytest.approx(10.0)
    assert estimates.rest("render", 30.0, 0.5) == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("running", "ahead", "slots", "seconds"),
    [([10.0], [], 1, 10.0), ([10.0], [5.0, 5.0], 1, 20.0), ([10.0, 4.0], [5.0], 2, 9.0), ([10.0], [], 2, 0.0)],
)
def test_places_and_seconds_come_together(running, ahead, slots, seconds):
    assert wait_s(running, ahead, slots) == seconds


@pytest.mark.parametrize(
    ("place", "seconds", "words"),
    [
        (1, None, "You are next. Others are writing at the moment."),
        (1, 3.0, "You are next. It starts in a few seconds."),
        (4, 42.0, "3 before you. It starts in about 40 seconds."),
        (4, 200.0, "3 before you. It starts in about 3 minutes."),
    ],
)
def test_who_waits_reads_the_place_and_how_long(place, seconds, words):
    assert waiting_in_words(place, seconds) == words
