"""Notes that were heard -> a score with tempo, time signature and bars, on a grid or as they were played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import symusic

from music.hearing.beats import Beats, find_bar, find_beats
from music.hearing.heard_note import HeardNote
from music.piece import TICKS_PER_QUARTER

FOUND_SIGNATURES = {2: ((4, 4), (3, 4)), 3: ((6, 8), (9, 8))}
"""The time signatures that are told apart in what is played, by the parts into which beats are cut, the usual one first."""

SOFTEST, LOUDEST = 40, 112
"""Velocities of the faintest note and of the strongest."""


@dataclass(frozen=True, eq=False)
class WrittenDown:
    """A score, and where it stands in the recording.

    Attributes:
        score: of one track.
        begins_s: when its first bar begins, in seconds of the recording; below 0 where the recording begins within that bar.
    """

    score: symusic.Score
    begins_s: float


def write_down(
    notes: Sequence[HeardNote],
    track: symusic.Track,
    tempo_bpm: float | None = None,
    signature: tuple[int, int] | None = None,
    parts_per_quarter: int | None = 4,
) -> WrittenDown:
    """Returns notes, at least one, as a score whose bar lines fall where the music has them.

    Args:
        notes: as they were heard, in order.
        track: an empty one, that they are written to.
        tempo_bpm: quarter notes a minute; None finds it.
        signature: None finds it.
        parts_per_quarter: of the grid on which notes begin and end; None leaves them as they were played.
    """
    beats = find_beats(notes, tempo_bpm / quarters_per_beat(signature or (4, 4)) if tempo_bpm else None)
    if signature is None:
        signature = _signature(notes, beats) if tempo_bpm is None else FOUND_SIGNATURES[2][0]
    quarters = quarters_per_beat(signature)
    bar_quarters = signature[0] * 4 / signature[1]
    _, phase = find_bar(notes, beats, [max(1, round(bar_quarters / quarters))])
    starts, ends = ((beats.at(np.array(times)) - phase) * quarters for times in zip(*(note[:2] for note in notes)))
    tempo = round(tempo_bpm or beats.bpm * quarters, 1)
    if parts_per_quarter is not None:
        starts = np.round(starts * parts_per_quarter) / parts_per_quarter
        ends = np.maximum(np.round(ends * parts_per_quarter) / parts_per_quarter, starts + 1 / parts_per_quarter)
    starts, ends = (places - bar_quarters * np.floor(starts.min() / bar_quarters) for places in (starts, ends))
    first = int(starts.argmin())
    begins_s = notes[first].start_s - float(starts[first]) * 60 / tempo
    if parts_per_quarter is None:
        starts, ends = ((np.array(times) - begins_s) * tempo / 60 for times in zip(*(note[:2] for note in notes)))
    score = symusic.Score(TICKS_PER_QUARTER)
    score.tempos.append(symusic.Tempo(0, tempo))
    score.time_signatures.append(symusic.TimeSignature(0, *signature))
    ticks = np.round(np.column_stack([starts, ends]) * TICKS_PER_QUARTER).astype(int)
    track.notes.extend(_sounding(notes, ticks))
    score.tracks.append(track)
    return WrittenDown(score, begins_s)


def quarters_per_beat(signature: tuple[int, int]) -> float:
    """Returns how long the beat is that people tap: a dotted quarter in 6/8, an eighth in 5/8, else a quarter."""
    if signature[1] == 8:
        return 1.5 if signature[0] % 3 == 0 else 0.5
    return 1.0


def _signature(notes: Sequence[HeardNote], beats: Beats) -> tuple[int, int]:
    """Returns the time signature that fits best, of FOUND_SIGNATURES."""
    inside = np.modf(beats.at(np.array([note.start_s for note in notes])))[0] % 1
    near = [np.abs(inside[:, None] - parts).min(axis=1) < 0.07 for parts in ([1 / 4, 1 / 2, 3 / 4], [1 / 3, 2 / 3])]
    choices = FOUND_SIGNATURES[3 if near[1].sum() > 1.5 * near[0].sum() else 2]
    beats_in_bar = {round(num * 4 / den / quarters_per_beat((num, den))): (num, den) for num, den in choices}
    return beats_in_bar[find_bar(notes, beats, list(beats_in_bar))[0]]


def _sounding(notes: Sequence[HeardNote], ticks: np.ndarray) -> list[symusic.Note]:
    """Returns notes at these ticks [notes, 2]; of a pitch that begins twice at once the longer stays, and each ends before the next."""
    written: dict[int, list[symusic.Note]] = {}
    for place in np.lexsort((-ticks[:, 1], ticks[:, 0])).tolist():
        note, (start, end) = notes[place], ticks[place].tolist()
        before = written.setdefault(note.pitch, [])
        if before and before[-1].time == start:
            continue
        if before and before[-1].end > start:
            before[-1].duration = start - before[-1].time
        velocity = round(SOFTEST + (LOUDEST - SOFTEST) * note.strength)
        before.append(symusic.Note(start, max(1, end - start), note.pitch, velocity))
    return sorted((note for row in written.values() for note in row), key=lambda note: (note.time, note.pitch))
