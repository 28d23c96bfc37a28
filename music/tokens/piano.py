"""Views of octuples for models of piano music: as notes of one piano, or as notes and chords struck together.

A chord row has the eight fields of a step row (``StepField``) with the number of a set of pitches in place of the
pitch; all that sounds from one onset is one row. Its duration is the middle one of its notes and its velocity the
greatest, so the view loses how long each of them lasts; and a chord that the vocabulary does not have is read without
some of its inner notes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from music.tokens.columns import DRUM_PROGRAM, FIRST, Octuple, StepField

PIANO = FIRST  # the program id of the acoustic grand piano
LOWEST_PITCH, HIGHEST_PITCH = 21, 108  # A0 to C8
PIANOS = range(FIRST, FIRST + 8)  # program ids that are read as a piano


def piano_rows(rows: np.ndarray) -> np.ndarray:
    """Returns octuples [notes, 8] as a piano plays them: without drums, each key once at a time, in order."""
    pitched = rows[rows[:, Octuple.PROGRAM] != DRUM_PROGRAM].copy()
    pitched[:, Octuple.PROGRAM] = PIANO
    order = np.lexsort(pitched[:, [Octuple.DURATION, Octuple.PITCH, Octuple.POSITION, Octuple.BAR]].T)[::-1]
    onsets = pitched[order][:, [Octuple.BAR, Octuple.POSITION, Octuple.PITCH]]
    _, first = np.unique(onsets, axis=0, return_index=True)  # of several, the longest; sorted as octuples are
    return pitched[order][first]


def onset_starts(steps: np.ndarray) -> np.ndarray:
    """Returns at which of the step rows [notes, 8] an onset begins."""
    if not len(steps):
        return np.zeros(0, dtype=np.int64)
    moved = (steps[1:, StepField.STEP] != FIRST) | (np.diff(steps[:, StepField.POSITION]) != 0)
    return np.flatnonzero(np.concatenate([[True], moved]))


@dataclass(frozen=True)
class ChordVocabulary:
    """The notes and chords that a model knows.

    Attributes:
        chords: pitches (MIDI, rising) of each; every single pitch of the music is among them.
    """

    chords: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, pieces: Iterable[np.ndarray], size: int, most_notes: int) -> ChordVocabulary:
        """Returns the most frequent chords of step rows, and before them all single pitches of a piano.

        Args:
            pieces: step rows [notes, 8] of each.
            size: how many notes and chords at most.
            most_notes: of a chord; others are left out.
        """
        found: Counter[tuple[int, ...]] = Counter()
        for steps in pieces:
            found.update(chord for chord in onset_chords(steps) if 1 < len(chord) <= most_notes)
        singles = [(pitch,) for pitch in range(LOWEST_PITCH, HIGHEST_PITCH + 1)]
        common = sorted(found, key=lambda chord: (-found[chord], chord))[: size - len(singles)]
        return cls((*singles, *common))

    @classmethod
    def from_table(cls, table: np.ndarray) -> ChordVocabulary:
        """Returns the vocabulary of a table int [chords, notes], padded with -1; undoes ``table``."""
        return cls(tuple(tuple(pitch for pitch in row if pitch >= 0) for row in table.tolist()))

    def table(self, notes: int) -> np.ndarray:
        """Returns int64 [chords, notes]: the pitches of each chord, -1 where it has fewer."""
        found = np.full((len(self.chords), notes), -1, dtype=np.int64)
        for number, chord in enumerate(self.chords):
            found[number, : len(chord)] = chord
        return found

    @cached_property
    def members(self) -> np.ndarray:
        """Which pitches each chord has, bool [chords, 128]."""
        found = np.zeros((len(self.chords), 128), dtype=bool)
        for number, chord in enumerate(self.chords):
            found[number, list(chord)] = True
        return found

    @cached_property
    def _ids(self) -> dict[tuple[int, ...], int]:
        return {chord: FIRST + number for number, chord in enumerate(self.chords)}

    def id_of(self, chord: tuple[int, ...]) -> int:
        """Returns the id of the pitches, rising, or of what is left of them without some inner ones."""
        chord = tuple(min(max(pitch, LOWEST_PITCH), HIGHEST_PITCH) for pitch in chord)
        while chord not in self._ids:
            middle = len(chord) // 2 if len(chord) > 2 else 0  # the lowest goes last, then the top alone is left
            chord = chord[:middle] + chord[middle + 1 :]
        return self._ids[chord]

    def read(self, steps: np.ndarray) -> np.ndarray:
        """Returns step rows [notes, 8] as chord rows [onsets, 8]."""
        starts = onset_starts(steps)
        found = steps[starts].copy()
        ends = np.append(starts[1:], len(steps))[: len(starts)]
        for number, (start, end, chord) in enumerate(zip(starts, ends, onset_chords(steps), strict=True)):
            found[number, StepField.PITCH] = self.id_of(chord)
            if end - start > 1:
                durations = np.sort(steps[start:end, StepField.DURATION])
                found[number, StepField.DURATION] = durations[(end - start) // 2]
                found[number, StepField.VELOCITY] = steps[start:end, StepField.VELOCITY].max()
        return found

    def write(self, row: list[int]) -> list[list[int]]:
        """Returns the step rows of the notes of a chord row."""
        notes = []
        for number, pitch in enumerate(self.chords[row[StepField.PITCH] - FIRST]):
            note = row.copy()
            note[StepField.PITCH] = FIRST + pitch
            if number:
                note[StepField.STEP] = FIRST
            notes.append(note)
        return notes


def onset_chords(steps: np.ndarray) -> list[tuple[int, ...]]:
    """Returns the pitches, rising, of each onset of step rows."""
    starts = onset_starts(steps)
    pitches = (steps[:, StepField.PITCH] - FIRST).tolist()
    ends = [*starts[1:].tolist(), len(steps)][: len(starts)]
    return [tuple(sorted(set(pitches[start:end]))) for start, end in zip(starts.tolist(), ends, strict=True)]
