"""Serves the pages, once the packages are there: ``python -m studio.serve``, with the options of ``python -m studio``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from music.errors import StudioError
from pipelines.worker.pool import Worker, cluster_address
from studio import limits
from studio.__main__ import EVERYWHERE, HERE, ROOT, parsed
from studio.projects.library import folder_problem


def main(arguments: list[str]) -> int:
    """Serves the pages until the studio is ended; returns the exit code, or 2 after an error that a user can mend."""
    options = parsed(arguments)
    try:
        limits.check()
        if not cluster_address():
            Worker()  # starts nothing yet
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    for line in (folder_problem(), _opening(options)):
        if line:
            print(line, flush=True)
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    settings = {
        "server.port": options.port,
        "server.address": options.address,
        "server.baseUrlPath": options.base_path,
        "server.showEmailPrompt": "false",
        "server.headless": "false" if screen and options.address == HERE else "true",
    }
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    os.chdir(ROOT)
    if sys.platform != "win32":  # there it would come back at once
        os.execv(sys.executable, command)  # so that signals reach the server, which then ends in order
    return subprocess.call(command)


def _opening(options: argparse.Namespace) -> str:
    """Returns where the studio is, and who can open it."""
    path = f"/{options.base_path.strip('/')}".rstrip("/")
    if options.address == HERE:
        return (
            f"DeepMusic Studio: http://localhost:{options.port}{path}\n"
            f"Only browsers on this machine can open it. For others: --address {EVERYWHERE} (docs/deploy.md says what to mind)."
        )
    shown = "all addresses of this machine" if options.address == EVERYWHERE else options.address
    return (
        f"DeepMusic Studio: port {options.port}{path} of {shown}\n"
        "Everybody who reaches it can use it: there is no password. DEEPMUSIC_SHARED=1 hides visitors' songs from each other."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
