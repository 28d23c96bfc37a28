"""What all tests share: how many examples are made up, which files come first, and what is said at the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.examples import THOROUGH, examples

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("studio", PATIENT, max_examples=examples(100), derandomize=True, database=None)
settings.register_profile("thorough", PATIENT, max_examples=examples(100))
settings.load_profile("thorough" if THOROUGH else "studio")

LONGEST = ("tests/test_readme.py", "tests/test_notebooks.py", "tests/browser/")
"""Where few tests take long. Were they last, one process would work on them while the other has nothing left."""

NO_CHROMIUM = "There is no chromium on this machine"
INSTALL_CHROMIUM = "sudo apt-get install chromium"


NO_NODE = "There is no node on this machine"
"""To run JavaScript with."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves what takes longest to the beginning; all else stays in its order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says in a line each that tests were left out because there is no browser or no node, and how to get one."""
    for reason, what in (
        (
            NO_NODE,
            "JavaScript tests were skipped: there is no node. It comes with: pip install -r requirements-dev.txt",
        ),
        (NO_CHROMIUM, f"browser tests were skipped: there is no chromium. Install it with: {INSTALL_CHROMIUM}"),
    ):
        skipped = [report for report in terminalreporter.stats.get("skipped", ()) if reason in str(report.longrepr)]
        if skipped:
            terminalreporter.write_line(f"{len(skipped)} {what}", yellow=True, bold=True)
