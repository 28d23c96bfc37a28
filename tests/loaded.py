"""The one place where tests reach for the checkpoints that are in memory."""

from __future__ import annotations

import pytest

from checkpoints import loading


def nothing_loaded(patch: pytest.MonkeyPatch) -> None:
    """Has all checkpoints loaded anew, from wherever the cache folder is; afterwards those of before are there again."""
    patch.setattr(loading, "_loaded", {})


def forget(*names: str) -> None:
    """Takes checkpoints out of memory; all of them where none is named."""
    for name in names or tuple(loading._loaded):
        loading._loaded.pop(name, None)
