"""The node that the tests of the JavaScript run in: that which playwright brings, so that nobody needs to install one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import NO_NODE

PLAYER = Path(__file__).resolve().parents[2] / "studio" / "widgets" / "player"


def node() -> str:
    """Returns the path of a node; skips the test where there is none."""
    try:
        from playwright._impl._driver import compute_driver_executable

        brought = compute_driver_executable()[0]
    except ImportError:
        brought = None
    found = str(brought) if brought and Path(brought).exists() else shutil.which("node") or shutil.which("nodejs")
    if found is None:
        pytest.skip(NO_NODE)
    return found
