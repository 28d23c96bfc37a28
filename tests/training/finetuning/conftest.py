"""A cache folder with a tiny base in it, for all tests of this folder, and one of its own for each."""

from __future__ import annotations

import shutil

import pytest

from tests.training.finetuning.tiny import put_tiny_base


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """A cache folder with a tiny base."""
    folder = tmp_path_factory.mktemp("tiny base")
    put_tiny_base(folder / "cache", folder)
    return folder / "cache"


@pytest.fixture
def cache(shelf, tmp_path, monkeypatch):
    """A cache folder with the tiny base, for one test alone."""
    folder = tmp_path / "cache"
    shutil.copytree(shelf, folder)
    monkeypatch.setenv("DEEPMUSIC_CACHE", str(folder))
    monkeypatch.setenv("DEEPMUSIC_TRAINING_NICENESS", "0")  # beside other tests it would never have its turn
    monkeypatch.delenv("DEEPMUSIC_TRAINING", raising=False)
    return folder
