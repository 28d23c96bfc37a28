"""Measures of whole songs: do they obey, do their sections recur, do they end as songs do?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import symusic

from music.bars import bar_grid, score_end, tempo_map, ticks_to_seconds
from music.chords import chord_spans
from music.form import ENDING, INTRO, sections, theme_of
from music.instruments import parse_instrument, program_of
from music.theory import Key, parse_key
from training.quality.measures.tonality import in_key

LENGTH_TOLERANCE = 0.05
TEMPO_TOLERANCE_BPM = 0.5
Line = Sequence[tuple[int, int]]
"""A melody, note by note: semitones from the note before, and sixteenth notes since it began."""

SAME, VARIED, OTHER = "the same section", "a varied return", "another section"


@dataclass(frozen=True)
class Wanted:
    """What a song is to be.

    Attributes:
        seconds: how long.
        tempo_bpm: the slowest and the fastest that will do, in quarter notes a minute.
        time_signature: such as "3/4".
        key: such as "D minor".
        instruments: all who play, by name; empty where nobody was asked for.
        without: who must not play.
    """

    seconds: float
    tempo_bpm: tuple[float, float]
    time_signature: str
    key: str
    instruments: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def obeyed(score: symusic.Score, wanted: Wanted) -> dict[str, bool]:
    """Returns which wishes a song obeys.

    Its length counts from the first note to the end of the last. The tempo may change in the last two bars alone (a
    ritardando). The key is written and heard in all that `in_key` looks at. Those who play are exactly those asked for, and
    nobody who is excluded.
    """
    slowest, fastest = wanted.tempo_bpm
    bars, key = bar_grid(score), parse_key(wanted.key)
    ticks, _, tempi = tempo_map(score)
    before_end = tempi[: max(1, int(np.searchsorted(ticks, bars[-2:][0].start)))]
    played = {program_of(track) for track in score.tracks if len(track.notes)}
    asked, excluded = ({parse_instrument(name) for name in names} for names in (wanted.instruments, wanted.without))
    return {
        "length": abs(seconds_of(score) / wanted.seconds - 1) <= LENGTH_TOLERANCE,
        "tempo": all(slowest - TEMPO_TOLERANCE_BPM <= bpm <= fastest + TEMPO_TOLERANCE_BPM for bpm in before_end),
        "time signature": all(f"{bar.numerator}/{bar.denominator}" == wanted.time_signature for bar in bars),
        "instruments": bool(played) and (not asked or played == asked) and not played & excluded,
        "key": all(in_key(score, key).values()),
    }


def seconds_of(score: symusic.Score) -> float:
    """Returns the seconds from the first note to the end of the last."""
    first = min((int(track.notes.numpy()["time"].min()) for track in score.tracks if len(track.notes)), default=0)
    return float(ticks_to_seconds(score, score_end(score)) - ticks_to_seconds(score, first))


# Recurrence


def lines(score: symusic.Score) -> list[tuple[str, Line]]:
    """Returns the name and the melody of each section with notes, in order, without intro and ending."""
    notes = score.tracks[0].notes.numpy()
    order = np.lexsort((notes["pitch"], notes["time"]))
    time, pitch = notes["time"][order].astype(np.int64), notes["pitch"][order].astype(np.int64)
    sixteenth = score.ticks_per_quarter / 4
    found = []
    for section in sections(score):
        here = (time >= section.start) & (time < section.end)
        if here.any() and section.theme not in (INTRO, ENDING):
            steps = np.rint(np.diff(time[here], prepend=section.start) / sixteenth).astype(int)
            moves = np.diff(pitch[here], prepend=pitch[here][0])
            found.append((section.name, list(zip(moves.tolist(), steps.tolist(), strict=True))))
    return found


def similarity(one: Line, other: Line) -> float:
    """Returns how alike two melodies are, 0 to 1: one minus the edits from one to the other, a note of the longer each."""
    if not one or not other:
        return 0.0
    row = list(range(len(other) + 1))
    for number, note in enumerate(one, 1):
        above, row[0] = row[0], number
        for place, different in enumerate(other, 1):
            above, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, above + (note != different))
    return 1 - row[-1] / max(len(one), len(other))


def recurrence(found: Sequence[tuple[str, Line]]) -> dict[str, list[float]]:
    """Returns how alike the sections of a song are, pair by pair: the same, a theme and its variation, and others."""
    pairs: dict[str, list[float]] = {SAME: [], VARIED: [], OTHER: []}
    for (name, one), (other_name, other) in itertools.combinations(found, 2):
        themes = theme_of(name), theme_of(other_name)
        kind = OTHER if themes[0] != themes[1] else SAME if name == other_name else VARIED
        pairs[kind].append(similarity(one, other))
    return pairs


# The ending


def ending(score: symusic.Score, key: Key) -> dict[str, bool]:
    """Returns whether a song ends on the tonic: its last melody note, its last chord symbol, and the lowest note under them."""
    notes = score.tracks[0].notes.numpy()
    if not len(notes["pitch"]):
        return dict.fromkeys(("melody", "chord", "bass"), False)
    last = np.lexsort((notes["pitch"], notes["time"]))[-1]
    begins = int(notes["time"][last])
    chords = chord_spans(score)
    third = key.triad[1]
    sounding = [
        int(note.pitch)
        for track in score.tracks
        if not track.is_drum
        for note in track.notes
        if note.time + note.duration > begins
    ]
    return {
        "melody": int(notes["pitch"][last]) % 12 == key.tonic,
        "chord": bool(chords) and chords[-1].chord.root == key.tonic and third in chords[-1].chord.tones,
        "bass": min(sounding) % 12 == key.tonic,
    }
