"""Where checkpoints and sound banks lie, and what the registries say of each.

Three kinds of registry are read, and a name belongs to the first that has it: the repository's, the user's own in the
cache folder (what was exported, imported or pulled), and those of others that the user added (``registries.add``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from checkpoints.sources import HISTORY
from music.cache import cache_folder
from music.errors import StudioError
from music.files.atomic import reason, replace_file

EMBEDDED = Path(__file__).parent / "embedded"
REGISTRY = Path(__file__).parent / "registry.toml"
CARDS = Path(__file__).parent / "cards"
ENDINGS = {
    "checkpoint": (".safetensors",),
    "soundfont": (".sf2", ".sf3"),
    "word-vectors": (".safetensors",),
    "transformers": (".safetensors",),
}
"""What kinds of entry there are, and how their files end; "transformers" is a folder that the library of that name loads."""

KIND_NAMES = {
    "checkpoint": "a checkpoint",
    "soundfont": "a sound bank",
    "word-vectors": "a table of word vectors",
    "transformers": "a language model",
}
"""What the kinds are called."""

EMBEDDED_SOURCE = "embedded"
"""Stands among an entry's sources for the file that ships in git."""

TIMEOUT_S = 10.0  # a registry is written in milliseconds


class Companion(NamedTuple):
    """A file that an entry needs beside its own.

    Attributes:
        path: where it lies.
        source: where it can be pulled from.
        bytes, sha256: of it.
    """

    path: Path
    source: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RegistryEntry:
    """One checkpoint or sound bank.

    Attributes:
        name: such as "generate-small".
        path: its file, whether it is there or not.
        bytes: size of the file.
        sha256: of the file, hex.
        task: the pipeline that it serves; empty for all but checkpoints, as are the next two.
        architecture: the room of ``models`` that it needs.
        tokenizer: digest of the vocabularies that it was trained with.
        details: everything else that the registry says: parameters, data, licence, metrics, self-test.
        kind: one of ENDINGS.
        sources: addresses that it can be pulled from, in order of preference.
        origin: the address of the published registry that lists it; empty for the studio's and the user's own.
    """

    name: str
    path: Path
    bytes: int
    sha256: str
    task: str
    architecture: str
    tokenizer: str
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    kind: str = "checkpoint"
    sources: tuple[str, ...] = ()
    origin: str = ""

    @property
    def ships(self) -> bool:
        """Whether it comes with the repository."""
        return self.path.parent == EMBEDDED

    @property
    def shipped_before(self) -> bool:
        """Whether it came with earlier versions, so that the history of the repository has it."""
        return any(source.startswith(f"{HISTORY}://") for source in self.sources)

    @property
    def companions(self) -> tuple[Companion, ...]:
        """The files that stand beside its own in its folder and that it needs: a tokenizer's, or more of its weights."""
        return tuple(
            Companion(self.path.parent / Path(source).name, source, size, sha256)
            for source, size, sha256 in self.details.get("companions", ())
        )

    @property
    def whole_bytes(self) -> int:
        """The size of its file and of those that it needs."""
        return self.bytes + sum(companion.bytes for companion in self.companions)

    @property
    def is_here(self) -> bool:
        """Whether its file and those that it needs are on this machine."""
        return self.path.is_file() and all(companion.path.is_file() for companion in self.companions)

    @property
    def state(self) -> str:
        """Where its file is: "ships", "here" (added by the user), "away" (it can be pulled) or "lost"."""
        if not self.is_here:
            return "away" if self.sources else "lost"
        return "ships" if self.ships else "here"

    @property
    def remedy(self) -> str:
        """What to do when its file is missing or damaged, in one sentence."""
        if self.ships:
            return f"Restore {self.path.name} from the repository."
        if self.sources:
            return f"Get it with `python -m checkpoints pull {self.name}` or on the Checkpoints page."
        return "Import or export it again."


