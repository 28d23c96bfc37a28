"""Melodies of one note at a time: taking one out of a score, how well one sings, and bringing one to a close."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import symusic

from music.theory import Key

HALF, FULL = "half", "full"
"""How a phrase closes: openly, on a tone of the dominant chord, or on the tonic."""

USUAL_NOTES_PER_QUARTER = {"low": 0.8, None: 1.2, "high": 1.8, "medium": 1.2}
"""By density: how busy a melody is that sings well."""

# The habits of songs, held afterwards against the four-bar phrases in 4/4 of three sets of lead sheets (POP909, the public
# domain songs of OpenEWLD, jazz and pop standards: 16,335 phrases). By set, 67 to 69 % of their intervals are at most a whole
# tone, 19 to 24 % repeated tones, 9 to 11 % a fourth to a fifth, 4 % wider. The median phrase spans 9 to 12 semitones (one in ten
# 14 or more) over 6 pitches, has 0.9 to 1.3 notes per quarter note, 1.4 to 1.5 bits of variety in their lengths, and sounds for
# 77 to 100 % of its time; of the notes on first beats 54 to 62 % are of the tonic chord. So the limits below let most
# songs pass, but repeated tones count against a phrase sooner than songs would have it.
_STEPWISE, _REPEATED = 0.62, 0.15  # shares of intervals up to a whole tone, and of repeated pitches
_FIFTH, _MAJOR_THIRD = 7, 4
_IN_A_ROW, _TOLLS = 4, 0.15  # of one pitch, and what each further one costs; by ear
_WIDE_SPAN, _NARROW_SPAN, _FEW_PITCHES = 14, 5, 4
_VARIETY_BITS, _SOUNDING = 0.8, 0.75


class MelodyNote(NamedTuple):
    """A note of a melody: its first tick, the tick after its last, its pitch and its velocity."""

    start: int
    end: int
    pitch: int
    velocity: int


def extract_melody(track: symusic.Track) -> list[MelodyNote]:
    """Returns the melody of a track: of notes that begin together the highest, each ending where the next begins."""
    notes = track.notes.numpy()
    order = np.lexsort((-notes["pitch"].astype(np.int64), notes["time"]))
    found: list[MelodyNote] = []
    for time, duration, pitch, velocity in zip(
        *(notes[name][order].tolist() for name in ("time", "duration", "pitch", "velocity")), strict=True
    ):
        if found and found[-1].start == time:
            continue
        if found and found[-1].end > time:
            found[-1] = found[-1]._replace(end=time)
        found.append(MelodyNote(time, time + max(1, duration), pitch, velocity))
    return found


def shift_notes(notes: Sequence[MelodyNote], ticks: int, semitones: int = 0) -> list[MelodyNote]:
    """Returns the notes that much later and higher; by octaves back where they would leave the range of MIDI."""
    return [MelodyNote(n.start + ticks, n.end + ticks, _within(n.pitch + semitones, 0, 127), n.velocity) for n in notes]


def close(notes: Sequence[MelodyNote], how: str, key: Key, bar: tuple[int, int], beat: int) -> list[MelodyNote]:
    """Returns the phrase with its last bar brought to a close: a long note on a tone on which such a phrase rests.

    Args:
        notes: the phrase; at least its last bar.
        how: HALF or FULL.
        key: of the phrase.
        bar: first tick of its last bar, and the tick after it.
        beat: ticks of a beat.
    """
    start, end = bar
    latest = start + (end - start) // 2 // beat * beat
    onsets = [n.start for n in notes if start <= n.start <= latest and (n.start - start) % beat == 0]
    at = max(onsets, default=latest)
    kept = [n._replace(end=min(n.end, at)) for n in notes if n.start < at]
    last = next((n for n in reversed(notes) if n.start <= at), notes[-1] if notes else MelodyNote(at, end, 72, 80))
    second = min((tone - key.tonic) % 12 for tone in key.scale if tone != key.tonic)
    tones = [key.tonic] if how == FULL else [(key.tonic + step) % 12 for step in (7, second)]
    near = range(max(0, last.pitch - 11), min(128, last.pitch + 12))
    goal = min((p for p in near if p % 12 in tones), key=lambda p: abs(p - last.pitch))
    return [*kept, MelodyNote(at, end, goal, last.velocity)]


def fit_to_range(notes: Sequence[MelodyNote], low: int, high: int) -> list[MelodyNote]:
    """Returns the notes moved by octaves to where an instrument with this range sings, and none out of it."""
    if not notes:
        return []
    # Two thirds up an instrument's range, but between C4 and G5: by ear, not measured.
    middle = np.clip(low + 0.68 * (high - low), 60, 79)
    mean = float(np.mean([n.pitch for n in notes]))
    octaves = round((middle - mean) / 12)
    out = shift_notes(notes, 0, 12 * octaves)
    top, bottom = max(n.pitch for n in out), min(n.pitch for n in out)
    if top > high and bottom - 12 >= low:
        out = shift_notes(out, 0, -12)
    elif bottom < low and top + 12 <= high:
        out = shift_notes(out, 0, 12)
    return [n._replace(pitch=_within(n.pitch, low, high)) for n in out]


def _within(pitch: int, low: int, high: int) -> int:
    while pitch > high:
        pitch -= 12
    while pitch < low:
        pitch += 12
    return pitch


def singability(
    notes: Sequence[MelodyNote],
    before: Sequence[MelodyNote],
    key: Key,
    bar_ticks: int,
    ticks_per_quarter: int,
    density: str | None = None,
) -> float:
    """Returns how well a phrase sings; higher is better, 0 is very well.

    What counts are the habits of songs: mostly steps, few repeated tones and wide leaps, a range of about an octave, some
    variety of note lengths, rhythms that come back, chord tones of the key on the first beats, no long gaps.

    Args:
        notes: the phrase.
        before: the melody before it.
        key: of both.
        bar_ticks: length of a bar.
        ticks_per_quarter: of all times.
        density: one of USUAL_NOTES_PER_QUARTER.
    """
    if len(notes) < 2:
        return -10.0
    # What each habit weighs is by ear; it was not measured on listeners.
    line = [*before[-1:], *notes]
    pitch = np.array([n.pitch for n in line])
    moves = np.abs(np.diff(pitch))
    first, last = notes[0].start // bar_ticks * bar_ticks, max(n.end for n in notes)
    quarters = max(1.0, (last - first) / ticks_per_quarter)
    score = -2.0 * max(0.0, _STEPWISE - float(np.mean(moves <= 2)))
    score -= 3.0 * max(0.0, float(np.mean(moves == 0)) - _REPEATED)
    score -= 3.0 * float(np.mean(moves > _FIFTH)) + 1.5 * float(np.mean((moves > _MAJOR_THIRD) & (moves <= _FIFTH)))
    longest = max(len(list(run)) for _, run in groupby(pitch.tolist()))
    score -= _TOLLS * max(0, longest - _IN_A_ROW)
    span = int(pitch.max() - pitch.min())
    few = max(0, _FEW_PITCHES - len(set(pitch.tolist())))
    score -= 0.1 * max(0, span - _WIDE_SPAN) + 0.25 * max(0, _NARROW_SPAN - span) + 0.2 * few
    busy = len(notes) / quarters / USUAL_NOTES_PER_QUARTER[density]
    score -= abs(float(np.log(busy))) + max(0.0, busy - 2)
    lengths = np.diff([n.start for n in notes])
    _, counts = np.unique(lengths, return_counts=True)
    shares = counts / counts.sum() if len(lengths) else np.ones(1)
    score -= 1.2 * max(0.0, _VARIETY_BITS + float((shares * np.log2(shares)).sum()))
    score += 0.8 * _rhyme(notes, before, bar_ticks)
    heads = [n.pitch % 12 for n in notes if n.start % bar_ticks == 0]
    score += 0.6 * (float(np.mean([p in key.triad for p in heads])) - 1 if heads else -1)
    held = sum(n.end - n.start for n in notes) / (last - first)
    return score - 1.5 * max(0.0, _SOUNDING - held)


def _rhyme(notes: Sequence[MelodyNote], before: Sequence[MelodyNote], bar_ticks: int) -> float:
    """Returns the share of bars, less 1, whose rhythm another bar of the phrase or of the melody before has too."""
    rhythms: dict[int, tuple[int, ...]] = {}
    for note in (*before, *notes):
        bar = note.start // bar_ticks
        rhythms[bar] = (*rhythms.get(bar, ()), note.start % bar_ticks)
    mine = [bar for bar in rhythms if bar >= notes[0].start // bar_ticks]
    alike = [sum(rhythms[other] == rhythms[bar] for other in rhythms) > 1 for bar in mine]
    return float(np.mean(alike)) - 1 if alike else -1.0
