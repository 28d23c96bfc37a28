"""The registries that others published: added, so that what they list can be pulled, and forgotten.

A published registry is text from a stranger. So its entries are read key by key, what is not known is left out, no name
in it becomes a path by itself, and none takes the place of a checkpoint that is known already.
"""

from __future__ import annotations

import hashlib
import re
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from checkpoints.connection import Answer, SourceError, Stream
from checkpoints.sources import Source, offline
from checkpoints.store import ENDINGS, check_name, known, read_registry, write_registry
from music.cache import cache_folder
from music.errors import StudioError
from music.files.atomic import reason

FILE = "registry.toml"
PUBLISHED = ("checkpoint", "soundfont")
"""The kinds of entry that a published registry may list."""

MAX_REGISTRY_BYTES = 2**20
MAX_FILE_BYTES = 20 * 2**30
MAX_CARD_BYTES = 2**22
TIMEOUT_S = 30.0
DETAILS: Mapping[str, type | tuple[type, ...]] = {
    "task": str, "architecture": str, "tokenizer": str, "licence": str, "remarks": str, "parameters": int, "steps": int,
    "notes_seen": int, "training_minutes": (int, float), "data": list, "metrics": list, "self_test_seed": int,
    "self_test_notes": str, "self_test_likelihood": (int, float), "self_test_margin": (int, float),
}  # fmt: skip
"""What is taken over of a published entry besides its file, and of what type it must be."""


@dataclass(frozen=True)
class Added:
    """What became of a published registry.

    Attributes:
        address: where it lies.
        names: what can be pulled now.
        taken: names in it that stand for other checkpoints here, and were left out.
    """

    address: str
    names: tuple[str, ...]
    taken: tuple[str, ...]


def add(address: str) -> Added:
    """Returns what a published registry lists, once it is among those that are read; adding it again refreshes it.

    Args:
        address: of its registry.toml or the folder that holds it: https, "hf://owner/repo@COMMIT", or a local path.

    Raises:
        StudioError: it cannot be had, is no registry, asks for what a registry may not, or brings nothing.
    """
    place = _place(address)
    found = published(_text(place), place)
    others = {name: entry for name, entry in known().items() if entry.origin != place or entry.is_here}
    taken = tuple(name for name in found if name in others and others[name].sha256 != found[name]["sha256"])
    kept = {
        name: values | {"origin": place}
        for name, values in found.items()
        if name not in taken and not (name in others and others[name].ships)
    }
    if not kept:
        why = f"names of other checkpoints here ({', '.join(taken)})" if taken else "what ships with the studio"
        raise StudioError(f"'{place}' lists {f'nothing but {why}' if found else 'nothing'}. Nothing was added.")
    try:
        write_registry(_file(place), kept)
    except OSError as error:
        raise StudioError(f"'{_file(place).parent}' cannot be written: {reason(error)}. See to its rights.") from error
    return Added(place, tuple(kept), taken)


def added() -> tuple[str, ...]:
    """Returns the addresses of the published registries that are read."""
    files = sorted((cache_folder() / "registries").glob("*.toml"))
    return tuple(dict.fromkeys(values["origin"] for file in files for values in read_registry(file).values()))


def forget(address: str) -> str:
    """Returns the address of a published registry that is no longer read; what was pulled from it stays.

    Raises:
        StudioError: it was never added.
    """
    place = address if address in added() else _place(address)
    if place not in added():
        raise StudioError(f"The registry '{place}' was not added. Added are: {', '.join(added()) or 'none'}.")
    _file(place).unlink(missing_ok=True)
    return place


def published(text: str, place: str) -> dict[str, dict[str, Any]]:
    """Returns the entries of a published registry as ours have them, addresses made whole.

    Args:
        text: of the registry.
        place: where it lies.

    Raises:
        StudioError: it is no registry, or asks for what it may not.
    """
    try:
        found = tomllib.loads(text)
    except ValueError as error:
        raise StudioError(
            f"'{place}' is not a registry of checkpoints. Give the address of a registry.toml."
        ) from error
    checked = {}
    for name, values in found.items():
        check_name(name)
        try:
            checked[name] = _checked(name, values, place)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StudioError(
                f"The entry '{name}' of '{place}' cannot be used ({error}). Tell whoever published it."
            ) from error
    return checked


