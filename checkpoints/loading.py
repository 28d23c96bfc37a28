"""name -> model, ready to use and shared by all callers; refuses what does not match."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from checkpoints.architectures import ARCHITECTURES, Architecture
from checkpoints.store import KIND_NAMES, RegistryEntry, entry, known, verify
from models.hints.layout import VERSION as HINTS_VERSION
from music.errors import StudioError
from music.tokens.dialects import Dialect, dialect_of, studio
from music.tokens.patches import digest as patches_digest

MAX_BUFFERS = 2**24
"""Numbers in the tables that a model makes for itself: far more than those of the largest that is known."""

_loaded: dict[str, Checkpoint] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    Attributes:
        model: in eval mode, single precision, without gradients. Never changed by those who use it.
        entry: what the registry says of it.
        dialect: what the octuples mean that it reads and writes; the studio's for a model that reads others or none.
    """

    model: Any
    entry: RegistryEntry
    dialect: Dialect


def load(name: str, task: str | None = None) -> Checkpoint:
    """Returns a checkpoint by name; the second call gives the same object, whatever becomes of its file.

    Nothing is downloaded: what is not here is refused with the way to get it. When another checkpoint has been
    registered under the name since, that one is loaded.

    Args:
        name: of the checkpoint.
        task: what it must be trained for, as in its entry; None where any will do.

    Raises:
        StudioError: there is none of this name, it is not here, its file is not the registered one, it was trained
            with other vocabularies than this version of the studio has, or for another task.
    """
    checkpoint = _load(name)
    if task is not None and checkpoint.entry.task != task:
        can = {"generate": "write music", "transcribe": "hear notes", "lyrics": "write lyrics"}.get(task, task)
        raise StudioError(f"The checkpoint '{name}' cannot {can}. {_another(task)}")
    return checkpoint


def lend(checkpoint: Checkpoint) -> None:
    """Makes ``load`` give a checkpoint under its name, in this process, though no registry lists it: a model in training.

    Args:
        checkpoint: under a name that nothing registered has.
    """
    with _lock:
        _loaded[checkpoint.entry.name] = checkpoint


def _another(task: str) -> str:
    """Returns the advice to take a checkpoint of a task, and the name of one that ships for it."""
    examples = [found.name for found in known().values() if found.task == task and found.ships]
    return f"Choose one that can, such as {examples[0]}." if examples else "Choose one that can."


def _load(name: str) -> Checkpoint:
    """Returns a checkpoint from memory, or from its file where that is the first time or another one is registered."""
    with _lock:
        registered = known().get(name)
        if name not in _loaded or (registered and registered.sha256 != _loaded[name].entry.sha256):
            _loaded[name] = read(entry(name))
        return _loaded[name]


