"""The Makefile finds a Python that it can use, and says plainly which ones it takes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VERSIONS = re.search(r"^SUPPORTED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()


@pytest.fixture
def house(tmp_path):
    for name in ("Makefile", *(path.name for path in ROOT.glob("requirements*.txt")), "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def put(house: Path, name: str, version: str = "", venv: str = "pass") -> None:
    """Puts a stand-in for a Python on the path: it writes down what environment it is asked for, or fails at once."""
    file = house / "bin" / name
    claim = f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0); {venv}; "
    file.write_text(
        "#!/bin/sh\n"
        + (f'[ "$1" = -c ] && exec {sys.executable} -c "{claim} $2"\n' if version else "exit 127\n")
        + f'echo "{name} $*" >> "{house}/asked"\nexit 1\n'
    )
    file.chmod(0o755)


def make(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{house / 'bin'}:/usr/bin:/bin"
    return subprocess.run(["make", *arguments], cwd=house, env={"PATH": path}, capture_output=True, text=True)


def asked(house: Path) -> str:
    make(house, ".venv/.installed")
    return (house / "asked").read_text()


def test_another_python_is_refused_with_the_versions_that_would_do(house):
    for target in ("studio", "test"):
        done = make(house, target, "PYTHON=false")
        assert done.returncode == 2
        assert all(version in done.stdout for version in VERSIONS) and "make PYTHON=" in done.stdout
    assert not (house / ".venv").exists()


def test_readme_names_the_same_versions():
    assert f"need Python {', '.join(VERSIONS[:0:-1])} or {VERSIONS[0]} " in README


def test_the_newest_python_is_preferred(house):
    for version in VERSIONS:
        put(house, f"python{version}", version)
    assert asked(house) == f"python{VERSIONS[0]} -m venv .venv\n"


def test_one_that_fails_or_makes_no_environments_is_passed_over(house):
    newest, next_one, *_ = VERSIONS
    put(house, f"python{newest}")
    put(house, f"python{next_one}", next_one, venv="sys.modules['ensurepip'] = None")
    put(house, "python3.11", "3.11")
    assert asked(house) == "python3.11 -m venv .venv\n"


def test_python3_serves_where_no_version_has_a_name_of_its_own(house):
    for version in VERSIONS:
        put(house, f"python{version}")
    put(house, "python3", VERSIONS[1])
    assert asked(house) == "python3 -m venv .venv\n"


def test_a_newer_python_than_we_know_is_refused(house):
    put(house, "python9", "9.1")
    assert make(house, ".venv/.installed", "PYTHON=python9").returncode == 2
    assert not (house / "asked").exists()


def test_fairseq_takes_3_11_even_beside_a_newer_one(house):
    for version in VERSIONS:
        put(house, f"python{version}", version)
    make(house, ".venv-fairseq/.installed")
    assert (house / "asked").read_text().startswith("python3.11 -m venv .venv-fairseq\n")
    put(house, "python3.11", "3.12")
    put(house, "python3", "3.12")
    put(house, "python", "3.12")
    done = make(house, ".venv-fairseq/.installed")
    assert done.returncode == 2 and "fairseq needs Python 3.11" in done.stdout
