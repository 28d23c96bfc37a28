"""Numbers and addresses that whoever runs the studio gives by the environment."""

from __future__ import annotations

import os

from music.errors import StudioError


def number(name: str, default: float) -> float:
    """Returns a number of the environment that is above 0, or the default where none stands there.

    Raises:
        StudioError: what stands there is no such number.
    """
    text = os.environ.get(name, "").strip()
    try:
        value = float(text or default)
    except ValueError:
        value = 0.0
    if text and not 0 < value < float("inf"):
        raise StudioError(f"{name} is '{text}'. Give a number above 0, or leave it out.")
    return value


def is_cluster(text: str) -> bool:
    """Whether this names a Ray cluster: "ray", one of its own; "auto", that of this machine; "ray://HOST:10001"."""
    return text in ("ray", "auto") or text.startswith("ray://")
