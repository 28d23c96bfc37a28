"""The file that tests of downloads want, and how they ask for it."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoints.downloading import fetch
from music.errors import StudioError

ROOT = Path(__file__).resolve().parents[2]
DATA = random.Random(1).randbytes(300_000)
SHA = hashlib.sha256(DATA).hexdigest()


def get(sources, target: Path, **options) -> Path:
    """Fetches what the tests call the right file."""
    return fetch(sources, target, bytes=len(DATA), sha256=SHA, **options)


def part_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.{SHA[:8]}.part")


def leftovers(target: Path) -> list[str]:
    """Returns what lies beside the file, but for the lock."""
    names = os.listdir(target.parent) if target.parent.is_dir() else []
    return sorted(name for name in names if name not in (target.name, f".{target.name}.lock"))


def refused(*sources: str, at: Path) -> str:
    """Returns the words of an error; no file may stand under its name."""
    with pytest.raises(StudioError) as caught:
        get(sources, at)
    assert not at.exists()
    return str(caught.value)


def program(sources: list[str], target: Path) -> subprocess.Popen:
    """Starts another process that fetches the same file with the usual waits."""
    code = (
        "import sys; from pathlib import Path; from checkpoints.downloading import fetch\n"
        f"fetch({sources!r}, Path({str(target)!r}), bytes={len(DATA)}, sha256={SHA!r}); print('done')"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
