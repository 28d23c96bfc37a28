"""Cores and memory: what this machine has, what a container leaves of it, and what a process holds."""

from __future__ import annotations

import os
from pathlib import Path

WORKER_BYTES = 600 * 2**20
"""What one process that writes music takes beside its share of sound and sheets: some 450 MB with all models that ship loaded
(``python -m benchmarks visitors`` prints it), and room for a long song."""

_GROUP = Path("/sys/fs/cgroup")


def default_workers() -> int:
    """Returns how many processes write music at once unless somebody says how many: one a core, a core left for the pages."""
    free = memory_bytes()
    fits = max(1, free // (2 * WORKER_BYTES)) if free else 1  # half of the memory stays for pages, sound and all else
    return max(1, min(cores() - 1, fits))


def cores() -> int:
    """Returns how many cores this process may use, the limit of a container counted in."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(_GROUP / "cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        count = min(count, max(1, int(quota) // int(period)))
    return count


def memory_bytes() -> int:
    """Returns the memory of this machine or of its container; 0 where that cannot be known."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 0
    limit = _read(_GROUP / "memory.max")
    return min(whole, int(limit)) if limit.isdecimal() else whole


def own_bytes(process_id: int) -> int:
    """Returns what a process holds in memory for itself now; 0 where that cannot be known.

    Pages of files do not count, code and mapped weights: they are there once, whoever maps them.
    """
    fields = _read(Path(f"/proc/{process_id}/statm")).split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 2 else 0


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
