"""Options of the stage that writes one section of a song again."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.edit_options import MAX_WORDS
from pipelines.options import Check, seed_check, settle


@dataclass(frozen=True)
class AgainOptions:
    """Which section of a song is written again. How, the recipes of its themes and of its harmony say.

    Attributes:
        section: its number, counted from 0, intro and ending included.
        words: what was done in a few words, such as "wrote the second Chorus again".
        seed: the same seed gives the same notes.
    """

    section: int = 0
    words: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        settle(self, _checks)


def _checks(o: AgainOptions) -> list[Check]:
    """Returns what may be wrong with the options, whatever the song."""
    return [
        (o.section < 0, "Sections are counted from 0. Choose one that the song has."),
        (len(o.words) > MAX_WORDS, f"The sentence has {len(o.words):,} letters. Use at most {MAX_WORDS}."),
        seed_check(o),
    ]
