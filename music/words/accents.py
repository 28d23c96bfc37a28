"""How strong a place in a bar is, and how much a syllable wants a strong one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from music.bars import Bar
from music.chords import beat_ticks
from music.words.pronunciation import Syllable

DOWNBEAT, HALF_BAR, BEAT, BETWEEN, WEAK = 4, 3, 2, 1, 0
"""The first beat of a bar, the one in its middle, any other, half way between two, and everything else."""

_LATE = 0.07  # of a beat: a sixteenth triplet beside a note is another place, what a player is late by is not

LIGHT_WORD, LIGHT, HEAVY_WORD, HEAVY, SECOND = range(5)
"""What a syllable is: a word that verse passes over lightly, an unstressed syllable of a longer word, a word of one syllable
with weight, the main stress of a longer word, and its second stress."""


def strength(bar: Bar, tick: int, ticks_per_quarter: int) -> int:
    """Returns how strong a tick of a bar is, WEAK to DOWNBEAT; notes may be played a little early or late, or swung."""
    beats = beat_ticks(bar, ticks_per_quarter)
    beat = (beats[1] if len(beats) > 1 else bar.end) - bar.start
    near, off = divmod(tick - bar.start + _LATE * beat, beat)
    off = off / beat - _LATE
    place = int(near)
    if off <= _LATE:
        if place in (0, len(beats)):
            return DOWNBEAT
        return HALF_BAR if len(beats) % 2 == 0 and place == len(beats) // 2 else BEAT
    parts = (1 / 3, 2 / 3) if bar.denominator >= 8 and bar.numerator % 3 == 0 else (1 / 2, 2 / 3)
    return BETWEEN if any(abs(off - part) <= _LATE for part in parts) else WEAK


def weight(syllable: Syllable, is_alone: bool) -> int:
    """Returns what a syllable is, LIGHT_WORD to SECOND; ``is_alone``: its word has no other."""
    if is_alone:
        return HEAVY_WORD if syllable.stress else LIGHT_WORD
    return (LIGHT, HEAVY, SECOND)[syllable.stress]


def stresses(words: Iterable[Sequence[Syllable]]) -> str:
    """Returns the stresses of a line as a text such as "0101", for options and recipes."""
    return "".join(str(int(syllable.stress > 0)) for word in words for syllable in word)
