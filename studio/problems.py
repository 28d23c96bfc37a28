"""What a visitor reads when something escapes from a page."""

from __future__ import annotations

import logging

from music.errors import StudioError
from pipelines.worker.verbs import BUG
from studio.wording import show_error

_log = logging.getLogger(__name__)


def show_problem(error: Exception) -> bool:
    """Shows an error as its sentences; of anything else the traceback goes to the log. Returns True: it is dealt with."""
    if not isinstance(error, StudioError):
        _log.error("a page failed", exc_info=error)
    show_error(str(error) if isinstance(error, StudioError) else BUG)
    return True
