"""Written rhythm: which note values, ties, tuplets and beams show a bar's music so that its beat can be seen.

Times on paper are whole numbers, ``UNITS`` to the quarter note, so that everything down to 128th notes, triplets,
quintuplets and septuplets is exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

UNITS = 3360
FINEST = UNITS // 32
_TYPES = ("long", "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
_VALUES = {(UNITS * 16) >> power: name for power, name in enumerate(_TYPES)}


class SheetBar(NamedTuple):
    """One written bar: its ticks in the score, its place on paper, and whether it is a pickup or cut short."""

    start_tick: int
    end_tick: int
    start: int
    length: int
    numerator: int
    denominator: int
    partial: bool


class Meter(NamedTuple):
    """Where the beats of a bar begin, which of them also begin half a bar, and where the bar ends."""

    beats: tuple[int, ...]
    strong: tuple[int, ...]
    length: int
    compound: bool


class Segment(NamedTuple):
    """A stretch of one voice in one bar in which the same pitches sound; none is a rest."""

    start: int
    end: int
    pitches: tuple[int, ...]
    tie_in: frozenset[int]
    tie_out: frozenset[int]


class Tuplet(NamedTuple):
    """``actual`` notes in the time of ``normal`` notes of this type; ``start`` and ``end`` bound the whole group."""

    start: int
    end: int
    actual: int
    normal: int

    @property
    def kind(self) -> str:
        return _VALUES[(self.end - self.start) // self.normal]


class Symbol(NamedTuple):
    """One notehead, chord or rest: what a single note value can say. An empty ``kind`` is a rest for the whole bar."""

    start: int
    length: int
    kind: str
    dots: int
    tuplet: Tuplet | None
    pitches: tuple[int, ...]
    tie_in: frozenset[int]
    tie_out: frozenset[int]
    beams: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def _full_meter(numerator: int, denominator: int) -> Meter:
    """Returns the beats of a whole bar: in threes for 6/8 and its like, in twos and a last three for 5/8 and 7/8."""
    unit = 4 * UNITS // denominator
    length = unit * numerator
    compound = denominator >= 8 and numerator % 3 == 0
    if compound:
        groups = [3 * unit] * (numerator // 3)
    elif denominator >= 8:
        groups = [2 * unit] * (numerator // 2) or [unit]
        groups[-1] += unit * (numerator % 2) if numerator > 1 else 0
    else:
        groups = [UNITS] * (length // UNITS)
    beats = [sum(groups[:i]) for i in range(len(groups))]
    if denominator <= 2:
        strong = [b for b in beats if b % (2 * UNITS) == 0]
    elif len(beats) >= 4:
        strong = [beats[(len(beats) + 1) // 2]]
    else:
        strong = []
    irregular = len(set(groups)) > 1
    return Meter(tuple(beats), tuple(s for s in strong if s), length, compound or irregular)


@lru_cache(maxsize=1024)
def _meter(length: int, numerator: int, denominator: int, pickup: bool) -> Meter:
    whole = _full_meter(numerator, denominator)
    skip = whole.length - length if pickup else 0
    moved = [b - skip for b in whole.beats] + [whole.length + b for b in whole.beats if whole.length < length]
    beats = tuple(sorted({0, *(b for b in moved if 0 < b < length)}))
    return Meter(beats, tuple(s - skip for s in whole.strong if 0 < s - skip < length), length, whole.compound)


def meter(bar: SheetBar) -> Meter:
    """Returns the beats of a bar; a pickup has the last ones of the full bar."""
    return _meter(bar.length, bar.numerator, bar.denominator, bar.partial and bar.start == 0)


def beat_spans(meter: Meter) -> list[tuple[int, int]]:
    """Returns where each beat begins and ends."""
    return list(zip(meter.beats, (*meter.beats[1:], meter.length), strict=True))


def note_value(length: int) -> tuple[str, int] | None:
    """Returns the type and the dots (0 or 1) of the note that lasts so many units; None where ties are needed."""
    if length in _VALUES:
        return _VALUES[length], 0
    return (_VALUES[length * 2 // 3], 1) if length % 3 == 0 and length * 2 // 3 in _VALUES else None


def _one_value(length: int) -> tuple[str, int]:
    """Returns the type and the dots of a note that needs no ties, as everything has been split by now."""
    value = note_value(length)
    if value is None:
        raise ValueError(f"no single note lasts {length} units")
    return value


def notate(segments: Sequence[Segment], meter: Meter) -> list[Symbol]:
    """Returns the symbols that write these segments, which fill one bar from 0 to its length."""
    if len(segments) == 1 and not segments[0].pitches:
        return [Symbol(0, meter.length, "", 0, None, (), frozenset(), frozenset())]
    tuplets = _tuplets([s.start for s in segments[1:]], meter)
    symbols: list[Symbol] = []
    for segment in segments:
        parts: list[tuple[int, int, str, int, Tuplet | None]] = []
        at = segment.start
        while at < segment.end:
            inside = next((t for t in tuplets if t.start <= at < t.end), None)
            if inside:
                end = min(segment.end, inside.end)
                for a, b in _split_tuplet(at, end, inside):
                    parts.append((a, b, *_one_value((b - a) * inside.actual // inside.normal), inside))
            else:
                end = min([segment.end, *(t.start for t in tuplets if t.start > at)])
                parts += [(a, b, *_one_value(b - a), None) for a, b in _split(at, end, meter, not segment.pitches)]
            at = end
        everything = frozenset(segment.pitches)
        for index, (a, b, kind, dots, tuplet) in enumerate(parts):
            tie_in = segment.tie_in if index == 0 else everything
            tie_out = segment.tie_out if index + 1 == len(parts) else everything
            symbols.append(Symbol(a, b - a, kind, dots, tuplet, segment.pitches, tie_in, tie_out))
    return _add_beams(symbols, meter)


def _fits(start: int, end: int, meter: Meter, rest: bool) -> bool:
    """Whether one symbol may stand here without hiding the beat."""
    length = end - start
    value = note_value(length)
    if value is None:
        return False
    if (start, end) == (0, meter.length):
        return True
    crossed = [b for b in meter.beats if start < b < end]
    if not crossed:
        beat = max(b for b in meter.beats if b <= start)
        if start == beat and (end in meter.beats or end == meter.length):
            return True
        base = length * 2 // 3 if value[1] else length
        if rest:
            return (start - beat) % base == 0 and not value[1]
        return (start - beat) % max(base // 2, FINEST) == 0
    on_beats = (start in meter.beats) and (end in meter.beats or end == meter.length)
    hides_middle = any(start < s < end for s in meter.strong) and start != 0 and start not in meter.strong
    if meter.compound:
        return on_beats and not hides_middle
    if rest:
        return on_beats and not value[1] and start % length == 0 and not any(start < s < end for s in meter.strong)
    if on_beats:
        return not hides_middle or length <= 3 * UNITS
    if start in meter.beats:
        return value[1] == 1 and length == UNITS * 3 // 2 and not hides_middle
    return start % UNITS == UNITS // 2 and length == UNITS and not hides_middle


def first_value(start: int, end: int, meter: Meter) -> int:
    """Returns where the first of the tied notes would end that write this stretch of a bar."""
    return _split(start, end, meter, False)[0][1] if start % FINEST == end % FINEST == 0 else end


def _split(start: int, end: int, meter: Meter, rest: bool) -> list[tuple[int, int]]:
    """Returns a stretch of a bar as parts of one note value each, cut where the beat must be seen."""
    if start >= end:
        return []
    if _fits(start, end, meter, rest):
        return [(start, end)]
    crossed = [b for b in meter.beats if start < b < end]
    fitting = [b for b in crossed if _fits(start, b, meter, rest)]
    if crossed:
        middle = [s for s in meter.strong if start < s < end]
        cut = middle[0] if middle and start not in meter.beats else max(fitting, default=crossed[0])
    else:
        cut = _roundest(start, end)
    return _split(start, cut, meter, rest) + _split(cut, end, meter, rest)


def _roundest(start: int, end: int) -> int:
    """Returns the place strictly between that lies on the coarsest grid."""
    step = UNITS * 8
    while step >= FINEST:
        place = (start // step + 1) * step
        if place < end:
            return place
        step //= 2
    return (start + end) // 2


def _split_tuplet(start: int, end: int, tuplet: Tuplet) -> list[tuple[int, int]]:
    """Returns the parts of a stretch inside a tuplet, each one note value."""
    offset = (start - tuplet.start) * tuplet.actual // tuplet.normal
    length = (end - start) * tuplet.actual // tuplet.normal
    if note_value(length):
        return [(start, end)]
    cut = _roundest(offset, offset + length)
    place = tuplet.start + cut * tuplet.normal // tuplet.actual
    return _split_tuplet(start, place, tuplet) + _split_tuplet(place, end, tuplet)


def _tuplets(breaks: Sequence[int], meter: Meter) -> list[Tuplet]:
    """Returns the tuplets that a voice with symbols beginning at these places needs."""
    spans = beat_spans(meter)
    found: list[Tuplet] = []

    def search(start: int, end: int) -> None:
        """Finds the tuplets of one beat: plain halves (or thirds) as far as they go, then the smallest tuplet that fits."""
        inner = [b - start for b in breaks if start < b < end]
        if all((b + start) % FINEST == 0 for b in inner):
            return
        length = end - start
        parts = 3 if length % (3 * UNITS // 2) == 0 or length in (UNITS * 3 // 4, UNITS * 3 // 8) else 2
        cuts = [length * i // parts for i in range(1, parts)]
        shared = [c for c in cuts if c in inner]
        if not shared:
            for actual, normal in ((5, 3), (7, 6)) if parts == 3 else ((3, 2), (5, 4), (7, 4)):
                if all(b * actual * 8 % length == 0 for b in inner):
                    found.append(Tuplet(start, end, actual, normal))
                    return
        bounds = [0, *(shared or cuts), length]
        for a, b in itertools.pairwise(bounds):
            search(start + a, start + b)

    index = 0
    while index < len(spans):
        start, end = spans[index]
        if index + 1 < len(spans) and end - start == UNITS == spans[index + 1][1] - end and end not in meter.strong:
            stop = end + UNITS
            inner = [b - start for b in breaks if start < b < stop]
            if inner and all(b * 3 % (2 * UNITS) == 0 for b in inner):
                found.append(Tuplet(start, stop, 3, 2))
                index += 2
                continue
        search(start, end)
        index += 1
    return found


def _add_beams(symbols: list[Symbol], meter: Meter) -> list[Symbol]:
    """Returns the symbols with beams: over each beat, over half a bar where it holds nothing but eighths."""
    levels = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5}

    def beat_of(symbol: Symbol) -> int:
        beat = sum(b <= symbol.start for b in meter.beats) - 1
        plain = not meter.compound and len(meter.beats) in (2, 4) and meter.beats[1] == UNITS
        half = symbol.start // (2 * UNITS)
        here = [s for s in symbols if s.start // (2 * UNITS) == half]
        if plain and all(s.kind == "eighth" and not s.dots and not s.tuplet for s in here):
            return -1 - half
        return beat

    result = list(symbols)
    group: list[int] = []

    def close() -> None:
        """Gives the symbols of a group their beams, and empties it."""
        for place, index in enumerate(group):
            depth = levels[symbols[index].kind]
            before = levels[symbols[group[place - 1]].kind] if place else 0
            after = levels[symbols[group[place + 1]].kind] if place + 1 < len(group) else 0
            marks = []
            for level in range(1, depth + 1) if len(group) > 1 else ():
                left, right = before >= level, after >= level
                hook = "backward hook" if before else "forward hook"
                marks.append("continue" if left and right else "begin" if right else "end" if left else hook)
            result[index] = symbols[index]._replace(beams=tuple(marks))
        group.clear()

    for index, symbol in enumerate(symbols):
        if not symbol.pitches or symbol.kind not in levels:
            close()
            continue
        if group and beat_of(symbols[group[-1]]) != beat_of(symbol):
            close()
        group.append(index)
    close()
    return result
