"""How many made-up examples a test tries: some each time, and all that were meant under ``make test-thorough``."""

from __future__ import annotations

import os

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
FEWEST = 6


def examples(meant: int) -> int:
    """Returns how many examples a test tries that is meant to try so many."""
    return meant if THOROUGH else max(min(meant, FEWEST), meant // 3)
