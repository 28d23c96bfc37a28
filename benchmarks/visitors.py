"""Visitors that act like people, all at once: what they wait for, how fast pages answer meanwhile, and what that takes.

Each is a real websocket connection to a real server of the studio (``browser_session``): it composes, generates, remixes, plays
and downloads, changes pages and thinks in between. Every visitor has a tempo of its own, and every file that comes back is looked
at for it: a song that were another's would be found. Visitors run on the same machine, so its cores are theirs too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.browser_session import BrowserSession
from music.errors import StudioError
from music.files.midi import read_midi
from pipelines.worker.memory import cores

ROOT = Path(__file__).resolve().parents[1]
THINKS_S = (1.0, 5.0)  # between two acts: someone who knows the studio, and hurries
SONG_S = 12  # length of a composed song
FIRST_BPM = 61
WATCH_S = 2.0
_ENDED = re.compile(r"job=\S+ verb=(\w+) state=(\w+) seconds=([\d.]+)")
_BEGAN = re.compile(r"job=\S+ verb=(\w+) state=running waited_s=([\d.]+)")


@dataclass
class Tally:
    """What visitors saw.

    Attributes:
        clicks: seconds from an act to the page's answer.
        first_pages: seconds until a new visitor's first page stood.
        songs: seconds from the wish to the take.
        sounds: seconds from a look at a take to its sound.
        done: how often each thing was done.
        errors: what went wrong, in the studio's words.
        mixed: files with another visitor's tempo.
    """

    clicks: list[float] = field(default_factory=list)
    first_pages: list[float] = field(default_factory=list)
    songs: list[float] = field(default_factory=list)
    sounds: list[float] = field(default_factory=list)
    done: Counter = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    mixed: int = 0


class Visitor:
    """One person.

    Args:
        number: gives it a tempo and a taste of its own.
        address: of the studio.
        tally: where it notes what it saw.
        until: when it leaves, by the monotonic clock.
    """

    def __init__(self, number: int, address: str, tally: Tally, until: float) -> None:
        self._bpm = FIRST_BPM + number
        self._taste = random.Random(number)
        self._browser = BrowserSession(address)
        self._tally = tally
        self._until = until

    async def stay(self) -> None:
        """Comes, works until it is time to leave, and leaves."""
        try:
            begin = time.monotonic()
            await self._browser.open()
            self._tally.first_pages.append(time.monotonic() - begin)
            self._browser.answers.clear()
            is_first = True
            while is_first or not self._is_over():
                is_first = False
                await self._compose()
                for act in self._taste.sample([self._play, self._download, self._remix, self._generate], 4):
                    if not self._is_over():
                        await act()
        except Exception as error:  # what it was is told; the others go on
            self._tally.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self._tally.clicks += self._browser.answers
            self._tally.errors += self._browser.problems
            await self._browser.close()

    def _is_over(self) -> bool:
        return time.monotonic() > self._until

    async def _think(self) -> None:
        await asyncio.sleep(self._taste.uniform(*THINKS_S))

    async def _go(self, page: str) -> None:
        await self._think()
        await self._browser.act(page=page)

    async def _compose(self) -> None:
        await self._go("Compose")
        await self._browser.fill("Beats a minute", self._bpm)
        await self._browser.fill("Seconds", SONG_S)
        await self._write("Compose", "compose")
        await self._check()

    async def _generate(self) -> None:
        await self._go("Generate")
        await self._browser.fill("Tempo (BPM)", self._bpm)
        await self._write("Generate", "generate")
        await self._check()

    async def _remix(self) -> None:
        await self._go("Remix")
        if self._browser.has("Remix"):
            await self._write("Remix", "remix")
            await self._check()

    async def _write(self, label: str, verb: str) -> None:
        begin = time.monotonic()
        if not self._browser.has(label):
            raise LookupError(f"'{label}' cannot be pressed")
        await self._browser.press(label)
        await self._browser.until(lambda: not self._is_writing() and self._browser.has("MIDI"), f"the take of {verb}")
        self._tally.songs.append(time.monotonic() - begin)
        self._tally.done[verb] += 1

    def _is_writing(self) -> bool:
        return any(
            getattr(each, "label", "") in ("Cancel", "Stop and keep") for each in self._browser.elements.values()
        )

    async def _play(self) -> None:
        await self._think()
        for address in self._browser.sounds()[:1]:
            begin = time.monotonic()
            await self._browser.sound(address)
            self._tally.sounds.append(time.monotonic() - begin)
            self._tally.done["play"] += 1

    async def _download(self) -> None:
        await self._think()
        if self._browser.has("MP3"):
            await self._browser.download("MP3")
            self._tally.done["download"] += 1

    async def _check(self) -> None:
        """Downloads the take's MIDI and looks for this visitor's own tempo."""
        piece = read_midi(await self._browser.download("MIDI"))
        if round(piece.score.tempos[0].qpm) != self._bpm:
            self._tally.mixed += 1


def main(arguments: list[str]) -> int:
    """Prints a table, a line for each number of workers; returns 1 if a visitor saw an error or another's song."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks visitors", description=__doc__)
    parser.add_argument("--visitors", type=int, default=20, help="how many come at once (default: 20)")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long they begin new things (default: 2)")
    parser.add_argument("--workers", default="1", help="numbers of workers to try, such as 1,2,4 (default: 1)")
    options = parser.parse_args(arguments)
    try:
        tried = [int(word) for word in options.workers.split(",")]
    except ValueError:
        raise StudioError(f"'{options.workers}' are no numbers of workers. Give some such as 1,2,4.") from None
    print(f"{options.visitors} visitors for {options.minutes:g} minutes, {cores()} cores; all seconds are p50/p95")
    print(
        f"{'workers':>7} {'jobs':>5} {'a minute':>8} {'wait':>11} {'to a take':>11} {'sound':>11} {'click':>11} ",
        end="",
    )
    print(f"{'new page':>11} {'MB pages':>8} {'MB a writer':>11} {'MB a player':>11} {'errors':>6} {'mixed':>5}")
    failed = False
    for workers in tried:
        tally, log, memory, minutes = _run(options.visitors, options.minutes, workers)
        failed |= bool(tally.errors or tally.mixed)
        _print(workers, tally, log, memory, minutes)
    return int(failed)


