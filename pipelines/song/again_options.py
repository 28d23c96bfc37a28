"""Options of the stage that writes one section of a song again."""

from __future__ import annotations

from dataclasses import dataclass

from music.bars import bar_grid
from music.errors import StudioError
from music.piece import Piece
from pipelines.locks import locked_notes
from pipelines.options.checks import Check, seed_check, settle
from pipelines.options.edit import MAX_WORDS
from pipelines.rearrange import Form


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


def check_unlocked(piece: Piece, section: int) -> None:
    """Makes sure that writing a section of a song again changes no locked note; drums play on as they did.

    Raises:
        StudioError: it would.
    """
    score, bars = piece.score, bar_grid(piece.score)
    _, first, last = Form(score).sections[section]
    start, stop = bars[first].start, bars[last - 1].end
    locked = [(score.tracks[track], score.tracks[track].notes[place]) for track, place in locked_notes(piece)]
    if any(not track.is_drum and note.time < stop and note.end > start for track, note in locked):
        raise StudioError("This section has locked notes. Unlock them first, with L on the piano roll.")


def _checks(o: AgainOptions) -> list[Check]:
    """Returns what may be wrong with the options, whatever the song."""
    return [
        (o.section < 0, "Sections are counted from 0. Choose one that the song has."),
        (len(o.words) > MAX_WORDS, f"The sentence has {len(o.words):,} letters. Use at most {MAX_WORDS}."),
        seed_check(o),
    ]
