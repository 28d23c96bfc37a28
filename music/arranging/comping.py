"""Parts by rule, for players whom a model gave little to do: a beat, a bass, chords held or struck, an inner voice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from music.arranging.voicing import LEAST_RANGE, voice_chords
from music.bars import Bar
from music.chords import NO_CHORD, ChordSpan, beat_ticks
from music.instruments import BASSES, CLOSED_HAT, DRUMS, HELD, KICK, SNARE, STRUCK, playable_range

Hit = tuple[int, int, int, int]
"""``(time, duration, pitch, velocity)``, times in ticks."""

# Ranges and velocities are by ear, not measured.
_CHORD_RANGE = (48, 76)
_HAND = 16  # semitones, a tenth
_LOW = 76  # who cannot reach this pitch plays the bass
_SOFT, _ACCENT, _VOICE = 50, 60, 56  # velocities
_GAP = 8  # a struck chord ends this part of a quarter note before the next


def comp(program: int, spans: Sequence[ChordSpan], bars: Sequence[Bar], quarter: int) -> list[Hit]:
    """Returns what an instrument plays in some bars of a song, from its chords alone.

    Args:
        program: of the instrument; DRUMS for drums.
        spans: the chords of the whole song.
        bars: where to play.
        quarter: ticks of a quarter note.
    """
    if program == DRUMS:
        return [hit for bar in bars for hit in _beat(bar, quarter)]
    low, high = playable_range(program)
    sounding = [span for span in spans if span.chord != NO_CHORD]
    if program in BASSES or high < _LOW:
        pitches: dict[ChordSpan, tuple[int, ...]] = {span: (low + (span.chord.bass - low) % 12,) for span in sounding}
    else:
        reach = max(_CHORD_RANGE[0], low), min(_CHORD_RANGE[1], high)
        chordal = program in HELD | STRUCK and reach[1] - reach[0] >= LEAST_RANGE
        pitches = _blocks(sounding, *reach) if chordal else _inner_voice(sounding, low, high)
    hits: list[Hit] = []
    struck = program in STRUCK
    for bar in bars:
        beats = beat_ticks(bar, quarter) if struck else []
        for span, chord in pitches.items():
            first, end = max(bar.start, span.start), min(bar.end, span.end)
            starts = sorted({first, *(tick for tick in beats if first < tick)})
            for start, stop in zip(starts, [*starts[1:], end], strict=True):
                stop = min(stop, end)
                if start < stop:
                    lasts = max(1, stop - start - (quarter // _GAP if struck else 0))
                    loud = _VOICE if len(chord) == 1 else _ACCENT if start == bar.start else _SOFT
                    hits += [(start, lasts, pitch, loud) for pitch in chord]
    return sorted(hits)


def rests(notes: Sequence[tuple[int, int]], program: int, bars: Sequence[Bar]) -> list[Bar]:
    """Returns the bars in which an instrument rests: it does not sound, or, where sounds die away, strikes nothing.

    Args:
        notes: ``(time, tick at which it ends)`` of each.
        program: of the instrument; DRUMS for drums.
        bars: to look at.
    """
    held = program != DRUMS and program not in STRUCK
    return [
        bar
        for bar in bars
        if not any(start < bar.end and (end > bar.start if held else start >= bar.start) for start, end in notes)
    ]


def _beat(bar: Bar, quarter: int) -> list[Hit]:
    """Returns a plain beat: kick on the first, snare on every second beat (the last, in three), hi-hat on all."""
    beats = beat_ticks(bar, quarter)
    backbeats = beats[2:3] if len(beats) == 3 else beats[1::2]
    short = max(1, quarter // 4)
    hits = [(tick, short, CLOSED_HAT, _SOFT) for tick in beats] + [(bar.start, short, KICK, _ACCENT)]
    return hits + [(tick, short, SNARE, _ACCENT) for tick in backbeats]


def _blocks(spans: Sequence[ChordSpan], low: int, high: int) -> dict[ChordSpan, tuple[int, ...]]:
    found: dict[int, list[int]] = defaultdict(list)
    for start, _, pitch in voice_chords(spans, low, high, widest=_HAND):
        found[start].append(pitch)
    return {span: tuple(found[span.start]) for span in spans if found[span.start]}


def _inner_voice(spans: Sequence[ChordSpan], low: int, high: int) -> dict[ChordSpan, tuple[int, ...]]:
    """Returns for each chord the tone nearest to the one before, in the middle of an instrument's range at first."""
    pitch = int(np.clip((low + high) // 2, 55, 70))
    found: dict[ChordSpan, tuple[int, ...]] = {}
    for span in spans:
        tones = [p for p in range(max(low, pitch - 11), min(high, pitch + 11) + 1) if p % 12 in span.chord.tones]
        pitch = min(tones, key=lambda p: (abs(p - pitch), p), default=pitch)
        found[span] = (pitch,)
    return found