def known() -> dict[str, RegistryEntry]:
    """Returns by name all that the registries list, here or not.

    Raises:
        StudioError: a registry cannot be read.
    """
    cache = cache_folder()
    found = {}
    for name, values in read_registry(REGISTRY).items():
        ships = EMBEDDED_SOURCE in values.get("sources", ())
        found[name] = entry_of(name, values, EMBEDDED if ships else cache)
    for registry in (user_registry(), *sorted((cache / "registries").glob("*.toml"))):
        for name, values in read_registry(registry).items():
            if name not in found:
                found[name] = entry_of(name, values, cache)
    return found


def entries() -> dict[str, RegistryEntry]:
    """Returns by name what is here; what cannot be pulled counts as here, so that a lost file is told of."""
    return {name: entry for name, entry in known().items() if entry.is_here or not entry.sources}


def entry(name: str) -> RegistryEntry:
    """Returns what the registries say of a checkpoint or sound bank, here or not.

    Raises:
        StudioError: there is none of this name.
    """
    found = known()
    if name not in found:
        raise StudioError(f"There is no checkpoint '{name}'. Available: {', '.join(found) or 'none'}.")
    return found[name]


def with_sum(sha256: str, name: str = "") -> RegistryEntry | None:
    """Returns a checkpoint or sound bank of this content: one that is here, and of this name, if there is; None if none is known."""
    same = (found for found in known().values() if found.sha256 == sha256)
    return min(same, key=lambda found: (not found.is_here, found.name != name), default=None)


