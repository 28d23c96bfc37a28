"""What is counted of the studio's work, for whoever watches it: jobs by kind and end, and their seconds.

Nothing here tells of a visitor or of music. ``studio.operation`` serves it as Prometheus text.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800)
REGISTRY = CollectorRegistry()
_ENDED = Counter(
    "deepmusic_jobs", "Jobs that have ended, by what they did and how.", ["verb", "state"], registry=REGISTRY
)
_RAN = Histogram("deepmusic_job_seconds", "Seconds that jobs ran.", ["verb"], buckets=SECONDS, registry=REGISTRY)
_WAITED = Histogram(
    "deepmusic_job_wait_seconds", "Seconds that jobs waited.", ["verb"], buckets=SECONDS, registry=REGISTRY
)


def note(verb: str, state: str, ran_s: float, waited_s: float) -> None:
    """Counts a job that has ended.

    Args:
        verb: what it did.
        state: "done", "stopped" or "failed".
        ran_s: seconds that it ran; 0.0 if it never did.
        waited_s: seconds that it waited for its turn.
    """
    _ENDED.labels(verb, state).inc()
    _WAITED.labels(verb).observe(waited_s)
    if ran_s:
        _RAN.labels(verb).observe(ran_s)
