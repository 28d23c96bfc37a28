"""Options of lyrics: frozen, plain values, checked in one place. Imports no model, so pages may use it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.options.checks import Check, choice_check, seed_check, settle, temperature_check
from pipelines.prompt.words import MOOD_WORDS

MOST_TEXT = 1_000
MOST_VERSES, MOST_LINES = 8, 12
FEWEST_SYLLABLES, MOST_SYLLABLES = 3, 14
RHYMES = ("AABB", "ABAB", "ABCB", "ABBA", "AAAA", "free")
"""Rhyme schemes, a letter a line; of a longer verse they begin anew. "free" rhymes nowhere on purpose."""

MOODS = tuple(MOOD_WORDS)


@dataclass(frozen=True)
class LyricsOptions:
    """What lyrics are about, and how they are built.

    Attributes:
        text: the theme, in a few English words.
        verses: how many.
        lines: of a verse, and of the chorus.
        rhyme: one of RHYMES.
        syllables: of each line; None leaves it to the model, 5 to 11.
        chorus: whether a chorus comes after each verse, the same each time.
        mood: one of MOODS, or None.
        temperature: how adventurous; 1 is as the texts that it learned from.
        top_p: share of the likeliest words that are drawn from.
        seed: the same seed, options and checkpoint give the same lyrics.
        checkpoint: the language model: "lyrics-small", "distilgpt2" where it has been pulled, or "auto" for that one of the
            two that is here, the larger first.
    """

    text: str = ""
    verses: int = 2
    lines: int = 4
    rhyme: str = "ABAB"
    syllables: int | None = 8
    chorus: bool = True
    mood: str | None = None
    temperature: float = 0.8
    top_p: float = 0.95
    seed: int = 0
    checkpoint: str = "auto"

    def __post_init__(self) -> None:
        settle(self, _checks)


def _checks(o: LyricsOptions) -> list[Check]:
    """Returns what may be wrong with options of lyrics."""
    few, many = FEWEST_SYLLABLES, MOST_SYLLABLES
    return [
        (len(o.text) > MOST_TEXT, f"The theme is too long. Keep it under {MOST_TEXT:,} letters."),
        (
            not 1 <= o.verses <= MOST_VERSES,
            f"{o.verses} verses cannot be written. Choose 1 to {MOST_VERSES}.",
        ),
        (
            not 2 <= o.lines <= MOST_LINES,
            f"A verse of {o.lines} lines cannot be written. Choose 2 to {MOST_LINES}.",
        ),
        choice_check("rhyme", o.rhyme, RHYMES),
        (
            o.syllables is not None and not few <= o.syllables <= many,
            f"Lines of {o.syllables} syllables cannot be written. Choose {few} to {many}.",
        ),
        choice_check("mood", o.mood, MOODS),
        temperature_check(o),
        (not 0 < o.top_p <= 1, f"A top-p of {o.top_p} is out of range. Choose more than 0, up to 1."),
        seed_check(o),
    ]
