"""The words of a piece as the player's script shows them: lines with the time of each syllable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from music.bars import ticks_to_seconds
from music.piece import Piece
from music.words.events import Sung, lines_of, read_words

LONGEST = 60  # letters of a line that fits under a narrow roll; longer ones go on in the next


def karaoke(piece: Piece) -> list[dict[str, Any]]:
    """Returns the lines that are sung, of the track that has most words: ``from`` seconds and flat ``syllables``.

    Of each syllable three values: its first second, its text, and whether its word ends with it.
    """
    track = max(piece.score.tracks, key=lambda track: len(track.lyrics), default=None)
    if track is None or not len(track.lyrics):
        return []
    lines = [part for line in lines_of(read_words(track.lyrics)) for part in _parts(line)]
    ticks = np.array([each.time for line in lines for each in line], dtype=np.int64)
    seconds = iter(np.round(ticks_to_seconds(piece.score, ticks), 3).tolist())
    shown = []
    for line in lines:
        syllables = [value for each in line for value in (next(seconds), each.text, each.ends)]
        shown.append({"from": syllables[0], "syllables": syllables})
    return shown


def _parts(line: Iterable[Sung]) -> list[list[Sung]]:
    """Returns the syllables of a line without holds, in several lines where it is long, cut between words."""
    parts: list[list[Sung]] = [[]]
    letters = 0
    for each in line:
        if not each.is_held:
            if letters > LONGEST and each.begins:
                parts.append([])
                letters = 0
            parts[-1].append(each)
            letters += len(each.text) + each.ends
    return [part for part in parts if part]
