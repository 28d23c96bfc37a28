"""The form of a song: where its sections begin, as rehearsal marks in the score.

A score carries its sections as MIDI markers "section: Verse", so they survive saving, opening and every pipeline. A
name that ends in "'" is a return that was varied on purpose; sections of one name are the same music.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import symusic

from music.bars import Bar, score_end
from music.edit import cut_after

INTRO, ENDING = "Intro", "Ending"
"""Names of the sections that frame a song."""

TRIO, FOURTH = "Trio", 5
"""Name of the section of a march that is in the key of the subdominant, and the semitones up to that."""

CONTINUATION = "Continuation"
"""Name of what was written after a song that has sections."""

_MARK = "section: "
_EVENTS = ("notes", "controls", "pitch_bends", "pedals", "lyrics")


class Section(NamedTuple):
    """A stretch of a song: its name, its first tick and the tick after its last."""

    name: str
    start: int
    end: int

    @property
    def theme(self) -> str:
        """The name of the section that this one returns to, or its own."""
        return theme_of(self.name)


def theme_of(name: str) -> str:
    """Returns the name of the theme that a section of this name returns to, or its own."""
    return name.rstrip("'")


def sections(score: symusic.Score, end: int | None = None) -> list[Section]:
    """Returns the sections that a score marks, in order; none where it marks none.

    Args:
        score: a score in ticks.
        end: where the last one ends; by default where the last note does.
    """
    marks = sorted((m.time, m.text[len(_MARK) :]) for m in score.markers if m.text.startswith(_MARK))
    if not marks:
        return []
    end = score_end(score) if end is None else end
    stops = [*(time for time, _ in marks[1:]), max(end, marks[-1][0])]
    return [Section(name, start, stop) for (start, name), stop in zip(marks, stops, strict=True)]


def bars_of(section: Section, bars: Sequence[Bar]) -> list[int]:
    """Returns the numbers, from 0, of the bars that begin in a section."""
    return [number for number, bar in enumerate(bars) if section.start <= bar.start < section.end]


def with_sections(score: symusic.Score, marks: Iterable[tuple[int, str]]) -> symusic.Score:
    """Returns the score with these sections, ``(first tick, name)`` each, in place of those it marks."""
    out = score.copy()
    others = [marker for marker in out.markers if not marker.text.startswith(_MARK)]
    new = [symusic.TextMeta(int(tick), f"{_MARK}{name}") for tick, name in marks]
    out.markers = sorted([*others, *new], key=lambda marker: marker.time)
    return out


def join(parts: Iterable[tuple[str, symusic.Score, int]], like: symusic.Score) -> symusic.Score:
    """Returns one score of sections in a row, each marked with its name.

    Args:
        parts: ``(name, score, length in ticks)`` each, unmarked where the name is empty; scores begin at tick 0, have the
            tracks of ``like`` in the same order, or fewer, and its resolution. Notes that begin after a section's length
            are left out, longer ones cut.
        like: gives tracks, tempo, key and time signature; none of its notes.
    """
    out = like.copy()
    for track in out.tracks:
        for kind in _EVENTS:
            getattr(track, kind).clear()
    markers, at = [], 0
    for name, score, length in parts:
        section = cut_after(score, length).shift_time(at)
        markers += [symusic.TextMeta(at, f"{_MARK}{name}")] if name else []
        markers += [marker for marker in section.markers if not marker.text.startswith(_MARK)]
        for track, played in zip(out.tracks, section.tracks, strict=False):
            for kind in _EVENTS:
                getattr(track, kind).extend(getattr(played, kind))
        at += length
    out.markers = markers
    return out
