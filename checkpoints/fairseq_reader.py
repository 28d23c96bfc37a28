"""A MusicBERT checkpoint of fairseq -> sizes and weights, without fairseq and without running what the file says.

Such a file is a zip archive of tensors and of a pickle, and a pickle is a program: it names classes and functions, and
has them called. Here torch's restricted reader runs it (``weights_only=True``), which calls nothing but what puts
tensors together; every class of omegaconf, argparse or fairseq is replaced by ``Inert``, which only keeps its state.
"""

from __future__ import annotations

import re
import threading
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.musicbert import PADDING, MusicBERT, MusicBERTConfig
from music.errors import StudioError
from music.files.atomic import reason
from music.files.kinds import stand_in

VOCABULARY = 1237
MAX_BYTES = 8 * 2**30  # the largest official checkpoint has 0.4 GB, with the state of its optimizer 1.2 GB
MAX_PICKLE_BYTES = 64 * 2**20
ENCODER, HEAD = "encoder.sentence_encoder.", "encoder.lm_head."
NAMED_BY_FAIRSEQ = ("argparse", "collections", "enum", "fairseq", "hydra", "numpy", "omegaconf", "pathlib", "typing")
"""Packages whose classes a genuine checkpoint may name; none of them is imported."""
NUMBERS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
SETTINGS = {
    "layers": "encoder_layers",
    "width": "encoder_embed_dim",
    "hidden": "encoder_ffn_embed_dim",
    "heads": "encoder_attention_heads",
    "max_notes": "max_positions",
}
"""The sizes of a model as fairseq calls them."""

_reading = threading.Lock()  # torch keeps one list of permitted names for all threads


class Inert:
    """Stands in for a class that a file names: keeps the state that it is given and does nothing."""

    def __new__(cls, *_: Any) -> Inert:
        return super().__new__(cls)

    def __init__(self, *_: Any):
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _empty_dict(*_: Any) -> dict:
    """Stands in for collections.defaultdict."""
    return {}


STAND_INS: dict[str, Any] = {
    "builtins.dict": dict,
    "builtins.list": list,
    "builtins.int": int,
    "collections.defaultdict": _empty_dict,
}
"""What a name stands for where ``Inert`` will not do."""
BUILTINS = frozenset(("builtins.bool", "builtins.float", "builtins.object", "builtins.str", "builtins.tuple"))
"""Builtins that a file may name besides, to which ``Inert`` does justice."""


def read(path: Path) -> tuple[MusicBERTConfig, dict[str, Tensor]]:
    """Returns the sizes and the weights (float32, by the names of models/musicbert.py) of an official checkpoint.

    The state of an optimizer and heads for classification, where the file has them, are left out.

    Raises:
        StudioError: the file cannot be opened, is damaged, is no fairseq checkpoint of a MusicBERT with the official
            vocabulary, or names things that such a checkpoint has no use for.
    """
    path = Path(path)
    _check_archive(path)
    state = _unpickle(path)
    weights = _weights(state, path)
    config = _config(_settings(state), weights, path.name)
    with torch.device("meta"):
        expected = MusicBERT(config).state_dict()
    _compare(expected, weights, path.name)
    return config, {name: weights[name].to(torch.float32, copy=True).contiguous() for name in expected}


