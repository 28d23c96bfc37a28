"""Who comes next: jobs wait in turns by visitor, so that nobody's many jobs stand before another's first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar


class Waits(Protocol):
    """What waits: it belongs to a visitor."""

    visitor: str


T = TypeVar("T", bound=Waits)


def in_turns(waiting: Iterable[T], running: Iterable[Waits], served: dict[str, int]) -> list[T]:
    """Returns the jobs in the order in which they will start.

    Each round takes one job of every visitor, beginning with who was served longest ago; a job that runs is a round that
    its visitor has had.

    Args:
        waiting: in the order in which they came.
        running: at this moment.
        served: when each visitor's last job began, as a number that grows; who is not there has had none.
    """
    rounds = Counter(job.visitor for job in running)
    turns = []
    for arrival, job in enumerate(waiting):
        turns.append((rounds[job.visitor], served.get(job.visitor, 0), arrival, job))
        rounds[job.visitor] += 1
    return [job for *_, job in sorted(turns, key=lambda turn: turn[:3])]
