"""What options of several pipelines hold their values to. Options are frozen, plain values; no model is imported, so pages may use them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from music.arranging.grooves import grooves
from music.chords import parse_chord
from music.errors import StudioError
from music.tokens.conditions import GENRES

MAX_VARIANTS = 8
TEMPO_RANGE_BPM = (20.0, 300.0)
TIME_SIGNATURES = (
    "4/4", "3/4", "2/4", "6/8", "2/2", "5/4", "6/4", "3/8", "9/8", "12/8", "5/8", "7/8", "7/4", "3/2", "4/2",
)  # fmt: skip

Check = tuple[bool, str]
"""Whether something is wrong with options, and the sentences to say then."""


def check_bar(bar: Any) -> None:
    if not isinstance(bar, int) or isinstance(bar, bool) or bar < 0:
        raise StudioError(f"There is no bar {bar!r}. Give bars as numbers, counted from 0.")


def check_chords(names: Any) -> None:
    """Makes sure that names are the chords of one bar.

    Raises:
        StudioError: they are not.
    """
    if (
        not isinstance(names, tuple)
        or not names
        or not all(isinstance(name, str) and name.isprintable() for name in names)
    ):
        raise StudioError(f"{names!r} is no bar of chords. Give the names of its chords, such as ('Am', 'F').")
    for name in names:
        parse_chord(name)


def check_note(place: Any) -> None:
    if not isinstance(place, tuple) or len(place) != 2 or any(type(each) is not int or each < 0 for each in place):
        raise StudioError(f"{place!r} names no note. Give its track and its number there, both counted from 0.")


def settle(options: Any, checks: Callable[[Any], list[Check]], **readers: Callable[[str], Any]) -> None:
    """Makes tuples of the options' lists and whole letters of their texts, and makes sure that all is well.

    Args:
        options: fresh from its caller.
        checks: gives its checks.
        readers: for an option, or for each value of one that holds several, what must be able to read it.

    Raises:
        StudioError: all that is wrong.
    """
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if isinstance(value, str):  # halves of letters, as a file's name may have, cannot be written down
            object.__setattr__(options, field.name, value.encode("utf-8", "replace").decode())
        if isinstance(field.default, tuple):
            if isinstance(value, str):
                raise StudioError(f"The option {field.name} is not a text such as '{value}'. Give a list of values.")
            object.__setattr__(options, field.name, _as_tuple(value))
    problems = [text for bad, text in checks(options) if bad]
    for name, parse in readers.items():
        value = getattr(options, name)
        for text in value if isinstance(value, tuple) else [value] if value else []:
            try:
                parse(text)
            except StudioError as error:
                problems.append(str(error))
    if problems:
        raise StudioError(" ".join(dict.fromkeys(problems)))


def _as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_as_tuple(value) if isinstance(value, (list, tuple)) else value for value in values)


def sampling_checks(o: Any, *fields: str) -> list[Check]:
    """Returns what may be wrong with options of sampling, with a temperature for each of these fields."""
    return [
        *(temperature_check(o, name) for name in ("temperature", *(f"temperature_{field}" for field in fields))),
        (not 0 < o.top_p <= 1, f"A top-p of {o.top_p} is out of range. Choose a value above 0, up to 1."),
        (o.top_k < 0, f"A top-k of {o.top_k} is out of range. Choose 0 for no limit, or a positive number."),
        (
            not 1 <= o.variants <= MAX_VARIANTS,
            f"{o.variants} variants cannot be written at once. Choose 1 to {MAX_VARIANTS}.",
        ),
        seed_check(o),
    ]


def beat_checks(o: Any) -> list[Check]:
    """Returns the checks of options ``tempo_bpm``, ``time_signature`` and ``genre``; None is always well."""
    return [*bar_checks(o), choice_check("genre", o.genre, GENRES)]


def bar_checks(o: Any) -> list[Check]:
    """Returns the checks of options ``tempo_bpm`` and ``time_signature``; None is always well."""
    low, high = TEMPO_RANGE_BPM
    return [
        (
            o.tempo_bpm is not None and not low <= o.tempo_bpm <= high,
            f"A tempo of {o.tempo_bpm} BPM is out of range. Choose {low:.0f} to {high:.0f} BPM.",
        ),
        choice_check("time signature", o.time_signature, TIME_SIGNATURES),
    ]


def groove_check(o: Any) -> Check:
    """Returns the check of the option ``groove``; None is always well."""
    if o.groove is None or o.groove in grooves():
        return False, ""
    return True, f"The groove '{o.groove}' is unknown. Choose one of {', '.join(grooves())}."


def choice_check(what: str, value: str | None, known: Sequence[str]) -> Check:
    """Returns the check that a value is one of these; None is always well."""
    wrong = value is not None and value not in known
    return wrong, f"The {what} '{value}' is unknown. Choose one of {', '.join(known)}."


def temperature_check(o: Any, name: str = "temperature") -> Check:
    """Returns the check of an option that is a temperature."""
    value = getattr(o, name)
    return not 0 <= value <= 4, f"A {name.replace('_', ' ')} of {value} is out of range. Choose 0 to 4."


def seed_check(o: Any) -> Check:
    """Returns the check of the option ``seed``."""
    return not 0 <= o.seed < 2**63, f"The seed {o.seed} is out of range. Choose a whole number from 0."
