"""Players who join a song later than the others, because they were asked to."""

from __future__ import annotations

from collections.abc import Mapping

from music.arranging.parts import Arrangement, NoteColumn, Part


def enter_later(song: Arrangement, parts: list[Part], entries: Mapping[int, int]) -> list[Part]:
    """Returns the parts without what these players play before they enter.

    Args:
        song: to which the parts belong.
        parts: of all tracks.
        entries: by program (DRUMS for drums), the bar in which a player enters, from 0.
    """
    found = []
    for program, part in zip(song.programs, parts, strict=True):
        bar = entries.get(program)
        if bar is not None and len(part):
            start = song.bars[bar].start if bar < len(song.bars) else song.end
            part = part[part[:, NoteColumn.TIME] >= start]
        found.append(part)
    return found