def _run(visitors: int, minutes: float, workers: int) -> tuple[Tally, str, dict[str, int], float]:
    """Returns what visitors saw of a studio with so many workers, its log, the most memory of each process, and the minutes."""
    with tempfile.TemporaryDirectory(prefix="deepmusic-visitors-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {
            **os.environ,
            "DEEPMUSIC_WORKERS": str(workers),
            "DEEPMUSIC_SONGS": f"{folder}/songs",
            "DEEPMUSIC_SHARED": "1",
            "OMP_NUM_THREADS": "1",
        }
        log = Path(folder, "log")
        command = [sys.executable, "-m", "studio.serve", "--port", str(port)]
        with log.open("wb") as out:
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            begin = time.monotonic()
            tally, memory = asyncio.run(_visit(f"http://127.0.0.1:{port}", visitors, 60 * minutes))
            return tally, log.read_text(errors="replace"), memory, (time.monotonic() - begin) / 60
        finally:
            server.terminate()
            server.wait(60)


async def _visit(address: str, visitors: int, seconds: float) -> tuple[Tally, dict[str, int]]:
    for _ in range(240):
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(f"{address}/healthz", timeout=10).close())
            break
        except OSError:
            await asyncio.sleep(0.25)
    tally, memory, until = Tally(), dict[str, int](), time.monotonic() + seconds
    watching = asyncio.create_task(_watch(address, memory))
    await asyncio.gather(*(Visitor(number, address, tally, until).stay() for number in range(visitors)))
    watching.cancel()
    return tally, memory


async def _watch(address: str, most: dict[str, int]) -> None:
    """Notes the most memory that each process of the studio has held."""
    while True:
        await asyncio.sleep(WATCH_S)
        reply = await asyncio.to_thread(lambda: urllib.request.urlopen(f"{address}/metrics", timeout=60).read())
        for family in text_string_to_metric_families(reply.decode()):
            if family.name == "deepmusic_memory_bytes":
                for each in family.samples:
                    most[each.labels["process"]] = max(most.get(each.labels["process"], 0), int(each.value))


def _print(workers: int, tally: Tally, log: str, memory: dict[str, int], minutes: float) -> None:
    waits = [float(seconds) for verb, seconds in _BEGAN.findall(log) if verb in ("compose", "generate", "remix")]
    done = [verb for verb, state, _ in _ENDED.findall(log) if state == "done"]
    failed = [verb for verb, state, _ in _ENDED.findall(log) if state == "failed"]
    errors = tally.errors + [f"a job of {verb} failed" for verb in failed]
    print(
        f"{workers:7} {len(done):5} {len(done) / minutes:8.1f} {_both(waits):>11} {_both(tally.songs):>11} "
        f"{_both(tally.sounds):>11} {_both(tally.clicks):>11} {_both(tally.first_pages):>11} "
        f"{memory.get('pages', 0) / 2**20:8.0f} {_most(memory, 'model'):11.0f} {_most(memory, 'media'):11.0f} "
        f"{len(errors):6} {tally.mixed:5}"
    )
    print("        " + ", ".join(f"{count} {what}" for what, count in sorted(tally.done.items())))
    for error, count in Counter(errors).most_common(10):
        print(f"        {count} times: {error}")


def _most(memory: dict[str, int], lane: str) -> float:
    return max((size for name, size in memory.items() if name.startswith(lane)), default=0) / 2**20


def _both(seconds: list[float]) -> str:
    """Returns the middle and the 95th percentile, such as "0.21/0.48"."""
    if len(seconds) < 2:
        return "/".join(f"{each:.2f}" for each in seconds) or "-"
    return f"{statistics.median(seconds):.2f}/{statistics.quantiles(seconds, n=20, method='inclusive')[-1]:.2f}"