def _checked(name: str, values: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Returns an entry of somebody's registry with what is known to be harmless, or says what is wrong with it."""
    kind, size, sha256 = values.get("kind", "checkpoint"), values["bytes"], values["sha256"]
    if kind not in PUBLISHED:
        raise ValueError("its kind is unknown")
    _check_sum(size, sha256, MAX_FILE_BYTES)
    file = values["file"]
    if file not in [f"{name}-{sha256[:8]}{ending}" for ending in ENDINGS[kind]]:
        raise ValueError("its file must be called after its name and sum")
    sources = [_whole(source, place) for source in values["sources"]]
    if not sources:
        raise ValueError("it has no sources")
    details = {}
    for key, kinds in DETAILS.items():
        if key in values:
            if not isinstance(values[key], kinds) or not _fits(values[key]):
                raise ValueError(f"{key} is of another kind")
            details[key] = _plain(values[key])
    if kind == "checkpoint" and not all(details.get(key) for key in ("task", "architecture", "tokenizer")):
        raise ValueError("task, architecture or tokenizer is missing")
    beside = []
    for other, other_size, other_sha256 in values.get("beside", []):
        if other not in (f"{name}.md", f"{name}.png"):
            raise ValueError("beside it may stand its card and a picture alone")
        _check_sum(other_size, other_sha256, MAX_CARD_BYTES)
        beside.append([_whole(other, place), other_size, other_sha256])
    known_values = {"kind": kind, "file": file, "bytes": size, "sha256": sha256, "sources": sources}
    return known_values | details | ({"beside": beside} if beside else {})


def _check_sum(size: Any, sha256: Any, most: int) -> None:
    if type(size) is not int or not 0 < size <= most:
        raise ValueError("its size cannot be")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("its sha256 is none")


def _fits(value: Any) -> bool:
    """Returns whether a number is one that a registry may hold."""
    return not isinstance(value, int | float) or abs(value) < 2**63


def _plain(value: Any) -> Any:
    """Returns a value without what could trouble a terminal or a page."""
    if isinstance(value, list):
        return [_plain(item) for item in value[:100] if isinstance(item, str)]
    return "".join(letter for letter in value if letter.isprintable())[:2000] if isinstance(value, str) else value


def _whole(source: str, place: str) -> str:
    """Returns a source as an address of its own; a relative one lies beside the registry.

    Raises:
        ValueError: a registry may not name it.
    """
    if not source.isprintable():
        raise ValueError("it names a source that cannot be read")
    if "://" in source:
        parsed = Source.parse(source)
        if parsed.kind == "file" and "://" in place:
            raise ValueError("it names a file of this computer")
        if parsed.kind == "history":
            raise ValueError("it names a file of the studio's own history")
        return source
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", source):
        raise ValueError("it names a file that does not lie beside the registry")
    if "://" not in place:
        return str(Path(place).parent / source)
    return urljoin(place, source) if place.startswith("http") else f"{place.rpartition('/')[0]}/{source}"


def _place(address: str) -> str:
    """Returns the address of a registry in full.

    Raises:
        StudioError: it is none.
    """
    address = address.strip()
    if "://" in address and not address.startswith("file:"):
        if not urlsplit(address).path.endswith(".toml"):
            address = f"{address.partition('?')[0].rstrip('/')}/{FILE}"
        Source.parse(address)
        return address
    path = Source.parse(address).path
    if not path.exists():  # its whole path is no visitor's business
        raise StudioError(
            f"'{address}' is no address of a registry. Give an https or hf address, or the path of a file here."
        )
    path = path.resolve()
    return str(path / FILE if path.is_dir() else path)


def _file(place: str) -> Path:
    return cache_folder() / "registries" / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.toml"


def _text(place: str) -> str:
    """Returns the text of a registry, whose size and sum nobody knows beforehand.

    Raises:
        StudioError: it does not come.
    """
    source = Source.parse(place)
    try:
        if source.kind == "file":
            with source.path.open("rb") as file:
                data = file.read(MAX_REGISTRY_BYTES + 1)
        else:
            if switch := offline():
                raise StudioError(f"'{source}' was not asked, for {switch} keeps the studio offline. Unset {switch}.")
            data = _received(source)
        if len(data) > MAX_REGISTRY_BYTES:
            raise SourceError("is too large for a registry")
        return data.decode()
    except OSError as error:
        raise StudioError(f"'{source}' cannot be read: {reason(error)}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise StudioError(
            f"'{source}' is not a registry of checkpoints. Give the address of a registry.toml."
        ) from error
    except SourceError as error:
        raise StudioError(f"'{source}' {error}. Check the address and the connection.") from error


def _received(source: Source) -> bytes:
    """Returns what a server sends, up to a little more than a registry may have.

    Raises:
        SourceError: it sends nothing, or too slowly.
    """
    address, headers = source.request()
    stream = Stream(address, {"User-Agent": "deepmusic-studio", **headers, "Accept-Encoding": "identity"})
    data, end = b"", time.monotonic() + TIMEOUT_S
    try:
        while time.monotonic() < end and len(data) <= MAX_REGISTRY_BYTES:
            chunk = stream.next(0.1)
            if isinstance(chunk, Answer):
                if chunk.status != 200:
                    raise SourceError(f"does not give it (the server says {chunk.status})")
                length = chunk.headers.get("Content-Length")
            elif chunk:
                data += chunk
            elif chunk == b"":
                if length and length.isdecimal() and int(length) != len(data):
                    raise SourceError("broke off")
                return data
    finally:
        stream.close()
    if len(data) > MAX_REGISTRY_BYTES:
        return data
    raise SourceError("does not answer in time")
