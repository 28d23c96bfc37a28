"""Spotify's Basic Pitch -> the checkpoint basic-pitch, which hears notes in sound.

    pip download --no-deps basic-pitch==0.4.0
    python -m training basic_pitch basic_pitch-0.4.0-py2.py3-none-any.whl

The package holds the network as ONNX, 230 KB, under the Apache License 2.0. Its weights are read here by the few fields of
the ONNX format that hold them, so that neither onnx nor onnxruntime has to be installed, and written as safetensors for
``models/basic_pitch.py``; license and notice go beside the card.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from checkpoints.self_test import recorded
from checkpoints.store import CARDS, EMBEDDED, EMBEDDED_SOURCE, REGISTRY, file_sha256, register
from models.basic_pitch import KERNEL, OCTAVE, BasicPitch, BasicPitchConfig
from music.errors import StudioError
from training.card import write_card

NAME = "basic-pitch"
MODEL = "basic_pitch/saved_models/icassp_2022/nmp.onnx"
SHA256 = "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec"
"""Of the network in version 0.4.0 of the package."""

LEGAL = ("LICENSE", "NOTICE")
DATA = ("GuitarSet", "iKala", "MAESTRO", "MedleyDB", "Slakh")

METRIC = "the same figures as the authors' network, within 0.00001"
REMARKS = (
    "Trained and published by Spotify (Bittner et al. 2022, https://github.com/spotify/basic-pitch, version 0.4.0), on the sets "
    "named here. The weights are theirs as they are, read from ONNX by `python -m training basic_pitch`; license and notice lie "
    "beside this card."
)

_BIASES = {
    "contour.bias": "model_1/conv2d_1/Conv2D",
    "contour_out.bias": "model_1/contours-reduced/BiasAdd/ReadVariableOp",
    "notes.bias": "model_1/conv2d_2/BiasAdd/ReadVariableOp",
    "notes_out.bias": "model_1/conv2d_3/BiasAdd/ReadVariableOp",
    "onsets.bias": "model_1/conv2d_4/Conv2D",
    "onsets_out.bias": "model_1/conv2d_5/BiasAdd/ReadVariableOp",
    "spectrogram.scale": "model_1/cq_t2010v2_1/Sqrt",
}
"""With what the name in the graph ends."""

_LEVEL = ("batch_normalization/FusedBatchNormV3", "batch_normalization/FusedBatchNormV31")


def main(argv: list[str]) -> None:
    """Runs ``python -m training basic_pitch``."""
    parser = argparse.ArgumentParser(prog="python -m training basic_pitch", description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="basic_pitch-0.4.0-py2.py3-none-any.whl")
    print(embed(parser.parse_args(argv).package))


def embed(package: Path) -> Path:
    """Writes the checkpoint that ships, its entry, card, license and notice, and returns its path.

    Raises:
        StudioError: the package cannot be read, or is another version.
    """
    network, legal = _unpacked(package)
    weights = read_weights(network)
    path = EMBEDDED / f"{NAME}.safetensors"
    config = {
        "config": json.dumps(dataclasses.asdict(BasicPitchConfig()))
    }  # of several keys the order would be by chance
    save_file(weights, f"{path}.part", metadata=config)
    os.replace(f"{path}.part", path)
    for name, text in legal.items():
        (CARDS / f"{NAME}.{name}.txt").write_bytes(text)
    values = {
        "kind": "checkpoint",
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
        "sources": [EMBEDDED_SOURCE],
        "task": "transcribe",
        "architecture": "basic_pitch",
        "tokenizer": "none",
        "licence": "Apache-2.0",
        "parameters": sum(weights[name].numel() for name, _ in BasicPitch(BasicPitchConfig()).named_parameters()),
        "data": list(DATA),
        "metrics": [METRIC],
        "remarks": REMARKS,
    }
    register(REGISTRY, NAME, recorded(NAME, path, values))
    write_card(NAME, REGISTRY, CARDS)
    return path


def _unpacked(package: Path) -> tuple[bytes, dict[str, bytes]]:
    """Returns the network in the package, and its license and notice by name."""
    try:
        with zipfile.ZipFile(package) as file:
            network = file.read(MODEL)
            legal = {name: file.read(f"basic_pitch-0.4.0.dist-info/{name}") for name in LEGAL}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise StudioError(f"'{package}' is not the package basic-pitch 0.4.0. Get it with pip download.") from error
    if hashlib.sha256(network).hexdigest() != SHA256:
        raise StudioError(f"'{package}' holds another network. Get version 0.4.0 of the package.")
    return network, legal


def read_weights(network: bytes) -> dict[str, torch.Tensor]:
    """Returns the weights of ``models.basic_pitch.BasicPitch`` from the authors' ONNX file."""
    (graph,) = (value for field, value in _fields(network) if field == 7)
    found = [_tensor(value) for field, value in _fields(graph) if field == 5]
    floats = [(name, values) for name, values in found if values.dtype == np.float32]

    def named(ending: str) -> np.ndarray:
        return max((values for name, values in floats if name.endswith(ending)), key=np.size)

    wanted = BasicPitch(BasicPitchConfig()).state_dict()
    weights = {name: named(ending) for name, ending in _BIASES.items()}
    weights["level"] = np.concatenate([named(ending) for ending in _LEVEL])
    # Which of the two parts of a filter is the real one makes no difference to its magnitude.
    filters = [values for _, values in floats if values.shape == (OCTAVE, 1, 1, KERNEL)]
    weights["spectrogram.real"], weights["spectrogram.imaginary"] = filters
    for name in wanted.keys() - weights.keys():  # convolutions, each of another shape
        shape = tuple(wanted[name].shape)
        shape = (1, *shape) if name == "spectrogram.lowpass" else shape
        (weights[name],) = (values for _, values in floats if values.shape == shape)
    return {name: torch.from_numpy(weights[name].reshape(tensor.shape).copy()) for name, tensor in wanted.items()}


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yields number and value of each field of a protocol buffer: whole numbers, or bytes."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place, value, shift = place + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while place < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        length = varint() if kind == 2 else {1: 8, 5: 4}[kind]
        yield key >> 3, message[place : place + length]
        place += length


def _tensor(message: bytes) -> tuple[str, np.ndarray]:
    """Returns the name and the values of an ONNX TensorProto that holds floats or whole numbers as raw bytes."""
    shape, kind, name, raw = [], 0, "", b""
    for field, value in _fields(message):
        if field == 1:
            shape.append(value)
        elif field == 2:
            kind = value
        elif field == 8:
            name = value.decode()
        elif field == 9:
            raw = value
    return name, np.frombuffer(raw, {1: "<f4", 6: "<i4", 7: "<i8"}[kind]).reshape(shape)
