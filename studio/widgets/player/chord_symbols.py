"""The chords of a piece as the lane over the roll shows them: where each symbol stands, and what a bar has in text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import symusic

from music.bars import bar_grid, ticks_to_seconds
from music.chord_symbols.bars import bar_texts
from music.theory import Key


def chord_symbols(score: symusic.Score, key: Key | None = None) -> list[list[Any]]:
    """Returns the symbols of a score, six values each; none where it carries no chords.

    First second, second after the last, bar from 0, place among the words of the bar's text, name, and whether it is held
    over from the one before.

    Args:
        score: any score.
        key: in which symbols are spelled; C major by default.
    """
    texts = bar_texts(score, key)
    found: list[tuple[int, int, int, int, str, bool]] = []
    for number, (bar, text) in enumerate(zip(bar_grid(score), texts, strict=True)):
        words = text.split()
        edges = (
            [bar.start + (bar.end - bar.start) * share // len(words) for share in range(len(words) + 1)]
            if words
            else []
        )
        begins = [share for share, word in enumerate(words) if word != "/"]
        for share, after in zip(begins, [*begins[1:], len(words)]):
            held = bool(found) and found[-1][4] == words[share]
            found.append((edges[share], edges[after], number, share, words[share], held))
    ticks = np.array([each[:2] for each in found], dtype=np.int64).reshape(-1, 2)
    seconds = np.round(ticks_to_seconds(score, ticks), 3).tolist()
    return [[*times, *each[2:]] for times, each in zip(seconds, found, strict=True)]


def before_bar(texts: Sequence[str], bar: int) -> str:
    """Returns the chord that holds where a bar, counted from 0, begins, given the texts of all bars; "" for none."""
    words = [word for text in texts[:bar] for word in text.split() if word != "/"]
    return words[-1] if words else ""
