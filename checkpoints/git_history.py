"""Files that earlier versions of the studio shipped, read by git out of the history of the repository; never by network."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from checkpoints.connection import SourceError

ROOT = Path(__file__).parents[1]
_ELSEWHERE = (
    "Take the file out of an earlier version of the studio and take it in with `python -m checkpoints import FILE`."
)


@contextmanager
def open_blob(blob: str) -> Iterator[IO[bytes]]:
    """Gives what git keeps under an id, to be read; nobody has compared it with a sum yet.

    Args:
        blob: git's id of a file's content.

    Raises:
        SourceError: there is no history here, or this clone of the repository lacks that part of it.
    """
    _check(blob)
    with subprocess.Popen(
        _command("cat-file", "blob", blob), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout
        finally:
            process.kill()  # whoever stops reading early would have it wait for ever


def _check(blob: str) -> None:
    """Makes sure that git has a file's content, and says what to do where it has not.

    Raises:
        SourceError: it has not.
    """
    if not (ROOT / ".git").exists():
        raise SourceError("lies in the history of the repository, which this copy came without", remedy=_ELSEWHERE)
    try:
        if _run("cat-file", "-e", blob).returncode == 0:
            return
        is_shallow = _run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        is_partial = _run("config", "--get-regexp", r"^remote\..*\.promisor$").returncode == 0
    except OSError as error:
        raise SourceError("is read by git, which does not run here", remedy=_ELSEWHERE) from error
    again = "in the folder of the studio, and pull again."
    if is_shallow:
        raise SourceError("lies deeper in the history than this clone", remedy=f"Run `git fetch --unshallow` {again}")
    if is_partial:
        raise SourceError("was left out of this partial clone", remedy=f"Run `git cat-file -e {blob}` {again}")
    raise SourceError("is not in the history of this repository", remedy=_ELSEWHERE)


def _run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Returns what a command of git says."""
    return subprocess.run(_command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, check=False)


def _command(*arguments: str) -> list[str]:
    """Returns a command of git about our repository, whatever the environment says; a partial clone must not ask its server."""
    return ["git", f"--git-dir={ROOT / '.git'}", "-c", "protocol.allow=never", *arguments]
