"""Checks that one set of pins serves several Pythons: each version resolves, with wheels alone and every package pinned.

    .venv/bin/python .ci/resolve.py 3.13 3.12 3.11

Nothing is installed and nothing is run: that the tests pass on a version is for `make test PYTHON=...` to show. It asks
for the wheels of the system that it runs on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
STUDIO = ROOT / "requirements-dev.txt"  # which reads requirements.txt, which reads constraints.txt
SOUND = ROOT / "requirements-sound.txt"
# Packages without a wheel for a version, and why we can do without.
BUILT = {("tinysoundfont", "3.13"): "it takes a C++ compiler; without one the studio needs FluidSynth for sound"}


def pip(python: str, verb: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-m", "pip", verb, "-q", *arguments], capture_output=True, text=True)


def resolve(version: str, *arguments: str | Path) -> tuple[list[dict], str]:
    """Returns what pip would install from wheels on the version, and its complaint where it would not."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        aim = (
            "--dry-run",
            "--ignore-installed",
            "--only-binary=:all:",
            "--python-version",
            version,
            "--target",
            folder,
        )
        done = pip(sys.executable, "install", *aim, "--report", report, *arguments)
        if done.returncode:
            return [], "\n".join(line for line in done.stderr.splitlines() if line.startswith("ERROR"))
        return [item["metadata"] for item in json.loads(report.read_text())["install"]], ""


def pins(path: Path) -> Iterator[Requirement]:
    for line in path.read_text().splitlines():
        pin = line.split("#")[0].strip()
        if pin and not pin.startswith("-"):
            yield Requirement(pin)


def holds(wanted: Requirement, version: str, extras: tuple[str, ...] = ("",)) -> bool:
    """Whether a requirement counts on the version; pip itself asks the Python that it runs in."""
    environment = default_environment() | {"python_version": version, "python_full_version": f"{version}.0"}
    return wanted.marker is None or any(wanted.marker.evaluate(environment | {"extra": extra}) for extra in extras)


def forgotten(version: str, packages: list[dict]) -> set[str]:
    """Returns what these packages need on the version alone, so that pip, running in another one, passed it over."""
    there = {canonicalize_name(package["name"]) for package in packages}
    wanted = (Requirement(text) for package in packages for text in package.get("requires_dist", ()))
    return {str(need) for need in wanted if holds(need, version) and canonicalize_name(need.name) not in there}


def check_studio(version: str) -> list[str]:
    packages, complaint = resolve(version, "-r", STUDIO)
    extra = forgotten(version, packages)
    while extra and not complaint:
        more = [need.split(";")[0].strip() for need in sorted(extra)]
        packages, complaint = resolve(version, "-r", STUDIO, *more)
        extra = forgotten(version, packages)
    files = (STUDIO, ROOT / "requirements.txt", ROOT / "constraints.txt")
    pinned = {str(canonicalize_name(pin.name)): pin for path in files for pin in pins(path) if holds(pin, version)}
    if complaint:
        alone = {name: resolve(version, "--no-deps", f"{pin.name}{pin.specifier}")[1] for name, pin in pinned.items()}
        return [f"{pinned[name]} has no wheel" for name, no in alone.items() if no] or [complaint]
    print(f"Python {version}: {len(packages)} packages resolve, each with a wheel.")
    free = sorted({canonicalize_name(package["name"]) for package in packages} - set(pinned))
    return [f"{name} is pinned nowhere" for name in free]


def check_sound(version: str) -> list[str]:
    faults = []
    for pin in pins(SOUND):
        reason = BUILT.get((pin.name, version))
        complaint = resolve(version, "--no-deps", str(pin))[1]
        if complaint and not reason:
            faults.append(f"{pin} has no wheel")
        elif complaint:
            print(f"Python {version}: {pin} has no wheel: {reason}. {build(version, pin)}")
        elif reason:
            faults.append(f"{pin} has a wheel now, so BUILT need not name it")
    return faults


def build(version: str, pin: Requirement) -> str:
    """Says whether the package can be built on this machine."""
    python = f"python{version}"
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        python = sys.executable
    elif not shutil.which(python) or subprocess.run([python, "-c", ""], capture_output=True).returncode:
        return f"Whether it can be built was not tried, for there is no {python} here."
    with tempfile.TemporaryDirectory() as folder:
        done = pip(python, "wheel", "--no-deps", "--no-cache-dir", "-w", folder, str(pin))
    return "Building it works here." if done.returncode == 0 else "Building it does not work here."


def main(versions: list[str]) -> int:
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    checks = [(version, check) for version in versions for check in (check_studio, check_sound)]
    faults = [f"Python {version}: {fault}." for version, check in checks for fault in check(version)]
    print("\n".join(faults) or "One set of pins serves them all.")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
