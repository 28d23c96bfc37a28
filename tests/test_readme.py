"""The README's code blocks do what they say."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def help_exits_with(room: str, verb: str) -> int:
    """Returns the exit code of ``python -m ROOM VERB --help``."""
    try:
        return importlib.import_module(f"{room}.__main__").main([verb, "--help"])
    except SystemExit as left:
        return left.code or 0


def test_shell_blocks_run_and_write_their_files(tmp_path):
    for block in blocks("bash"):
        run(["bash", "-euc", block], tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"song.mid", "longer.mid", "again.mid", "longer.mp3", "longer.musicxml", "song.recipe.json"} <= written
    assert (tmp_path / "song.mid").read_bytes() == (tmp_path / "again.mid").read_bytes()


def test_python_blocks_run(tmp_path):
    for block in blocks("python"):
        assert "notes" in run([sys.executable, "-c", block], tmp_path)


def test_console_blocks_name_real_commands():
    makefile = (ROOT / "Makefile").read_text()
    for block in blocks("console"):
        for target in re.findall(r"^make (\w+)", block, re.MULTILINE):
            assert f"{target}:" in makefile
        for room, verb in re.findall(r"^python -m (\w+) (\w+)", block, re.MULTILINE):
            assert help_exits_with(room, verb) == 0, f"python -m {room} {verb}"


@pytest.mark.parametrize("room", ["benchmarks", "checkpoints", "pipelines", "training"])
def test_a_verb_that_does_not_exist_is_noticed(room):
    assert help_exits_with(room, "lis") == 2


def test_the_tree_names_rooms_that_exist():
    for room in re.findall(r"^\| `([\w./]+)` \|", README, re.MULTILINE):
        assert room == "generate-small" or (ROOT / room).exists()
