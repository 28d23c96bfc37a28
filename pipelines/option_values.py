"""Options to plain values for recipes and projects, and back; what comes from a file is checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

from music.errors import StudioError
from pipelines.option_text import typed_values

Options = TypeVar("Options")


def from_mapping(kind: type[Options], values: Mapping[str, Any], beats_per_bar: int = 4) -> Options:
    """Returns options of this kind from plain values, as they stand in a recipe of this version or an earlier one.

    Args:
        kind: of the options.
        values: by name.
        beats_per_bar: as in ``typed_values``.

    Raises:
        StudioError: a key is unknown, or a value is refused.
    """
    fields: Any = kind  # a dataclass, which a type variable cannot say
    known = {field.name for field in dataclasses.fields(fields)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise StudioError(
            f"The recipe has options that this version does not know: {', '.join(unknown)}. Remove them or update the studio."
        )
    typed = typed_values(values, beats_per_bar)
    for field in dataclasses.fields(fields):
        if field.name in typed and not _fits(field, typed[field.name]):
            name = field.name.replace("_", " ")
            raise StudioError(
                f"The recipe has a value of the wrong kind for {name}. Take a recipe that was not edited."
            )
    try:
        return kind(**typed)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:  # a number for a list, a text for a number
        raise StudioError("The recipe has a value of the wrong kind. Take a recipe that was not edited.") from error


def _fits(field: dataclasses.Field[Any], value: Any) -> bool:
    """Returns whether a value is of the kind of a field's default; where that is None, or there is none, any is."""
    if value is None:
        return "None" in str(field.type)
    usual = field.default
    if isinstance(usual, bool | int | str):
        return type(value) is type(usual)
    if isinstance(usual, float):
        return type(value) in (int, float) and math.isfinite(value)
    return not isinstance(usual, tuple) or isinstance(value, list | tuple)


def to_mapping(options: Any) -> dict[str, Any]:
    """Returns options as plain values for a recipe."""
    return {name: _as_list(value) for name, value in dataclasses.asdict(options).items()}


def _as_list(value: Any) -> Any:
    return [_as_list(each) for each in value] if isinstance(value, tuple) else value
