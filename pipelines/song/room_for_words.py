"""What words ask of the layout of a song: a form that has a place for each stanza, and sections that are long enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

from music.arranging.phrases import USUAL_NOTES_PER_QUARTER
from music.words.verses import CHORUS, VERSE, Stanza, read_stanzas, stanzas_of_sections, syllables_of

SYLLABLES_PER_QUARTER = 0.9
"""The median of 93 English songs of OpenEWLD with their rests; one in ten has less than 0.57, one in ten more than 1.39."""

# By ear on layouts, on the scale of planning's other dislikes: for words twice as dense or half as dense as usual, and for a
# stanza that no section sings.
_CROWDED, _LOST = 1.6, 0.7
_MOST_VERSES = 12


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


def density_for(lines: Sequence[str], quarters: float) -> str | None:
    """Returns the density of melodies, one of DENSITIES or None, that have about a note for each syllable.

    Args:
        lines: for each section the stresses of its lines, as ThemeOptions has them.
        quarters: quarter notes of a section.
    """
    rate = max(each.count("0") + each.count("1") for each in lines) / quarters
    return min((None, "low", "high"), key=lambda density: abs(USUAL_NOTES_PER_QUARTER[density] - rate))
