"""What accompaniment has to follow, as hints: chords, the melody, beats and the place in the phrase.

To the columns of models/hints/layout.py come some that are found in a ``Chart``: where the next chord begins, what the
melody does now, and above all what this player played bars ago, moved to the chord that holds now. Like all hints they
look at the notes before and at those fields of a note that are written earlier; of the chart they may see all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.hints.layout import (
    BARS_AGO,
    DENSE,
    DURATION,
    FIELDS,
    FIRST,
    GAPS,
    PITCH,
    POSITION,
    PROGRAM,
    STEP,
    VELOCITY,
    Hint,
    HintTables,
)

CHART_VERSION = 1
"""Of the columns that are added. A model reads those that it was trained with and no others."""

NO_CHORD, UNKNOWN = 192, -1
"""Numbers of no chord and of a chord that is not known; others are 16 qualities to each root."""
QUALITIES = 16
PLACES_IN_PHRASE = 32
"""Ids of a bar's place: 0 unknown, else 1 + its number in an eight of a section, 8 more in the section's last bar and 16 more
in the one before that."""
MOMENTS = 10  # of a chord that begins, a beat or neither, while the melody rests, holds on or begins
CHART_DENSE = DENSE + 48
"""Numbers that the pitch reads: those of the layout, then tones of this chord, of the next one, its bass, the melody."""

MOVED = (*(f"{bars} bars ago" for bars in BARS_AGO), "repeat", "last", "1 beat ago", "2 beats ago")
"""Where notes are taken from that are moved to the chord."""

_SLOTS = (
    (0,),
    (4, 3, 5, 2, 1),
    (7, 6, 8),
    (10, 11, 9),
)  # steps of a root, a third, a fifth and a seventh, the usual first


@dataclass(frozen=True)
class ChartTables(HintTables):
    """What ids mean, and the tones of chords.

    Attributes:
        qualities: for each quality of chords the steps above the root.
    """

    qualities: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def layout(self) -> tuple[Hint, ...]:
        """The columns: field by field, those that copy first."""
        return charted_layout(super().layout, self.sizes)

    @cached_property
    def tones(self) -> np.ndarray:
        """Whether a chord has a pitch class, bool [chords, 12]; no chord has none."""
        found = np.zeros((NO_CHORD + 1, 12), dtype=bool)
        for root in range(12):
            for quality, steps in enumerate(self.qualities):
                found[root * QUALITIES + quality, [(root + step) % 12 for step in steps]] = True
        return found

    @cached_property
    def moved_step(self) -> np.ndarray:
        """The step that takes the place of one when a chord's quality changes, int64 [qualities, 12, qualities]."""
        found = np.zeros((QUALITIES, 12, QUALITIES), dtype=np.int64)
        for before, own in enumerate(self.qualities):
            for after, other in enumerate(self.qualities):
                for step in range(12):
                    slot = next(steps for steps in _SLOTS if step in steps)
                    same = before == after or step not in own or step in other
                    kept = (
                        step if same else next((each for each in slot if each in other), 0 if slot[0] == 10 else step)
                    )
                    found[before, step, after] = kept
        return found

    @cached_property
    def above(self) -> np.ndarray:
        """Semitones from a pitch class up to the next tone of a chord, int64 [chords, 12]; 0 where it has none."""
        found = np.zeros((NO_CHORD + 1, 12), dtype=np.int64)
        for semitones in range(12, 0, -1):
            has = np.roll(self.tones, -semitones, axis=1)
            found[has] = semitones
        return found


def charted_layout(base: tuple[Hint, ...], sizes: tuple[int, ...]) -> tuple[Hint, ...]:
    """Returns the columns of a layout with those of charts."""
    copied = {
        POSITION: ["next chord", "next beat", "next of the melody"],
        PITCH: [*(f"{name}, moved" for name in MOVED), "bass", "root", "chord tone", "next bass"],
        DURATION: ["to the next chord", "to the next of the melody"],
    }
    place = ("place in the phrase", PLACES_IN_PHRASE)
    known = {
        STEP: [place, ("to the next chord", GAPS), ("to the next of the melody", GAPS)],
        POSITION: [place],
        PROGRAM: [place, ("moment", MOMENTS)],
        PITCH: [
            ("chord root", 14),
            ("chord quality", QUALITIES + 2),
            ("chord bass", 14),
            ("next root", 14),
            ("to the next chord", GAPS),
            ("melody", sizes[PITCH]),
        ],
        DURATION: [("to the next chord", GAPS), ("chord tone now and next", 5)],
        VELOCITY: [place],
    }
    found: list[Hint] = []
    for field in range(FIELDS):
        mine = [hint for hint in base if hint.field == field]
        found += [hint for hint in mine if hint.copies]
        found += [Hint(field, name, sizes[field], True) for name in copied.get(field, ())]
        found += [hint for hint in mine if not hint.copies]
        found += [Hint(field, name, size, False) for name, size in known.get(field, ())]
    return tuple(found)


