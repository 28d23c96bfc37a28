"""Flags that several verbs of the command line have, and what can be typed there.

A flag that is not given stays out of what argparse returns, so that each default stands in one place, the options.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipelines.commands.running import Show
from pipelines.options.checks import MAX_VARIANTS
from pipelines.options.text import parse_locked
from pipelines.sound import SYNTHESES

Verbs = Any  # the object that argparse's add_subparsers returns, whose class is private
Run = Callable[[argparse.Namespace, Show], dict[Path, bytes]]


def file_verb(
    verbs: Verbs, name: str, run: Run, source: str, out: tuple[str, str, Sequence[str]] | None = None, **texts: str
) -> argparse.ArgumentParser:
    """Adds a verb that makes of one file of music another, without a model, and returns its parser.

    Args:
        verbs: where it is added.
        name: of the verb.
        run: gets the command line and shows progress; returns the files.
        source: what the file of music is for.
        out: how OUT is written, what it is, and which endings it may have; None for a verb that writes nothing.
        texts: its ``help`` among the verbs, and its ``description``.
    """
    parser = verbs.add_parser(name, **texts)
    parser.add_argument("source", metavar="IN.mid", help=source)
    if out is not None:
        metavar, meaning, endings = out
        parser.add_argument("out", metavar=metavar, type=Path, help=meaning)
        parser.set_defaults(endings=endings)
    parser.set_defaults(run=run)
    return parser


def add_out(parser: argparse.ArgumentParser) -> None:
    """Adds the flag that says where the result goes."""
    parser.add_argument(
        "--out",
        metavar="OUT.mid",
        type=Path,
        required=True,
        help="where the result goes; several variants become OUT-1.mid, OUT-2.mid, ...",
    )


def add_synthesis(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say how a piece becomes sound."""
    parser.add_argument(
        "--synthesis",
        metavar="|".join(SYNTHESES),
        default="played",
        help="how notes become sound: by the sound bank (unless said), of sine waves and noise, or as 20 MFCC give it back",
    )
    parser.add_argument("--soundfont", metavar="FILE", type=Path, help="the sound bank to play with, .sf2 or .sf3")


def add_locks(group: Any) -> None:
    """Adds the flag that says which notes stay."""
    group.add_argument(
        "--lock-notes",
        metavar="TRACK:BARS",
        action="append",
        type=parse_locked,
        help="notes that stay as they are, such as 0:5-8 for those of track 0 that begin in bars 5 to 8; may be given "
        "again. Those that were locked in the studio stay too",
    )


def add_freedom(group: Any, **fields: str) -> None:
    """Adds the flags of sampling, with a factor on the temperature for each of these fields."""
    group.add_argument(
        "--temperature",
        metavar="T",
        type=number_in,
        help="0 always takes the likeliest, 1 is as the music it learned from",
    )
    for name, meaning in fields.items():
        group.add_argument(f"--temperature-{name}", metavar="T", type=number_in, help=f"factor on that for {meaning}")
    group.add_argument(
        "--top-p", metavar="P", type=number_in, help="keep the likeliest choices that together have this probability"
    )
    group.add_argument("--top-k", metavar="K", type=int, help="keep at most this many choices; 0 for no limit")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that say how a verb is run: seed, variants, checkpoint, recipe."""
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed and settings give the same notes")
    run.add_argument("--variants", metavar="N", type=int, help=f"how many versions to write, 1 to {MAX_VARIANTS}")
    run.add_argument("--checkpoint", metavar="NAME", help="the model to use")
    run.add_argument("--model", dest="checkpoint", metavar="NAME", help="the same")
    run.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help="do again what an OUT.recipe.json says, with the checkpoint of that time; takes IN.mid and --out beside it",
    )
    parser.set_defaults(endings=(".mid", ".midi"))


def names_in(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def number_in(text: str) -> float:
    """Returns the number that a text is, a finite one."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"'{text}' is no number such as 0.5")
    return number


def numbers_in(text: str) -> tuple[int, ...]:
    """Returns the numbers in a list with commas."""
    try:
        return tuple(int(number) for number in names_in(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of numbers such as 0,2") from None