def entry_of(name: str, values: Mapping[str, Any], folder: Path) -> RegistryEntry:
    """Returns the entry that a registry's values describe, its file lying in this folder or one of its kind in it.

    Raises:
        StudioError: the values are not those of an entry.
    """
    rest = dict(values)
    try:
        kind, file = rest.pop("kind", "checkpoint"), rest.pop("file")
        if file != Path(file).name or not file.endswith(ENDINGS[kind]):
            raise ValueError(f"{file} is no name of a {kind}")
        return RegistryEntry(
            name=name,
            path=folder / {"soundfont": "soundfonts", "transformers": name}.get(kind, "") / file,
            kind=kind,
            sources=tuple(source for source in rest.pop("sources", ()) if source != EMBEDDED_SOURCE),
            origin=rest.pop("origin", ""),
            **{key: rest.pop(key) for key in ("bytes", "sha256")},
            **{key: rest.pop(key, "") for key in ("task", "architecture", "tokenizer")},
            details=MappingProxyType(rest),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StudioError(f"The registry's entry of '{name}' cannot be used. Mend or delete it.") from error


def user_registry() -> Path:
    """Returns where the registry of this user's own checkpoints and sound banks lies."""
    return cache_folder() / "registry.toml"


def read_registry(registry: Path) -> dict[str, dict[str, Any]]:
    """Returns what a registry says, by name; nothing if there is none.

    Raises:
        StudioError: it cannot be read.
    """
    try:
        found = tomllib.loads(registry.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise StudioError(f"The registry '{registry}' cannot be read. Mend it or delete it.") from error
    return found


def register(registry: Path, name: str, values: Mapping[str, Any]) -> None:
    """Writes one entry of a registry, leaving the others as they are."""
    with _writing(registry) as found:
        found[name] = dict(values)


def unregister(registry: Path, name: str) -> None:
    """Takes one entry out of a registry, leaving the others as they are."""
    with _writing(registry) as found:
        found.pop(name, None)


def write_registry(registry: Path, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes a registry with these entries, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    registry.parent.mkdir(parents=True, exist_ok=True)
    replace_file(registry, registry_text(found).encode())


def registry_text(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns the text of a registry with these entries."""
    lines = [
        "# Checkpoints and sound banks by name. Written by `python -m training export` and `python -m checkpoints`."
    ]
    for name, values in sorted(found.items()):
        written = (f"{key} = {_toml(value)}" for key, value in values.items())
        lines += ["", f"[{name}]", *written]
    return "\n".join([*lines, ""])


def _toml(value: Any) -> str:
    # JSON is TOML here, but for letters outside the basic plane, which it escapes as TOML may not, and for one letter.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")


def remove(name: str) -> RegistryEntry:
    """Returns the entry of a checkpoint or sound bank after deleting its files from the cache folder.

    Raises:
        StudioError: there is none of this name here, it ships with the studio, or it cannot be deleted.
    """
    unwanted = entry(name)
    if unwanted.ships:
        raise StudioError(f"'{name}' ships with the studio and stays. Only what was added to it can be removed.")
    if not unwanted.is_here and name not in read_registry(user_registry()):
        raise StudioError(f"'{name}' is not on this machine. There is nothing to remove.")
    folder, file = unwanted.path.parent, unwanted.path.name
    beside = [path for path in folder.glob(f"{name}.*") if _belongs(path.name, name)]
    parts = [
        *folder.glob(f"{file}.*.part*"),
        *(folder / f".{rest}.lock" for rest in (file, f"{name}.md", f"{name}.png")),
    ]
    try:
        for path in (unwanted.path, *beside, *parts):
            path.unlink(missing_ok=True)
        if unwanted.kind == "transformers" and folder.is_dir():  # a folder of its own
            shutil.rmtree(folder)
        unregister(user_registry(), name)
    except OSError as error:
        raise StudioError(f"'{unwanted.path}' cannot be removed: {reason(error)}. See to its rights.") from error
    return unwanted


def values_of(known_entry: RegistryEntry) -> dict[str, Any]:
    """Returns an entry as a registry writes it."""
    plain = {key: getattr(known_entry, key) for key in ("kind", "bytes", "sha256", "task", "architecture", "tokenizer")}
    values = {"file": known_entry.path.name, **{key: value for key, value in plain.items() if value != ""}}
    values["sources"] = [EMBEDDED_SOURCE] if known_entry.ships else list(known_entry.sources)
    return values | ({"origin": known_entry.origin} if known_entry.origin else {}) | dict(known_entry.details)


def cards_folder(wanted: RegistryEntry) -> Path:
    """Returns the folder in which the card of an entry lies, NAME.md with NAME.png, if it has one."""
    return CARDS if wanted.ships or wanted.shipped_before else wanted.path.parent


def verify(wanted: RegistryEntry) -> None:
    """Checks that a file is there and is the one that was registered.

    Raises:
        StudioError: the file is missing, has another size, or another content.
    """
    if not wanted.is_here:
        raise StudioError(f"The file of '{wanted.name}' is missing. {wanted.remedy}")
    parts = [
        (wanted.path, wanted.bytes, wanted.sha256),
        *((each.path, each.bytes, each.sha256) for each in wanted.companions),
    ]
    if any(path.stat().st_size != size or file_sha256(path) != sha256 for path, size, sha256 in parts):
        raise StudioError(f"The file of '{wanted.name}' is damaged or another one. {wanted.remedy}")


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_file(source: Path, target: Path) -> None:
    """Copies a file, whole or not at all.

    Raises:
        OSError: it cannot be read or written.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def check_name(name: str) -> None:
    """Makes sure that a name can be one of a checkpoint or sound bank, and so the beginning of a file's name.

    Raises:
        StudioError: it cannot.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", name):
        raise StudioError(f"'{name}' cannot be the name of a checkpoint. Use letters, digits, '-' and '_'.")


def _belongs(file: str, name: str) -> bool:
    """Returns whether a file of the cache folder lies beside a checkpoint: its card, curve and reports."""
    rest = file.removeprefix(f"{name}.")
    return rest in ("md", "png", "csv", "sets.json", "evaluate.txt", "quality.txt")


@contextmanager
def _writing(registry: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """Gives what a registry says, to be changed, and writes it; another process has to wait meanwhile."""
    place = hashlib.sha256(str(registry.resolve()).encode()).hexdigest()[:16]
    try:
        with FileLock(Path(tempfile.gettempdir()) / f"deepmusic-{place}.lock", timeout=TIMEOUT_S):
            found = read_registry(registry)
            yield found
            write_registry(registry, found)
    except Timeout as error:
        raise StudioError(f"Another process is writing '{registry}'. Try again in a moment.") from error
    except OSError as error:
        raise StudioError(f"'{registry}' cannot be written: {reason(error)}. See to its rights.") from error
