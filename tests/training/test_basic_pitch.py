"""The weights of Basic Pitch are read from the authors' package."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import torch

from models.basic_pitch import BasicPitch, BasicPitchConfig
from music.errors import StudioError
from training import basic_pitch


def varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name: str, values: np.ndarray) -> bytes:
    kind = {"f": 1, "i": 7}[values.dtype.kind]
    shape = b"".join(field(1, size) for size in values.shape)
    return shape + field(2, kind) + field(8, name.encode()) + field(9, values.tobytes())


def network(weights: dict[str, torch.Tensor]) -> bytes:
    """Returns a file as tf2onnx writes it, with these weights, some shapes for reshaping, and names as in the authors' file."""
    graph = field(5, tensor("shape", np.array([1, -1], dtype="<i8")))
    for number, (name, value) in enumerate(weights.items()):
        values = value.numpy().astype("<f4")
        if name == "level":
            for ending, one in zip(basic_pitch._LEVEL, values, strict=True):
                graph += field(5, tensor(f"model/{ending}", one[None]))
            continue
        if name.startswith("spectrogram.") and values.ndim == 3:
            values = values[:, :, None]
        if name == "spectrogram.scale":
            values = values[:, None, None]
        graph += field(5, tensor(f"x;{basic_pitch._BIASES.get(name, f'const_{number}')}", values))
    return field(1, 8) + field(7, graph)


def test_each_weight_comes_to_its_place():
    shapes = BasicPitch(BasicPitchConfig()).state_dict()
    weights = {name: torch.randn(value.shape) for name, value in shapes.items()}
    found = basic_pitch.read_weights(network(weights))
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


@pytest.mark.parametrize("kind", ["missing", "text", "another version"])
def test_another_file_is_refused(tmp_path, kind):
    path = tmp_path / "package.whl"
    if kind == "text":
        path.write_text("no zip")
    elif kind == "another version":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(basic_pitch.MODEL, b"other")
            for name in basic_pitch.LEGAL:
                file.writestr(f"basic_pitch-0.4.0.dist-info/{name}", name)
    with pytest.raises(StudioError, match=r"\. Get "):
        basic_pitch.embed(path)
