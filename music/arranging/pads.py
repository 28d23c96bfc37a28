"""Rules of a pad: which tones fit at any time, how long its notes are held, and that it ends with the song."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import symusic

from music.bars import bar_grid, score_end
from music.chords import beat_ticks, chord_spans

VOICES = 4
"""A pad has no more voices than that."""


class Strike(NamedTuple):
    """A note as it is written: its tick, the tick to which it is wanted at least, pitch and velocity."""

    time: int
    until: int
    pitch: int
    velocity: int


class PadNote(NamedTuple):
    """A note of a pad, its times in ticks."""

    time: int
    duration: int
    pitch: int
    velocity: int


class Tones(NamedTuple):
    """The pitch classes that fit in ``[start, end)``."""

    start: int
    end: int
    classes: frozenset[int]


def fitting_tones(score: symusic.Score) -> list[Tones]:
    """Returns which pitch classes fit when, from tick 0 to the end of the score, without gaps.

    These are the tones of the chord symbols; where there are none, whatever sounds in a beat.
    """
    end = score_end(score)
    chords = chord_spans(score, end)
    ticks = [tick for bar in bar_grid(score, max(1, end)) for tick in beat_ticks(bar, score.ticks_per_quarter)]
    edges = sorted({0, end, *(tick for tick in ticks if tick < end), *(e for span in chords for e in span[:2])})
    time, stop, pitch = _pitched(score)
    found: list[Tones] = []
    for start, after in zip(edges, edges[1:]):
        chord = next((span.chord for span in chords if span.start <= start < span.end), None)
        heard = pitch[(time < after) & (stop > start)] % 12
        classes = frozenset(heard.tolist() if chord is None else chord.tones)
        if found and found[-1].classes == classes:
            found[-1] = found[-1]._replace(end=after)
        else:
            found.append(Tones(start, after, classes))
    return found


def _pitched(score: symusic.Score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns time, end and pitch of all notes but the drums', int64."""
    played = [track.notes.numpy() for track in score.tracks if not track.is_drum and len(track.notes)]
    empty = np.zeros(0, np.int64)
    time, length, pitch = (
        np.concatenate([empty, *(notes[name].astype(np.int64) for notes in played)])
        for name in ("time", "duration", "pitch")
    )
    return time, time + length, pitch


def hold(strikes: Iterable[Strike], tones: Sequence[Tones], end: int) -> list[PadNote]:
    """Returns the notes of a pad.

    A note is held to where it is wanted, and at least until others are struck, but no longer than the harmony has it. Each
    pitch class sounds once: of those struck together the one nearest to what sounded before, and what is held makes way for
    it. Notes that are struck together are equally loud.

    Args:
        strikes: what does not fit where it is struck is left out.
        tones: of ``fitting_tones``.
        end: of the last note.
    """
    chords: dict[int, list[Strike]] = {}
    for strike in strikes:
        if strike.time < end and fits_until(strike.pitch, strike.time, tones) > strike.time:
            chords.setdefault(strike.time, []).append(strike)
    times = sorted(chords)
    notes: list[list[int]] = []  # time, end, pitch, velocity
    for time, after in zip(times, [*times[1:], end]):
        before = [note for note in notes if note[1] >= time]
        kept = _voices(chords[time], [note[2] for note in before])
        classes = {strike.pitch % 12 for strike in kept}
        over = [note for note in before if note[1] > time]
        free = VOICES - len(kept)
        for note in reversed(over):  # the newest stay
            stays = note[2] % 12 not in classes and free > 0
            free -= stays
            note[1] = note[1] if stays else time
        loud = round(sum(strike.velocity for strike in kept) / len(kept))
        for strike in kept:
            until = min(max(strike.until, after), fits_until(strike.pitch, time, tones), end)
            notes.append([time, until, strike.pitch, loud])
    return [PadNote(time, until - time, pitch, velocity) for time, until, pitch, velocity in notes]


def end_with_song(notes: Sequence[PadNote], tones: Sequence[Tones], strike: int, end: int) -> list[PadNote]:
    """Returns the notes with a last chord that rings to the end of the song; none where there were none.

    Args:
        notes: of ``hold``.
        tones: of ``fitting_tones``.
        strike: tick of the last chord.
        end: of the song.
    """
    if not notes or any(note.time + note.duration == end for note in notes):
        return list(notes)
    classes = next((span.classes for span in tones if span.start <= strike < span.end), frozenset())
    last = max(note.time for note in notes)
    near = [p for p in range(128) if p % 12 in classes and fits_until(p, strike, tones) >= end]
    moved = {
        min(near, key=lambda p: (abs(p - note.pitch), p)): note.velocity for note in notes if note.time == last and near
    }
    kept = [note._replace(duration=min(note.duration, strike - note.time)) for note in notes if note.time < strike]
    return [*kept, *(PadNote(strike, end - strike, pitch, loud) for pitch, loud in sorted(moved.items()))]


def fits_until(pitch: int, time: int, tones: Sequence[Tones]) -> int:
    """Returns until when a pitch fits that is struck at a tick; that tick itself where it does not."""
    until = time
    for span in tones:
        if span.start <= until < span.end and pitch % 12 in span.classes:
            until = span.end
    return until


def _voices(strikes: Sequence[Strike], before: Sequence[int]) -> list[Strike]:
    """Returns one strike of each pitch class, the nearest to the pitches before, and no more than VOICES, the lowest."""
    around = before or [strike.pitch for strike in strikes]
    middle = sum(around) / len(around)
    best: dict[int, Strike] = {}
    for strike in sorted(strikes, key=lambda strike: -abs(strike.pitch - middle)):
        best[strike.pitch % 12] = strike
    return sorted(best.values(), key=lambda strike: strike.pitch)[:VOICES]
