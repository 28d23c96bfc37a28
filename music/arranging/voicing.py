"""Block chords with smooth voice leading, by dynamic programming over the ways to play each chord."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from music.chord_symbols.grammar import steps_of
from music.chords import Chord, ChordSpan

LEAST_RANGE = 23  # semitones: less might hold no way to play a chord above its bass
WIDEST = 19  # semitones between the outer notes: two hands that lie close together
_MUDDY, _MUD_GAP = 48, 7  # intervals under a fifth blur when their lower note is below C3
# What a voicing costs, beside one for each semitone that its notes move. The rules are those of harmony textbooks (keep common
# tones, move little, root position before inversions, no close intervals low down); the prices are by ear.
_ABOVE_CEILING = 200.0  # for each semitone
_MUD = 20.0
_HOLE = 2.0  # for each semitone beyond an octave between neighbors
_SEMITONE = 3.0  # neighbors a semitone apart
_INVERTED = {0: 0.0, 3: 1.5, 4: 1.5, 10: 3.0, 11: 3.0}  # the lowest note, in semitones above the root: third, seventh
_OTHER_INVERSION = 5.0
_NO_FIFTH = 1.0
_FEWER = 2.0  # for each note that is not there
_ASTRAY = 0.25  # for each semitone between the middle of the notes and that of the range


class BlockNote(NamedTuple):
    """One note of a block chord: ticks and a MIDI pitch."""

    start: int
    duration: int
    pitch: int


def voice_chords(
    spans: Sequence[ChordSpan],
    low: int = 48,
    high: int = 76,
    ceilings: Sequence[int | None] | None = None,
    notes: int = 4,
    widest: int = WIDEST,
) -> list[BlockNote]:
    """Returns block chords, each as long as its span, whose notes move little from one to the next.

    Each chord has all its tones but the perfect fifth, which may go, and the ninth under an eleventh or thirteenth; roots
    and perfect fifths may be doubled. The bass of a slash chord is the lowest note. Spans without a chord stay silent.

    Args:
        spans: chords in order.
        low: the lowest MIDI pitch to use.
        high: the highest, at least LEAST_RANGE semitones above.
        ceilings: for each span a pitch that its notes stay below, such as the lowest of the tune there, or None. Where
            there is no room below it, the chord goes as low as it can.
        notes: how many each chord should have, 3 to 5. One that needs more has more; one without the room has fewer.
        widest: semitones between the outer notes, at most; a hand reaches a tenth, 16.

    Raises:
        ValueError: the range is too narrow, or the number of notes or ceilings does not fit.
    """
    ceilings = [None] * len(spans) if ceilings is None else ceilings
    if high - low < LEAST_RANGE or not 3 <= notes <= 5 or len(ceilings) != len(spans):
        raise ValueError(
            f"cannot voice {len(spans)} chords, {len(ceilings)} ceilings, {notes} notes in {low} to {high}"
        )
    sounding = [(span, top) for span, top in zip(spans, ceilings, strict=True) if span.chord.tones]
    ways = [_ways(span.chord, low, high, notes, widest) for span, _ in sounding]
    total: np.ndarray | None = None
    came_from: list[np.ndarray] = []
    for number, ((_, ceiling), way) in enumerate(zip(sounding, ways, strict=True)):
        own = way.costs.copy()
        if ceiling is not None:
            own += _ABOVE_CEILING * np.maximum(way.tops - (ceiling - 1), 0)
        if total is not None:
            moved = total[:, None] + _movement(ways[number - 1], way)
            came_from.append(moved.argmin(axis=0))
            own += moved.min(axis=0)
        total = own
    if total is None:
        return []
    path = [int(total.argmin())]
    for source in reversed(came_from):
        path.append(int(source[path[-1]]))
    return [
        BlockNote(span.start, span.end - span.start, pitch)
        for (span, _), way, choice in zip(sounding, ways, reversed(path), strict=True)
        for pitch in way.pitches[choice]
    ]


class _Ways(NamedTuple):
    """The ways to play a chord: pitches, rising; costs and top notes [ways]; and, for distances, which of the 128
    pitches each plays and how far each of the 128 is from its nearest note [ways, 128]."""

    pitches: tuple[tuple[int, ...], ...]
    costs: np.ndarray
    tops: np.ndarray
    played: np.ndarray
    distance: np.ndarray


def _movement(before: _Ways, after: _Ways) -> np.ndarray:
    """Returns how many semitones the notes move [ways before, ways after]: each to, and from, the nearest; common tones 0."""
    return (before.distance @ after.played.T + before.played @ after.distance.T) / 2


@lru_cache(maxsize=512)
def _ways(chord: Chord, low: int, high: int, notes: int, widest: int) -> _Ways:
    """Returns all ways to play a chord within a range with about so many notes."""
    needed, free = _tones(chord)
    allowed = [pitch for pitch in range(low, high + 1) if pitch % 12 in needed | free]
    most, least = min(5, max(notes, len(needed))), max(3, len(needed))
    ways = [
        (bottom, *upper)
        for bottom in allowed
        for count in range(least, most + 1)
        for upper in combinations([pitch for pitch in allowed if bottom < pitch <= bottom + widest], count - 1)
        if _fits((bottom, *upper), chord, needed)
    ]
    played = np.zeros((len(ways), 128))
    for number, pitches in enumerate(ways):
        played[number, pitches] = 1
    distance = np.stack([np.abs(np.subtract.outer(np.arange(128), pitches)).min(axis=1) for pitches in ways])
    costs = np.array([_cost(pitches, chord, (low + high) / 2) + _FEWER * (most - len(pitches)) for pitches in ways])
    return _Ways(tuple(ways), costs, np.array([pitches[-1] for pitches in ways]), played, distance.astype(float))


def _fits(pitches: tuple[int, ...], chord: Chord, needed: set[int]) -> bool:
    classes = [pitch % 12 for pitch in pitches]
    doubled = {(chord.root + step) % 12 for step in (0, 7) if step in steps_of(chord.quality)}
    return (
        needed <= set(classes)
        and (chord.bass == chord.root or classes[0] == chord.bass)
        and all(classes.count(tone) == 1 or tone in doubled for tone in classes)
    )


def _tones(chord: Chord) -> tuple[set[int], set[int]]:
    """Returns the pitch classes that a chord cannot do without, and those that may go."""
    steps = steps_of(chord.quality)
    free = {step for step, size in ((7, 3), (2, 6)) if step in steps and len(steps) >= size}
    needed = {(chord.root + step) % 12 for step in steps if step not in free} | {chord.bass}
    return needed, {(chord.root + step) % 12 for step in free} - needed


def _cost(pitches: tuple[int, ...], chord: Chord, middle: float) -> float:
    cost = _ASTRAY * abs(sum(pitches) / len(pitches) - middle)
    for lower, upper in zip(pitches, pitches[1:]):
        gap = upper - lower
        cost += _MUD * (lower < _MUDDY and gap < _MUD_GAP) + _HOLE * max(0, gap - 12) + _SEMITONE * (gap == 1)
    inversion = (pitches[0] - chord.root) % 12
    if chord.bass == chord.root:
        cost += _INVERTED.get(inversion, _OTHER_INVERSION)
    has_fifth = 7 not in steps_of(chord.quality) or any((pitch - chord.root) % 12 == 7 for pitch in pitches)
    return cost + (0 if has_fifth else _NO_FIFTH)
