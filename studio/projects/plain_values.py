"""Options and controls as plain values for a project's file, and back; what comes from a file is checked."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from music.arranging.swing import FEELS
from music.errors import StudioError
from music.theory import MODES
from pipelines.descriptors.pipelines import PIPELINES
from pipelines.options.generate import GenerateOptions
from pipelines.options.text import parse_drop, parse_entries
from pipelines.options.values import from_mapping, to_mapping
from pipelines.song.brief import Brief

OPTIONS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    **{name: (each.options, each.to_mapping, each.from_mapping) for name, each in PIPELINES.items()},
    "brief": (Brief, to_mapping, lambda values: from_mapping(Brief, values)),
}
"""What a take or a control may hold besides plain values, by name: its class, and the ways to plain values and back."""

_NAMES = {field.name for field in dataclasses.fields(GenerateOptions)} | {"start", "unit"}
_GROUPS = re.compile(
    rf"({'|'.join(PIPELINES)}|wish|selected|selection|locked|swap|keep bars|sheet) [\w ]{{1,60}}", re.ASCII
)
"""Names of controls: those of the Generate page, and what those of the others begin with."""

_BY_HAND = "compose by hand"
_NO_CHIP = ("text", "seed", "mode", "drop_seconds", "drop_bar")  # fields of Brief that no chip has by that name
_AS_TYPED: dict[str, Callable[[Any], Any]] = {
    "drop": parse_drop,
    "entries": parse_entries,
    "swing": FEELS.index,
    "pickup": (True,).index,
}
"""What reads the wishes that chips hold otherwise than Brief does."""

_PAIRS = ("compose sketch", "compose shown stage")  # of a take, and of one of its variants or stages
_EXAMPLES: dict[str, Any] = {
    "start": "",
    "selected bars": "",
    "selected tracks": [0],
    "locked tracks": [0],
    "selection of": {0: ""},
    "selection serial": 0,
    "harmonize cells": [""],
    "harmonize cells serial": 0,
    "sheet view": "",
    "sheet part": "",
    "compose text": "",
    "compose text serial": 0,
    "compose seed": 0,
    _BY_HAND: {"": None},
}
"""What the controls that pages read without a widget look like; ``alike`` tells of the others when they are shown."""


def to_plain(value: Any) -> Any:
    """Returns a value as JSON can hold it.

    Raises:
        TypeError: it is neither plain nor options, so it is lost with the page.
    """
    if value is None or isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list):
        return [to_plain(each) for each in value]
    if isinstance(value, tuple):
        return {"tuple": [to_plain(each) for each in value]}
    if isinstance(value, Mapping):
        return {"pairs": [[to_plain(key), to_plain(each)] for key, each in value.items()]}
    for name, (kind, write, _) in OPTIONS.items():
        if type(value) is kind:
            return {"kind": name, "values": write(value)}
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def from_plain(values: Any) -> Any:
    """Returns the value that ``to_plain`` wrote.

    Raises:
        StudioError: options are refused.
        ValueError: it wrote no such thing. So do KeyError and TypeError.
    """
    if isinstance(values, list):
        return [from_plain(each) for each in values]
    if not isinstance(values, dict):
        return values
    if "tuple" in values:
        return tuple(map(from_plain, values["tuple"]))
    if "pairs" in values:
        return {from_plain(key): from_plain(each) for key, each in values["pairs"]}
    return OPTIONS[values["kind"]][2](values["values"])


def options_from_plain(values: Any) -> Any:
    """Returns the options of a take, or None.

    Raises:
        StudioError: they are refused.
        ValueError: they are something else. So do KeyError and TypeError.
    """
    options = from_plain(values)
    if options is not None and type(options) not in [kind for kind, *_ in OPTIONS.values()]:
        raise ValueError("no options")
    return options


def controls_to_plain(controls: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the controls' values as JSON can hold them, without those that it cannot."""
    plain = {}
    for name, value in controls.items():
        try:
            plain[name] = to_plain(value)
        except TypeError:
            continue
    return plain


def controls_from_plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the controls of a project, without those that no page of this version would know or could show."""
    controls = {}
    for name, plain in values.items():
        if name not in _NAMES and not _GROUPS.fullmatch(name):
            continue
        try:
            value = from_plain(plain)
        except (StudioError, ValueError, KeyError, TypeError, AttributeError):
            continue
        is_pair = isinstance(value, list) and [type(each) for each in value] == [int, int] and min(value) >= 0
        if (
            alike(value, _EXAMPLES.get(name))
            and (is_pair or name not in _PAIRS)
            and (value is not None or name not in _EXAMPLES)
        ):
            controls[name] = value
    if wishes := controls.get(_BY_HAND):
        controls[_BY_HAND] = {name: value for name, value in wishes.items() if _is_wish(name, value)}
    return controls


def _is_wish(name: str, value: Any) -> bool:
    """Returns whether a chip of this name may hold this value."""
    if name in _NO_CHIP:
        return False
    try:
        if name not in _AS_TYPED:
            from_mapping(Brief, {"mode" if name == "key" and value in MODES else name: value})
        elif value is not None:
            _AS_TYPED[name](value)
    except (StudioError, TypeError, ValueError, AttributeError):
        return False
    return True


def alike(value: Any, example: Any) -> bool:
    """Returns whether a value is of the same kind as an example, inside too; anything is like None, and None like anything."""
    if value is None or example is None:
        return True
    if isinstance(example, bool) or isinstance(value, bool):
        return isinstance(example, bool) and isinstance(value, bool)
    if isinstance(example, int | float):
        return isinstance(value, int | float)
    if isinstance(example, list | tuple):
        return isinstance(value, list | tuple) and all(alike(each, one) for each in value for one in example[:1])
    if isinstance(example, Mapping):
        return isinstance(value, Mapping) and all(
            alike(key, one) and alike(each, other)
            for key, each in value.items()
            for one, other in list(example.items())[:1]
        )
    return isinstance(value, type(example))
