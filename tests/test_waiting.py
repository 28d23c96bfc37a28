"""The tests' own tools: waiting ends, counting counts, and what was left out is told."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import INSTALL_CHROMIUM, NO_CHROMIUM, pytest_terminal_summary
from tests.counting import calls
from tests.waiting import join, until

TESTS = Path(__file__).parent


def test_what_is_waited_for_is_returned():
    values = iter((0, "", "here"))
    assert until(lambda: next(values), "it") == "here"


def test_a_wait_that_is_over_says_how_things_stood():
    with pytest.raises(AssertionError, match="still waiting for the file"):
        until(lambda: False, "the file", seconds=0.05)
    with pytest.raises(AssertionError, match=r"still waiting for \['so far'\]"):
        until(lambda: False, lambda: ["so far"], seconds=0.05)


def test_threads_are_waited_for():
    done = threading.Event()
    thread = threading.Thread(target=done.set)
    thread.start()
    join([thread])
    assert done.is_set() and not thread.is_alive()


def test_the_same_work_counts_the_same():
    work = [lambda n=n: [divmod(number, 7) for number in range(n)] for n in (100, 100, 1000)]
    one, again, more = map(calls, work)
    assert one == again > 100 and more > 1000


def test_no_test_measures_time():
    """A busy machine would fail it; benchmarks measure."""
    for path in TESTS.rglob("*.py"):
        if path != Path(__file__):
            assert not re.search(r"perf_counter|process_time|timeit|thread_time", path.read_text()), path


def test_missing_browsers_are_told_in_one_line():
    told = []
    reports = [SimpleNamespace(longrepr=("file", 1, f"Skipped: {NO_CHROMIUM}. Install")), SimpleNamespace(longrepr="")]
    reporter = SimpleNamespace(stats={"skipped": reports}, write_line=lambda line, **_: told.append(line))
    pytest_terminal_summary(reporter)
    assert len(told) == 1 and told[0].startswith("1 browser tests were skipped") and INSTALL_CHROMIUM in told[0]
    reporter.stats = {}
    pytest_terminal_summary(reporter)
    assert len(told) == 1
