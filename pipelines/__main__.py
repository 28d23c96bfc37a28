"""The studio on the command line: ``python -m pipelines VERB ...``.

A verb is a function that adds its parser and says which function runs it: that gets the command line and a way to show
progress, and returns the files to write; a verb may also say how they are written (``write``). VERBS lists them. Files are
written when all is done, so a run that fails leaves nothing behind. Exit code 0, or 2 with two short sentences.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from music.errors import StudioError
from music.files.atomic import reason, write_files
from music.files.midi import inspect, read_with_repairs
from pipelines.commands.flags import Verbs, file_verb
from pipelines.commands.page import add_page
from pipelines.commands.render import add_render
from pipelines.commands.running import Show
from pipelines.commands.sheet import add_sheet
from pipelines.commands.train import add_train
from pipelines.descriptors.pipelines import PIPELINES


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are the user's to read, in two sentences."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34))

    def error(self, message: str) -> NoReturn:
        raise StudioError(
            f"{message[:1].upper()}{message[1:]}. Type '{self.prog} --help' to see what can be asked for."
        )


class _Progress:
    """Shows how far a verb has come, on a terminal only; gone when it ends."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what = ""

    def __call__(self, done: float, total: float, unit: str, what: str = "") -> None:
        from tqdm import tqdm

        if self._bar is None:
            hidden = not sys.stderr.isatty()
            self._bar = tqdm(total=total, unit=f" {unit}", file=sys.stderr, disable=hidden, leave=False)
        self._bar.total = total
        if what != self._what:
            self._bar.set_description(what)
            self._what = what
        self._bar.update(max(done - self._bar.n, 0))

    def say(self, text: str) -> None:
        """Says something beside the bar."""
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()


def main(arguments: list[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    parser = _Parser(
        prog="python -m pipelines",
        description="DeepMusic Studio on the command line: compose, write, remix and harmonize music, play it, print it, look into it.",
        epilog="Type 'python -m pipelines VERB --help' to see what a verb can do.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in VERBS:
        add(verbs)
    try:
        asked = parser.parse_args(arguments)
        if hasattr(asked, "endings"):
            _check_place(asked.out, asked.endings)
        with _Progress() as show:
            files = asked.run(asked, show)
        getattr(asked, "write", write_files)(files)
        for path in files:
            if not path.name.endswith(".recipe.json"):  # recipes go without saying
                print(path)
        return 0
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Nothing was written.", file=sys.stderr)
        return 2


def _add_inspect(verbs: Verbs) -> None:
    """Adds the verb that tells what is in a file."""
    parser = file_verb(
        verbs,
        "inspect",
        _inspect,
        "the music to look into",
        help="tell what is in a MIDI file, and what a model would lose of it",
        description="Prints a health report: length, tracks, key, tempi, time signatures, chords, repairs, and what a model would drop.",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def _inspect(asked: argparse.Namespace, show: Show) -> dict[Path, bytes]:
    """Prints a report, and writes nothing."""
    reading = read_with_repairs(asked.source)
    report = inspect(reading.piece, reading.repairs)
    print(report.to_json() if asked.json else report.to_text())
    return {}


VERBS: tuple[Callable[[Verbs], None], ...] = (
    *(pipeline.load_command() for pipeline in PIPELINES.values()),
    add_train,
    add_render,
    add_sheet,
    add_page,
    _add_inspect,
)


def _check_place(out: Path, endings: Sequence[str]) -> None:
    """Makes sure, before any work, that an output file can be written and has one of these endings."""
    if out.suffix.lower() not in endings:
        raise StudioError(
            f"'{out}' has an ending that is not written here. Choose {', '.join(endings[:-1])} or {endings[-1]}."
        )
    try:
        if not out.parent.is_dir():
            raise StudioError(f"The folder '{out.parent}' does not exist. Make it first, or choose another.")
        if out.is_dir() or not os.access(out.parent, os.W_OK):
            raise StudioError(f"'{out}' cannot be written. Choose another place.")
    except OSError as error:  # such as a name that is too long
        raise StudioError(f"'{out}' cannot be written: {reason(error)}. Choose another name.") from error


if __name__ == "__main__":
    sys.exit(main())
