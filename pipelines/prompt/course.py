"""How a song goes, as far as it is said in numbers or turns of phrase: "4-bar intro", "drop at 0:45", "gets louder"."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from pipelines.prompt.keys_and_forms import Said
from pipelines.prompt.numbers import NUMBER, number
from pipelines.song.brief import INTRO_BARS, OUTRO_BARS

SIZES = {"very short": 1, "short": 2, "brief": 2, "long": 8, "longer": 8, "extended": 8, "very long": 16}
"""Bars of an intro or an ending that is said to be so; an ending has at most 8."""

_BAR = r"(?:bars?|measures?)"
_INTRO, _OUTRO = r"(?:intro|introduction|lead in)", r"(?:outro|coda|ending)"
_ALONE = {"intro_bars": "(?P<some>intro|introduction)", "outro_bars": "(?P<some>outro|coda)"}
_USUAL = 4  # bars, of an intro or an ending of which no more is said
_NONE = r"(?:no|without(?: an?)?|skip the|drop the|leave out the)"
_DROP = r"(?:the |a |an )?(?:big |bass |beat )?drops?(?: comes?| hits?| is| happens?)?"
_GROWS = r"(?:gets?|getting|grows?|growing|becomes?|becoming|turns?|turning|builds?|building)"
_HOW = r"(?:(?:gradually|slowly|steadily|ever|more and more|much|a bit|a little|continuously|constantly|always) )*"
_WAYS = {
    "louder": r"louder|bigger|stronger|more powerful|more intense",
    "quieter": r"quieter|softer|calmer",
    "denser": r"denser|fuller|thicker|busier|richer",
    "sparser": r"sparser|thinner|emptier",
}
_WHEN = r"(?: (?:towards|toward|to|until|at|near) the end| over time| throughout| as it goes(?: on)?| with time)?"
_ALL = "|".join(_WAYS.values())
_Read = Callable[[re.Match[str]], tuple[str, Any, str] | None]


def course(plain: str, at: int) -> Said | None:
    """Returns what words from one on say of how a song goes: fields "intro_bars", "outro_bars", "drop_seconds", "drop_bar", "course".

    Args:
        plain: the words of the prompt, joined by single spaces.
        at: where one of them begins.
    """
    best: Said | None = None
    for pattern, read in _readers():
        found = pattern.match(plain, at)
        said = read(found) if found else None
        if found and said and (best is None or found.group().count(" ") + 1 > best.words):
            best = Said(found.group().count(" ") + 1, *said)
    return best


@cache
def _readers() -> tuple[tuple[re.Pattern[str], _Read], ...]:
    """Returns each way to say something, and what turns a match into a field, a value and a note."""
    some, sizes = rf"(?P<n>{NUMBER})", "|".join(sorted(SIZES, key=len, reverse=True))
    ways: list[tuple[str, _Read]] = []
    for part, field, limits in ((_INTRO, "intro_bars", INTRO_BARS), (_OUTRO, "outro_bars", OUTRO_BARS)):
        ways += [
            (rf"{some} {_BAR}(?: long)?(?: of)?(?: an?)? {part}", _bars(field, limits)),
            (
                rf"{part}(?: that is| is)?(?: of| the| lasts| lasting| over| :)? {some} {_BAR}(?: long)?",
                _bars(field, limits),
            ),
            (rf"(?:an? )?(?P<size>{sizes}) {part}", _bars(field, limits)),
            (rf"{_NONE} {part}", _bars(field, limits)),
            (rf"{_ALONE[field]}", _bars(field, limits)),
        ]
    clock = rf"(?:(?P<m>\d{{1,2}}) : (?P<s>[0-5]\d)|(?P<n>{NUMBER}) (?:s|secs?|seconds?)|(?P<a>(?:a|one) minute))"
    ways += [
        (rf"{_DROP} (?:at|after|from) (?:about |around )?{clock}(?: min| minutes?)?", _moment),
        (rf"{_DROP} (?:at|in|on|with|from) (?:the )?{_BAR} {some}", _drop_bar(0)),
        (rf"{_DROP} after {some} {_BAR}", _drop_bar(1)),
        (rf"{_GROWS} {_HOW}(?P<one>{_ALL})(?: and {_HOW}(?P<two>{_ALL}))?{_WHEN}", _changes),
    ]
    return tuple((re.compile(f"(?:{pattern})(?= |$)"), read) for pattern, read in ways)


def _bars(field: str, limits: tuple[int, int]) -> _Read:
    def read(found: re.Match[str]) -> tuple[str, Any, str]:
        groups = found.groupdict()
        asked = SIZES[groups["size"]] if groups.get("size") else int(number(groups["n"])) if groups.get("n") else 0
        asked = _USUAL if groups.get("some") else asked
        bars = min(max(asked, limits[0]), limits[1])
        note = "" if bars == asked or groups.get("size") else f"is read as {bars} bar{'s' * (bars > 1)}"
        return field, bars, note

    return read


def _moment(found: re.Match[str]) -> tuple[str, Any, str]:
    seconds = 60 * number(found["m"]) + number(found["s"]) if found["m"] else number(found["n"]) if found["n"] else 60.0
    return "drop_seconds", seconds, "begins with the section whose beginning is nearest to that"


def _drop_bar(later: int) -> _Read:
    def read(found: re.Match[str]) -> tuple[str, Any, str] | None:
        bar = int(number(found["n"])) + later
        return ("drop_bar", bar, "begins with the section whose beginning is nearest to that") if bar > 1 else None

    return read


def _changes(found: re.Match[str]) -> tuple[str, Any, str]:
    words = [found["one"], *([found["two"]] if found["two"] else [])]
    names = [next(name for name, way in _WAYS.items() if re.fullmatch(way, word)) for word in words]
    return "course", tuple(dict.fromkeys(names)), ""
