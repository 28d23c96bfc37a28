"""How loud the notes of a MusicXML part are: dynamics, hairpins, accents such as sf, and what the file tells a program."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from music.errors import StudioError
from music.files.musicxml_values import attribute_number, number_in
from music.files.musicxml_written import Mark, PartBar, Wedge

DEFAULT_VELOCITY = 80
MAX_MARKS = 20_000
"""Dynamics and hairpins of a part, counted for each of its staves; an orchestra's longest part has some thousands."""
BY_THE_DYNAMICS = 0
"""The velocity of a note before its dynamics are known; one that the file gives stays."""

LEVELS = {
    name: round(share * 127)
    for name, share in {
        "ppppp": 0.05, "pppp": 0.1, "ppp": 0.15, "pp": 0.25, "p": 0.35, "mp": 0.45, "mf": 0.55, "f": 0.7, "ff": 0.85, "fff": 0.9,
        "ffff": 0.95, "fffff": 1.0,
    }.items()
}  # fmt: skip
"""How loud each dynamic is, of 127. The shares are music21's, which read these files before."""
_STEP = round(0.15 * 127)  # between most of these
_FORTE = 90  # what MusicXML counts percentages of
_ACCENT = re.compile(r"(?:(s?f{1,3}z|sf{1,3}|rfz?)|(f{1,3}|mf))?(p{1,5}|mp)?")


def read_marks(directions: Sequence[Element], sound: Element | None, place: Fraction, staff: int) -> list[Mark]:
    """Returns the dynamics of a direction; a number that the file gives counts for more than the letters.

    "sf" and its like hold for one note, and are a step louder than what holds; "fp" is loud once and soft from there.
    """
    told = velocity_of(sound.get("dynamics")) if sound is not None else None
    names = [
        (level.text or "").strip() if level.tag == "other-dynamics" else level.tag
        for mark in directions
        for level in mark
    ]
    found = []
    for name in names:
        parts = _ACCENT.fullmatch(name)
        if name in LEVELS:
            found.append(Mark(place, staff, LEVELS[name] if told is None else told))
        elif parts and name:
            accent = _STEP * max(parts[1].count("f"), 1) if parts[1] else 0
            struck = LEVELS[parts[2]] if parts[2] else told
            found.append(Mark(place, staff, LEVELS[parts[3]] if parts[3] else None, accent, struck))
    if told is not None and not found:
        found.append(Mark(place, staff, told))
    return found


def velocity_of(percent: str | None) -> int | None:
    """Returns the velocity of a percentage of forte; None where there is none. Silent notes get 1, the softest."""
    number = number_in(percent)
    return None if number is None or number < 0 else min(max(round(number * _FORTE / 100), 1), 127)


def read_wedge(wedge: Element, place: Fraction, staff: int) -> Wedge | None:
    """Returns the end of a hairpin that an element is, None where it just goes on."""
    way = {"crescendo": 1, "diminuendo": -1, "stop": 0}.get(wedge.get("type", ""))
    return None if way is None else Wedge(place, staff, way, attribute_number(wedge, "number", 1))


def set_velocities(bars: Sequence[PartBar]) -> None:
    """Gives the notes of a part the loudness that its dynamics and hairpins say.

    Raises:
        StudioError: there are more of them than a score can have.
    """
    starts, at = [], Fraction(0)
    for bar in bars:
        starts.append(at)
        at += max(bar.length, bar.rest) or 4
    by_staff: dict[int, list[tuple[Fraction, int, int]]] = defaultdict(list)
    for n, bar in enumerate(bars):
        for m, note in enumerate(bar.notes):
            by_staff[note.staff].append((starts[n] + note.start, n, m))
    marks = [(starts[n] + mark.place, mark) for n, bar in enumerate(bars) for mark in bar.dynamics]
    wedges = [(starts[n] + wedge.place, wedge) for n, bar in enumerate(bars) for wedge in bar.wedges]
    if len(by_staff) * (len(marks) + len(wedges)) > MAX_MARKS:
        raise StudioError("A part has too many dynamics. Split it, or export it again from your notation program.")
    for staff, notes in by_staff.items():
        notes.sort()
        course = _Course(
            [(at, mark) for at, mark in marks if mark.staff in (1, staff)],
            [(at, wedge) for at, wedge in wedges if wedge.staff in (1, staff)],
            [at for at, _, _ in notes],
        )
        for at, n, m in notes:
            note = bars[n].notes[m]
            if note.velocity == BY_THE_DYNAMICS:
                bars[n].notes[m] = note._replace(velocity=course.velocity(at))


class _Course:
    """The loudness on one staff over time, in quarters from the beginning of the part."""

    def __init__(
        self, marks: list[tuple[Fraction, Mark]], wedges: list[tuple[Fraction, Wedge]], onsets: list[Fraction]
    ) -> None:
        self.onsets = onsets
        self.levels: dict[Fraction, int] = {}
        self.accents: dict[Fraction, Mark] = {}
        self.ramps: list[tuple[Fraction, Fraction, int, int]] = []  # begin, end, velocity there and there
        for at, mark in sorted(marks, key=lambda pair: (pair[0], pair[1].staff > 1)):
            if mark.level is not None:
                self.levels[at] = mark.level
            if mark.accent or mark.struck is not None:
                self.accents[self._next_onset(at)] = mark
        self.places = sorted(self.levels)
        begun: dict[int, tuple[Fraction, int]] = {}
        for at, wedge in sorted(wedges, key=lambda pair: (pair[0], pair[1].way != 0)):
            if wedge.number in begun:
                self._add_ramp(begun[wedge.number][0], at, begun.pop(wedge.number)[1])
            if wedge.way:
                begun[wedge.number] = at, wedge.way

    def velocity(self, at: Fraction) -> int:
        """Returns how loud notes are that begin at a place."""
        mark = self.accents.get(at)
        if mark is None:
            return self._level(at)
        if mark.struck is not None:
            return mark.struck
        return min(self._level(at, before=mark.level is not None) + mark.accent, 127)

    def _level(self, at: Fraction, before: bool = False) -> int:
        """Returns what holds at a place, or right before it."""
        if self.ramps:
            n = bisect_right(self.ramps, at, key=lambda ramp: ramp[0]) - 1
            if n >= 0 and self.ramps[n][0] < self.ramps[n][1] and at < self.ramps[n][1]:
                begin, end, first, last = self.ramps[n]
                return round(first + (last - first) * (at - begin) / (end - begin))
        n = bisect_left(self.places, at) if before else bisect_right(self.places, at)
        return self.levels[self.places[n - 1]] if n else DEFAULT_VELOCITY

    def _add_ramp(self, begin: Fraction, end: Fraction, way: int) -> None:
        """Adds a hairpin: up or down to the dynamic at its end, or by a step where none stands there."""
        first = self._level(begin)
        n = bisect_right(self.places, begin)
        following = self.places[n] if n < len(self.places) else None
        goal = first + way * _STEP
        if following is not None and following <= self._next_onset(end):
            end = min(end, following)
            goal = self.levels[following] if (self.levels[following] - first) * way > 0 else goal
        goal = min(max(goal, LEVELS["ppppp"]), 127)
        self.ramps.append((begin, end, first, goal))
        if end not in self.levels:
            self.levels[end] = goal
            insort(self.places, end)

    def _next_onset(self, at: Fraction) -> Fraction:
        n = bisect_left(self.onsets, at)
        return self.onsets[n] if n < len(self.onsets) else at
