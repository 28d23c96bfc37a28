"""Songs to measure on, the same on every machine: a band of piano, guitar, bass, strings, flute and drums."""

from __future__ import annotations

import numpy as np
import symusic

from music.piece import TICKS_PER_QUARTER, Piece

BAND = ((0, 60, 4), (25, 55, 8), (33, 36, 2), (48, 60, 1), (73, 76, 4))
"""Program, lowest pitch and notes a bar of each melodic track."""

CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


def song(bars: int = 64, seed: int = 0, tempo_bpm: float = 120.0) -> Piece:
    """Returns a song of this many 4/4 bars; each seed gives another melody over the same four chords."""
    random = np.random.default_rng(seed)
    score = symusic.Score(TICKS_PER_QUARTER)
    score.tempos.append(symusic.Tempo(0, qpm=tempo_bpm))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    bar = 4 * TICKS_PER_QUARTER
    for program, lowest, per_bar in BAND:
        track = symusic.Track(f"part {program}", program, False)
        track.controls.append(symusic.ControlChange(0, 10, int(random.integers(30, 98))))
        length = bar // per_bar
        for number in range(bars):
            for step in range(per_bar):
                chord = CHORDS[number % len(CHORDS)]
                pitches = chord if program in (0, 48) else (chord[int(random.integers(3))],)
                for pitch in pitches:
                    start, velocity = number * bar + step * length, int(random.integers(60, 110))
                    track.notes.append(symusic.Note(start, length * 9 // 10, lowest + pitch, velocity))
        score.tracks.append(track)
    drums = symusic.Track("drums", 0, True)
    for number in range(bars):
        for eighth in range(8):
            start = number * bar + eighth * bar // 8
            keys = [42, *([36] if eighth % 4 == 0 else []), *([38] if eighth % 4 == 2 else [])]
            for key in keys:
                drums.notes.append(symusic.Note(start, bar // 16, key, int(random.integers(70, 120))))
    score.tracks.append(drums)
    return Piece(score, title=f"Benchmark song {seed}")
