"""Seconds of what a page does while a visitor waits: read a prompt, plan, keep takes, list songs, and test a checkpoint.

The tests count this work instead of timing it (``tests/counting.py``); this table says what it comes to on this machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.songs import song
from checkpoints.self_test import check
from checkpoints.store import entries
from music.files.midi import midi_bytes, read_midi
from pipelines.prompt.understand import understand
from pipelines.song.brief import FORMS, Brief
from pipelines.song.planning import plan_song

PROMPTS = (
    "a slow, dark waltz for strings and piano, one minute",
    "a happy pop song in G major at 120 bpm with drums, bass and electric guitar",
    "32 bars of calm folk in 6/8 for flute and harp, no drums",
    "something like the blues but not sad, AABA, two and a half minutes",
)
HUGE = "no drums, in the key of " * 20_000


class Line(NamedTuple):
    """One line of the table: what was done, how often, and the seconds of the middle and of the longest time."""

    what: str
    times: int
    middle: float
    longest: float


def main(arguments: list[str]) -> None:
    """Prints a table of seconds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks interface", description=__doc__)
    parser.add_argument("--songs", type=int, default=200, help="how many songs are listed (default: 200)")
    parser.add_argument("--takes", type=int, default=50, help="how many takes the song in progress has (default: 50)")
    parser.add_argument("--bars", type=int, default=32, help="length of each take (default: 32)")
    parser.add_argument("--repeats", type=int, default=5, help="how often each thing is done (default: 5)")
    options = parser.parse_args(arguments)
    for line in table(measure(options.songs, options.takes, options.bars, options.repeats)):
        print(line)


def measure(songs: int, takes: int, bars: int, repeats: int) -> list[Line]:
    """Returns the lines of the table."""
    briefs = [Brief(seconds=74.0, form=form, tempo_bpm=tempo) for form in (*FORMS, None) for tempo in (None, 90.0)]
    here = [found for found in entries().values() if found.is_here and found.kind == "checkpoint"]
    return [
        timed("a prompt is understood, the first time", lambda: understand(PROMPTS[0]), 1),
        *(timed(f"'{text[:32]}...'", lambda text=text: understand(text), repeats) for text in PROMPTS),
        timed(f"a text of {len(HUGE)} letters", lambda: understand(HUGE), repeats),
        each("a song is planned", (lambda brief=brief: plan_song(brief) for brief in briefs)),
        *_takes(takes, bars, repeats),
        *_library(songs, takes, bars),
        *(timed(f"self-test of {found.name}", lambda found=found: check(found), repeats) for found in here),
    ]


def _takes(takes: int, bars: int, repeats: int) -> list[Line]:
    """Returns what it takes to bring music in, and to keep a song with many takes."""
    from studio.projects.song import Song

    data, held = midi_bytes(song(bars)), Song()
    for number in range(takes):
        held.add((song(bars, number),))
    return [
        timed(f"a file of {bars} bars is read", lambda: read_midi(data), repeats),
        timed(f"a song of {takes} takes is looked at for changes", lambda: held.project == held.project, repeats),
        timed("undo and redo", lambda: (held.undo(), held.redo()), repeats),
    ]


def _library(songs: int, takes: int, bars: int) -> list[Line]:
    """Returns what it takes to write, list and open songs."""
    from studio.projects.library import Library, new_id
    from studio.projects.project import Project, Take

    with tempfile.TemporaryDirectory() as folder:
        library, ids = Library(Path(folder)), [new_id() for _ in range(songs)]
        kept = tuple(Take(number + 1, f"Take {number + 1}", "", (song(bars, number),)) for number in range(takes))
        lines = [timed(f"a song of {takes} takes is written", lambda: library.write(ids[0], Project("Long", kept)), 1)]
        for number, song_id in enumerate(ids[1:]):
            library.write(song_id, Project(f"Song {number}", kept[:1]))
        new = Library(Path(folder))
        listing = f"a list of {songs} songs"
        lines.append(timed(f"{listing}, the first time", lambda: [new.overview(found) for found in new.entries()], 1))
        lines.append(timed(f"{listing}, once more", lambda: [new.overview(found) for found in new.entries()], 1))
        lines.append(timed(f"a song of {takes} takes is opened", lambda: new.read(ids[0]), 1))
        return lines


def timed(what: str, work: Callable[[], Any], repeats: int) -> Line:
    """Returns the line of some work that is done so often."""
    return each(what, (work for _ in range(repeats)))


def each(what: str, works: Iterable[Callable[[], Any]]) -> Line:
    """Returns the line of several works of a kind."""
    seconds = []
    for work in works:
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return Line(what, len(seconds), statistics.median(seconds), max(seconds))


def table(lines: list[Line]) -> list[str]:
    """Returns the table as text."""
    width = max(len(line.what) for line in lines)
    head = f"{'milliseconds':<{width}}   times    middle   longest"
    return [head, *(f"{w:<{width}}   {n:5d}  {1000 * m:8.2f}  {1000 * x:8.2f}" for w, n, m, x in lines)]
