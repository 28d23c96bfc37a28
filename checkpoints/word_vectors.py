"""The table of word vectors that ships, read from its file; needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from safetensors import SafetensorError, safe_open

from checkpoints.store import RegistryEntry, entry, verify
from music.errors import StudioError

NAME = "words-small"
WIDTH = 128


@dataclass(frozen=True)
class Head:
    """What tells one attribute from a vector: a linear layer and softmax.

    Attributes:
        classes: by name; before them stands "not said".
        weights: float32 [1 + classes, WIDTH].
        bias: float32 [1 + classes].
    """

    classes: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class WordVectors:
    """The table of words.

    Attributes:
        rows: of each word; the commonest word is the first.
        vectors: float32 [words, WIDTH].
        center, spread: of the averages over captions, float32 [WIDTH].
        heads: by the name of the attribute.
    """

    rows: Mapping[str, int]
    vectors: np.ndarray
    center: np.ndarray
    spread: np.ndarray
    heads: Mapping[str, Head] = field(default_factory=lambda: MappingProxyType({}))


def word_vectors() -> WordVectors:
    """Returns the table that ships with the studio, read once.

    Raises:
        StudioError: it is missing or damaged.
    """
    wanted = entry(NAME)
    return _read(wanted.path, wanted.sha256)


@lru_cache(2)
def _read(path: Path, sha256: str) -> WordVectors:
    return read_word_vectors(entry(NAME))


def read_word_vectors(wanted: RegistryEntry) -> WordVectors:
    """Returns the table of a registry entry.

    Raises:
        StudioError: the file is missing, not the registered one, or no table.
    """
    verify(wanted)
    try:
        return read_table(wanted.path)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise StudioError(f"'{wanted.name}' is no table of word vectors. {wanted.remedy}") from error


def read_table(path: Path) -> WordVectors:
    """Returns the table of a file.

    Raises:
        OSError, SafetensorError, KeyError, TypeError, ValueError: it is none.
    """
    with safe_open(path, "np") as file:
        parts = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
        classes = json.loads(file.metadata()["about"]).get("classes", {})
    words = parts["words"].tobytes().decode("ascii").split("\n")
    heads = {name: Head(tuple(told), parts[f"{name}.weights"], parts[f"{name}.bias"]) for name, told in classes.items()}
    vectors = parts["vectors"].astype(np.float32) * parts["scale"]
    table = WordVectors(
        {word: row for row, word in enumerate(words)},
        vectors,
        parts["center"],
        parts["spread"],
        MappingProxyType(heads),
    )
    if table.vectors.shape != (len(table.rows), WIDTH) or table.center.shape != (WIDTH,):
        raise ValueError("its words and vectors do not fit together")
    if table.spread.shape != (WIDTH,) or not (table.spread > 0).all():
        raise ValueError("its vectors cannot be standardized")
    if any(head.weights.shape != (1 + len(head.classes), WIDTH) for head in heads.values()):
        raise ValueError("its attributes do not fit its vectors")
    return table
