"""Small pieces with all that a continuation must leave alone."""

from __future__ import annotations

import symusic

from music.piece import Piece


def band(bars: int = 4, ticks_per_quarter: int = 480) -> Piece:
    """Returns a waltz at an odd tempo for piano (with pedal), flute (with bends and words) and drums."""
    score, q = symusic.Score(ticks_per_quarter), ticks_per_quarter
    score.time_signatures.append(symusic.TimeSignature(0, 3, 4))
    score.tempos = [symusic.Tempo(0, 101.0), symusic.Tempo(2 * q, 97.5)]
    score.key_signatures.append(symusic.KeySignature(0, 1, 0))
    score.markers.append(symusic.TextMeta(0, "Verse"))
    piano = symusic.Track("Left and right", 0, False)
    flute = symusic.Track("Solo", 73, False)
    kit = symusic.Track("Kit", 0, True)
    for bar in range(bars):
        at, root = bar * 3 * q, (43, 48, 50, 43)[bar % 4]
        piano.notes.append(symusic.Note(at, q, root, 71))
        for beat in (1, 2):
            piano.notes.extend(symusic.Note(at + beat * q, q - 1, root + step, 53) for step in (12, 16, 19))
        piano.controls.extend([symusic.ControlChange(at, 64, 127), symusic.ControlChange(at + 2 * q, 64, 0)])
        for beat, step in enumerate((24, 28, 31)):
            flute.notes.append(symusic.Note(at + beat * q + 7 % q, q - q // 10, root + step, 88 + beat))
        flute.pitch_bends.append(symusic.PitchBend(at + q, 300 * (bar % 20 + 1)))
        flute.controls.append(symusic.ControlChange(at, 1, 20 + bar % 100))
        flute.lyrics.append(symusic.TextMeta(at, f"la{bar}"))
        kit.notes.append(symusic.Note(at, q // 2, 36, 100))
        kit.notes.extend(symusic.Note(at + beat * q, q // 2, 42, 80) for beat in range(3))
    flute.pitch_bends.append(symusic.PitchBend((bars * 3 - 1) * q, 0))
    score.tracks.extend([piano, flute, kit])
    return Piece(score, "Waltz", ("la la",), ({"pipeline": "by hand"},))
