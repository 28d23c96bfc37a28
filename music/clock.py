"""How a length of time is told."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Returns a length as minutes and seconds, such as "1:05"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
