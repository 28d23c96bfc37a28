"""What words ask of the plan of a song: a form that has a place for each stanza, sections that are long enough, and a stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

from music.arranging.phrases import USUAL_NOTES_PER_QUARTER
from music.bars import parse_signature
from music.words.verses import (
    CHORUS,
    PRE_CHORUS,
    VERSE,
    Stanza,
    read_stanzas,
    stanzas_of_sections,
    stresses_of_themes,
    syllables_of,
)
from pipelines.song.brief import Brief
from pipelines.song.optional_stages import WordsOptions
from pipelines.song.plan import Stage

SYLLABLES_PER_QUARTER = 0.9
"""The median of 93 English songs of OpenEWLD with their rests; one in ten has less than 0.57, one in ten more than 1.39."""

# By ear on layouts, on the scale of planning's other dislikes: for words twice as dense or half as dense as usual, and for a
# stanza that no section sings.
_CROWDED, _LOST = 1.6, 0.7
_MOST_VERSES = 12
LINES, SYLLABLES = 4, 8
"""Of a stanza that is written: the commonest of songs and ballads."""
USUAL_QUARTERS = 32.0
"""Of a section: eight bars of 4/4."""
_FEWEST_QUARTERS = 5  # of a line; a shorter one has no room for a thought
_FEWEST, _MOST = 5, 10  # syllables of a line that is written; what is usual, not measured
_SHAPE = {"Verse 1": "la", "Chorus": "lo", "Verse 2": "lu"}


class RoomForWords:
    """How well layouts suit lyrics.

    Args:
        lyrics: as ``music.words.verses`` reads them.
        language: of them.
    """

    def __init__(self, lyrics: str, language: str = "en") -> None:
        self._stanzas = read_stanzas(lyrics)
        self._language = language

    @property
    def form(self) -> str:
        """The form that these stanzas ask for: verses and a chorus, or as many verses as there are."""
        kinds = [stanza.kind for stanza in self._stanzas]
        if PRE_CHORUS in kinds and CHORUS in kinds:
            return "verse-pre-chorus-chorus"
        if CHORUS in kinds:
            return "verse-chorus"
        return "A" * min(_MOST_VERSES, kinds.count(VERSE)) if kinds.count(VERSE) > 1 else "AABA"

    def dislike(self, form: Sequence[str], bars: int, quarters: float) -> float:
        """Returns how much a layout is disliked.

        Args:
            form: names of the sections.
            bars: of each.
            quarters: quarter notes of a bar.
        """
        sung, lost = stanzas_of_sections(self._stanzas, form)
        rates = [self._counts[stanza] / (bars * quarters) for stanza in sung if stanza and self._counts[stanza]]
        crowded = [abs(math.log2(rate / SYLLABLES_PER_QUARTER)) for rate in rates]
        return _LOST * len(lost) + (_CROWDED * sum(crowded) / len(crowded) if crowded else _LOST)

    @cached_property
    def _counts(self) -> dict[Stanza, int]:
        return {
            stanza: sum(len(word) for line in syllables_of(stanza, self._language) for word in line)
            for stanza in self._stanzas
        }


def room_for_words(brief: Brief) -> RoomForWords | None:
    """Returns what the words of a brief ask of a layout; None where there are none."""
    lyrics = brief.lyrics or (lines_of_shape(LINES, SYLLABLES) if brief.words else "")
    return RoomForWords(lyrics) if lyrics else None


def words_stage(brief: Brief, quarters: float) -> Stage | None:
    """Returns the stage that sets the words that are asked for; None where there are none.

    Args:
        brief: what is wanted.
        quarters: quarter notes of a section.
    """
    if not brief.lyrics and not brief.words:
        return None
    lines, syllables = shape_for(quarters)
    return Stage(
        "words",
        WordsOptions(
            text=brief.lyrics or "",
            about=brief.words or "",
            lines=lines,
            syllables=syllables,
            rhyme="ABAB" if lines == LINES else "AABB",
            mood=brief.moods[0] if brief.moods else None,
            seed=brief.seed,
        ),
    )


def lines_of_themes(words: WordsOptions, form: Sequence[str], themes: Sequence[str]) -> tuple[str, ...]:
    """Returns the stresses of the lines that are sung first to each theme; of lines that are still to be written every other."""
    found = stresses_of_themes(words.text or lines_of_shape(1, 1), words.language, form, themes)
    usual = "/".join(["".join("01"[place % 2] for place in range(words.syllables))] * words.lines)
    return tuple(each if words.text else each and usual for each in found)


def lines_of_shape(lines: int, syllables: int) -> str:
    """Returns lyrics of two verses and a chorus of so many lines and syllables, to plan by until they are written."""
    stanza = "\n".join([" ".join(["la"] * syllables)] * lines)
    return "\n\n".join(f"[{name}]\n{stanza.replace('la', word)}" for name, word in _SHAPE.items())


def shape_for(quarters: float) -> tuple[int, int]:
    """Returns of how many lines, and these of how many syllables, a stanza is that suits a section of so many quarter notes."""
    lines = LINES if quarters >= _FEWEST_QUARTERS * LINES else LINES // 2
    return lines, min(max(round(quarters / lines), _FEWEST), _MOST)


def quarters_of(signature: str) -> float:
    """Returns the quarter notes of a bar."""
    numerator, denominator = parse_signature(signature)
    return 4 * numerator / denominator


def density_for(lines: Sequence[str], quarters: float) -> str | None:
    """Returns the density of melodies, one of DENSITIES or None, that have about a note for each syllable.

    Args:
        lines: for each section the stresses of its lines, as ThemeOptions has them.
        quarters: quarter notes of a section.
    """
    rate = max(each.count("0") + each.count("1") for each in lines) / quarters
    return min((None, "low", "high"), key=lambda density: abs(USUAL_NOTES_PER_QUARTER[density] - rate))
