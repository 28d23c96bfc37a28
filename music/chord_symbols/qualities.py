"""The qualities of chords that have names: the steps above the root of each, and as which of them models read it."""

from __future__ import annotations

# Suffix of a chord's name -> semitones above its root. The first MODEL_QUALITIES of them are those that models tell
# apart; each of the others is read as the one in READ_AS. Further suffixes are called as ``grammar`` says.
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "sus4": (0, 5, 7),
    "sus2": (0, 2, 7),
    "7sus4": (0, 5, 7, 10),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "mMaj7": (0, 3, 7, 11),
    "5": (0, 7),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "6/9": (0, 4, 7, 9, 2),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "9sus4": (0, 5, 7, 10, 2),
    "11": (0, 4, 7, 10, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5),
    "13": (0, 4, 7, 10, 2, 9),
    "maj13": (0, 4, 7, 11, 2, 9),
    "m13": (0, 3, 7, 10, 2, 9),
    "7b9": (0, 4, 7, 10, 1),
    "7#9": (0, 4, 7, 10, 3),
    "7b5": (0, 4, 6, 10),
    "aug7": (0, 4, 8, 10),
    "7#11": (0, 4, 7, 10, 6),
    "maj7#11": (0, 4, 7, 11, 6),
}
MODEL_QUALITIES = 16
NONE = "N.C."
"""The quality of no chord at all."""
READ_AS = {
    "add9": "", "madd9": "m", "6/9": "6", "9": "7", "maj9": "maj7", "m9": "m7", "9sus4": "7sus4", "11": "7",
    "m11": "m7", "13": "7", "maj13": "maj7", "m13": "m7", "7b9": "7", "7#9": "7", "7b5": "7", "aug7": "7",
    "7#11": "7", "maj7#11": "maj7",
}  # fmt: skip
MODEL_NAMES = tuple(QUALITIES)[:MODEL_QUALITIES]
