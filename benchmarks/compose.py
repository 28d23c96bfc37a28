"""Seconds for a whole song: each stage, each file of its folder, all together; the first song and one more, and memory.

Songs are made in a process of its own on so many processor cores, one thread of PyTorch, as the command line does. The
first song pays for imports, models and the sound bank. Processor seconds tell what other programs did not disturb.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from music.errors import StudioError

TIMES_GOAL, MEMORY_GOAL_GB = 3.0, 2.5
TEXT = "an upbeat pop song for flute, piano, strings, bass and drums"
_ROOT = Path(__file__).resolve().parents[1]

Spent = dict[str, tuple[float, float]]
"""Seconds on the clock and of processor time, by what they were spent on."""


def main(arguments: list[str]) -> None:
    """Prints a table of seconds, and whether the goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks compose", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the song (default: 60)")
    parser.add_argument("--text", default=TEXT, help=f"what song (default: {TEXT})")
    parser.add_argument("--seed", type=int, default=0, help="of the song (default: 0)")
    parser.add_argument("--cores", type=int, default=2, help="processor cores to use (default: 2)")
    asked = vars(parser.parse_args(arguments))
    environment = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **os.environ, "PYTHONPATH": str(_ROOT)}
    began = time.time()
    command = [sys.executable, "-m", "benchmarks.compose", json.dumps(asked | {"began": began})]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise StudioError(done.stdout.strip() or "The song was not made. The message above says why.")
    for line in table(json.loads(done.stdout.splitlines()[-1])):
        print(line)


def table(found: dict[str, Any]) -> list[str]:
    """Returns what ``measure`` found, as lines for people."""
    first, again = found["first"], found["again"]
    lines = [
        f"{found['text']}: {found['seconds']:.1f} s of music, {found['notes']} notes, {found['tracks']} tracks; "
        f"{found['cores']} cores, {found['engine']}",
        "",
        f"{'seconds':<26}{'first song':>12}{'again':>12}{'processor':>12}",
    ]
    for name, (wall, _) in first.items():
        second = again.get(name)
        cells = f"{second[0]:12.2f}{second[1]:12.2f}" if second else f"{'':>12}{'':>12}"
        lines.append(f"{name:<26}{wall:12.2f}{cells}")
    totals = [sum(wall for wall, _ in spent.values()) for spent in (first, again)]
    processor = sum(cpu for _, cpu in again.values())
    lines.append(f"{'in all':<26}{totals[0]:12.2f}{totals[1]:12.2f}{processor:12.2f}")
    times = [found["seconds"] / total for total in totals]
    lines += [
        f"{'music over seconds':<26}{times[0]:10.2f} x{times[1]:10.2f} x{found['seconds'] / processor:10.2f} x",
        f"{f'goal {TIMES_GOAL:g} x':<26}{_met(times[0] >= TIMES_GOAL):>12}{_met(times[1] >= TIMES_GOAL):>12}",
        f"peak memory {found['peak_gb']:.2f} GB; goal under {MEMORY_GOAL_GB:g} GB: {_met(found['peak_gb'] < MEMORY_GOAL_GB)}",
        "",
        "What the folder is made of, one after the other (above, several are made at a time)",
    ]
    lines += [f"  {name:<24}{wall:12.2f}{'':>12}{cpu:12.2f}" for name, (wall, cpu) in found["files"].items()]
    return lines


def _met(goal: bool) -> str:
    return "met" if goal else "not met"


# What follows runs in a process of its own


def measure(text: str, seconds: float, seed: int, cores: int, began: float) -> dict[str, Any]:
    """Returns what a song took: seconds for the first, for the same again, for its files by themselves; and peak memory.

    Args:
        text: what song.
        seconds: how long it is to be.
        seed: of the song.
        cores: how many of the processor's to use.
        began: when the process was asked for, in seconds since the epoch.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from music.audio.render import engine
    from music.piece import Piece
    from pipelines.compose import compose
    from pipelines.prompt.understand import understand
    from pipelines.song.folder import song_files, song_zip
    from pipelines.song.plan import Plan
    from pipelines.song.planning import plan_song

    imports = (time.time() - began, time.process_time())

    def planned() -> Plan:
        return plan_song(dataclasses.replace(understand(text).brief, seconds=seconds, seed=seed))

    def sing() -> tuple[Spent, Piece]:
        spent: Spent = {}
        plan = _timed(spent, "understanding, planning", planned)
        stages: tuple[Piece, ...] = ()
        for stage in plan.stages:
            steps = compose(Piece.empty(), plan, stages)
            stages = _timed(spent, stage.pipeline, _until, steps, len(stages) + 1)
        files = _timed(spent, "the folder's files", song_files, stages[-1], plan)
        _timed(spent, "zip", song_zip, files, "song")
        return spent, stages[-1]

    first, _ = sing()
    again, song = sing()
    return {
        "text": text, "seconds": song.seconds, "notes": song.note_count, "tracks": len(song.score.tracks),
        "cores": cores, "engine": f"{engine().name}, {engine().soundfont.name}", "first": {"start and imports": imports} | first,
        "again": again, "peak_gb": peak_bytes() / 1e9, "files": _by_themselves(song),
    }  # fmt: skip


def _until(steps: Any, stages: int) -> tuple[Any, ...]:
    """Returns what so many stages have made, and runs no further one."""
    for step in steps:
        if step.done >= stages:
            steps.close()
            return step.stages
    raise RuntimeError("the chain ended too early")


def _by_themselves(song: Any) -> Spent:
    """Returns the seconds that each kind of file takes, made one after another."""
    from music.audio.render import encode, mix_stems, render_stems
    from music.files.midi import midi_bytes
    from music.notation.engrave import musicxml, pdf

    spent: Spent = {}
    stems = _timed(spent, "sound: all stems", render_stems, song)
    mix = _timed(spent, "mix of the stems", mix_stems, stems)
    for kind in ("wav", "mp3"):
        _timed(spent, kind.upper(), encode, mix, kind)
    _timed(spent, "FLAC of all stems", lambda: [encode(stem.audio, "flac") for stem in stems])
    _timed(spent, "MIDI", midi_bytes, song)
    _timed(spent, "MusicXML", musicxml, song)
    _timed(spent, "lead sheet PDF", pdf, song, "lead sheet")
    _timed(spent, "score PDF", pdf, song)
    return spent


def _timed(spent: Spent, name: str, work: Callable[..., Any], *arguments: Any) -> Any:
    """Returns what some work gives, once the seconds that it took are noted."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work(*arguments)
    spent[name] = (time.perf_counter() - wall, time.process_time() - cpu)
    return result


def peak_bytes() -> int:
    """Returns the most memory that this process ever held."""
    status = Path("/proc/self/status")
    if status.exists():  # the system's own count would include what the parent held when it started this process
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    try:
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
    except StudioError as error:
        print(error)
        sys.exit(2)
