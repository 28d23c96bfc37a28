"""Where things lie that do not ship with the studio: better sound banks, a user's own checkpoints."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Returns the studio's folder of this user; DEEPMUSIC_CACHE names another one."""
    return Path(os.environ.get("DEEPMUSIC_CACHE") or Path.home() / ".cache" / "deepmusic-studio")