class Chart:
    """Chords, melody and phrases over some bars, by position from the start of the first.

    Args:
        starts: [bars + 1] the position at which each bar begins, and where the last ends.
        beats: [beats] the position at which each beat begins.
        chords, basses: [beats] number of the chord (or NO_CHORD, UNKNOWN) and pitch class of its bass.
        melody: [notes, 3] onset, end and pitch id, by onset; may be empty.
        places: [bars] place in the phrase, ids below PLACES_IN_PHRASE.
    """

    def __init__(
        self,
        starts: np.ndarray,
        beats: np.ndarray,
        chords: np.ndarray,
        basses: np.ndarray,
        melody: np.ndarray,
        places: np.ndarray,
    ):
        self.starts, self.places, self.length = np.asarray(starts), np.asarray(places), int(starts[-1])
        times = np.arange(self.length)
        beat = np.maximum(np.searchsorted(beats, times, side="right") - 1, 0)
        self.chord, self.bass = np.asarray(chords)[beat], np.asarray(basses)[beat]
        begins = np.flatnonzero(
            np.diff(self.chord * 12 + self.bass, prepend=-(1 << 20)) != 0
        )  # also the start, which is no change
        self.next_chord = _next_of(begins[begins > 0], self.length)
        self.next_beat = _next_of(np.asarray(beats), self.length)
        after = np.minimum(self.next_chord[1:], self.length - 1)
        self.coming, self.coming_bass = self.chord[after], self.bass[after]
        self.melody = np.zeros(self.length, dtype=np.int64)
        onset = np.zeros(self.length, dtype=bool)
        inside = melody[(melody[:, 0] >= 0) & (melody[:, 0] < self.length)] if len(melody) else melody
        for start, end, pitch in inside.tolist():
            self.melody[start:end] = pitch  # what begins later is heard
            onset[start] = True
        self.next_of_melody = _next_of(np.flatnonzero(onset), self.length)
        is_beat, is_new = np.zeros(self.length, np.int64), np.zeros(self.length, np.int64)
        is_beat[beats[beats < self.length]], is_new[begins] = 1, 1
        held = np.where(onset, 2, (self.melody > 0).astype(np.int64))
        self.moment = 1 + 3 * np.maximum(is_beat, 2 * is_new) + held


def _next_of(times: np.ndarray, length: int) -> np.ndarray:
    """Returns int64 [length + 1]: the first of some times after -1, 0, 1 ...; ``length`` where there is none."""
    found = np.searchsorted(times, np.arange(-1, length), side="right")
    return np.append(times, length)[found].astype(np.int64)


def place_in_phrase(bar: int, bars: int) -> int:
    """Returns the id of a bar's place, given its number in its section and how many bars that has."""
    left = bars - bar
    return 1 + bar % 8 + (8 if left == 1 else 16 if left == 2 else 0)


def moved_pitch(tables: ChartTables, pitch: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Returns pitch ids moved from one chord to another, to the nearest octave; 0 where a chord or the pitch is none."""
    known = (
        (before >= 0) & (before < NO_CHORD) & (now >= 0) & (now < NO_CHORD) & (pitch >= FIRST) & (pitch < FIRST + 128)
    )
    root, quality = np.divmod(np.where(known, before, 0), QUALITIES)
    new_root, new_quality = np.divmod(np.where(known, now, 0), QUALITIES)
    step = tables.moved_step[quality, (pitch - FIRST - root) % 12, new_quality]
    found = pitch + nearest(new_root + step - (pitch - FIRST))
    return np.where(known & (found >= FIRST) & (found < FIRST + 128), found, 0)


def nearest(semitones: np.ndarray) -> np.ndarray:
    """Returns semitones to the nearest of a pitch class that lies so far away, -6 to 5."""
    return (semitones + 6) % 12 - 6


def chord_ids(chord: np.ndarray, bass: np.ndarray, coming: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns ids of root, quality, bass above the root, and the next root above it; 0 unknown, the last one none."""
    is_chord = (chord >= 0) & (chord < NO_CHORD)
    root, quality = np.divmod(np.where(is_chord, chord, 0), QUALITIES)
    none = chord == NO_CHORD
    first = np.where(is_chord, 1 + root, np.where(none, 13, 0))
    second = np.where(is_chord, 1 + quality, np.where(none, QUALITIES + 1, 0))
    third = np.where(is_chord, 1 + (bass - root) % 12, np.where(none, 13, 0))
    next_root = np.where((coming >= 0) & (coming < NO_CHORD), coming, 0) // QUALITIES
    both = is_chord & (coming >= 0) & (coming < NO_CHORD)
    return first, second, third, np.where(both, 1 + (next_root - root) % 12, np.where(none, 13, 0))


def duration_ids(tables: HintTables, lengths: np.ndarray) -> np.ndarray:
    """Returns the ids of the longest durations that fit into lengths in positions; 0 for none."""
    return np.where(
        lengths > 0,
        FIRST + np.maximum(np.searchsorted(np.asarray(tables.durations), lengths, side="right") - 1, 0),
        0,
    )
