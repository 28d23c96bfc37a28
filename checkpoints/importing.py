"""A file of others -> one of ours in the cache folder: checkpoints as safetensors with a header, sound banks as they are."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from checkpoints.fairseq_reader import read
from checkpoints.pulling import pull
from checkpoints.self_test import recorded
from checkpoints.store import (
    RegistryEntry,
    check_name,
    copy_file,
    entry,
    file_sha256,
    known,
    register,
    user_registry,
    with_sum,
)
from models.musicbert import MusicBERTConfig
from music.audio.soundfonts import check_soundfont, is_soundfont
from music.cache import cache_folder
from music.errors import StudioError
from music.files.atomic import reason
from music.tokens.dialects import official

OFFICIAL_NAMES = {(4, 512, 2048, 8): "musicbert-small", (12, 768, 3072, 12): "musicbert-base"}
"""Names of the authors' models by layers, width, hidden and heads."""

AUTHORS = "that of its authors"
"""Stands for a license that the file does not tell."""


def import_file(path: Path, name: str | None = None) -> RegistryEntry:
    """Returns the entry of a MusicBERT checkpoint of fairseq, a sound bank or a listed file, taken into the cache folder.

    Raises:
        StudioError: as ``import_musicbert``, ``import_soundfont`` and ``import_listed``.
    """
    path = Path(path)
    if path.suffix.lower() == ".safetensors":
        return import_listed(path, name)
    bank = is_soundfont(path) or path.suffix.lower() in (".sf2", ".sf3")
    return import_soundfont(path, name) if bank else import_musicbert(path, name)


def import_listed(path: Path, name: str | None = None) -> RegistryEntry:
    """Returns the entry of a checkpoint of ours that a registry lists, its file having come by hand in place of a download.

    Args:
        path: a .safetensors file.
        name: has to be that of the registry, or None.

    Raises:
        StudioError: the file cannot be read, no registry lists it, or it has another name there.
    """
    try:
        found = with_sum(file_sha256(path), name or "")
    except FileNotFoundError as error:
        raise StudioError(f"'{path}' was not found. Check the path.") from error
    except OSError as error:
        raise StudioError(f"'{path}' cannot be read: {reason(error)}. Check the path and its rights.") from error
    if found is None:
        raise StudioError(
            f"No registry lists the checkpoint '{path}'. Add the registry that does with `python -m checkpoints add ADDRESS`."
        )
    if name not in (None, found.name):
        raise StudioError(f"This checkpoint is called '{found.name}' in its registry. Leave --name out.")
    return pull(found.name, file=path)


def import_soundfont(path: Path, name: str | None = None) -> RegistryEntry:
    """Returns the entry of a sound bank after copying it to the cache folder, where it plays from now on.

    Args:
        path: an .sf2 or .sf3 file.
        name: of the bank; by default made from the file's name.

    Raises:
        StudioError: the file is no whole sound bank, the name cannot be used or stands for something else, or the cache
            folder cannot be written.
    """
    check_soundfont(path)
    name = name or "-".join(re.findall(r"[A-Za-z0-9_]+", path.stem))[:60].strip("-_") or "soundfont"
    check_name(name)
    sha256 = file_sha256(path)
    before = known().get(name)
    if before is not None and before.sha256 != sha256:
        raise StudioError(
            f"There is another checkpoint or sound bank '{name}' already. Choose another name with --name."
        )
    folder = cache_folder() / "soundfonts"
    ending = ".sf3" if path.suffix.lower() == ".sf3" else ".sf2"
    target = folder / f"{name}-{sha256[:8]}{ending}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        copy_file(path, target)
    except OSError as error:
        raise StudioError(
            f"'{folder}' cannot be written: {reason(error)}. Make room there, or see to its rights."
        ) from error
    values = {"kind": "soundfont", "file": target.name, "bytes": target.stat().st_size, "sha256": sha256}
    register(user_registry(), name, values | {"licence": AUTHORS, "source": _printable(path.name)})
    return entry(name)


def import_musicbert(path: Path, name: str | None = None) -> RegistryEntry:
    """Returns the entry of a fairseq checkpoint of MusicBERT after writing it, in single precision, to the cache folder.

    Importing the same file again changes nothing but for mending what was damaged.

    Args:
        path: the .pt file.
        name: of the checkpoint; by default that of the authors' model of its size, else made from the file's name.

    Raises:
        StudioError: the file is refused (see ``fairseq_reader.read``), the name cannot be used or stands for another
            checkpoint, or the cache folder cannot be written.
    """
    path = Path(path)
    if name is not None:
        check_name(name)
    config, weights = read(path)
    name = name or _name_for(config, path)
    source = file_sha256(path)
    folder = cache_folder()
    target = folder / f"{name}.safetensors"
    _check_free(name, target, source)
    header = {
        "config": json.dumps(dataclasses.asdict(config)),
        "architecture": "musicbert",
        "tokenizer": official().digest,
        "source_sha256": source,
    }
    part = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
        os.close(handle)
        save_file(weights, part, metadata=header)
        _sort_header(Path(part))
        os.chmod(part, 0o644)
        values = {
            "file": target.name,
            "bytes": os.path.getsize(part),
            "sha256": file_sha256(Path(part)),
            "task": "remix",
            "architecture": "musicbert",
            "tokenizer": header["tokenizer"],
            "licence": AUTHORS,
            "parameters": sum(tensor.numel() for tensor in weights.values()),
            "source": _printable(path.name),
            "source_sha256": source,
        }
        values = recorded(name, Path(part), values)
        os.replace(part, target)
        register(user_registry(), name, values)
    except (OSError, SafetensorError) as error:
        raise StudioError(f"'{folder}' cannot be written: {error}. Make room there, or see to its rights.") from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)
    return entry(name)


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _name_for(config: MusicBERTConfig, path: Path) -> str:
    """Returns the name of a checkpoint that was given none."""
    known = OFFICIAL_NAMES.get((config.layers, config.width, config.hidden, config.heads))
    words = re.findall(r"[a-z0-9]+", path.stem.lower())
    rest = "-".join(word for word in words if word not in ("checkpoint", "last", "best", "musicbert"))[:40].strip("-")
    return known or f"musicbert-{rest or 'imported'}"


def _check_free(name: str, target: Path, source: str) -> None:
    """Checks that a name is free, or stands for the same source."""
    before = known().get(name)
    if before is None and not target.exists():
        return
    other = before.details.get("source_sha256") if before else _source_of(target)
    if other != source:
        raise StudioError(f"There is another checkpoint '{name}' already. Choose another name with --name.")


def _sort_header(path: Path) -> None:
    """Writes the header of a safetensors file in order: left in safetensors' own, no two imports would be the same."""
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        written = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(written) <= length:
            file.seek(8)
            file.write(written.ljust(length))


def _source_of(path: Path) -> str | None:
    """Returns the SHA-256 of the file that a safetensors file was made from, None if it does not say."""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("source_sha256")
    except (SafetensorError, OSError):
        return None
