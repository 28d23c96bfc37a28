"""Is a piece in the key that was asked for, and in the right mode? Beside how often that is heard in music that writes its key.

No estimator hears every key: the figures of validation music are the ceiling.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import symusic

from music.analysis.relative_mode import relative_mode
from music.theory import Key, estimate_key

MODES = ("major", "minor")
MEASURES = {"profile": "its profile fits best", "mode": "not its relative"}
VALIDATION = "validation pieces"


def heard(score: symusic.Score, key: Key) -> dict[str, bool]:
    """Returns by which ways of hearing a score is in a key.

    - profile: the key whose profile fits best (`music.theory.estimate_key`) is this one; its relative does not count.
    - mode: of this key and its relative, the evidence of `music.analysis.relative_mode` is for this one.
    """
    return {"profile": estimate_key(score)[0] == key, "mode": relative_mode(score, key)[0] == key.mode}


def keys(pieces: Iterable[tuple[symusic.Score, Key]]) -> dict[str, dict[str, Any]]:
    """Returns for "major" and "minor" how many pieces are to be in it, and the shares that are heard so, by MEASURES."""
    found: dict[str, list[dict[str, bool]]] = {mode: [] for mode in MODES}
    for score, key in pieces:
        found[key.mode].append(heard(score, key))
    return {
        mode: {"pieces": len(rows), **{name: sum(row[name] for row in rows) / len(rows) for name in MEASURES if rows}}
        for mode, rows in found.items()
    }


def as_text(figures: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Returns the lines of a table of what ``keys`` found, by whose pieces they are."""
    lines = [
        "The key that was asked for, or is written (major, minor; the relative does not count)",
        f"  {'':24}{'pieces':>12}" + "".join(f"{text:>26}" for text in MEASURES.values()),
    ]
    for who, modes in figures.items():
        counts = "".join(f"{modes[mode]['pieces']:6}" for mode in MODES)
        lines.append(f"  {who:24}{counts}" + "".join(_both(modes, name) for name in MEASURES))
    return lines


def _both(modes: dict[str, dict[str, Any]], name: str) -> str:
    cells = [f"{modes[mode][name]:.1%}" if name in modes[mode] else "-" for mode in MODES]
    return f"{cells[0]:>17}{cells[1]:>9}"
