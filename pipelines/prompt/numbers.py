"""What a prompt says in numbers: tempo, length, bars and time signature, in digits or spelled out.

Readers look at the words of a prompt, joined by single spaces, from one of them on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from pipelines.prompt.keys_and_forms import Said

_UNITS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS = {word: n for n, word in enumerate(_UNITS, 1)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_UNIT, _TEN = f"(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})", f"(?:{'|'.join(_TENS)})"
_HUNDREDS = rf"(?:a |one |two |three )?hundred(?:(?: and)? (?:{_TEN}(?: {_UNIT})?|{_UNIT}))?"
NUMBER = rf"(?:\d+(?:\.\d+)?|{_HUNDREDS}|{_TEN}(?: {_UNIT})?|{_UNIT})"
_ABOUT = r"(?:(?:of|is|should be|must be|to be|be|about|around|roughly|approximately|approx|circa|ca|~|=|:) ){0,3}"

_NOTE_LENGTHS = {
    "♩": 1.0, "quarter": 1.0, "crotchet": 1.0, "half": 2.0, "minim": 2.0, "♪": 0.5, "eighth": 0.5, "quaver": 0.5,
    "♩.": 1.5, "♪.": 0.75,
}  # fmt: skip
_NOTE = r"(?:(?P<dot>dotted )?(?P<note>♩\.|♪\.|♩|♪|quarter|crotchet|half|minim|eighth|quaver)s?(?: notes?)?)"
_BPM = r"(?:bpm|b p m|beats per minute|beats a minute|beats / min|beats / minute|beats min)"
_SECOND, _MINUTE, _HOUR = r"(?:s|secs?|seconds?)", r"(?:m|mins?|minutes?)", r"(?:h|hrs?|hours?)"
_BAR = r"(?:bars?|measures?)"
_LENGTH_LEAD = (
    r"(?:(?:for|of|about|around|roughly|approximately|approx|ca|circa|~|lasting|length|duration|=|:|max|maximum|"
    r"under|below|between) ){0,3}"
)
_LENGTH_TAIL = r"(?: (?:long|in length|of length|in duration|duration|or so|total|in total|max|maximum)){0,3}"
_WHEN = r"(?:at|from|after|until|till|before|since)"
_PART = (
    r"(?:intro|introduction|outro|coda|ending|drop|break|breakdown|build up|buildup|fill|pause|rest|silence|fade|lead in|count in|"
    r"pickup)"
)
_MOMENT = "Of moments only a drop and who enters can be asked for. For how long all of it is, write 'for 45 seconds'."
_SHARE = "Of parts only intro and ending can be asked for, in bars. For all of it, write '16 bars long'."
_PARTS = {"½": 0.5, "¼": 0.25, "¾": 0.75}


def said_in_numbers(plain: str, at: int) -> Iterator[Said]:
    """Yields what the words from one on may mean, as fields "seconds", "bars", "tempo_bpm" and "time_signature".

    A length that is one of a part of the song, or a moment in it, is of no field: there is but a note on it.

    Args:
        plain: the words of the prompt, joined by single spaces.
        at: where one of them begins.
    """
    for kind, pattern, value in _readers():
        found = pattern.match(plain, at)
        if found:
            said = value(found)
            if said is not None:
                yield Said(found.group().count(" ") + 1, kind, *said)


def number(text: str) -> float:
    """Returns the number that digits or English words write."""
    if text[0].isdigit():
        return float(text)
    total = 0
    for word in text.replace(" and ", " ").split():
        total = max(total, 1) * 100 if word == "hundred" else total + NUMBERS.get(word, 1)
    return float(total)


_Match = re.Match[str]
_Value = Callable[[_Match], tuple | None]


@cache
def _readers() -> tuple[tuple[str, re.Pattern[str], _Value], ...]:
    """Returns each field's patterns, with what turns a match into a value and a note."""
    some, bars = rf"(?P<n>{NUMBER})", rf"(?! [/:]| \d| (?:{_SECOND}|{_MINUTE}|{_HOUR}|{_BAR})(?= |$)| (?:to|or|%))"
    both = rf"{some}(?: (?:to|and|or) (?P<k>{NUMBER}))?"
    lengths: list[tuple[str, _Value]] = [
        (r"(?P<m>\d{1,2}) : (?P<s>[0-5]\d)(?: (?:min|mins|minutes))?", _clock),
        (rf"(?P<m>a|{NUMBER}) {_MINUTE}(?: and)? (?P<s>{NUMBER}) {_SECOND}", _clock),
        (rf"(?P<m>a|{NUMBER}) {_MINUTE} and (?P<s>{NUMBER})", _clock),
        (rf"(?P<m>a|{NUMBER}) {_MINUTE} (?P<s>{NUMBER})(?= ,|$)", _clock),
        (rf"(?P<n>a|{NUMBER}) {_MINUTE} and (?:a|one) half", _and_a_half),
        (rf"{some} and (?:a|one) half {_MINUTE}", _and_a_half),
        (rf"(?P<n>\d+) 1 / 2 {_MINUTE}", _and_a_half),
        (rf"(?:(?P<n>\d+) )?(?P<part>[½¼¾]) (?:of )?(?:a )?{_MINUTE}", _part),
        (rf"1 / 2 (?:of )?(?:a )?{_MINUTE}", lambda found: (30.0,)),
        (rf"(?:a )?half (?:of )?(?:an? )?{_MINUTE}", lambda found: (30.0,)),
        (rf"half (?:an? )?{_HOUR}", lambda found: (1800.0,)),
        (rf"(?:a )?couple (?:of )?{_MINUTE}", lambda found: (120.0,)),
        (rf"(?:a )?few {_MINUTE}", lambda found: (180.0,)),
        (rf"(?:a )?quarter of a {_MINUTE}", lambda found: (15.0,)),
        (rf"three quarters of a {_MINUTE}", lambda found: (45.0,)),
        (r"an? (?P<unit>minute|hour)", _span),
        (rf"{both} (?P<unit>{_SECOND}|{_MINUTE}|{_HOUR})", _span),
    ]
    beats = r"(?: (?:time signature|time|meter|metre|signature|beat))?"
    lead = r"(?:(?:time signature|meter|metre|time|in) (?:(?:of|is|=|:) )?)?"
    rate = r"(?:(?:tempo|speed|metronome|pace|at|bpm|mm|m m) )?"
    clock = r"\d{1,2} : [0-5]\d(?: (?:min|mins|minutes))?"
    time = rf"(?:{clock}|{NUMBER} (?:{_SECOND}|{_MINUTE}|{_BAR})|{_BAR} {NUMBER})"
    size = rf"{some} (?:{_SECOND}|{_MINUTE}|{_BAR})"
    found: list[tuple[str, str, _Value]] = [
        (
            "",
            rf"{_WHEN} (?:the )?{_ABOUT}{time}(?: (?:to|until|till|and) {time})?(?: mark)?",
            lambda found: (None, _MOMENT),
        ),
        ("", rf"{size}(?= (?:long )?(?:of )?(?:an? |the )?(?:\w+ )?{_PART}(?: |$))", lambda found: (None, _SHARE)),
        ("", rf"{_PART}(?: in| out)? (?:of|for|lasting|over) {_ABOUT}{size}", lambda found: (None, _SHARE)),
        ("", rf"{some} {_BAR} of(?= \d{{1,2}} / \d)", lambda found: (None, _SHARE)),
        *(("seconds", _LENGTH_LEAD + pattern + _LENGTH_TAIL, value) for pattern, value in lengths),
        (
            "times",
            rf"(?:played |repeated )?{some} (?:choruses|times(?: through)?)",
            lambda found: (number(found["n"]),),
        ),
        ("times", r"(?:played |repeated )?twice(?: through)?", lambda found: (2.0,)),
        ("bars", rf"{_LENGTH_LEAD}{some} {_BAR}{_LENGTH_TAIL}", lambda found: (number(found["n"]),)),
        ("tempo_bpm", rf"{_NOTE} (?:=|equals|is|at|:) {_ABOUT}{some}(?: {_BPM})?", _beats),
        ("tempo_bpm", rf"(?:at )?{_ABOUT}{some} {_NOTE} (?:a|per|/) min(?:ute)?", _beats),
        ("tempo_bpm", rf"{rate}{_ABOUT}(?:between )?{both} {_BPM}(?: tempo)?", _range),
        ("tempo_bpm", rf"(?:tempo|speed|metronome|bpm|mm|m m) {_ABOUT}(?:between )?{both}{bars}", _range),
        ("tempo_bpm", rf"at {_ABOUT}{some}{bars}", _plausible),
        ("time_signature", rf"{lead}(?P<a>\d{{1,2}}) / (?P<b>1|2|4|8|16|32){beats}", _signature),
        ("time_signature", rf"{lead}(?P<a>\d{{1,2}}) (?P<b>2|4|8|16) (?:time signature|time|meter|metre)", _signature),
        ("time_signature", r"in (?P<a>two|three|four|five|six|seven|[2-7])(?= ,|$| time)(?: time)?", _count),
    ]
    return tuple((kind, re.compile(f"(?:{pattern})(?= |$)"), value) for kind, pattern, value in found)