def read(wanted: RegistryEntry) -> Checkpoint:
    """Returns a checkpoint read from its file, shared with nobody.

    Raises:
        StudioError: as ``load``.
    """
    from checkpoints import single_precision
    from checkpoints.bare import Bare

    if wanted.kind != "checkpoint":
        raise StudioError(f"'{wanted.name}' is {KIND_NAMES[wanted.kind]}. Choose a checkpoint.")
    if wanted.sources and not wanted.is_here:
        raise StudioError(f"The checkpoint '{wanted.name}' is not on this machine. {wanted.remedy}")
    verify(wanted)
    architecture = ARCHITECTURES.get(wanted.architecture)
    if architecture is None:
        raise StudioError(
            f"This version cannot use '{wanted.architecture}' checkpoints such as '{wanted.name}'. Update the studio."
        )
    dialect = dialect_of(wanted.tokenizer) if architecture.reads == "octuples" else studio()
    fits = dialect is not None and (architecture.any_dialect or dialect.name == "studio")
    if architecture.reads == "patches":
        fits = wanted.tokenizer == patches_digest()
    if dialect is None or not fits:
        raise StudioError(
            f"The checkpoint '{wanted.name}' was trained with other vocabularies. Export it again with this version."
        )
    try:
        with safe_open(wanted.path, "pt") as file:
            config = json.loads(file.metadata()["config"])
            if not isinstance(config, dict):
                raise ValueError("no config")
        shapes: dict[str, tuple[int, ...]] = {}
        for path in _files(wanted):
            with safe_open(path, "pt") as file:
                shapes |= {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise StudioError(f"The checkpoint '{wanted.name}' cannot be read. {wanted.remedy}") from error
    try:
        if config.get("hints", HINTS_VERSION) != HINTS_VERSION:
            raise StudioError(
                f"The checkpoint '{wanted.name}' was trained with hints of layout {config['hints']}, and this version "
                f"of the studio has layout {HINTS_VERSION}. Take the version of the studio that it came with."
            )
        frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
        if not wanted.ships:  # PyTorch needs its compiler for that, 100 MB of memory that ours do without
            _check_shapes(architecture, frozen, shapes)
        with Bare():  # its weights come from the file
            model: Any = architecture.model(architecture.config(**frozen))
        if architecture.any_dialect and model.config.vocabulary != dialect.vocabulary:
            raise RuntimeError("the vocabulary of another dialect")
        weights = single_precision.mapped(wanted.sha256) if wanted.ships else {}
        if not weights:
            weights = _weights(wanted, {key: own.dtype for key, own in model.state_dict().items()})
        model.load_state_dict(weights, strict=True, assign=True)
    except (
        SafetensorError,
        RuntimeError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        AssertionError,
    ) as error:
        raise StudioError(
            f"The checkpoint '{wanted.name}' does not fit its own description. Export it again with this version."
        ) from error
    return Checkpoint(model.eval().requires_grad_(False), wanted, dialect)


def _files(wanted: RegistryEntry) -> list[Path]:
    """Returns the files in which the weights of a checkpoint lie, the one that describes it first."""
    return [wanted.path, *(companion.path for companion in wanted.companions)]


def stored_weights(wanted: RegistryEntry) -> dict[str, Any]:
    """Returns the weights of a checkpoint by name, as they lie in its files."""
    weights: dict[str, Any] = {}
    for path in _files(wanted):
        with safe_open(path, "pt") as file:
            weights |= {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    return weights


def _weights(wanted: RegistryEntry, kinds: dict[str, Any]) -> dict[str, Any]:
    """Returns the weights of a checkpoint as a model takes them; those that ship are shared with other processes.

    Raises:
        ValueError: some are no numbers.
    """
    from checkpoints import single_precision

    weights = {key: weight.float() for key, weight in stored_weights(wanted).items()}
    if not all(bool(weight.isfinite().all()) for weight in weights.values()):
        raise ValueError("numbers that are none")
    # a table of pitches is of integers
    weights = {key: weight.to(kinds.get(key, weight.dtype)) for key, weight in weights.items()}
    if wanted.ships:
        ours = {other.sha256 for other in known().values() if other.ships}
        weights = single_precision.shared(weights, wanted.sha256, ours)
    return weights


def _check_shapes(architecture: Architecture, config: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    """Makes sure that a model of a config has the weights that a file has, before any room is taken for it.

    Raises:
        ValueError: it has others. So do RuntimeError and TypeError.
    """
    import torch

    from checkpoints.bare import Bare

    for name, value in config.items():  # each layer and each field has weights of its own
        count = len(value) if name == "sizes" else value if name.endswith("layers") else 0
        if count > len(shapes):
            raise ValueError(f"{count} {name}")
    with torch.device("meta"), Bare():  # shapes alone, without memory
        model = architecture.model(architecture.config(**config))
    if {key: tuple(value.shape) for key, value in model.state_dict().items()} != shapes:
        raise ValueError("weights of other shapes")
    if sum(buffer.numel() for buffer in model.buffers()) > MAX_BUFFERS:
        raise ValueError("too large tables")
