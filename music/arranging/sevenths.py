"""Triads that get the seventh of the key, as jazz and bossa nova have them: Amaj7 for A, Bm7 for Bm."""

from __future__ import annotations

import numpy as np

from music.chords import Chord
from music.theory import Key

_CLASH = 0.25  # of the melody's time a semitone beside a seventh, from which the chord stays without it; by ear
_SEVENTHS = {("", 11): "maj7", ("", 10): "7", ("m", 10): "m7"}


def with_seventh(chord: Chord, key: Key, melody: np.ndarray, rests: bool = False) -> Chord:
    """Returns a triad of a key with the seventh that the key has above it, where the melody does not rub against that.

    On the tonic it is the sixth in place of a major seventh beside the melody's tonic, and at rest.

    Args:
        chord: any; what is no triad of the key in root position stays as it is.
        key: of the music.
        melody: for how long each pitch class sounds in the melody meanwhile, ``[12]``.
        rests: whether this is the last chord of a piece.
    """
    if chord.quality not in ("", "m") or chord.bass != chord.root or not key.scale.issuperset(chord.tones):
        return chord
    whole = max(float(melody.sum()), 1e-9)

    def rubs(tone: int) -> bool:
        return float(melody[(tone + 1) % 12] + melody[(tone - 1) % 12]) > _CLASH * whole

    is_home = chord.root == key.tonic
    for step in (10, 11) if chord.quality == "m" or not is_home else (11, 10):
        quality = _SEVENTHS.get((chord.quality, step))
        tone = (chord.root + step) % 12
        if quality and tone in key.scale and not rubs(tone) and not (rests and quality == "maj7"):
            return Chord(chord.root, quality)
    sixth = (chord.root + 9) % 12
    if is_home and sixth in key.scale and not rubs(sixth):
        return Chord(chord.root, "6" if chord.quality == "" else "m6")
    return chord
