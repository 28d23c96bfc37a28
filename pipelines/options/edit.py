"""Options of the pipeline that does edits by hand."""

from __future__ import annotations

from dataclasses import dataclass

from music.edit_notes import MAX_EDITED, Edits
from music.edit_song import SongChanges
from pipelines.options.checks import Check, settle

MAX_WORDS = 300
"""Letters of the sentence that says what was done: three lines of a song's history."""


@dataclass(frozen=True)
class EditOptions(SongChanges, Edits):
    """Which notes of a piece are changed by hand, and then what of the whole song.

    See ``Edits`` for the notes and ``SongChanges`` for the song.

    Attributes:
        words: what was done in a short sentence, such as "moved 3 notes in bar 5"; see ``pipelines.edit.in_words``.
    """

    words: str = ""

    def __post_init__(self) -> None:
        settle(self, _checks)


def _checks(o: EditOptions) -> list[Check]:
    """Returns what may be wrong with edits, whatever the piece."""
    return [
        (o.touches > MAX_EDITED, f"More than {MAX_EDITED:,} notes were touched. Keep your changes in smaller steps."),
        (len(o.words) > MAX_WORDS, f"The sentence has {len(o.words):,} letters. Use at most {MAX_WORDS}."),
    ]
