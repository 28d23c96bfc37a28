"""Where checkpoints lie, and what the registry says of each."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from music.cache import cache_folder
from music.errors import StudioError

EMBEDDED = Path(__file__).parent / "embedded"
REGISTRY = Path(__file__).parent / "registry.toml"


@dataclass(frozen=True)
class Entry:
    """One checkpoint that can be loaded.

    Attributes:
        name: such as "generate-small".
        path: its safetensors file.
        bytes: size of the file.
        sha256: of the file, hex.
        task: the pipeline that it serves.
        architecture: the room of ``models`` that it needs.
        tokenizer: digest of the vocabularies that it was trained with.
        details: everything else that the registry says: parameters, data, licence, metrics.
    """

    name: str
    path: Path
    bytes: int
    sha256: str
    task: str
    architecture: str
    tokenizer: str
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def entries() -> dict[str, Entry]:
    """Returns all registered checkpoints by name: those that ship, then those exported into the cache folder."""
    found: dict[str, Entry] = {}
    for registry, folder in ((REGISTRY, EMBEDDED), (cache_folder() / "registry.toml", cache_folder())):
        if not registry.exists():
            continue
        for name, values in tomllib.loads(registry.read_text(encoding="utf-8")).items():
            known = {key: values.pop(key) for key in ("bytes", "sha256", "task", "architecture", "tokenizer")}
            path = folder / values.pop("file")
            found.setdefault(name, Entry(name=name, path=path, details=MappingProxyType(values), **known))
    return found


def entry(name: str) -> Entry:
    """Returns the registry's entry of a checkpoint.

    Raises:
        StudioError: there is no such checkpoint.
    """
    known = entries()
    if name not in known:
        raise StudioError(f"There is no checkpoint '{name}'. Available: {', '.join(known) or 'none'}.")
    return known[name]


def register(registry: Path, name: str, values: Mapping[str, Any]) -> None:
    """Writes one entry of a registry, leaving the others as they are."""
    known = tomllib.loads(registry.read_text(encoding="utf-8")) if registry.exists() else {}
    known[name] = dict(values)
    lines = ["# Checkpoints by name. Written by `python -m training export` and `python -m checkpoints import`.", ""]
    for entry_name, entry in sorted(known.items()):
        # JSON is TOML here, but for letters outside the basic plane, which it escapes as TOML may not.
        written = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items())
        lines += [f"[{entry_name}]", *written, ""]
    part = registry.with_suffix(".part")
    part.write_text("\n".join(lines), encoding="utf-8")
    os.replace(part, registry)


def verify(wanted: Entry) -> None:
    """Checks that a checkpoint's file is there and is the one that was registered.

    Raises:
        StudioError: the file is missing, has another size, or another content.
    """
    if not wanted.path.exists():
        raise StudioError(
            f"The file of checkpoint '{wanted.name}' is missing. Restore {wanted.path.name} from the repository."
        )
    if wanted.path.stat().st_size != wanted.bytes or file_sha256(wanted.path) != wanted.sha256:
        raise StudioError(
            f"The file of checkpoint '{wanted.name}' is damaged or another one. Restore {wanted.path.name} from the repository."
        )


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
