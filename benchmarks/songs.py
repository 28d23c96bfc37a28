"""Songs to measure on, the same on every machine: a band of piano, guitar, bass, strings, flute and drums; a pianist."""

from __future__ import annotations

import numpy as np
import symusic

from music.piece import TICKS_PER_QUARTER, Piece

BAND = ((0, 60, 4), (25, 55, 8), (33, 36, 2), (48, 60, 1), (73, 76, 4))
"""Program, lowest pitch and notes a bar of each melodic track."""

JITTER_SECONDS = 0.015  # standard deviation of the onsets of a good pianist

CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


def song(bars: int = 64, seed: int = 0, tempo_bpm: float = 120.0, held: float = 0.9) -> Piece:
    """Returns a song of this many 4/4 bars; each seed gives another melody over the same four chords.

    Keys are held for a share of each note.
    """
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
                    track.notes.append(symusic.Note(start, int(length * held), lowest + pitch, velocity))
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


def two_hands(bars: int) -> Piece:
    """Returns piano music on one track: a melody with sixteenths and triplets over broken and held chords."""
    random, score = np.random.default_rng(0), symusic.Score(TICKS_PER_QUARTER)
    score.tempos.append(symusic.Tempo(0, qpm=96.0))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    track = symusic.Track("Piano", 0, False)
    rhythms = ((1.0,), (0.5, 0.5), (0.75, 0.25), (0.25,) * 4, (1 / 3,) * 3, (0.5, 0.25, 0.25))
    for bar in range(bars):
        root = 36 + (0, 9, 5, 7)[bar % 4]
        left = [(float(beat), 1.0, root + (0, 7, 12, 7)[beat]) for beat in range(4)] if bar % 2 else []
        left = left or [(0.0, 4.0, root), (0.0, 4.0, root + 7)]
        right = []
        for beat in range(4):
            at = float(beat)
            for length in rhythms[int(random.integers(len(rhythms)))]:
                right.append((at, length, 72 + (0, 2, 4, 5, 7, 9)[int(random.integers(6))]))
                at += length
        for at, length, pitch in (*left, *right):
            start, stop = (round((4 * bar + x) * TICKS_PER_QUARTER) for x in (at, at + length))
            track.notes.append(symusic.Note(start, stop - start, pitch, 80))
    score.tracks.append(track)
    return Piece(score, "Two hands")


def played(piece: Piece, seed: int) -> Piece:
    """Returns a piece as someone plays it: onsets early and late, keys let go after 70 to 100 % of a note's length."""
    random, score = np.random.default_rng(seed), piece.score.copy()
    jitter = JITTER_SECONDS * score.tempos[0].qpm / 60 * score.ticks_per_quarter
    for track in score.tracks:
        for note in track.notes:
            note.time = max(0, note.time + round(random.normal(0, jitter)))
            note.duration = max(1, round(note.duration * random.uniform(0.7, 1.0)))
        track.notes.sort()
    return piece.replace(score=score)