def _check_archive(path: Path) -> None:
    """Checks that a file is a whole zip archive as torch writes them, which can hold no more than its own size."""
    name = path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4096)
        if size > MAX_BYTES:
            raise StudioError(f"'{name}' is larger than {MAX_BYTES / 2**30:.0f} GB. Choose a MusicBERT checkpoint.")
        if start.startswith((b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P", b"\x80\x03\x8a\nl\xfc\x9cF\xf9 j\xa8P")):
            raise StudioError(
                f"'{name}' is in the format that torch wrote before version 1.6. Save it again with a newer torch."
            )
        if found := stand_in(start):
            raise StudioError(f"'{name}' is {found[0]}, not a checkpoint. {found[1]}")
        if not start.startswith(b"PK\x03\x04"):
            raise StudioError(f"'{name}' is no checkpoint of fairseq. Choose a .pt file of MusicBERT.")
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            kinds = {part.filename.rpartition("/")[2] for part in parts if part.compress_type == zipfile.ZIP_STORED}
            compressed = any(part.compress_type != zipfile.ZIP_STORED for part in parts)
            saved = "data.pkl" in kinds and "constants.pkl" not in kinds  # which a compiled model has
            if not saved or compressed or archive.comment or sum(part.file_size for part in parts) > size:
                raise StudioError(f"'{name}' is an archive, but not one of torch. Choose a .pt file of MusicBERT.")
            if any(part.filename.endswith(".pkl") and part.file_size > MAX_PICKLE_BYTES for part in parts):
                raise StudioError(f"'{name}' holds more than weights and settings. Choose a .pt file of MusicBERT.")
            if archive.testzip() is not None:
                raise _damaged(name)
    except OSError as error:
        raise StudioError(f"'{path}' cannot be opened: {reason(error)}. Check the name.") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OverflowError) as error:
        raise _damaged(name) from error


def _unpickle(path: Path) -> dict[str, Any]:
    """Returns what a file holds, its tensors still lying in the file."""
    with _reading:
        try:
            named = torch.serialization.get_unsafe_globals_in_checkpoint(str(path))
        except Exception as error:  # whatever bytes can provoke
            raise _damaged(path.name) from error
        for name in sorted(named):
            known = name in STAND_INS or name in BUILTINS or name.split(".")[0] in NAMED_BY_FAIRSEQ
            if not known:
                raise StudioError(
                    f"'{path.name}' is no checkpoint of fairseq: it asks for '{name[:80]}', and nothing of it was run. "
                    "Take the file from its authors."
                )
        try:
            with torch.serialization.safe_globals([(STAND_INS.get(name, Inert), name) for name in named]):
                state = torch.load(str(path), map_location="cpu", weights_only=True, mmap=True)
        except Exception as error:
            raise _damaged(path.name) from error
    if not isinstance(state, dict):
        raise _no_musicbert(path.name, "it holds no model")
    return state


def _weights(state: dict[str, Any], path: Path) -> dict[str, Tensor]:
    """Returns the tensors of the model, by the names of models/musicbert.py."""
    model = state.get("model")
    if not isinstance(model, dict) or not model:
        raise _no_musicbert(path.name, "it holds no model")
    weights: dict[str, Tensor] = {}
    for name, tensor in model.items():
        plain = type(tensor) in (Tensor, torch.nn.Parameter) and not vars(tensor) and tensor.layout == torch.strided
        if not isinstance(name, str) or not plain or tensor.dtype not in NUMBERS or tensor.device.type != "cpu":
            raise _no_musicbert(path.name, f"'{str(name)[:80]}' is no table of numbers")
        name = name.replace(ENCODER + "layernorm_embedding.", ENCODER + "emb_layer_norm.")
        if name in weights:
            raise _no_musicbert(path.name, f"it holds '{name[:80]}' twice")
        if not name.startswith("classification_heads."):
            weights[name] = tensor.detach()
    # A tensor may repeat its numbers without end; as many as it says must lie in the file.
    if sum(tensor.numel() * tensor.element_size() for tensor in weights.values()) > path.stat().st_size:
        raise _damaged(path.name)
    return weights


def _settings(state: dict[str, Any]) -> dict[str, Any]:
    """Returns the command line of a training as fairseq keeps it: in ``cfg``, in old files in ``args``."""
    cfg = _unwrapped(state.get("cfg"))
    for found in (cfg.get("model") if isinstance(cfg, dict) else None, state.get("args")):
        settings = _unwrapped(found)
        if isinstance(settings, dict):
            plain = {name: _unwrapped(value) for name, value in settings.items()}
            return {name: value for name, value in plain.items() if isinstance(value, (int, float, str))}
    return {}


def _unwrapped(value: Any) -> Any:
    """Returns the value in a node of omegaconf, the attributes of a namespace, anything else as it is."""
    for _ in range(8):  # a file can make a ring of nodes
        if not isinstance(value, Inert):
            break
        inside = value.state if isinstance(value.state, dict) else {}
        value = next((inside[key] for key in ("_val", "_content") if key in inside), inside)
    return value


def _config(settings: dict[str, Any], weights: dict[str, Tensor], name: str) -> MusicBERTConfig:
    """Returns the sizes, measured on the weights; the number of heads, which leaves no trace in them, is as set."""

    def size(part: str, axis: int) -> int:
        """Returns one side of a table of weights."""
        tensor = weights.get(ENCODER + part)
        if tensor is None or tensor.ndim != 2:
            raise _no_musicbert(name, f"'{part}' is missing or has another form")
        return tensor.shape[axis]

    size("downsampling.0.weight", 0)  # what sets a MusicBERT apart from other models of fairseq
    if (tokens := size("embed_tokens.weight", 0)) != VOCABULARY:
        raise _no_musicbert(name, f"it knows {tokens} tokens, not the {VOCABULARY} of the official vocabulary")
    heads = settings.get("encoder_attention_heads")
    if type(heads) is not int or heads < 1 or size("embed_tokens.weight", 1) % heads:
        raise _no_musicbert(name, "its settings do not give a fitting number of attention heads")
    config = MusicBERTConfig(
        vocabulary=VOCABULARY,
        layers=len({found[1] for key in weights if (found := re.match(rf"{re.escape(ENCODER)}layers\.(\d+)\.", key))}),
        width=size("embed_tokens.weight", 1),
        hidden=size("layers.0.fc1.weight", 0),
        heads=heads,
        max_notes=size("embed_positions.weight", 0) - PADDING - 1,
    )
    for ours, theirs in SETTINGS.items():
        if settings.get(theirs, getattr(config, ours)) != getattr(config, ours):
            raise _no_musicbert(name, f"its weights do not have the '{theirs}' of its settings")
    for theirs, needed in (("activation_fn", "gelu"), ("pad", PADDING)):
        if settings.get(theirs, needed) != needed:
            raise _no_musicbert(name, f"its '{theirs}' is another")
    if min(config.width, config.hidden, config.max_notes) < 1:
        raise _no_musicbert(name, "it is empty")
    return config


def _compare(expected: dict[str, Tensor], weights: dict[str, Tensor], name: str) -> None:
    """Checks that the weights are those that a model of these sizes has, and that all are finite numbers."""
    for part, tensor in expected.items():
        if part not in weights:
            raise _no_musicbert(name, f"'{part}' is missing")
        if weights[part].shape != tensor.shape:
            raise _no_musicbert(name, f"'{part}' has the size {list(weights[part].shape)}, not {list(tensor.shape)}")
        if not torch.isfinite(weights[part]).all():
            raise StudioError(f"'{name}' is spoiled: '{part}' holds values that are no numbers. Take another copy.")
    more = sorted(weights.keys() - expected.keys())
    if more:
        raise _no_musicbert(name, f"it has a part '{more[0][:80]}'")


def _damaged(name: str) -> StudioError:
    return StudioError(f"'{name}' is cut short or damaged. Download it again.")


def _no_musicbert(name: str, why: str) -> StudioError:
    return StudioError(f"'{name}' is no MusicBERT that can be used here: {why}. Choose an official checkpoint.")
