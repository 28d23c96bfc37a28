"""What one visitor may take of a studio that many share; whoever runs it says so by the environment.

DEEPMUSIC_VISITOR_JOBS   songs that one visitor has under way at once (2)
DEEPMUSIC_JOB_MINUTES    minutes after which a job is stopped (as each verb says, see pipelines/worker/verbs.py)
DEEPMUSIC_UPLOAD_MB      size of a file that is given to a page (as each page says, 500 at most)
DEEPMUSIC_SONGS_MB       disk that all songs together may take (as much as there is)
"""

from __future__ import annotations

from pipelines.worker.settings import number

NAMES = ("DEEPMUSIC_VISITOR_JOBS", "DEEPMUSIC_JOB_MINUTES", "DEEPMUSIC_UPLOAD_MB", "DEEPMUSIC_SONGS_MB")


def jobs_a_visitor() -> int:
    """Returns how many songs one visitor may have under way at once."""
    return max(1, int(number(NAMES[0], 2)))


def upload_mb(most_mb: int) -> int:
    """Returns how large a file may be that is given to a page which takes this much, in MB."""
    return min(most_mb, max(1, int(number(NAMES[2], most_mb))))


def songs_bytes() -> int | None:
    """Returns how much disk all songs together may take; None for no limit."""
    megabytes = number(NAMES[3], 0)
    return int(megabytes * 2**20) or None
