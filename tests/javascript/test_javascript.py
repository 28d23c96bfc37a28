"""The studio's JavaScript: its unit tests under node, and that each component's script can be read and names nothing twice."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from music.notation.places import CURSOR
from pipelines.listening import page
from studio.widgets.player.player import DRAWING, SCRIPTS, script
from tests.javascript.node import PLAYER, node

HERE = Path(__file__).parent
STUDIO = PLAYER.parents[1]
LISTENING = Path(page.__file__).parent / "page.js"
DECLARED = re.compile(r"^(?:export default )?(?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)
JOINED = {name for names in SCRIPTS.values() for name in names}
ALONE = [path for path in sorted(STUDIO.rglob("*.js")) if path.parent != PLAYER] + [CURSOR, LISTENING]


def run(*arguments: str | Path, text: str = "") -> str:
    """Returns what node says of it; "" where it is content."""
    done = subprocess.run([node(), *arguments], input=text, capture_output=True, text=True, encoding="utf-8")
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_units(path):
    assert run("--test", path) == ""


@pytest.mark.parametrize("component", SCRIPTS)
def test_files_that_are_joined_name_nothing_twice(component):
    found = Counter(DECLARED.findall(script(component)))
    assert [name for name, count in found.items() if count > 1] == []
    assert run("--check", "--input-type=module", "-", text=script(component)) == ""


@pytest.mark.parametrize("path", ALONE, ids=lambda path: path.name)
def test_a_script_of_its_own_can_be_read(path):
    assert run("--check", "--input-type=module", "-", text=path.read_text("utf-8")) == ""


def test_no_file_of_the_player_is_forgotten():
    assert {path.name for folder in (PLAYER, DRAWING) for path in folder.glob("*.js")} == JOINED
