"""Weights that ship in half precision, as files in single precision that all processes of the studio share in memory.

A file is mapped, not read: its pages are in memory once, however many processes write music. Each is made from a verified
checkpoint when that is first loaded, and lies in the cache folder under the checkpoint's SHA-256 and its own.
"""

from __future__ import annotations

import hashlib
import io
import logging
import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from checkpoints.store import file_sha256
from music.cache import cache_folder
from music.files.atomic import reason, replace_file

_log = logging.getLogger(__name__)


def shared(weights: Mapping[str, torch.Tensor], sha256: str, wanted: Collection[str]) -> dict[str, torch.Tensor]:
    """Returns weights as they are in a mapped file, which is made if it is not there; the same weights where that cannot be.

    Args:
        weights: of any shapes, as the model takes them.
        sha256: of the file that they were read from, which was verified.
        wanted: the sums of all checkpoints that may be loaded; files of others go.
    """
    folder = _folder()
    data = io.BytesIO()
    torch.save({key: weight.contiguous() for key, weight in weights.items()}, data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{sha256}-{hashlib.sha256(data.getvalue()).hexdigest()}.pt"
        replace_file(path, data.getvalue())
        for old in folder.glob("*.pt"):
            if old != path and old.name.partition("-")[0] not in {*wanted} - {sha256}:
                old.unlink(missing_ok=True)
    except OSError as error:  # a full disk, a folder that may only be read: each process then has its own
        _log.info("weights are not shared among processes: %s", reason(error))
        return dict(weights)
    return mapped(sha256) or dict(weights)


def mapped(sha256: str) -> dict[str, torch.Tensor]:
    """Returns the weights of a checkpoint as they lie in its mapped file; nothing where there is none."""
    for path in _folder().glob(f"{sha256}-*.pt"):
        try:
            if file_sha256(path) == path.stem.partition("-")[2]:
                return torch.load(path, weights_only=True, mmap=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:  # it is made anew
            _log.info("%s cannot be read: %s", path, error)
    return {}


def _folder() -> Path:
    return cache_folder() / "single-precision"
