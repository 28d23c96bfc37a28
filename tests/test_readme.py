"""The README's code blocks do what they say."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))}


def blocks(language: str, page: str = "README.md") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def help_exits_with(room: str, verb: str) -> int:
    """Returns the exit code of ``python -m ROOM VERB --help``."""
    try:
        return importlib.import_module(f"{room}.__main__").main([verb, "--help"])
    except SystemExit as left:
        return left.code or 0


def test_shell_blocks_run_and_write_their_files(tmp_path, monkeypatch):
    """The first command of each room is typed into a shell; the others run here, where the models are loaded already."""
    monkeypatch.chdir(tmp_path)
    typed: set[str] = set()
    for line in filter(None, "\n".join(blocks("bash")).splitlines()):
        python, option, room, *arguments = shlex.split(line)
        assert (python, option) == ("python", "-m"), line
        if room in typed:
            assert importlib.import_module(f"{room}.__main__").main(arguments) == 0, line
        else:
            run(["bash", "-euc", line], tmp_path)
        typed.add(room)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"song.mid", "longer.mid", "again.mid", "longer.mp3", "longer.musicxml", "song.recipe.json"} <= written
    assert (tmp_path / "song.mid").read_bytes() == (tmp_path / "again.mid").read_bytes()


def test_python_blocks_run(tmp_path):
    for block in blocks("python"):
        assert "notes" in run([sys.executable, "-c", block], tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_console_blocks_name_real_commands(page):
    makefile = (ROOT / "Makefile").read_text()
    for block in blocks("console", page):
        for target in re.findall(r"^make (\w+)", block, re.MULTILINE):
            assert f"{target}:" in makefile
        for room, verb in re.findall(r"^python -m (\w+) (\w+)", block, re.MULTILINE):
            assert help_exits_with(room, verb) == 0, f"python -m {room} {verb}"


@pytest.mark.parametrize("room", ["benchmarks", "checkpoints", "pipelines", "training"])
def test_a_verb_that_does_not_exist_is_noticed(room):
    assert help_exits_with(room, "lis") == 2


def test_the_tree_names_rooms_that_exist():
    (tree,) = [block for block in blocks("text") if block.startswith("streamlit_app.py")]
    room, named = ROOT, set()
    for line in tree.splitlines():
        if not line.startswith(" "):
            room = ROOT
        places = re.findall(r"(?:^|(?<= ))[\w.]+/?(?=  |$)", line[:22])
        for place in places:
            assert (room / place).exists(), place
            named.add((room / place).relative_to(ROOT).as_posix())
        if not line.startswith(" "):
            room = ROOT / places[0]
    folders = {"music", "models", "checkpoints", "pipelines", "studio", "training"}
    assert named >= folders
    assert named >= {  # no sub-room is left out
        path.parent.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).glob("*/__init__.py")
    }


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    folder = ROOT if (ROOT / page).exists() else ROOT / "docs"
    for link in re.findall(r"\]\(([^)#]+)\)", PAGES[page]):
        assert "://" in link or (folder / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page):
    for name in re.findall(
        r"`((?:music|models|checkpoints|pipelines|studio|training|benchmarks|tests|docs)/[\w./]+)`", PAGES[page]
    ):
        assert (ROOT / name).exists() or "NAME" in name, name
