"""``python -m checkpoints list | verify | import``: what models there are, whether they are whole, and those of others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checkpoints.store import entries, entry, verify
from music.errors import StudioError


def main(argv: list[str]) -> int:
    """Runs one verb and returns the exit code: 0, or 2 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m checkpoints", description="The trained models of the studio.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("list", help="name, task, size and parameters of each checkpoint")
    checking = verbs.add_parser("verify", help="compare the files with the registry's sizes and SHA-256 sums")
    checking.add_argument("names", nargs="*", help="checkpoints to verify; all by default")
    importing = verbs.add_parser("import", help="take in a MusicBERT checkpoint of fairseq (.pt)")
    importing.add_argument("file", type=Path, metavar="FILE.pt", help="the checkpoint as its authors give it")
    importing.add_argument("--name", help="what to call it; by default after its size or its file")
    args = parser.parse_args(argv)
    try:
        if args.verb == "list":
            for found in entries().values():
                parameters = found.details.get("parameters", 0) / 1e6
                print(f"{found.name:20}{found.task:12}{found.bytes / 1e6:7.1f} MB{parameters:8.2f} M parameters")
        elif args.verb == "import":
            from checkpoints.importing import import_musicbert  # brings torch, which the other verbs do without

            found = import_musicbert(args.file, args.name)
            parameters = found.details["parameters"] / 1e6
            print(f"{found.name}: {parameters:.1f} M parameters, for the {found.task} page, in {found.path}")
        else:
            for name in args.names or list(entries()):
                verify(entry(name))
                print(f"{name}: whole, sha256 {entry(name).sha256}")
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
