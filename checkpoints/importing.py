"""A checkpoint of others -> one of ours: safetensors with a header, and an entry in the registry of the cache folder."""

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
from checkpoints.store import Entry, entries, entry, file_sha256, register
from models.musicbert import MusicBERTConfig
from music.cache import cache_folder
from music.dialects import official
from music.errors import StudioError

OFFICIAL_NAMES = {(4, 512, 2048, 8): "musicbert-small", (12, 768, 3072, 12): "musicbert-base"}
"""Names of the authors' models by layers, width, hidden and heads."""


def import_musicbert(path: Path, name: str | None = None) -> Entry:
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
        _check_name(name)
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
            "licence": "that of its authors",
            "parameters": sum(tensor.numel() for tensor in weights.values()),
            "source": "".join(letter for letter in path.name if letter.isprintable()),
            "source_sha256": source,
        }
        os.replace(part, target)
        register(folder / "registry.toml", name, values)
    except (OSError, SafetensorError) as error:
        raise StudioError(f"'{folder}' cannot be written: {error}. Make room there, or see to its rights.") from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)
    return entry(name)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", name):
        raise StudioError(f"'{name}' cannot be the name of a checkpoint. Use letters, digits, '-' and '_'.")


def _name_for(config: MusicBERTConfig, path: Path) -> str:
    """Returns the name of a checkpoint that was given none."""
    known = OFFICIAL_NAMES.get((config.layers, config.width, config.hidden, config.heads))
    words = re.findall(r"[a-z0-9]+", path.stem.lower())
    rest = "-".join(word for word in words if word not in ("checkpoint", "last", "best", "musicbert"))[:40].strip("-")
    return known or f"musicbert-{rest or 'imported'}"


def _check_free(name: str, target: Path, source: str) -> None:
    """Checks that a name is free, or stands for the same source."""
    known = entries().get(name)
    if known is None and not target.exists():
        return
    other = known.details.get("source_sha256") if known else _source_of(target)
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
