"""The arrows between the rooms: who may import whom, and which heavy packages live where."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]

ARROWS = {
    "music": set(),
    "models": set(),
    "checkpoints": {"music", "models"},
    "pipelines": {"checkpoints", "music", "models"},
    "studio": {"pipelines", "checkpoints", "music"},
    "streamlit_app": {"studio"},
    "training": {"checkpoints", "models", "music", "pipelines"},
    "benchmarks": {"checkpoints", "models", "music", "pipelines", "studio", "training"},
}
"""What each room may import of ours, besides itself."""

HEAVY = ("torch", "transformers", "miditok", "music21", "verovio", "scipy", "pyloudnorm", "matplotlib", "pretty_midi")
"""Packages that cost a page its quick start: imported inside the functions that need them."""


def room_of(path: Path) -> str:
    """Returns the room that a file lies in, "streamlit_app" for the router."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    """Returns every Python file of the rooms."""
    found = [path for room in ARROWS for path in sorted((ROOT / room).rglob("*.py"))]
    router = ROOT / "streamlit_app.py"
    return found + ([router] if router.exists() else [])


def imports(path: Path, only_at_import: bool = False) -> Iterator[tuple[str, int]]:
    """Yields the dotted name and line of each import in a file.

    Args:
        path: a Python file.
        only_at_import: leave out what is imported inside functions and for type checkers alone.
    """

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if only_at_import and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if only_at_import and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            yield child
            yield from walk(child)

    for node in walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), node.lineno


def places(path: Path, lines: list[int]) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line}" for line in lines]


def test_there_are_rooms_to_look_at():
    assert {room_of(path) for path in sources()} >= {"music", "models", "checkpoints", "pipelines", "studio"}


@pytest.mark.parametrize("room", ARROWS)
def test_imports_run_one_way(room):
    allowed = ARROWS[room] | {room}
    ours = set(ARROWS) | {"tests"}
    wrong = [
        f"{place} imports {name}"
        for path in sources()
        if room_of(path) == room
        for name, line in imports(path)
        if name.startswith(".") or (name.split(".")[0] in ours and name.split(".")[0] not in allowed)
        for place in places(path, [line])
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("package", "homes"),
    [
        # benchmarks visits a studio by the messages of its websocket, so it may know their shapes
        ("streamlit", {"studio", "streamlit_app.py", "benchmarks/browser_session.py"}),
        # benchmarks compares our tokens with miditok's own REMI, so it may call the package by itself
        ("miditok", {"music/tokens/octuple.py", "benchmarks"}),
        ("torch", {"models", "checkpoints", "pipelines", "training", "benchmarks"}),
    ],
)
def test_a_heavy_package_has_one_home(package, homes):
    wrong = []
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if not any(name == home or name.startswith(home + "/") for home in homes):
            wrong += places(path, [line for imported, line in imports(path) if imported.split(".")[0] == package])
    assert not wrong


def test_what_pages_load_does_not_import_heavy_packages():
    light = [path for path in sources() if room_of(path) in ("music", "studio", "streamlit_app")]
    light += [ROOT / "pipelines" / "contract.py", *sorted((ROOT / "pipelines" / "options").glob("*.py"))]
    wrong = [
        f"{place} imports {name}"
        for path in light
        for name, line in imports(path, only_at_import=True)
        if name.split(".")[0] in HEAVY
        for place in places(path, [line])
    ]
    assert not wrong


def test_importing_all_of_music_and_the_options_loads_nothing_heavy():
    files = [*sorted((ROOT / "music").rglob("*.py")), *sorted((ROOT / "pipelines" / "options").glob("*.py"))]
    named = [path.relative_to(ROOT).with_suffix("") for path in files if path.stem != "__init__"]
    modules = [".".join(name.parts) for name in named]
    code = (
        f"import sys, importlib\nfor name in {[*modules, 'pipelines.contract']!r}:\n"
        f"    importlib.import_module(name)\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.parametrize(
    ("name", "homes"),
    [
        # the visitor's own keys in the one, those of widgets in the other: two files that name the same key would clash
        ("session_state", {"studio/session.py", "studio/controls.py"}),
        ("query_params", {"studio/session.py"}),
    ],
)
def test_what_streamlit_keeps_for_a_visitor_has_one_home(name, homes):
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if getattr(node, "attr", None) == name
        or getattr(node, "id", None) == name
        # from streamlit import session_state; getattr(st, "session_state")
        or (isinstance(node, ast.alias) and node.name == name)
        or getattr(node, "value", None) == name
    }
    assert found == homes


def test_no_arrow_of_the_studio_hides_in_a_function():
    wrong = [
        f"{place} imports {name}"
        for path in sources()
        if room_of(path) == "studio"
        for name, line in set(imports(path)) - set(imports(path, only_at_import=True))
        if name.split(".")[0] == "studio"
        for place in places(path, [line])
    ]
    assert not wrong


def test_init_files_are_empty():
    assert not [str(path) for path in sources() if path.name == "__init__.py" and path.read_text().strip()]
