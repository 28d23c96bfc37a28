"""Options to plain values for recipes and projects, and back; what comes from a file is checked.

``fits`` is the one schema of all plain values that come from outside: the types of options, and the typed dictionaries that
say what a recipe, a project and a packed piece hold.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from music.errors import StudioError
from pipelines.options.text import typed_values

Options = TypeVar("Options")

MAX_VALUES = 1_000_000
"""Of one list from outside: more than all the markers and syllables of the longest piece."""


def from_mapping(kind: type[Options], values: Mapping[str, Any], beats_per_bar: int = 4) -> Options:
    """Returns options of this kind from plain values, as they stand in a recipe of this version or an earlier one.

    Args:
        kind: of the options.
        values: by name.
        beats_per_bar: as in ``typed_values``.

    Raises:
        StudioError: a key is unknown, or a value is refused.
    """
    schema: Any = kind  # a type variable, which mypy does not take for hashable
    types_of = _field_types(schema)
    unknown = sorted(str(name) for name in values if name not in types_of) if isinstance(values, Mapping) else []
    if unknown:
        raise StudioError(
            f"The recipe has options that this version does not know: {', '.join(unknown)[:200]}. "
            "Remove them or update the studio."
        )
    if not isinstance(values, Mapping):
        raise StudioError("The recipe has no options by name. Take a recipe that was not edited.")
    typed = typed_values(values, beats_per_bar)
    for name, value in typed.items():
        if not fits(types_of[name], value):
            raise StudioError(
                f"The recipe has a value of the wrong kind for {name.replace('_', ' ')}. Take a recipe that was not edited."
            )
    try:
        return kind(**typed)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:  # a value that its reader cannot take
        raise StudioError("The recipe has a value of the wrong kind. Take a recipe that was not edited.") from error


def fits(kind: Any, value: Any) -> bool:
    """Returns whether a value, as JSON gives it, is of a type, inside too.

    Lists stand for tuples, whole numbers for floats as well; a float is finite, and true and false are no numbers. A typed
    dictionary has at least its keys.

    Args:
        kind: None, bool, int, float, str, Any, a typed dictionary, or a union, list, tuple or mapping of such types.
        value: anything.
    """
    inner = get_args(kind)
    if kind is Any:
        return True
    if kind is None or kind is types.NoneType:
        return value is None
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    if get_origin(kind) in (Union, types.UnionType):
        return any(fits(each, value) for each in inner)
    if get_origin(kind) in (list, tuple):
        if not isinstance(value, list | tuple) or len(value) > MAX_VALUES:
            return False
        if get_origin(kind) is list or inner[1:] == (...,):
            return all(fits(inner[0], each) for each in value)
        return len(value) == len(inner) and all(map(fits, inner, value))
    if is_typeddict(kind):
        return isinstance(value, Mapping) and all(
            name in value and fits(each, value[name]) for name, each in _field_types(kind).items()
        )
    if get_origin(kind) in (dict, Mapping):
        return isinstance(value, Mapping) and all(
            fits(inner[0], name) and fits(inner[1], each) for name, each in value.items()
        )
    return type(value) is kind


@functools.cache
def _field_types(kind: Any) -> dict[str, Any]:
    """Returns the types of a dataclass's options, or of a typed dictionary's keys, by name."""
    if is_typeddict(kind):
        return get_type_hints(kind)
    hints, fields = get_type_hints(kind), dataclasses.fields(kind)
    return {field.name: hints[field.name] for field in fields}


def to_mapping(options: Any) -> dict[str, Any]:
    """Returns options as plain values for a recipe."""
    return {name: _as_list(value) for name, value in dataclasses.asdict(options).items()}


def _as_list(value: Any) -> Any:
    return [_as_list(each) for each in value] if isinstance(value, tuple) else value