def _clock(found: _Match) -> tuple | None:
    seconds = number(found["s"])
    return (60 * number(found["m"]) + seconds,) if seconds < 60 else None


def _and_a_half(found: _Match) -> tuple:
    return (60 * number(found["n"]) + 30,)


def _part(found: _Match) -> tuple:
    return (60 * (float(found["n"] or 0) + _PARTS[found["part"]]),)


def _span(found: _Match) -> tuple:
    unit = 1 if re.fullmatch(_SECOND, found["unit"]) else 60 if re.fullmatch(_MINUTE, found["unit"]) else 3600
    return _middle(found, unit, "seconds")


def _range(found: _Match) -> tuple:
    return _middle(found, 1, "BPM")


def _middle(found: _Match, factor: float, unit: str) -> tuple:
    """Returns the number, or the middle of two and a note on it."""
    groups = found.groupdict()
    ends = [factor * number(groups[name]) for name in ("n", "k") if groups.get(name)] or [factor]
    middle = sum(ends) / len(ends)
    return (middle, f"is read as {middle:g} {unit}, the middle") if len(ends) > 1 else (middle,)


def _beats(found: _Match) -> tuple:
    bpm = number(found["n"]) * _NOTE_LENGTHS[found["note"]] * (1.5 if found["dot"] else 1)
    return (bpm,) if found["note"] in ("♩", "quarter", "crotchet") else (bpm, f"is {bpm:g} quarter notes a minute")


def _plausible(found: _Match) -> tuple | None:
    return (number(found["n"]),) if 20 <= number(found["n"]) <= 400 else None


def _signature(found: _Match) -> tuple:
    return (f"{int(found['a'])}/{found['b']}",)


def _count(found: _Match) -> tuple:
    count = int(number(found["a"]))
    return (f"{count}/8" if count == 6 else f"{count}/4",)
