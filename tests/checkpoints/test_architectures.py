"""What is known of each architecture is whole, and a bare machine can train all of them."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoints.architectures import ARCHITECTURES
from checkpoints.store import entries

ROOT = Path(__file__).parents[2]
TRAINED = {name: each for name, each in ARCHITECTURES.items() if each.learns}
"""All but those that come from others."""


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_can_be_trained_judged_and_tested(name):
    architecture = ARCHITECTURES[name]
    assert architecture.model.__module__ == architecture.module
    if name in TRAINED:
        assert importlib.import_module(f"training.tasks.{architecture.learns}").Task.unit
        assert callable(importlib.import_module(f"training.likelihood.{architecture.judged_by}").report)
    assert callable(architecture.load_self_test())


def test_all_that_ship_are_of_a_known_one():
    assert {found.architecture for found in entries().values() if found.ships and found.kind == "checkpoint"} <= set(
        ARCHITECTURES
    )


def test_training_needs_torch_numpy_and_safetensors_alone():
    modules = ["training.train", "training.tasks.band", *(f"training.tasks.{each.learns}" for each in TRAINED.values())]
    code = f"""
import sys
for name in ("symusic", "miditok", "music21", "streamlit", "scipy", "huggingface_hub", "soundfile"):
    sys.modules[name] = None  # an import of it fails
import importlib
for name in {modules!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
