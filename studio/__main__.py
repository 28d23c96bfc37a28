"""Opens the studio: ``python -m studio`` does what ``make studio`` does, where there is no make.

It makes an environment in .venv, installs what requirements.txt names, and serves the pages to browsers on this machine; with
``--address 0.0.0.0`` to those of others too. Until it has installed them it imports no package.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
SUPPORTED = ((3, 11), (3, 12), (3, 13))
REQUIREMENTS = ("requirements.txt", "requirements-sound.txt", "constraints.txt")
HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"


def main(arguments: list[str]) -> int:
    """Opens the studio and returns its exit code, or 2 after an error that a user can mend."""
    parsed(arguments)
    python = environment()
    if isinstance(python, int):
        return python
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return subprocess.call([str(python), "-m", "studio.serve", *arguments], cwd=ROOT)


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Returns port, address and base path."""
    parser = argparse.ArgumentParser(prog="python -m studio", description=__doc__)
    port = int(os.environ.get("PORT") or 8501)
    parser.add_argument("--port", type=int, default=port, help="default: PORT, else 8501")
    parser.add_argument(
        "--address",
        default=os.environ.get("DEEPMUSIC_ADDRESS") or HERE,
        help=f"where browsers may come from: {HERE} for this machine alone, {EVERYWHERE} for all that reach it "
        f"(default: DEEPMUSIC_ADDRESS, else {HERE})",
    )
    parser.add_argument("--base-path", default="", help="the path below which a proxy serves it, such as studio")
    return parser.parse_args(arguments)


def environment() -> Path | int:
    """Returns the Python of .venv, with all packages installed; an exit code after saying what is missing."""
    python = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        if sys.version_info[:2] not in SUPPORTED:
            versions = ", ".join(f"{major}.{minor}" for major, minor in SUPPORTED)
            return _told(
                f"DeepMusic Studio needs one of these versions of Python: {versions}. Start it with one of them."
            )
        if subprocess.call([sys.executable, "-m", "venv", str(VENV)]):
            return _told("The environment could not be made. Install Python's venv module, or use another folder.")
    newest = max((ROOT / name).stat().st_mtime for name in REQUIREMENTS)
    if not STAMP.exists() or STAMP.stat().st_mtime < newest:
        print("Installing the packages of requirements.txt into .venv; the first time takes some minutes.", flush=True)
        install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r"]
        if subprocess.call([*install, "requirements.txt"], cwd=ROOT):
            return _told("The packages could not be installed. Look at the lines above, and start again.")
        sound = [*install[:-1], "--no-deps", "-r", "requirements-sound.txt"]
        if subprocess.call(sound, cwd=ROOT, stderr=subprocess.DEVNULL):
            print("The stand-in synthesizer could not be installed; FluidSynth is needed for sound.")
        STAMP.touch()
    if sys.platform != "win32" and shutil.which("bash"):
        subprocess.call(["bash", "system.sh"], cwd=ROOT)
    return python


def _told(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(0)
