"""Options of the pipeline that puts the sections of a song in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from music.errors import StudioError
from pipelines.options.checks import Check, settle
from pipelines.options.edit import MAX_WORDS

_MAX_NAME = 80  # letters of a section's name


@dataclass(frozen=True)
class RearrangeOptions:
    """Which bars of a piece follow each other from now on.

    Attributes:
        parts: ``(name, first, last)``: bars from the first up to but not including the last, counted from 0, and the section
            that begins with them; without a name the section before goes on.
        words: what was done in a few words, such as "moved B before the second A"; see ``pipelines.rearrange``.
    """

    parts: tuple[tuple[str, int, int], ...] = (("A", 0, 1),)
    words: str = ""

    def __post_init__(self) -> None:
        settle(self, _checks, parts=_check_part)


def _checks(o: RearrangeOptions) -> list[Check]:
    """Returns what may be wrong with another order, whatever the piece."""
    return [
        (not o.parts, "There would be no section left. Leave at least one."),
        (len(o.words) > MAX_WORDS, f"The sentence has {len(o.words):,} letters. Use at most {MAX_WORDS}."),
    ]


def _check_part(part: Any) -> None:
    if (
        not isinstance(part, tuple)
        or len(part) != 3
        or not isinstance(part[0], str)
        or len(part[0]) > _MAX_NAME
        or any(type(bar) is not int or bar < 0 for bar in part[1:])
    ):
        raise StudioError(f"{part!r} names no section and its bars. Give a section such as ('A', 0, 8).")
