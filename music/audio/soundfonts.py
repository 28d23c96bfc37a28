"""Which sound bank plays: the user's own, the one taken in last, the best of the system, or the one inside a dependency."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from music.cache import cache_folder
from music.errors import StudioError
from music.files.kinds import stand_in

BETTER_BANKS = (
    "MuseScore_General.sf3",
    "MuseScore_General.sf2",
    "MuseScore_General_Lite.sf3",
    "MuseScore_General_Full.sf2",
    "MuseScore_General_Full.sf3",
    "FluidR3_GM.sf3",
    "FluidR3_GM.sf2",
)
"""Complete General MIDI banks under free licenses, the best first."""

BUNDLED_BANK = ("pretty_midi", "TimGM6mb.sf2")
"""A small General MIDI bank inside a package that the studio needs anyway."""


def find_soundfont(own: str | Path | None = None) -> Path:
    """Returns the sound bank to play with.

    Args:
        own: the user's own ``.sf2`` or ``.sf3`` file; by default the bank that was imported or pulled last, else the
            best bank found on this machine.

    Raises:
        StudioError: the user's file is missing or no sound bank, or there is no bank at all.
    """
    if own is not None:
        return check_soundfont(Path(own).expanduser())
    if taken_in := own_soundfonts():
        return taken_in[0]
    for name in BETTER_BANKS:
        for folder in bank_folders():
            if is_soundfont(folder / name):
                return folder / name
    return bundled_soundfont()


def own_soundfonts() -> list[Path]:
    """Returns the sound banks that this user took in, the last one first."""
    found = [path for path in (cache_folder() / "soundfonts").glob("*.sf[23]") if is_soundfont(path)]
    return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))


def bundled_soundfont() -> Path:
    """Returns the bank that came with a dependency, found without importing that package.

    Raises:
        StudioError: the package or its bank is missing.
    """
    package, name = BUNDLED_BANK
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not is_soundfont(path):
        raise StudioError("No sound bank was found. Run 'make studio' again, or give your own .sf2 file.")
    return path


def bank_folders() -> list[Path]:
    """Returns the folders where complete banks lie: the studio's cache first, then the system's."""
    shared = [Path(root) / "share" for root in ("/usr", "/usr/local", "/opt/homebrew")]
    shared.append(Path.home() / ".local" / "share")
    kinds = ("sounds/sf3", "sounds/sf2", "soundfonts")
    return [cache_folder(), *(root / kind for root in shared for kind in kinds)]


def is_soundfont(path: Path) -> bool:
    """Returns whether a file begins as an SF2 or SF3 sound bank does."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:12] == b"sfbk"


def check_soundfont(path: Path) -> Path:
    """Returns the path again.

    Raises:
        StudioError: there is no such file, it is no sound bank, or it is cut short.
    """
    if not path.is_file():
        raise StudioError(f"The sound bank {path.name} was not found. Give the path of an .sf2 or .sf3 file.")
    with path.open("rb") as file:
        found = stand_in(file.read(4096))
    if found:
        raise StudioError(f"{path.name} is {found[0]}, not a sound bank. {found[1]}")
    if not is_soundfont(path):
        raise StudioError(f"{path.name} is not a sound bank. Choose an .sf2 or .sf3 file.")
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8)[4:], "little")
    if path.stat().st_size < 8 + length:
        raise StudioError(f"{path.name} is cut short. Download it again.")
    return path
