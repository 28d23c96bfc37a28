"""``python -m checkpoints VERB``: what models and sound banks there are, here and elsewhere, and whether they are whole."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from checkpoints.downloading import DownloadProgress, DownloadStopped
from checkpoints.sources import offline
from checkpoints.store import KIND_NAMES, entries, entry, known, remove
from music.errors import StudioError

_STATES = {"ships": "ships with it", "here": "here", "away": "can be pulled", "lost": "missing"}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are the user's to read, in two sentences."""

    def error(self, message: str) -> NoReturn:
        raise StudioError(
            f"{message[:1].upper()}{message[1:]}. Type '{self.prog} --help' to see what can be asked for."
        )


def main(argv: list[str]) -> int:
    """Runs one verb and returns the exit code: 0, or 2 with a sentence on standard error."""
    try:
        args = _parser().parse_args(argv)
        args.run(args)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. What was not finished was left as it was.", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    """Returns the parser of all verbs."""
    parser = _Parser(prog="python -m checkpoints", description="The trained models and sound banks of the studio.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(run=run)
        return made

    verb("list", _list, "name, state, task, size, parameters, license and origin of each checkpoint and sound bank")
    pulling = verb("pull", _pull, "download what is listed and not here, or mend it; a cut download goes on")
    pulling.add_argument("names", nargs="+", metavar="NAME")
    checking = verb("verify", _verify, "compare files with their sizes and SHA-256 sums, and let models write 8 notes")
    checking.add_argument("names", nargs="*", metavar="NAME", help="what to verify; all that is here by default")
    importing = verb(
        "import", _import, "take in a fairseq MusicBERT (.pt), a sound bank (.sf2, .sf3) or a listed .safetensors"
    )
    importing.add_argument(
        "file", type=Path, metavar="FILE", help="as its authors give it, or as `pull` would bring it"
    )
    importing.add_argument("--name", help="what to call it; by default after its size or its file")
    publishing = verb("publish", _publish, "write a folder that a web server or the hub can give to others")
    publishing.add_argument("wanted", nargs="+", metavar="RUN|NAME", help="folders of training runs, or names")
    publishing.add_argument("--out", type=Path, default=Path("published"), metavar="FOLDER", help="(published)")
    publishing.add_argument("--name", help="what to call the checkpoint of a run; by default after its recipe")
    publishing.add_argument(
        "--license",
        "--licence",
        dest="licence",
        metavar="LICENSE",
        help="of what is published, where its own is not known",
    )
    publishing.add_argument("--hub", metavar="OWNER/REPO", help="upload the folder to the Hugging Face hub too")
    adding = verb("add", _add, "add a registry that others published, so that what it lists can be pulled")
    adding.add_argument("address", help="of its folder or registry.toml: https, hf://owner/repo@COMMIT, or a path")
    removing = verb("remove", _remove, "delete what was pulled, imported or exported, or forget an added registry")
    removing.add_argument("names", nargs="+", metavar="NAME|ADDRESS")
    recording = verb("record", _record, "note anew what notes the self-test must find, after changing code on purpose")
    recording.add_argument("names", nargs="+", metavar="NAME")
    return parser


def _list(args: argparse.Namespace) -> None:
    """Prints a line for each checkpoint and sound bank."""
    row = "{:20}{:15}{:24}{:>10}{:>10}  {:22}{}"
    print(row.format("name", "state", "task", "size", "weights", "license", "from").rstrip())
    for found in known().values():
        weights = found.details.get("parameters")
        ours = "the repository" if found.ships else "its history" if found.shipped_before else ""
        origin = found.origin or found.details.get("source") or ours
        print(
            row.format(
                f"{found.name} ",
                _STATES[found.state],
                found.task or KIND_NAMES[found.kind].removeprefix("a "),
                f"{found.whole_bytes / 1e6:.1f} MB",
                f"{weights / 1e6:.2f} M" if weights else "",
                str(found.details.get("licence", "")),
                origin,
            ).rstrip()
        )
    if switch := offline():
        print(f"{switch} keeps the studio offline: nothing comes by network.")


def _pull(args: argparse.Namespace) -> None:
    """Downloads what is named, or all that can be pulled, and prints how far it is."""
    from checkpoints.pulling import pull

    for name in args.names:
        was_here = entry(name).is_here
        show = _Line(name)
        try:
            found = pull(name, show)
        except (KeyboardInterrupt, DownloadStopped) as error:
            raise StudioError(
                f"Stopped. What has come of '{name}' is kept, and `python -m checkpoints pull {name}` goes on from there."
            ) from error
        finally:
            show.close()
        print(f"{name}: {'whole already' if was_here and not show.shown else 'pulled'}, in {found.path}")


class _Line:
    """Shows how far a download is: one line that changes on a terminal, else a new line now and then.

    Args:
        name: of what is downloaded.
    """

    PLAIN_S = 5.0

    def __init__(self, name: str) -> None:
        self.shown, self._name = False, name
        self._terminal, self._last, self._length = sys.stderr.isatty(), -self.PLAIN_S, 0

    def __call__(self, progress: DownloadProgress) -> None:
        clock, over = time.monotonic(), progress.received == progress.total
        self.shown = True
        if not self._terminal and clock - self._last < self.PLAIN_S and not over:
            return
        from checkpoints.pulling import in_words

        self._last, text = clock, f"{self._name}: {in_words(progress)}"
        end = "" if self._terminal else "\n"
        print(("\r" if self._terminal else "") + text.ljust(self._length), end=end, file=sys.stderr, flush=True)
        self._length = len(text)

    def close(self) -> None:
        """Ends the line."""
        if self._terminal and self._length:
            print(file=sys.stderr)
            self._length = 0


def _verify(args: argparse.Namespace) -> None:
    """Checks what is named, or all that is here, and prints what was found; fails once all are checked."""
    from checkpoints.self_test import check  # brings torch, which the other verbs do without

    troubles = []
    for name in args.names or list(entries()):
        try:
            print(f"{name}: {check(entry(name))}; sha256 {entry(name).sha256}", flush=True)
        except StudioError as error:
            troubles.append(str(error))
    if troubles:
        raise StudioError("\n".join(troubles))


def _import(args: argparse.Namespace) -> None:
    from checkpoints.importing import import_file

    found = import_file(args.file, args.name)
    if found.kind == "soundfont":
        print(f"{found.name}: a sound bank of {found.bytes / 1e6:.1f} MB, which plays from now on, in {found.path}")
    else:
        size = f"{found.details['parameters'] / 1e6:.1f} M parameters, " if "parameters" in found.details else ""
        print(f"{found.name}: {size}for the {found.task} page, in {found.path}")


def _publish(args: argparse.Namespace) -> None:
    from checkpoints.publishing import publish, upload

    for found in publish(args.wanted, args.out, args.name, args.licence):
        print(f"{found.name}: {found.bytes / 1e6:.1f} MB, sha256 {found.sha256}, in {args.out}")
    if args.hub:
        address = upload(args.out, args.hub)
        print(f"Uploaded. Others use it with: python -m checkpoints add {address}")
    else:
        print("Put the folder on a web server. Others use it with: python -m checkpoints add ADDRESS")


def _add(args: argparse.Namespace) -> None:
    from checkpoints.registries import add

    found = add(args.address)
    print(
        f"{found.address} lists {', '.join(found.names)}. Get one with `python -m checkpoints pull {found.names[0]}`."
    )
    if found.taken:
        print(f"Left out, for the names stand for others here: {', '.join(found.taken)}.")


def _remove(args: argparse.Namespace) -> None:
    from checkpoints.registries import added, forget

    for name in args.names:
        if "://" in name or name in added() or "/" in name:
            print(f"{forget(name)}: forgotten; what was pulled from it stays")
        else:
            print(f"{name}: removed {remove(name).path}")


def _record(args: argparse.Namespace) -> None:
    from checkpoints.self_test import record_again

    for name in args.names:
        found = record_again(name)
        print(f"{name}: seed {found.seed}, notes {found.notes}, closest decision {found.margin:.3f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
