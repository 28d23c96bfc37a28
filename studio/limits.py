"""What one visitor may take of a studio that many share; whoever runs it says so by the environment.

DEEPMUSIC_VISITOR_JOBS   songs that one visitor has under way at once (2)
DEEPMUSIC_JOB_MINUTES    minutes after which a job is stopped (as each verb says, see pipelines/worker/verbs.py)
DEEPMUSIC_UPLOAD_MB      size of a file that is given to a page (as each page says, 500 at most)
DEEPMUSIC_SONGS_MB       disk that all songs together may take (as much as there is)
DEEPMUSIC_STOP_SECONDS   how long what runs may go on when the studio is ended (5)
"""

from __future__ import annotations

from pipelines.worker.pool import MINUTES
from pipelines.worker.settings import number

VISITOR_JOBS, UPLOAD_MB, SONGS_MB = "DEEPMUSIC_VISITOR_JOBS", "DEEPMUSIC_UPLOAD_MB", "DEEPMUSIC_SONGS_MB"
STOP_SECONDS = "DEEPMUSIC_STOP_SECONDS"


def check() -> None:
    """Makes sure that what the environment says can be used.

    Raises:
        StudioError: a limit is no number above 0.
    """
    for name in (VISITOR_JOBS, UPLOAD_MB, SONGS_MB, STOP_SECONDS, MINUTES):
        number(name, 1)


def jobs_a_visitor() -> int:
    """Returns how many songs one visitor may have under way at once."""
    return max(1, int(number(VISITOR_JOBS, 2)))


def upload_mb(most_mb: int) -> int:
    """Returns how large a file may be that is given to a page which takes this much, in MB."""
    return min(most_mb, max(1, int(number(UPLOAD_MB, most_mb))))


def songs_bytes() -> int | None:
    """Returns how much disk all songs together may take; None for no limit."""
    return int(number(SONGS_MB, 0) * 2**20) or None


def stop_seconds() -> float:
    """Returns how long what runs may go on when the studio is ended."""
    return number(STOP_SECONDS, 5)
