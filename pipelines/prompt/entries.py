"""Who joins a song later: "drums come in at bar 5", "drop the drums for the first four bars", "no bass until bar 9"."""

from __future__ import annotations

import re
from functools import cache

from pipelines.prompt.keys_and_forms import Said
from pipelines.prompt.numbers import NUMBER, number
from pipelines.prompt.vocabulary import vocabulary

LAST_BAR = 64
_BAR = r"(?:bars?|measures?)"
_WHO = r"(?:the )?(?P<who>[a-z]+(?: [a-z]+){0,2}?)"
_ENTER = r"(?:come|comes|coming|enter|enters|entering|join|joins|joining|start|starts|starting|begin|begins)(?: in)?"


def entry(plain: str, at: int) -> Said | None:
    """Returns who enters in which bar, from a word on: field "entries" with pairs of an instrument and a bar from 1.

    Args:
        plain: the words of the prompt, joined by single spaces.
        at: where one of them begins.
    """
    for pattern, later in _patterns():
        found = pattern.match(plain, at)
        meaning = vocabulary().get(tuple(found["who"].split())) if found else None
        if found and meaning and "instruments" in meaning.facts:
            bar = int(number(found["n"])) + later
            if 1 < bar <= LAST_BAR:
                pairs = tuple((name, bar) for name in meaning.facts["instruments"])
                return Said(found.group().count(" ") + 1, "entries", pairs)
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Returns each way to say it, and by how much the bar of the entry is later than the number."""
    out = r"(?:drop|leave out|omit|mute|skip|hold back|no|without)"
    some = rf"(?P<n>{NUMBER})"
    ways = (
        (rf"{out} {_WHO} (?:for|in|during) (?:the )?first {some} {_BAR}", 1),
        (rf"{out} {_WHO} (?:until|till|before) (?:the )?{_BAR} {some}", 0),
        (rf"{_WHO} (?:only )?{_ENTER} (?:only )?(?:at|from|in|on|with) (?:the )?{_BAR} {some}", 0),
        (rf"{_WHO} (?:only )?{_ENTER} (?:only )?after (?:the )?(?:first )?{some} {_BAR}", 1),
        (rf"{_WHO} from (?:the )?{_BAR} {some} on(?:wards?)?", 0),
        (rf"(?:the )?first {some} {_BAR} (?:without|no) {_WHO}", 1),
    )
    return tuple((re.compile(f"(?:{pattern})(?= |$)"), later) for pattern, later in ways)
