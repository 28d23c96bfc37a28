"""The one way in which tests wait: for a condition, with a deadline that only a hang reaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any, TypeVar

PATIENCE_S = 180.0
"""A busy machine may take its time: a wait that is over by then is a hang."""

T = TypeVar("T")


def until(
    condition: Callable[[], T], what: str | Callable[[], Any], seconds: float = PATIENCE_S, every_s: float = 0.02
) -> T:
    """Returns the first value of a condition that is true.

    Args:
        condition: asked again and again. It may do what brings the end nearer, such as running a page anew.
        what: what is waited for, in words, or a function that tells how things stand when time is over.
        seconds: how long to wait at most.
        every_s: the pause between two questions.

    Raises:
        AssertionError: it did not come.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:.0f} seconds still waiting for {what() if callable(what) else what}.")
        time.sleep(every_s)
    return found


def until_shown(page: Any, condition: Callable[[Any], T], what: str | Callable[[], Any]) -> T:
    """Returns the first true value of a condition on a page of Streamlit's AppTest, which is run until then.

    Raises:
        AssertionError: it did not come, or the page threw an exception.
    """

    def met() -> T:
        if not (found := condition(page)):
            page.run()
        return found

    found = until(met, what, every_s=0.05)
    assert not page.exception
    return found


def join(threads: Iterable[Thread]) -> None:
    """Returns once all these threads have ended.

    Raises:
        AssertionError: one still runs.
    """
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), f"After {PATIENCE_S:.0f} seconds thread {thread.name} still runs."
