"""The studio on the command line: ``python -m pipelines VERB ...``.

A verb is a function that adds its parser and a function that runs it; VERBS lists them. Files are written
when all is done, so a run that fails leaves nothing behind. Exit code 0, or 2 with two short sentences.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from music.errors import StudioError
from music.midi import inspect, midi_bytes, read_midi, read_with_repairs, write_files
from music.piece import Piece
from pipelines.contract import Step
from pipelines.options import (
    DENSITIES,
    GENRES,
    MAX_BARS,
    MAX_MEMORY,
    MAX_SECONDS,
    MAX_VARIANTS,
    GenerateOptions,
    from_mapping,
)

Verbs = Any  # the object that argparse's add_subparsers returns, whose class is private
_GENERATES = ("pipeline", "options", "input", "checkpoint")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are the user's to read, in two sentences."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34))

    def error(self, message: str) -> NoReturn:
        raise StudioError(
            f"{message[:1].upper()}{message[1:]}. Type '{self.prog} --help' to see what can be asked for."
        )


def main(arguments: list[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    parser = _Parser(
        prog="python -m pipelines",
        description="DeepMusic Studio on the command line: write music, play it to a file, print it, look into it.",
        epilog="Type 'python -m pipelines VERB --help' to see what a verb can do.",
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in VERBS:
        add(verbs)
    try:
        asked = parser.parse_args(arguments)
        asked.run(asked)
        return 0
    except StudioError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped. Nothing was written.", file=sys.stderr)
        return 2


def _add_generate(verbs: Verbs) -> None:
    parser = verbs.add_parser(
        "generate",
        help="write new music, or continue a MIDI file",
        description="Writes new music with a model: from nothing, or as the continuation of a MIDI or MusicXML file.",
        epilog="Example: python -m pipelines generate --out night.mid --bars 16 --key 'D minor' --tempo 96 "
        "--instruments piano,bass,drums --genre jazz --variants 4",
        argument_default=argparse.SUPPRESS,  # what is not given stays out, so the defaults stand in one place only
    )
    parser.add_argument(
        "source", metavar="IN.mid", nargs="?", help="the music to continue; without it the model starts from nothing"
    )
    parser.add_argument(
        "--out",
        metavar="OUT.mid",
        type=Path,
        required=True,
        help="where the result goes; several variants become OUT-1.mid, OUT-2.mid, ...",
    )
    length = parser.add_argument_group("how long")
    length.add_argument(
        "--bars", metavar="N", type=int, help=f"new bars to write, 1 to {MAX_BARS} ({GenerateOptions.bars} unless said)"
    )
    length.add_argument("--seconds", metavar="S", type=float, help=f"or seconds of new music, up to {MAX_SECONDS:.0f}")
    length.add_argument(
        "--keep-bars", metavar="K", type=int, help="continue after bar K of IN.mid instead of after its end"
    )
    what = parser.add_argument_group("what music (each is free unless said; a continuation follows IN.mid)")
    what.add_argument("--tempo", dest="tempo_bpm", metavar="BPM", type=float, help="quarter notes a minute")
    what.add_argument("--time-signature", metavar="4/4", help="such as 4/4, 3/4 or 6/8")
    what.add_argument("--key", metavar="KEY", help="such as 'D minor', F# or Bb")
    what.add_argument("--stay-in-key", action="store_true", help="allow no note outside the key; drums are free")
    what.add_argument("--genre", metavar="GENRE", help=", ".join(GENRES))
    what.add_argument(
        "--instruments", metavar="A,B,C", type=_names, help="the only instruments allowed, such as piano,bass,drums"
    )
    what.add_argument("--density", metavar="|".join(DENSITIES), help="how many notes a bar has")
    free = parser.add_argument_group("how adventurous")
    free.add_argument(
        "--temperature", metavar="T", type=float, help="0 always takes the likeliest, 1 is as the music it learned from"
    )
    free.add_argument("--temperature-notes", metavar="T", type=float, help="factor on that for pitches")
    free.add_argument("--temperature-durations", metavar="T", type=float, help="factor on that for rhythm")
    free.add_argument(
        "--temperature-instruments", metavar="T", type=float, help="factor on that for the choice of instrument"
    )
    free.add_argument(
        "--top-p", metavar="P", type=float, help="keep the likeliest choices that together have this probability"
    )
    free.add_argument("--top-k", metavar="K", type=int, help="keep at most this many choices; 0 for no limit")
    free.add_argument(
        "--guidance", metavar="G", type=float, help="how much to stress genre, key and density; 0 for none"
    )
    free.add_argument(
        "--memory", metavar="N", type=int, help=f"how many past notes the model remembers, up to {MAX_MEMORY}"
    )
    run = parser.add_argument_group("this run")
    run.add_argument("--seed", metavar="N", type=int, help="the same seed and settings give the same notes")
    run.add_argument("--variants", metavar="N", type=int, help=f"how many versions to write, 1 to {MAX_VARIANTS}")
    run.add_argument("--checkpoint", metavar="NAME", help="the model to use")
    run.add_argument(
        "--recipe",
        metavar="FILE",
        type=Path,
        help="do again what an OUT.recipe.json says; takes IN.mid and --out beside it",
    )
    parser.set_defaults(run=_generate)


def _generate(asked: argparse.Namespace) -> None:
    given = {
        field.name: getattr(asked, field.name)
        for field in dataclasses.fields(GenerateOptions)
        if hasattr(asked, field.name)
    }
    recipe = _read_recipe(asked.recipe) if hasattr(asked, "recipe") else None
    if recipe is not None and given:
        flag = next(iter(given)).removesuffix("_bpm").replace("_", "-")
        raise StudioError(f"--recipe and --{flag} cannot go together. Leave one of them out.")
    if "seconds" in given:
        given.setdefault("bars", None)
    options = from_mapping(GenerateOptions, given if recipe is None else recipe["options"])
    _check_place(asked.out, (".mid", ".midi"))
    piece = read_midi(asked.source) if hasattr(asked, "source") else Piece.empty()
    if recipe is not None and recipe["input"] != piece.fingerprint:
        if recipe["input"] == Piece.empty().fingerprint:
            raise StudioError("The recipe starts from nothing. Leave the input file out.")
        raise StudioError("The recipe was made from another input. Give the MIDI file that it continued.")
    from pipelines.generate import generate

    pieces = _last_step(generate(piece, options)).pieces
    if recipe is not None:
        again = [p for p in pieces if all(p.history[-1].get(name) == recipe[name] for name in _GENERATES)]
        # The recipe of one of several variants says which; that one alone is asked for again.
        again = [p for p in again if p.history[-1].get("variant") == recipe.get("variant")] or again
        if not again:
            raise StudioError("The recipe was made with another model. Install the checkpoint that it names.")
        pieces = tuple(again)
    files: dict[Path, bytes] = {}
    for number, result in enumerate(pieces, 1):
        path = asked.out if len(pieces) == 1 else asked.out.with_stem(f"{asked.out.stem}-{number}")
        files |= {path: midi_bytes(result)} | _recipe_beside(path, result)
    _write(files)


def _add_render(verbs: Verbs) -> None:
    parser = verbs.add_parser(
        "render",
        help="play a MIDI file to a sound file",
        description="Plays a MIDI or MusicXML file to a stereo sound file of even loudness. The ending of OUT says which kind.",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music to play")
    parser.add_argument("out", metavar="OUT.(wav|flac|ogg|mp3)", type=Path, help="the sound file")
    parser.add_argument(
        "--stems", action="store_true", help="write each track to a file of its own too: OUT-1-NAME.wav, ..."
    )
    parser.add_argument("--soundfont", metavar="FILE", type=Path, help="the sound bank to play with, .sf2 or .sf3")
    parser.set_defaults(run=_render)


def _render(asked: argparse.Namespace) -> None:
    from music.audio import FORMATS
    from music.render import encode, engine, mix_stems, render, render_stems

    kind = _check_place(asked.out, [f".{name}" for name in FORMATS]).lstrip(".")
    piece = read_midi(asked.source)
    if not piece.note_count:
        raise StudioError("There are no notes to play. Choose a file with music in it.")
    if engine().is_basic:
        print(engine().advice, file=sys.stderr)
    with _bar("%") as bar:

        def progress(share: float) -> None:
            bar.update(max(round(share * 100) - bar.n, 0))

        if asked.stems:
            stems = render_stems(piece, asked.soundfont, progress=progress)
            mix = mix_stems(stems)
        else:
            stems, mix = [], render(piece, asked.soundfont, progress=progress)
    files = {asked.out: encode(mix, kind)}
    for number, stem in enumerate(stems, 1):
        name = re.sub(r"[^\w -]+", "", stem.name).strip()[:40] or "track"
        files[asked.out.with_stem(f"{asked.out.stem}-{number}-{name}")] = encode(stem.audio, kind)
    _write(files | _recipe_beside(asked.out, piece))


def _add_sheet(verbs: Verbs) -> None:
    parser = verbs.add_parser(
        "sheet",
        help="print a MIDI file as sheet music",
        description="Writes a MIDI or MusicXML file down as sheet music. The ending of OUT says which kind.",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music to write down")
    parser.add_argument(
        "out",
        metavar="OUT.(musicxml|svg|pdf)",
        type=Path,
        help="the sheet; further SVG pages become OUT-2.svg, OUT-3.svg, ...",
    )
    parser.set_defaults(run=_sheet)


def _sheet(asked: argparse.Namespace) -> None:
    kind = _check_place(asked.out, (".musicxml", ".svg", ".pdf"))
    piece = read_midi(asked.source)
    from music.engrave import musicxml, pdf, svg_pages

    if kind == ".svg":
        first, *others = svg_pages(piece)
        files = {asked.out: first.encode()}
        files |= {asked.out.with_stem(f"{asked.out.stem}-{n}"): page.encode() for n, page in enumerate(others, 2)}
    else:
        files = {asked.out: (musicxml if kind == ".musicxml" else pdf)(piece)}
    _write(files | _recipe_beside(asked.out, piece))


def _add_inspect(verbs: Verbs) -> None:
    parser = verbs.add_parser(
        "inspect",
        help="tell what is in a MIDI file, and what a model would lose of it",
        description="Prints a health report: length, tracks, key, tempi, time signatures, repairs, and what a model would drop.",
    )
    parser.add_argument("source", metavar="IN.mid", help="the music to look into")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=_inspect)


def _inspect(asked: argparse.Namespace) -> None:
    reading = read_with_repairs(asked.source)
    report = inspect(reading.piece, reading.repairs)
    print(report.to_json() if asked.json else report.to_text())


VERBS: tuple[Callable[[Verbs], None], ...] = (_add_generate, _add_render, _add_sheet, _add_inspect)


def _names(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _check_place(out: Path, endings: list[str] | tuple[str, ...]) -> str:
    """Returns the ending of an output file in lower case, after making sure before any work that it can be written."""
    ending = out.suffix.lower()
    if ending not in endings:
        raise StudioError(
            f"'{out}' has an ending that is not written here. Choose {', '.join(endings[:-1])} or {endings[-1]}."
        )
    if not out.parent.is_dir():
        raise StudioError(f"The folder '{out.parent}' does not exist. Make it first, or choose another.")
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise StudioError(f"'{out}' cannot be written. Choose another place.")
    return ending


def _read_recipe(path: Path) -> Mapping[str, Any]:
    """Returns a recipe of ``generate``, checked for the parts that it must have."""
    try:
        recipe = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudioError(f"'{path}' cannot be opened. Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise StudioError(f"'{path}' is not a recipe. Choose an OUT.recipe.json that generate wrote.") from error
    if (
        not isinstance(recipe, dict)
        or recipe.get("pipeline") != "generate"
        or not isinstance(recipe.get("options"), dict)
    ):
        raise StudioError(f"'{path}' is not a recipe of generate. Choose an OUT.recipe.json that generate wrote.")
    if not all(name in recipe for name in _GENERATES):
        raise StudioError(f"The recipe '{path}' is not complete. Choose one that was not edited.")
    return recipe


def _recipe_beside(path: Path, piece: Piece) -> dict[Path, bytes]:
    """Returns the file that says how a result came to be; none for music that no pipeline wrote."""
    if not piece.history:
        return {}
    text = json.dumps(piece.history[-1], indent=2, ensure_ascii=False) + "\n"
    return {path.with_name(f"{path.stem}.recipe.json"): text.encode()}


def _bar(unit: str, total: float = 100) -> Any:
    """Returns a progress bar, which shows on a terminal only."""
    from tqdm import tqdm

    return tqdm(total=total, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False)


def _last_step(steps: Iterator[Step]) -> Step:
    """Returns a pipeline's result, showing its progress."""
    bar = None
    for step in steps:
        bar = bar or _bar(f" {step.unit}", step.total)
        bar.total = step.total
        bar.update(step.done - bar.n)
    if bar is not None:
        bar.close()
    return step


def _write(files: Mapping[Path, bytes]) -> None:
    """Writes files and says which; recipes go without saying."""
    write_files(files)
    for path in files:
        if not path.name.endswith(".recipe.json"):
            print(path)


if __name__ == "__main__":
    sys.exit(main())
