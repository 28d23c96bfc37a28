"""How long a job will wait: by the seconds that the last jobs of each kind took, and by how far those are that run."""

from __future__ import annotations

import heapq
import statistics
import threading
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from pipelines.contract import Step

REMEMBERED = 20  # jobs of a kind: enough for a middle that one long song does not move, few enough to follow the day


class Estimates:
    """The seconds that jobs took, by what they did."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._guard = threading.Lock()

    def note(self, verb: str, seconds: float) -> None:
        """Remembers how long a job took."""
        with self._guard:
            self._seconds[verb].append(seconds)

    def typical(self, verb: str) -> float | None:
        """Returns the middle of what the last jobs of this kind took, in seconds; None before the first."""
        with self._guard:
            seconds = self._seconds.get(verb)
            return statistics.median(seconds) if seconds else None

    def rest(self, verb: str, elapsed_s: float, update: object) -> float | None:
        """Returns the seconds that a job which runs will still take; None where nothing can be said.

        Args:
            verb: what it does.
            elapsed_s: how long it has run.
            update: the Step or the share that it told last, if any: what is done tells more than other jobs do.
        """
        share = update.done / update.total if isinstance(update, Step) else update if isinstance(update, float) else 0.0
        if share > 0.05:  # before that the models are being loaded, which says nothing of the rest
            return elapsed_s * max(0.0, 1 - share) / share
        typical = self.typical(verb)
        return None if typical is None else max(0.0, typical - elapsed_s)


def wait_s(running: Iterable[float | None], ahead: Sequence[float | None], slots: int) -> float | None:
    """Returns the seconds until the next job starts.

    Args:
        running: what each job that runs will still take.
        ahead: what each job takes that starts before it, in order.
        slots: how many run at once.

    Returns:
        None where one of these is not known.
    """
    known = [seconds for seconds in (*running, *ahead) if seconds is not None]
    rests = list(running)
    if len(known) < len(rests) + len(ahead):
        return None
    free_at = [seconds for seconds in rests if seconds is not None]
    free_at += [0.0] * (slots - len(free_at))
    heapq.heapify(free_at)
    for seconds in ahead:
        heapq.heappush(free_at, heapq.heappop(free_at) + (seconds or 0.0))
    return free_at[0]
