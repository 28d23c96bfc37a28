"""Fingerprints of what the studio makes, to tell whether a change to the code has changed any of it.

    python -m benchmarks fingerprints before.json
    python -m benchmarks fingerprints after.json --against before.json

Runs command lines of ``python -m pipelines`` with fixed seeds (``benchmarks/fingerprint_grid.py``), and knows the studio by
them and by the files they write alone, so that it outlives what it watches. A fingerprint is the SHA-256 of a MIDI file's
notes and signs, of the text of a sheet or README, or of what a line said; recipes and history count for nothing. Another
machine, or other packages, may give other notes: take both sides on the same.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import shlex
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import symusic

from benchmarks.fingerprint_grid import GRID, write_sources

Prints = dict[str, str]
"""SHA-256 by what it is of: a file such as "compose-waltz/song.mid", or "compose-waltz says"."""

_DATED = re.compile(r"<(encoding-date|software)>.*?</\1>", re.DOTALL)


def main(arguments: list[str]) -> int:
    """Writes the fingerprints and returns the exit code: 0, or 1 where they are not those that they are held against."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fingerprints", description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.json", type=Path, help="gets the fingerprints")
    parser.add_argument("--against", metavar="BEFORE.json", type=_prints_in, help="earlier ones, to compare with")
    asked = parser.parse_args(arguments)
    if not asked.out.absolute().parent.is_dir():
        parser.error(f"there is no folder for {asked.out}")
    began, found = time.perf_counter(), {}
    for name, new, refusal in fingerprints(GRID):
        found |= new
        print(f"{time.perf_counter() - began:6.0f} s  {name}: {refusal or f'{len(new) - 1} files'}", flush=True)
    asked.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"{len(GRID)} lines, {len(found)} fingerprints, {time.perf_counter() - began:.0f} s")
    return 0 if asked.against is None else compare(asked.against, found)


def _prints_in(path: str) -> Prints:
    try:
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise argparse.ArgumentTypeError(f"{path} holds no fingerprints ({error})") from error


def compare(before: Mapping[str, str], now: Mapping[str, str]) -> int:
    """Prints which fingerprints are equal and which are not, and returns 1 if any are not, else 0."""
    words = {}
    for name in [*before, *(name for name in now if name not in before)]:
        if name not in now:
            words[name] = "GONE"
        elif name not in before:
            words[name] = "NEW"
        else:
            words[name] = "equal" if before[name] == now[name] else "DIFFERS"
        print(f"{words[name]:<9}{name}")
    different = [name for name, word in words.items() if word != "equal"]
    print(f"{len(words) - len(different)} are equal, {len(different)} are not: {', '.join(different) or 'none'}")
    return 1 if different else 0


def fingerprints(grid: Mapping[str, str]) -> Iterator[tuple[str, Prints, str]]:
    """Yields the name and the fingerprints of each line, and why it was refused; nothing where it was not.

    Args:
        grid: command lines by their names, as ``GRID``.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums over several threads may differ in the last digit
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        write_sources(Path())
        known = _files()
        for name, line in grid.items():
            said, code = _run(shlex.split(line.replace("OUT", name)))
            prints = {f"{name} says": _digest(f"{said}{code}")}
            new = _files() - known
            known |= new
            prints |= {str(path): digest for path in sorted(new) if (digest := fingerprint(path))}
            yield name, prints, said.strip().rpartition("\n")[2] if code else ""


def _files() -> set[Path]:
    return {path for path in Path().rglob("*") if path.is_file()}


def _run(words: list[str]) -> tuple[str, int]:
    """Runs one line, and returns what it said and its exit code: 70 where it broke down."""
    if words[0] == "reroll":
        return _reroll(Path(words[1]), words[2], int(words[3]), Path(words[4])), 0
    from pipelines.__main__ import main as pipelines

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they tell where code stands
        try:
            code = pipelines(words)
        except Exception as error:  # whatever it is, the other lines are to be run too
            return f"broke down: {error!r}", 70
    return said.getvalue(), code


def _reroll(recipe: Path, name: str, seed: int, out: Path) -> str:
    """Writes the recipe of a song that gets another seed from a stage on, as if it had been stopped before that stage."""
    values = json.loads(recipe.read_text(encoding="utf-8"))
    stages = values["options"]["stages"]
    number = [stage["pipeline"] for stage in stages].index(name)
    stages[number]["options"]["seed"] = seed
    out.write_text(json.dumps(values | {"stages": values["stages"][:number], "result": None}), encoding="utf-8")
    return ""


def fingerprint(path: Path) -> str | None:
    """Returns the SHA-256 of what counts in a file: MIDI, MusicXML or text; None for files that do not count."""
    if path.suffix == ".mid":
        return _digest("\n".join(events(symusic.Score(path))))
    if path.suffix in (".musicxml", ".txt"):
        return _digest(_DATED.sub("", path.read_text(encoding="utf-8")))
    return None


def events(score: symusic.Score) -> Iterator[str]:
    """Yields each note and sign of a score as a line, in an order of its own; words with their chords and sections."""
    yield f"ticks {score.ticks_per_quarter}"
    yield from sorted(f"tempo {one.time} {one.mspq}" for one in score.tempos)
    yield from sorted(f"time {one.time} {one.numerator}/{one.denominator}" for one in score.time_signatures)
    yield from sorted(f"key {one.time} {one.key} {one.tonality}" for one in score.key_signatures)
    yield from sorted(f"marker {one.time} {one.text}" for one in score.markers)
    for track in score.tracks:
        yield f"track {track.program} {track.is_drum} {track.name}"
        yield from sorted(f"note {n.time} {n.duration} {n.pitch} {n.velocity}" for n in track.notes)
        yield from sorted(f"control {one.time} {one.number} {one.value}" for one in track.controls)
        yield from sorted(f"bend {one.time} {one.value}" for one in track.pitch_bends)
        yield from sorted(f"lyric {one.time} {one.text}" for one in track.lyrics)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
