"""The type checker's picture of symusic is true: whatever the stub names exists at run time."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import symusic

STUB = ast.parse((Path(__file__).parents[2] / "typings" / "symusic" / "__init__.pyi").read_text())
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
ARGUMENTS = {
    "Note": (0, 1, 60, 64),
    "ControlChange": (0, 7, 100),
    "PitchBend": (0, 0),
    "Pedal": (0, 1),
    "Tempo": (0, 120.0),
    "TimeSignature": (0, 4, 4),
    "KeySignature": (0, 0, 0),
    "TextMeta": (0, "la"),
    "Track": (),
    "Score": (),
}


def members(name: str) -> set[str]:
    """Returns the attributes and methods that the stub gives a class."""
    own = {node.target.id for node in CLASSES[name].body if isinstance(node, ast.AnnAssign)}
    own |= {node.name for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}
    return own


def test_the_stub_names_every_class_that_is_tested_here():
    assert {name for name in CLASSES if not name.startswith("_")} == set(ARGUMENTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_stubbed_attributes_exist(name):
    factory = getattr(symusic, name)
    made = factory(*ARGUMENTS[name])
    missing = {m for m in members(name) if not hasattr(made, m) and not hasattr(factory, m)}
    assert not missing


@pytest.mark.parametrize("owner, attribute", [("Score", a) for a in ("tracks", "markers")] + [("Track", "lyrics")])
def test_stubbed_lists_exist(owner, attribute):
    events = getattr(getattr(symusic, owner)(), attribute)
    assert not {m for m in members("_Events") if not hasattr(events, m)}


@pytest.mark.parametrize(
    "owner, attribute",
    [("Score", a) for a in ("tempos", "time_signatures", "key_signatures")]
    + [("Track", a) for a in ("notes", "controls", "pitch_bends", "pedals")],
)
def test_stubbed_lists_of_numbers_exist(owner, attribute):
    events = getattr(getattr(symusic, owner)(), attribute)
    assert not {m for m in members("_Events") | members("_EventArrays") if not hasattr(events, m)}
