"""The chords by which each mode is known: those that lead home, and those that pull away to a key with the same notes.

The dominant of common practice, and the moves by which modal music closes without a leading tone: bVII-I, v-I and IV-i,
bII-i, II-I (Persichetti, Twentieth-Century Harmony, 1961, chapter 2; Temperley, The Musical Language of Rock, 2018,
chapter 2).
"""

from __future__ import annotations

from music.chord_symbols.qualities import QUALITIES
from music.chords import Chord
from music.theory import Key, Mode

CADENCES: dict[Mode, tuple[tuple[int, str], ...]] = {
    "major": ((7, "7"), (7, "")),
    "minor": ((7, "7"), (7, ""), (7, "m"), (7, "m7")),
    "dorian": ((10, ""), (5, ""), (7, "m"), (5, "7"), (7, "m7")),
    "phrygian": ((1, ""), (1, "maj7"), (10, "m"), (10, "m7")),
    "lydian": ((2, ""), (7, ""), (2, "7"), (7, "maj7")),
    "mixolydian": ((10, ""), (7, "m"), (10, "maj7"), (7, "m7")),
}
"""What leads to the tonic in each mode, the most usual first: semitones from the tonic to the root, and the quality."""

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_SIGNS = {
    "m": "",
    "m7": "7",
    "dim": "\u00b0",
    "m7b5": "\u00f87",
}  # of qualities beside a numeral; others stand as they are


def tonic_chord(key: Key) -> Chord:
    """Returns the triad on the tonic of a key."""
    return Chord(key.tonic, "m" if key.is_minor else "")


def diatonic_chords(key: Key) -> tuple[tuple[tuple[str, Chord], ...], ...]:
    """Returns the triads on the seven steps of a key, then the seventh chords, each after its Roman numeral.

    In minor the seventh chord on the fifth step is the dominant, with the raised leading tone.
    """
    scale = (key.relative if key.mode == "minor" else key).scale
    steps = sorted((tone - key.tonic) % 12 for tone in scale)
    rows = []
    for size in (3, 4):
        row = []
        for place, step in enumerate(steps):
            above = {(steps[(place + 2 * third) % 7] - step) % 12 for third in range(size)}
            quality = next(name for name, own in QUALITIES.items() if set(own) == above)
            if key.mode == "minor" and (size, step) == (4, 7):
                quality = "7"
            chord = Chord((key.tonic + step) % 12, quality)
            numeral = _NUMERALS[place] if 4 in QUALITIES[quality] else _NUMERALS[place].lower()
            row.append((numeral + _SIGNS.get(quality, quality), chord))
        rows.append(tuple(row))
    return tuple(rows)


def is_tonic(chord: Chord, key: Key) -> bool:
    """Returns whether a chord stands on the tonic and has the third of the mode."""
    return chord.root == key.tonic and key.triad[1] in chord.tones


def leads_home(chord: Chord, key: Key) -> bool:
    """Returns whether a chord is one that leads to the tonic in this mode: its root and its third."""
    return any(chord.root == home.root and set(home.tones[:2]) <= set(chord.tones) for home in cadence_chords(key))


def cadence_chords(key: Key) -> tuple[Chord, ...]:
    """Returns what leads to the tonic in a key, the most usual first."""
    return tuple(Chord((key.tonic + step) % 12, quality) for step, quality in CADENCES[key.mode])
